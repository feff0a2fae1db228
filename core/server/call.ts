/**
 * From a request to its handler.
 *
 *     processCommand    look up
 *     dispatch          check the number of arguments, pass the gates
 *       call            run the handler, count, account its time
 *
 * A gate is a condition under which some commands are refused. Most of the time no gate is shut, so each shut
 * gate is a bit, of the server or of the client, and the common path tests them all at once.
 */
import { latin1 } from "../base/bytes.ts";
import { ARENA_FULL } from "../memory/arena.ts";
import {
  type Client,
  CLIENT_REPLY_OFF,
  CLIENT_REPLY_SKIP,
  CLIENT_REPLY_SKIP_NEXT,
} from "./client.ts";
import { type Command, DENYOOM, LOADING, NO_AUTH } from "./command.ts";
import { argPrefix } from "./command_table.ts";

/** The client must authenticate first. */
export const GATE_AUTH: number = 1 << 0;
/** The data set is being loaded. */
export const GATE_LOADING: number = 1 << 1;
/** Replies of the client are suppressed (CLIENT REPLY). */
export const GATE_REPLY: number = 1 << 2;

const OOM_ERROR = "OOM command not allowed when used memory > 'maxmemory'.";
/** Room a command may need besides its arguments: a run, a few buckets. */
const OOM_SLACK_BYTES = 1 << 20;

/** Executes the client's request, whose arguments are `c.argv`, and leaves one reply. */
export function processCommand(c: Client): void {
  dispatch(c, c.server.commands.lookup(c.argv));
}

/** The same for a command that is looked up already; null when there is none of that name. */
export function dispatch(c: Client, command: Command | null): void {
  const server = c.server;
  if (command === null) return reject(c, null, unknownCommand(c));
  if (!command.acceptsCount(c.argv.argc)) {
    return reject(c, command, `ERR wrong number of arguments for '${command.fullName}' command`);
  }
  if ((server.gates | c.gates) !== 0 && !passesGates(c, command)) return;
  if ((command.flags & DENYOOM) !== 0 && !server.hasRoom(c.argvBytes + OOM_SLACK_BYTES)) {
    return reject(c, command, OOM_ERROR);
  }
  call(c, command);
}

/** Runs a command that passed all gates. */
export function call(c: Client, command: Command): void {
  const { turn, stats } = c.server;
  const errors = c.reply.errors;
  c.lastCommand = command;
  command.calls++;
  c.commandsProcessed++;
  stats.commandsProcessed++;
  if (command.timedInGroup) {
    turn.noteFast(command);
    command.handler(c);
  } else {
    turn.closeGroup();
    command.handler(c);
    turn.closeSlow(command);
  }
  if (c.reply.errors !== errors) {
    command.failedCalls++;
    stats.countError(c.reply.lastError);
  }
}

/**
 * A handler threw: takes back what it replied since `mark` and answers with an error. Full memory is
 * the one expected case; anything else is a bug, logged with the command, and the server goes on.
 */
export function answerThrown(c: Client, error: unknown, mark: number): void {
  c.reply.truncate(mark);
  const { stats, log } = c.server;
  if (c.lastCommand !== null) c.lastCommand.failedCalls++;
  if (error === ARENA_FULL) {
    c.reply.addError(OOM_ERROR);
  } else {
    const name = c.lastCommand?.fullName ?? "request";
    const stack = error instanceof Error ? error.stack ?? error.message : String(error);
    log.warning(`Bug in '${name}', the client got an error: ${stack.replace(/\s*\n\s*/g, " | ")}`);
    c.reply.addError(`ERR internal error in '${name}', see the server's log`);
  }
  stats.countError(c.reply.lastError);
}

/** Refuses a command before it ran. */
export function reject(c: Client, command: Command | null, error: string): void {
  if (command !== null) command.rejectedCalls++;
  c.reply.addError(error);
  c.server.stats.countError(c.reply.lastError);
}

/** Answers for a container whose subcommand is unknown. */
export function unknownSubcommand(c: Client): void {
  const container = latin1(c.argv.buf, c.argv.off[0], c.argv.len[0]).toUpperCase();
  c.reply.addError(`ERR unknown subcommand '${argPrefix(c.argv, 1, 128)}'. Try ${container} HELP.`);
}

function passesGates(c: Client, command: Command): boolean {
  const gates = c.server.gates | c.gates;
  if ((gates & GATE_AUTH) !== 0 && (command.flags & NO_AUTH) === 0) {
    reject(c, command, "NOAUTH Authentication required.");
    return false;
  }
  if ((gates & GATE_LOADING) !== 0 && (command.flags & LOADING) === 0) {
    reject(c, command, "LOADING Redis is loading the dataset in memory");
    return false;
  }
  return true;
}

/** CLIENT REPLY: whether this command's reply is to be dropped. Called after each command, behind GATE_REPLY. */
export function dropsReply(c: Client): boolean {
  const drop = (c.flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) !== 0;
  c.flags &= ~CLIENT_REPLY_SKIP;
  if ((c.flags & CLIENT_REPLY_SKIP_NEXT) !== 0) {
    c.flags = c.flags & ~CLIENT_REPLY_SKIP_NEXT | CLIENT_REPLY_SKIP;
  }
  if ((c.flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) === 0) c.gates &= ~GATE_REPLY;
  return drop;
}

/** Redis's text: the name and the beginning of the arguments, 128 bytes of each at most. */
function unknownCommand(c: Client): string {
  const { argv } = c;
  let args = "";
  for (let i = 1; i < argv.argc && args.length < 128; i++) {
    args += `'${argPrefix(argv, i, 128 - args.length)}' `;
  }
  return `ERR unknown command '${argPrefix(argv, 0, 128)}', with args beginning with: ${args}`;
}
