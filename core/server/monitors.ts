/**
 * Monitors: clients that see every command, as MONITOR promises.
 *
 *     +1700000000.123456 [0 127.0.0.1:50000] "set" "key" "value"
 *
 * A command is shown after it was executed, with the database it left the client in; those of a
 * transaction before its EXEC, and those of a script behind the EVAL that runs it. Administrative
 * commands are not shown, and of AUTH and HELLO no names and passwords. A line is written once for
 * all monitors. While there are none, nothing is looked at.
 *
 * To Redis a monitor is a kind of replica: it may use no keys, isn't held up by CLIENT PAUSE and never times out.
 */
import { ascii, latin1 } from "../base/bytes.ts";
import { SharedLog } from "../protocol/shared_chunk.ts";
import { argIs } from "./args.ts";
import { GATE_MONITOR, GATE_NO_KEYS } from "./call.ts";
import { type Client, CLIENT_MONITOR, CLIENT_SCRIPT, CLIENT_UNIX_SOCKET } from "./client.ts";
import { ADMIN, type Command, SKIP_MONITOR } from "./command.ts";
import { quote } from "./config_values.ts";
import type { Server } from "./server.ts";

const AUTH = ascii("auth");
const AUTH2 = ascii("auth2");
/** Where the options of MIGRATE begin. */
const MIGRATE_OPTIONS = 6;

export class Monitors {
  private readonly server: Server;
  private readonly clients = new Set<Client>();
  private readonly log = new SharedLog();

  constructor(server: Server) {
    this.server = server;
  }

  add(c: Client): void {
    c.flags |= CLIENT_MONITOR;
    c.gates |= GATE_NO_KEYS;
    this.clients.add(c);
    this.server.gates |= GATE_MONITOR;
  }

  /** No-op unless the client is a monitor. */
  remove(c: Client): void {
    if (!this.clients.delete(c)) return;
    c.flags &= ~CLIENT_MONITOR;
    c.gates &= ~GATE_NO_KEYS;
    if (this.clients.size === 0) this.server.gates &= ~GATE_MONITOR;
  }

  /** Shows the request that the client has just had executed. */
  feed(c: Client, command: Command): void {
    if ((command.flags & (SKIP_MONITOR | ADMIN)) !== 0 || c.wait !== null && c.wait.isRetrying) {
      return;
    }
    this.show(c, command);
  }

  /** Shows the client's request, whatever command it is. */
  show(c: Client, command: Command): void {
    const us = this.server.clock.nowUs();
    const micros = String(Math.floor(us % 1e6)).padStart(6, "0");
    const isUnix = (c.flags & CLIENT_UNIX_SOCKET) !== 0;
    const from = (c.flags & CLIENT_SCRIPT) !== 0
      ? "lua"
      : isUnix
      ? `unix:${c.port.addr.replace(/:0$/, "")}`
      : c.port.addr;
    let line = `+${Math.floor(us / 1e6)}.${micros} [${c.db.id} ${from}]`;
    const { argv } = c;
    for (let i = 0; i < argv.argc; i++) {
      const text = isSecret(c, command, i)
        ? "(redacted)"
        : latin1(argv.buf, argv.off[i], argv.len[i]);
      line += ` ${quote(text)}`;
    }
    const bytes = ascii(`${line}\r\n`);
    this.log.begin(bytes.length, 0);
    this.log.addRaw(bytes);
    const chunk = this.log.end();
    for (const monitor of this.clients) {
      // Its own commands too, behind their replies.
      monitor.reply.addShared(chunk);
      monitor.port.replied();
    }
  }
}

/** Whether an argument is a user's name or password. */
export function isSecret(c: Client, command: Command, index: number): boolean {
  const { name } = command.spec;
  if (name === "auth") return index > 0;
  if (name === "migrate") return isSecretOfMigrate(c, index);
  if (name !== "hello") return false;
  return index > 2 && argIs(c, index - 1, AUTH) || index > 3 && argIs(c, index - 2, AUTH);
}

/** What follows AUTH or AUTH2. */
function isSecretOfMigrate(c: Client, index: number): boolean {
  if (index <= MIGRATE_OPTIONS) return false;
  return argIs(c, index - 1, AUTH) || argIs(c, index - 1, AUTH2) ||
    index > MIGRATE_OPTIONS + 1 && argIs(c, index - 2, AUTH2);
}
