/**
 * Cases of what is propagated, run against a Larder in this process or against a redis-server with an append-only
 * file.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ManualClock } from "../../core/base/clock.ts";
import { allCommands } from "../../core/commands/index.ts";
import { ExpireCycle } from "../../core/keyspace/expire_cycle.ts";
import { REQUEST, RespParser } from "../../core/protocol/resp_parser.ts";
import { CLIENT_BLOCKED } from "../../core/server/client.ts";
import { InProcess, type InProcessClient } from "../support/in_process.ts";
import { splitLine } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { escapeBytes, toBytes } from "../support/resp_reply.ts";
import { sleep, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

export interface PropagationCase {
  readonly name: string;
  /** The version from which on this is so, or "". */
  readonly since: string;
  /** Commands and what is expected of them, in order. */
  readonly steps: readonly Step[];
}

interface Step {
  readonly line: string;
  readonly want: string[];
}

/** One of the two kinds of server. */
export interface Propagator {
  /** Has a client execute a command; without `waits` it is going to block. */
  run(client: string, words: readonly string[], waits: boolean): Promise<void>;
  pass(ms: number): Promise<void>;
  /** What has been propagated since the last call: each command's arguments. */
  take(): Promise<string[][]>;
}

/** The cases of a text, see propagation_cases.ts. */
export function parseCases(text: string): PropagationCase[] {
  const cases: { name: string; since: string; steps: Step[] }[] = [];
  for (const line of text.trim().split("\n")) {
    const { steps } = cases[cases.length - 1] ?? { steps: [] };
    const head = /^= (?:\[(.*?)\] )?(.*)$/.exec(line);
    if (head !== null) cases.push({ name: head[2], since: head[1] ?? "", steps: [] });
    else if (line.startsWith("> ")) steps[steps.length - 1].want.push(line.slice(2));
    else steps.push({ line, want: [] });
  }
  return cases;
}

/** Runs a case. Returns it as text, with what was propagated in place of what is expected. */
export async function runCase(server: Propagator, { steps }: PropagationCase): Promise<string[]> {
  for (const words of [["SELECT", "0"], ["FLUSHALL"]]) await server.run("1", words, true);
  await server.take();
  const out: string[] = [];
  for (const { line } of steps) {
    out.push(line);
    const [, ms] = /^wait (\d+)$/.exec(line) ?? [];
    if (ms !== undefined) await server.pass(Number(ms));
    else {
      const [, client = "1", mark = ":", rest] = /^(?:(\d)([:!]) )?(.*)$/.exec(line)!;
      await server.run(client, splitLine(rest), mark === ":");
    }
    out.push(...(await server.take()).map((words) => `> ${words.map(normalised).join(" ")}`));
  }
  return out;
}

/** A case's text as it should be. */
export function expected({ steps }: PropagationCase): string[] {
  return steps.flatMap(({ line, want }) => [line, ...want.map((command) => `> ${command}`)]);
}

/** An argument as it stands in a case. */
function normalised(word: string): string {
  const text = word.replace(/^[12]\d{12}$/, "<ms>").replace(/^[12]\d{12}-\d+$/, "<id>").replace(
    /^m\d+$/,
    "<m>",
  );
  return /^[\x21-\x7e]+$/.test(text) ? text : escapeBytes(text);
}

/** Larder in this process, its time in the test's hands. */
export class InProcessPropagator implements Propagator {
  readonly server: InProcess;
  private readonly clock = new ManualClock();
  private readonly cycle: ExpireCycle;
  private readonly clients = new Map<string, InProcessClient>();
  private bytes = "";

  constructor() {
    const config = { "enable-debug-command": "yes" };
    this.server = new InProcess({ commands: allCommands, clock: this.clock, config });
    this.cycle = new ExpireCycle(this.server.server.keyspace, this.clock);
    this.server.server.propagation.attach({
      append: (bytes, len) =>
        void (this.bytes += Buffer.from(bytes.subarray(0, len)).toString("latin1")),
    });
  }

  run(client: string, words: readonly string[], waits: boolean): Promise<void> {
    const known = this.clients.get(client) ?? this.server.connect();
    this.clients.set(client, known);
    known.run(...words.map(toBytes));
    if (waits && (known.client.flags & CLIENT_BLOCKED) !== 0) {
      this.clock.advance(1000);
      this.server.server.blocking.expireDeadlines();
    }
    return Promise.resolve();
  }

  pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    this.server.server.turn.readClock();
    this.cycle.run(1000);
    return Promise.resolve();
  }

  take(): Promise<string[][]> {
    this.server.server.propagation.handOver();
    const { bytes } = this;
    this.bytes = "";
    return Promise.resolve(commandsOf(toBytes(bytes)));
  }
}

/** A redis-server that appends to a file at once. */
export class RedisPropagator implements Propagator {
  static readonly args: readonly string[] = ["--appendonly", "yes", "--appendfsync", "always"];
  private readonly server: TestServer;
  private readonly clients = new Map<string, RespClient>();
  /** Clients that will get one more reply. */
  private readonly waiting = new Set<RespClient>();
  private asker: RespClient | null = null;
  private taken = 0;

  constructor(server: TestServer) {
    this.server = server;
  }

  async version(): Promise<string> {
    const client = await this.server.connect();
    const info = String(await client.command("INFO", "server"));
    client.close();
    return /redis_version:([\d.]+)/.exec(info)?.[1] ?? "0";
  }

  async run(client: string, words: readonly string[], waits: boolean): Promise<void> {
    const known = this.clients.get(client) ?? await this.server.connect();
    this.clients.set(client, known);
    if (this.waiting.delete(known)) await known.readRaw();
    if (waits) {
      known.send(words.map(toBytes));
      await known.readRaw();
      return;
    }
    const id = String(await known.command("CLIENT", "ID"));
    known.send(words.map(toBytes));
    this.waiting.add(known);
    const asker = this.asker ??= await this.server.connect();
    await until("it is blocked", async () => {
      return / flags=\S*b/.test(String(await asker.command("CLIENT", "LIST", "ID", id)));
    });
  }

  pass(ms: number): Promise<void> {
    return sleep(ms);
  }

  take(): Promise<string[][]> {
    const dir = join(this.server.dir, "appendonlydir");
    const name = readdirSync(dir).find((file) => file.endsWith(".incr.aof"))!;
    const bytes = readFileSync(join(dir, name));
    const news = bytes.subarray(this.taken);
    this.taken = bytes.length;
    return Promise.resolve(commandsOf(news));
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
    this.asker?.close();
  }
}

function commandsOf(bytes: Uint8Array): string[][] {
  const parser = new RespParser();
  const commands: string[][] = [];
  for (let pos = 0; pos < bytes.length; pos = parser.pos) {
    if (parser.parse(bytes, pos, bytes.length) !== REQUEST) throw new Error("not whole requests");
    commands.push(parser.argStrings(0));
  }
  return commands;
}
