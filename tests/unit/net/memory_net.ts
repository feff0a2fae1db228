/**
 * A whole server on the memory transport, for the tests of core/net: real commands, a clock that moves when it is
 * told to, and a log that is kept.
 *
 * Three commands are added to the real ones: BOOM throws, FULL finds the arena full, and ZEROS n replies n bytes.
 */

import { ManualClock } from "../../../core/base/clock.ts";
import { Log } from "../../../core/base/log.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { Arena, ARENA_FULL } from "../../../core/memory/arena.ts";
import { Listener } from "../../../core/net/listener.ts";
import {
  type MemoryPeer,
  MemoryTransport,
  type PeerOptions,
  turnEnd,
} from "../../../core/net/transport_memory.ts";
import { argInteger } from "../../../core/server/args.ts";
import type { Client } from "../../../core/server/client.ts";
import type { CommandSpec, Handler } from "../../../core/server/command.ts";
import { Config } from "../../../core/server/config.ts";
import { Server } from "../../../core/server/server.ts";

export const PORT = 7000;

/** All ways in which transports bring bytes. */
export const MODES: readonly { readonly name: string; readonly peer: PeerOptions }[] = [
  { name: "reads into our buffer", peer: {} },
  { name: "brings its buffers", peer: { bringsBuffers: true } },
  { name: "shares a buffer", peer: { sharesBuffer: true } },
];

function testCommand(name: string, arity: number, handler: Handler): CommandSpec {
  return { name, arity, flags: 0, since: "1.0.0", group: "server", summary: "", handler };
}

const testCommands: CommandSpec[] = [
  testCommand("boom", 1, (c) => {
    c.reply.addBulkString("half a reply");
    throw new Error("boom");
  }),
  testCommand("full", 1, () => {
    throw ARENA_FULL;
  }),
  testCommand("zeros", 2, (c) => {
    const zeros = new Uint8Array(argInteger(c, 1)).fill(0x30);
    c.reply.addBulk(zeros, 0, zeros.length);
  }),
];

/** Keeps its lines. */
class KeptLog extends Log {
  readonly lines: string[] = [];
  override debug(message: string): void {
    this.lines.push(message);
  }
  override verbose(message: string): void {
    this.lines.push(message);
  }
  override notice(message: string): void {
    this.lines.push(message);
  }
  override warning(message: string): void {
    this.lines.push(message);
  }
}

export class MemoryNet {
  readonly clock = new ManualClock();
  readonly log: KeptLog = new KeptLog(this.clock, { level: "verbose" });
  readonly transport = new MemoryTransport();
  readonly server: Server;
  readonly listener: Listener;

  /**
   * `directives` as in redis.conf. It listens on 127.0.0.1 only unless they say otherwise. `commands` are known
   * besides the others.
   */
  constructor(
    directives: Readonly<Record<string, string>> = {},
    commands: readonly CommandSpec[] = [],
  ) {
    const config = new Config();
    const given = { bind: "127.0.0.1", port: String(PORT), ...directives };
    const overrides = Object.entries(given)
      .map(([name, value]) => `${name} ${value === "" ? '""' : value}\n`).join("");
    const error = config.load({ overrides });
    if (error !== null) throw new Error(error);
    this.server = new Server({
      clock: this.clock,
      log: this.log,
      config,
      commands: [...allCommands, ...testCommands, ...commands],
      arena: new Arena({ segmentBytes: 16 * 1024 * 1024 }),
      seed: 1,
    });
    this.listener = new Listener(this.server, this.transport);
  }

  /** Opens the addresses; throws if that fails. */
  start(): this {
    const error = this.listener.listen();
    if (error !== null) throw new Error(error);
    return this;
  }

  connect(options: PeerOptions = {}): MemoryPeer {
    return this.transport.connect(PORT, options);
  }

  /** The newest client. */
  lastClient(): Client {
    return [...this.server.clients.byId.values()].at(-1)!;
  }

  /** Sets a directive; throws if that is refused. */
  set(name: string, value: string): void {
    const error = this.server.config.set([[name, value]]);
    if (error !== null) throw new Error(error);
  }

  /** Lets time pass, and the cron with it: every client is visited at least once. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.server.turn.readClock();
    for (let i = 0; i <= this.server.cron.hz; i++) this.server.cron.round();
  }
}

/** Sends and returns what has come back when the turn is over. */
export async function ask(peer: MemoryPeer, bytes: Uint8Array | string): Promise<string> {
  peer.send(bytes);
  await turnEnd();
  return peer.take();
}

/** A request as an array of bulk strings. */
export function request(...args: string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
}

/** A bulk reply. */
export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}
