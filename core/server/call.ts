/**
 * From a request to its handler.
 *
 *     processCommand    look up
 *     dispatch          execute, then serve who waited for its keys
 *       execute         check the number of arguments, pass the gates
 *         call          run the handler, count, account its time
 *
 * A gate is a condition under which some commands are refused. Most of the time no gate is shut, so each shut
 * gate is a bit, of the server or of the client, and the common path tests them all at once.
 */
import { ARENA_FULL } from "../memory/arena.ts";
import {
  type Client,
  CLIENT_BLOCKED,
  CLIENT_DENY_BLOCKING,
  CLIENT_DIRTY_CAS,
  CLIENT_DIRTY_EXEC,
  CLIENT_REPLY_OFF,
  CLIENT_REPLY_SKIP,
  CLIENT_REPLY_SKIP_NEXT,
  CLIENT_SCRIPT,
  isOnThisMachine,
} from "./client.ts";
import {
  ALLOW_BUSY,
  ANSWERS_PUSH,
  BLOCKING,
  type Command,
  DENYOOM,
  FAST,
  FOR_SUBSCRIBERS,
  LOADING,
  MAY_PAUSE,
  MAY_REPLICATE,
  NO_AUTH,
  NO_MULTI,
  NOT_QUEUED,
  PROTECTED,
  READONLY,
  RUNS_SCRIPT,
  SKIP_SLOWLOG,
  WRITE,
} from "./command.ts";
import { argPrefix } from "./command_table.ts";
import type { Server } from "./server.ts";
import { discardTransaction } from "./transaction.ts";

/** The client must authenticate first. */
export const GATE_AUTH: number = 1 << 0;
/** The last background save or the append-only file failed: writes are refused (saving.ts, appending.ts). */
export const GATE_DISK: number = 1 << 8;
/** Replicas must have what is written (min-replicas-to-write), and there are none. */
export const GATE_REPLICAS: number = 1 << 9;
/** The data set is being loaded. */
export const GATE_LOADING: number = 1 << 1;
/** Replies of the client are suppressed (CLIENT REPLY). */
export const GATE_REPLY: number = 1 << 2;
/** The client's commands leave access times alone (CLIENT NO-TOUCH). */
export const GATE_NO_TOUCH: number = 1 << 3;
/** The client's commands are queued (MULTI). */
export const GATE_MULTI: number = 1 << 4;
/** The client is subscribed, which with RESP2 leaves it only a few commands. */
export const GATE_PUBSUB: number = 1 << 5;
/** Messages have come while the client's command was executed (deliver.ts). */
export const GATE_PUSHES: number = 1 << 6;
/** Somebody wants to see every command (MONITOR). */
export const GATE_MONITOR: number = 1 << 7;
/** Commands wait (CLIENT PAUSE). */
export const GATE_PAUSE: number = 1 << 10;
/** What changes is written down (propagation.ts). */
export const GATE_PROPAGATION: number = 1 << 11;

/** The client's user is forbidden something (acl.ts). */
export const GATE_ACL: number = 1 << 12;

/** The keys that the client reads are noted (tracking.ts). */
export const GATE_TRACKING: number = 1 << 13;
/** More keys are noted than there may be. */
export const GATE_TRACKED_KEYS: number = 1 << 14;
/** A script takes long (scripting.ts). */
export const GATE_BUSY: number = 1 << 16;
/** The client is a monitor, which as in Redis is a kind of replica and may not use keys. */
export const GATE_NO_KEYS: number = 1 << 17;

/** Something is done around each call. */
const GATES_AROUND: number = GATE_NO_TOUCH | GATE_MONITOR | GATE_PAUSE | GATE_PROPAGATION |
  GATE_TRACKING;
/** Flags that are tested with the gates; there are no gates with their bits. */
const GATE_FLAGS: number = PROTECTED | RUNS_SCRIPT;
/** A command with one of these is not just queued when a transaction is open. */
const NOT_SIMPLY_QUEUED: number = PROTECTED | RUNS_SCRIPT | NOT_QUEUED | NO_MULTI;

const DISK_ERROR =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
  "Commands that may modify the data set are disabled, because this instance is configured to report " +
  "errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check " +
  "the Redis logs for details about the RDB error.";
export const OOM_ERROR = "OOM command not allowed when used memory > 'maxmemory'.";
const PROTECTED_ERROR = (what: string, option: string) =>
  `ERR ${what} command not allowed. If the ${option} option is set to "local", you can run it from a ` +
  "local connection, otherwise you need to set this option in the configuration file, and then " +
  "restart the server.";
const SUBSCRIBER_ERROR = (name: string) =>
  `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed ` +
  "in this context";
/** Least time between two warnings about HTTP requests, in ms. */
const HTTP_WARNING_MS = 60_000;
/** A fast command whose request has that many bytes, or whose reply has, is timed on its own. */
const LARGE_REQUEST_BYTES: number = 32 * 1024;
const LARGE_REPLY_BYTES: number = 256 * 1024;
/** Room a command may need besides its arguments: a run, a few buckets, a small value that becomes a large one. */
const OOM_SLACK_BYTES = 1 << 20;
/** Bytes of memory that a byte of many small arguments may need: entries and their places in a table. */
const OOM_BYTES_PER_BYTE = 4;
/** More small arguments than make this much are not looked out for. */
const OOM_ENTRIES_BYTES_MAX = 64 << 20;

/** Executes the client's request, whose arguments are `c.argv`, and leaves one reply. */
export function processCommand(c: Client): void {
  dispatch(c, c.server.commands.lookup(c.argv));
}

/** The same for a command that is looked up already; null when there is none of that name. */
export function dispatch(c: Client, command: Command | null): void {
  execute(c, command);
  const { blocking } = c.server;
  if (blocking.hasReadyKeys) blocking.serveReadyKeys();
}

/** The same without serving those who waited for its keys: for a command that is a part of another one. */
export function execute(c: Client, command: Command | null): void {
  const server = c.server;
  c.lastCommand = command;
  if (command === null) return rejectUnknown(c);
  if (!command.acceptsCount(c.argv.argc)) {
    return reject(c, command, `ERR wrong number of arguments for '${command.fullName}' command`);
  }
  const gates = server.gates | c.gates | command.flags & GATE_FLAGS;
  if ((gates & ~GATE_PROPAGATION) !== 0 && !passesGates(c, command)) return;
  if ((command.flags & DENYOOM) !== 0 && !server.hasRoom(bytesNeeded(c.argvBytes))) {
    return reject(c, command, OOM_ERROR);
  }
  const around = gates & GATES_AROUND;
  if (around === 0) call(c, command);
  else if ((around & GATE_PROPAGATION) === 0) callAround(c, command);
  else callPropagated(c, command, around);
}

/** Executes a queued command, which passed the gates when it was queued, and EXEC did when it came. */
export function executeQueued(c: Client, command: Command): void {
  const { server } = c;
  c.lastCommand = command;
  const refusal = (c.gates & GATE_ACL) === 0 ? null : server.acl.refusalInExec(c, command);
  if (refusal !== null) {
    c.reply.addError(refusal);
    server.stats.countError(refusal);
    return;
  }
  if ((command.flags & DENYOOM) !== 0 && !server.hasHeadroom(bytesNeeded(c.argvBytes))) {
    return reject(c, command, OOM_ERROR);
  }
  const around = (server.gates | c.gates) & GATES_AROUND;
  if (around === 0) call(c, command);
  else if ((around & GATE_PROPAGATION) === 0) callAround(c, command);
  else callPropagated(c, command, around);
}

/**
 * Memory that a command with arguments of so many bytes may rely on: with it, adding all of them to a collection
 * can't fail half-way.
 */
function bytesNeeded(argvBytes: number): number {
  const entries = Math.min(argvBytes * OOM_BYTES_PER_BYTE, OOM_ENTRIES_BYTES_MAX);
  return Math.max(argvBytes, entries) + OOM_SLACK_BYTES;
}

/** Runs a command that passed all gates. */
export function call(c: Client, command: Command): void {
  const { turn, stats } = c.server;
  const errors = c.reply.errors;
  if (command.timedInGroup && !turn.timesEach && c.argvBytes < LARGE_REQUEST_BYTES) {
    const before = c.reply.fullBytes;
    turn.noteFast(command);
    command.handler(c);
    if (c.reply.fullBytes - before >= LARGE_REPLY_BYTES) closeLarge(c, command);
  } else if ((c.flags & CLIENT_SCRIPT) !== 0 && canGroupInScript(c, command)) {
    callInScript(c, command);
  } else if (
    !((command.flags & RUNS_SCRIPT) !== 0
      ? callScript(c, command)
      : (command.flags & MAY_PAUSE) !== 0
      ? callTransaction(c, command)
      : callAlone(c, command))
  ) {
    return;
  }
  // Counted afterwards, as Redis does: INFO doesn't show itself, CONFIG RESETSTAT does.
  command.calls++;
  c.commandsProcessed++;
  stats.commandsProcessed++;
  if (c.reply.errors !== errors) {
    command.failedCalls++;
    stats.countError(c.reply.lastError);
  }
}

/** Whether a script's command, which isn't a fast one, is timed in a group all the same unless it takes long. */
function canGroupInScript(c: Client, command: Command): boolean {
  return (command.flags & (BLOCKING | MAY_PAUSE)) === 0 && !c.server.turn.timesEach &&
    c.argvBytes < LARGE_REQUEST_BYTES;
}

/** Calls the handler of such a command. */
function callInScript(c: Client, command: Command): void {
  const { turn } = c.server;
  turn.noteFast(command);
  command.handler(c);
  if (!turn.isGroupLate) return;
  const took = turn.closeLast(command);
  if (took >= c.server.slowUs) noteSlow(c, command, took);
}

/** Calls a handler that may block, as any may. Returns whether it has answered: what blocks is counted at its end. */
function callAlone(c: Client, command: Command): boolean {
  const { turn } = c.server;
  turn.closeGroup();
  const startUs = turn.nowUs;
  const { commandUs } = turn;
  command.handler(c);
  const { wait } = c;
  if ((c.flags & CLIENT_BLOCKED) !== 0) {
    const usedUs = turn.lap();
    if (usedUs >= c.server.slowUs) noteLatency(c, command, usedUs);
    if (wait !== null) wait.usedUs += usedUs;
    return false;
  }
  const earlierUs = wait === null ? 0 : wait.usedUs;
  const took = turn.closeSlow(command, startUs, commandUs, earlierUs);
  if (took >= c.server.slowUs) noteSlow(c, command, took, earlierUs);
  return true;
}

/** Calls EXEC, which is timed in a group if all its commands are. Returns whether it has answered. */
function callTransaction(c: Client, command: Command): boolean {
  const { transaction } = c;
  const { turn } = c.server;
  if (transaction === null || turn.timesEach || !transaction.isQuick) {
    return callAlone(c, command);
  }
  const { count } = transaction;
  command.handler(c);
  turn.noteWhole(command, count);
  return true;
}

/** Calls a handler that runs a script, which is timed in a group if it turns out to be quick. */
function callScript(c: Client, command: Command): boolean {
  const { turn, scripting } = c.server;
  const isSingle = turn.timesEach || c.argvBytes >= LARGE_REQUEST_BYTES;
  if (isSingle) turn.closeGroup();
  const startUs = turn.nowUs;
  const before = c.reply.fullBytes;
  const { timedAlone, commandUs } = turn;
  scripting.wasQuick = true;
  scripting.commands = 0;
  command.handler(c);
  if ((c.flags & CLIENT_BLOCKED) !== 0) {
    turn.lap();
    return false;
  }
  const isLarge = c.reply.fullBytes - before >= LARGE_REPLY_BYTES;
  if (!isSingle && !isLarge && scripting.wasQuick && turn.timedAlone === timedAlone) {
    turn.noteWhole(command, scripting.commands);
    return true;
  }
  const took = turn.closeSlow(command, startUs, commandUs);
  if (took >= c.server.slowUs) noteSlow(c, command, took);
  return true;
}

/** A fast command had much to reply: nearly all of its group's time was its own. */
function closeLarge(c: Client, command: Command): void {
  const { turn } = c.server;
  const startUs = turn.groupStartUs;
  turn.closeGroup();
  const took = turn.nowUs - startUs;
  if (took >= c.server.slowUs) noteSlow(c, command, took);
}

/** A command took as long as the slow log or the latency monitor ask for, some of it before it blocked its client. */
export function noteSlow(c: Client, command: Command, us: number, earlierUs = 0): void {
  noteSlowLog(c, command, us);
  noteLatency(c, command, us - earlierUs);
}

/** Tells the slow log of a command. */
export function noteSlowLog(c: Client, command: Command, us: number): void {
  if ((command.flags & SKIP_SLOWLOG) === 0) c.server.slowLog.add(c, command, us);
}

/** Tells the latency monitor how long an execution of a command took. */
function noteLatency(c: Client, command: Command, us: number): void {
  c.server.latency.add((command.flags & FAST) === 0 ? "command" : "fast-command", us);
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

/** Refuses a command before it ran. With it a transaction that would have contained it fails. */
export function reject(c: Client, command: Command | null, error: string): void {
  if (command !== null) command.rejectedCalls++;
  const isExec = command !== null && command.spec.name === "exec";
  if (isExec || (c.gates & GATE_MULTI) !== 0) error = failTransaction(c, command, error, isExec);
  c.reply.addError(error);
  c.server.stats.countError(c.reply.lastError);
}

/** Marks the client's transaction as failed; it is over if EXEC itself is refused. Returns the error to reply. */
function failTransaction(
  c: Client,
  command: Command | null,
  error: string,
  isExec: boolean,
): string {
  // Within EXEC it is too late.
  if ((c.flags & CLIENT_DENY_BLOCKING) !== 0) return error;
  c.flags |= CLIENT_DIRTY_EXEC;
  if (!isExec) return error;
  discardTransaction(c);
  if ((c.server.gates & GATE_MONITOR) !== 0) c.server.monitors.feed(c, command!);
  return `EXECABORT Transaction discarded because of: ${error.replace(/^ERR /, "")}`;
}

/** Whether a command may run now: not when it is refused, and not when it is queued. */
function passesGates(c: Client, command: Command): boolean {
  // Nearly always a transaction is the only gate that is shut for a client with one.
  if (((c.server.gates | c.gates) & ~GATE_PROPAGATION) === GATE_MULTI) {
    if ((command.flags & NOT_SIMPLY_QUEUED) === 0) return queue(c, command, command.flags);
    if ((command.flags & NOT_SIMPLY_QUEUED) === NOT_QUEUED) return mayRunInside(c, command);
  }
  const isScript = (command.flags & RUNS_SCRIPT) !== 0;
  if (isScript && passesQuickly(c)) return true;
  const flags = isScript ? command.spec.flagsOf!(c, command) : command.flags;
  const error = errorOfGates(c, command, flags) ?? (isScript ? errorOfMemory(c, flags) : null);
  if (error !== null) {
    reject(c, command, error);
    return false;
  }
  if (((c.gates | c.server.gates) & (GATE_TRACKING | GATE_TRACKED_KEYS)) !== 0) {
    c.server.tracking.beforeCommand(c);
  }
  if ((c.server.gates & GATE_PAUSE) !== 0 && c.server.pause.holds(c, command, flags)) {
    c.server.pause.postpone(c);
    return false;
  }
  if ((c.gates & GATE_MULTI) === 0) return true;
  if ((command.flags & NOT_QUEUED) === 0) return queue(c, command, flags);
  return mayRunInside(c, command);
}

/** Whether a command that isn't queued may run now that a transaction is open: EXEC needs memory. */
function mayRunInside(c: Client, command: Command): boolean {
  if (command.spec.name !== "exec" || (c.transaction!.flags & DENYOOM) === 0) return true;
  if (c.server.hasRoom(bytesNeeded(c.transaction!.memoryBytes))) return true;
  reject(c, command, OOM_ERROR);
  return false;
}

/** Whether no gate can be shut for a client that is to run a script, whatever the script says of itself. */
function passesQuickly(c: Client): boolean {
  const { server } = c;
  if (((server.gates | c.gates) & ~GATES_AROUND | server.gates & GATE_PAUSE) !== 0) return false;
  const hasRoom = server.hasRoom(bytesNeeded(c.argvBytes));
  server.scripting.isOutOfMemory = !hasRoom;
  return hasRoom;
}

/** Why there is too little memory for a script of these flags; or null. Scripts without DENYOOM see for themselves. */
function errorOfMemory(c: Client, flags: number): string | null {
  const { server } = c;
  if (server.scripting.isBusy) return null;
  const hasRoom = server.hasRoom(bytesNeeded(c.argvBytes));
  server.scripting.isOutOfMemory = !hasRoom;
  return hasRoom || (flags & DENYOOM) === 0 ? null : OOM_ERROR;
}

/** Queues the client's request, unless its transaction fails anyway. Returns false: it doesn't run now. */
function queue(c: Client, command: Command, flags: number): false {
  const { server, transaction } = c;
  // Whether there is room for what it makes is seen when it is executed.
  if ((flags & DENYOOM) !== 0 && !server.isWithinLimit()) {
    reject(c, command, OOM_ERROR);
    return false;
  }
  if ((c.flags & (CLIENT_DIRTY_CAS | CLIENT_DIRTY_EXEC)) === 0) {
    if (!transaction!.fits(c.argvBytes, server.queryBufferLimit)) {
      server.log.warning(`Closing client whose transaction is too large: ${c.port.addr}`);
      server.stats.queryBufferLimitDisconnections++;
      c.port.close();
      return false;
    }
    // A script may go on when the batch is over.
    const { batch } = server;
    if (batch.isExecuting(c.argv) && (command.flags & RUNS_SCRIPT) === 0) {
      transaction!.borrow(command, flags, batch, c.argvBytes);
    } else transaction!.add(command, flags, c.argv, server.keyspace);
  }
  c.reply.addQueued();
  return false;
}

/** Why a command is refused, or null. */
function errorOfGates(c: Client, command: Command, flags: number): string | null {
  const isExec = command.spec.name === "exec" && c.transaction !== null;
  if (isExec) flags = c.transaction!.flagsWith(command);
  return errorOfClient(c, command, flags) ??
    ((c.gates & GATE_ACL) === 0 ? null : c.server.acl.refusal(c, command)) ??
    errorOfState(c, command, flags);
}

/** Why the client may not run a command, whoever its user is; or null. */
function errorOfClient(c: Client, command: Command, flags: number): string | null {
  const { gates, server } = c;
  return (flags & PROTECTED) !== 0 && !allowsProtected(c, command)
    ? PROTECTED_ERROR(
      (command.parent ?? command).spec.name.toUpperCase(),
      protectingOption(command),
    )
    : (gates & GATE_AUTH) !== 0 && (flags & NO_AUTH) === 0 && server.acl.authRequired
    ? "NOAUTH Authentication required."
    : (gates & GATE_MULTI) !== 0 && (flags & NO_MULTI) !== 0
    ? "ERR Command not allowed inside a transaction"
    : null;
}

/** Why a command can't run as things are; or null. */
function errorOfState(c: Client, command: Command, flags: number): string | null {
  const gates = c.server.gates | c.gates;
  return (gates & GATE_PUBSUB) !== 0 && c.reply.resp === 2 && (flags & FOR_SUBSCRIBERS) === 0
    ? SUBSCRIBER_ERROR(command.fullName)
    : (gates & GATE_DISK) !== 0 && ((flags & WRITE) !== 0 || command.spec.name === "ping")
    ? diskError(c.server)
    : (gates & GATE_REPLICAS) !== 0 && (flags & WRITE) !== 0
    ? "NOREPLICAS Not enough good replicas to write."
    : (gates & GATE_LOADING) !== 0 && (flags & LOADING) === 0
    ? "LOADING Redis is loading the dataset in memory"
    : (gates & GATE_BUSY) !== 0 && (flags & ALLOW_BUSY) === 0
    ? c.server.scripting.busyError
    : (gates & GATE_NO_KEYS) !== 0 && (flags & (WRITE | READONLY | MAY_REPLICATE)) !== 0
    ? "ERR Replica can't interact with the keyspace"
    : null;
}

/** Why nothing may be written, as an error reply. */
export function diskError({ saving, appending }: Server): string {
  if (saving.refusesWrites) return DISK_ERROR;
  return `MISCONF Errors writing to the AOF file: ${appending.error ?? "Unknown error"}`;
}

/** Whether the configuration allows a command that is off by default. */
function allowsProtected(c: Client, command: Command): boolean {
  const allowed = c.server.config.str(protectingOption(command));
  return allowed === "yes" || allowed === "local" && isOnThisMachine(c);
}

function protectingOption(command: Command): string {
  return command.spec.name === "debug" ? "enable-debug-command" : "enable-module-command";
}

/** `call` while changes are written down, with what else is done around it. */
function callPropagated(c: Client, command: Command, around: number): void {
  const { server } = c;
  const { propagation } = server;
  const { dirty } = server;
  const outer = propagation.enterCommand(command);
  try {
    if (around === GATE_PROPAGATION) call(c, command);
    else callAround(c, command);
  } finally {
    propagation.leaveCommand(c, server.dirty > dirty, outer);
  }
}

/** `call` for a client with NO-TOUCH, for one that tracks keys, while there are monitors, and during a pause. */
function callAround(c: Client, command: Command): void {
  const { keyspace } = c.server;
  // What writes in spite of a pause, as a part of a transaction, must not find dead keys in its way.
  if ((command.flags & WRITE) !== 0) keyspace.keepsExpired = false;
  try {
    if ((c.gates & GATE_NO_TOUCH) === 0) call(c, command);
    else callWithoutTouch(c, command);
  } finally {
    keyspace.keepsExpired = c.server.pause.isOn;
  }
  if ((c.server.gates & GATE_MONITOR) !== 0) c.server.monitors.feed(c, command);
  if ((c.gates & GATE_TRACKING) !== 0) c.server.tracking.remember(c, command);
}

/** For a client with NO-TOUCH. TOUCH itself touches all the same, there would be no point in it. */
function callWithoutTouch(c: Client, command: Command): void {
  const { keyspace } = c.server;
  const before = keyspace.noTouch;
  keyspace.noTouch = before || command.spec.name !== "touch";
  try {
    call(c, command);
  } finally {
    keyspace.noTouch = before;
  }
}

/** CLIENT REPLY: whether this command's reply is to be dropped. Called after each command, behind GATE_REPLY. */
export function dropsReply(c: Client): boolean {
  const drop = isReplyUnwanted(c);
  c.flags &= ~CLIENT_REPLY_SKIP;
  if ((c.flags & CLIENT_REPLY_SKIP_NEXT) !== 0) {
    c.flags = c.flags & ~CLIENT_REPLY_SKIP_NEXT | CLIENT_REPLY_SKIP;
  }
  if ((c.flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) === 0) c.gates &= ~GATE_REPLY;
  return drop;
}

/** The same without noting that the command is over; true only for a client whose replies are suppressed. */
export function isReplyUnwanted(c: Client): boolean {
  const isPush = c.lastCommand !== null && (c.lastCommand.flags & ANSWERS_PUSH) !== 0;
  return (c.flags & (CLIENT_REPLY_OFF | CLIENT_REPLY_SKIP)) !== 0 && !isPush;
}

/** Refuses a request whose command doesn't exist, or whose subcommand doesn't. */
function rejectUnknown(c: Client): void {
  const { argv, server } = c;
  const name = argPrefix(argv, 0, 128);
  if (/^(post|host:)$/i.test(name)) return refuseHttp(c);
  if (server.commands.lookupContainer(argv) !== null) {
    const sub = argPrefix(argv, 1, 128);
    return reject(c, null, `ERR unknown subcommand '${sub}'. Try ${name.toUpperCase()} HELP.`);
  }
  let args = "";
  for (let i = 1; i < argv.argc && args.length < 128; i++) {
    args += `'${argPrefix(argv, i, 128 - args.length)}' `;
  }
  reject(c, null, `ERR unknown command '${name}', with args beginning with: ${args}`);
}

/**
 * Closes the connection of a browser that was made to send an HTTP request here, before what is in the body
 * can be taken for commands.
 */
function refuseHttp(c: Client): void {
  const { clients, keyspace, log } = c.server;
  if (keyspace.nowMs >= clients.nextHttpWarningMs) {
    clients.nextHttpWarningMs = keyspace.nowMs + HTTP_WARNING_MS;
    log.warning(
      `Possible SECURITY ATTACK detected: an HTTP request came from ${c.port.addr}, as when a web page ` +
        "makes a browser send commands here (Cross Protocol Scripting). The connection is closed.",
    );
  }
  c.port.close();
}
