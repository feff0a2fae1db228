/**
 * Replay: executes what the append-only file says.
 *
 * The commands go straight to their handlers, past all gates, for a client of their own whose replies nobody reads;
 * behind a MULTI they are queued until EXEC comes. Commands that only read, and any error reply, are a sign of damage
 * and end the loading: what an append-only file holds has been executed once without one. Only a script may have
 * failed then too, half-way, in files of versions that wrote scripts down as such.
 */
import { ARENA_FULL } from "../memory/arena.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { type Client, CLIENT_DENY_BLOCKING, CLIENT_MULTI } from "./client.ts";
import { type Command, MAY_REPLICATE, NOT_QUEUED, WRITE } from "./command.ts";
import { argPrefix } from "./command_table.ts";
import { createLocalClient } from "./local_client.ts";
import type { Server } from "./server.ts";
import { discardTransaction, Transaction } from "./transaction.ts";

/** Longest part of a name in a message. */
const NAME_LEN_MAX = 128;
/** What else is in such files besides changes. */
const OTHER_COMMANDS = /^(select|multi|exec|script)$/;

export class Replay {
  private readonly server: Server;
  private readonly client: Client;

  constructor(server: Server) {
    this.server = server;
    this.client = createLocalClient(server);
    this.client.flags |= CLIENT_DENY_BLOCKING;
  }

  /** Whether there was a MULTI whose EXEC has yet to come. */
  get isInTransaction(): boolean {
    return (this.client.flags & CLIENT_MULTI) !== 0;
  }

  /** Executes a command, or queues it. Returns why it can't: the beginning of a line for the log. */
  apply(argv: Argv): string | null {
    const { client, server } = this;
    const command = server.commands.lookup(argv);
    if (command === null) return `Unknown command '${argPrefix(argv, 0, NAME_LEN_MAX)}'`;
    if (!isChange(command)) return `A command that changes nothing, '${command.fullName}',`;
    if (!command.acceptsCount(argv.argc)) {
      return `Wrong number of arguments for '${command.fullName}'`;
    }
    if (this.isInTransaction && (command.flags & NOT_QUEUED) === 0) {
      client.transaction ??= new Transaction();
      client.transaction.add(command, command.flags, argv, client.server.keyspace);
      return null;
    }
    client.argv = argv;
    client.lastCommand = command;
    const error = this.execute(command);
    client.resetArgv();
    if (error === "") return null;
    const line = `An error reply, '${error}', to '${command.fullName}'`;
    if ((command.flags & WRITE) !== 0 || (command.flags & MAY_REPLICATE) === 0) return line;
    server.log.warning(`${line} while reading the append only file`);
    return null;
  }

  /** The file is through: a transaction without its end is forgotten. */
  end(): void {
    discardTransaction(this.client);
  }

  /** Runs the handler. Returns the error it replied, "" if none. */
  private execute(command: Command): string {
    const { client, server } = this;
    const { reply } = client;
    reply.lastError = "";
    try {
      command.handler(client);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      return "OOM the data doesn't fit into memory";
    } finally {
      reply.truncate(0);
      server.keyspace.clearHints();
    }
    return reply.lastError;
  }
}

function isChange(command: Command): boolean {
  const { name } = (command.parent ?? command).spec;
  return (command.flags & (WRITE | MAY_REPLICATE)) !== 0 || OTHER_COMMANDS.test(name);
}
