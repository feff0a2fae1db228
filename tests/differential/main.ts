/**
 * The run: random commands to two servers, every reply compared, and the digests of all data at the end of each round.
 *
 *     deno run -A tests/differential/main.ts [--commands N] [--seed N] [--runtime deno|bun]
 *                                            [--oracle host:port] [--server host:port]
 *                                            [--groups strings,lists,...]
 *
 * Ends with status 1 when a difference was found that differences.ts doesn't list.
 */
import { pathToFileURL } from "node:url";
import process from "node:process";
import { parseArgs } from "node:util";
import { Prng } from "../../core/base/prng.ts";
import { oneIn, pick } from "../support/gen.ts";
import { type Address, RespClient } from "../support/resp_client.ts";
import { ReplyError } from "../support/resp_reply.ts";
import { startLarder, startRedis, type TestServer } from "../support/server.ts";
import { type Difference, explain, isOlder } from "./differences.ts";
import { randomCommand, type Template, type Words } from "./grammar.ts";
import { LIMITS } from "./limits.ts";
import { normalise, show } from "./normalise.ts";
import { BLOCKING_TEMPLATES, FIELD_TTL_TEMPLATES, TEMPLATE_GROUPS } from "./templates.ts";

/** Commands sent before their replies are read. */
const BATCH = 100;
/** Commands after which both servers are emptied. */
const ROUND = 5000;
/** Commands on the same keys that are shown with a difference. */
const HISTORY = 12;
/** One command in so many may block. */
const BLOCKING_EVERY = 500;
const SHOWN_MAX = 400;

export interface RunOptions {
  commands: number;
  seed: number;
  ours: Address;
  oracle: Address;
  /** Groups of templates to take; all unless given. */
  groups?: readonly string[];
  /** Told what is found. */
  note: (text: string) => void;
}

export interface Findings {
  commands: number;
  /** Differences that nothing explains. */
  unexplained: number;
  /** How often each listed difference came up, by its reason. */
  explained: Map<string, number>;
}

/** Runs it. Stops after the first unexplained difference of a round and goes on with the next. */
export async function runDifferential(options: RunOptions): Promise<Findings> {
  const run = new Run(
    options,
    await Side.connect(options.ours),
    await Side.connect(options.oracle),
  );
  try {
    return await run.all();
  } finally {
    run.close();
  }
}

/** One of the two servers. */
class Side {
  readonly client: RespClient;
  readonly version: string;

  private constructor(client: RespClient, version: string) {
    this.client = client;
    this.version = version;
  }

  static async connect(address: Address): Promise<Side> {
    const client = await RespClient.connect(address);
    const info = String(await client.command("INFO", "server"));
    return new Side(client, /redis_version:([\d.]+)/.exec(info)?.[1] ?? "0");
  }

  async command(...words: string[]): Promise<string> {
    return show(await this.client.command(...words));
  }
}

class Run {
  private readonly options: RunOptions;
  private readonly ours: Side;
  private readonly oracle: Side;
  private readonly prng: Prng;
  private readonly groups: (readonly Template[])[];
  private readonly findings: Findings = { commands: 0, unexplained: 0, explained: new Map() };
  private history: Words[] = [];

  constructor(options: RunOptions, ours: Side, oracle: Side) {
    this.options = options;
    this.ours = ours;
    this.oracle = oracle;
    this.prng = new Prng(options.seed);
    const names = options.groups ?? Object.keys(TEMPLATE_GROUPS);
    this.groups = names.map((name) => TEMPLATE_GROUPS[name]);
    if (names.includes("hashes") && !isOlder(oracle.version, "7.4")) {
      this.groups.push(FIELD_TTL_TEMPLATES);
    }
  }

  close(): void {
    this.ours.client.close();
    this.oracle.client.close();
  }

  async all(): Promise<Findings> {
    const { options, findings } = this;
    for (let round = 0; findings.commands < options.commands; round++) {
      await this.prepare();
      const count = Math.min(ROUND, options.commands - findings.commands);
      const isSame = await this.round(count);
      if (isSame) await this.compareData(round);
    }
    return findings;
  }

  private async prepare(): Promise<void> {
    this.history = [];
    const commands = [
      ["FLUSHALL"],
      ...LIMITS.map(([name, values]) => [
        ...["CONFIG", "SET", name],
        pick(this.prng, values),
      ]),
    ];
    for (const command of commands) {
      const [a, b] = await Promise.all([
        this.ours.command(...command),
        this.oracle.command(...command),
      ]);
      // Not every limit is known to an older server.
      if (a !== b && !b.includes("Unknown option")) {
        throw new Error(`${command.join(" ")}: ${a} and ${b}`);
      }
    }
  }

  /** Sends `count` commands. False when the data differ from some point on; the rest is not sent then. */
  private async round(count: number): Promise<boolean> {
    for (let sent = 0; sent < count; sent += BATCH) {
      const batch: Words[] = [];
      for (let i = 0; i < Math.min(BATCH, count - sent); i++) {
        const isBlocking = oneIn(this.prng, BLOCKING_EVERY);
        const group = isBlocking ? BLOCKING_TEMPLATES : pick(this.prng, this.groups);
        batch.push(randomCommand(this.prng, group));
      }
      const [ours, theirs] = await Promise.all([
        exchange(this.ours.client, batch),
        exchange(this.oracle.client, batch),
      ]);
      this.findings.commands += batch.length;
      for (let i = 0; i < batch.length; i++) {
        this.history.push(batch[i]);
        if (ours[i] === theirs[i]) continue;
        const reason = this.explained(batch[i], ours[i], theirs[i]);
        if (reason === null || reason.remains === true) return false;
      }
    }
    return true;
  }

  private explained(words: Words, ours: string, theirs: string): Difference | null {
    const { findings } = this;
    const found = explain(words, ours, theirs, this.oracle.version);
    if (found !== null) {
      findings.explained.set(found.reason, (findings.explained.get(found.reason) ?? 0) + 1);
      return found;
    }
    findings.unexplained++;
    this.options.note(
      `difference after ${findings.commands} commands (seed ${this.options.seed}):\n` +
        `  ${line(words)}\n  ours:   ${cut(ours)}\n  theirs: ${cut(theirs)}\n` +
        this.related(words).map((before) => `    before: ${line(before)}\n`).join(""),
    );
    return null;
  }

  /** The last commands that share a key with one. */
  private related(words: Words): Words[] {
    const keys = new Set(words.filter((word) => /^[a-z]\d$/.test(word)));
    return this.history.slice(0, -1).filter((before) => before.some((word) => keys.has(word)))
      .slice(-HISTORY);
  }

  /** Compares what is in the databases after a round, key by key when it is not the same. */
  private async compareData(round: number): Promise<void> {
    const [a, b] = await Promise.all([
      this.ours.command("DEBUG", "DIGEST"),
      this.oracle.command("DEBUG", "DIGEST"),
    ]);
    if (a === b) return;
    const keys = await this.ours.client.command("KEYS", "*");
    let found = false;
    for (const key of Array.isArray(keys) ? keys.map(String) : []) {
      const words = ["DEBUG", "DIGEST-VALUE", key];
      const [mine, its] = [await this.ours.command(...words), await this.oracle.command(...words)];
      if (mine === its) continue;
      this.explained(words, mine, its);
      found = true;
    }
    if (!found) this.options.note(`round ${round}: the digests differ, but no value's does`);
  }
}

/** Sends commands in one go and reads their replies, normalised. */
async function exchange(client: RespClient, batch: readonly Words[]): Promise<string[]> {
  for (const words of batch) client.send(words);
  const replies: string[] = [];
  for (const words of batch) {
    const reply = await client.read();
    replies.push(reply instanceof ReplyError ? show(reply) : normalise(words, reply));
  }
  return replies;
}

function line(words: Words): string {
  return cut(
    words.map((word) => /^[\w:.*#$>()[\]+-]+$/.test(word) ? word : JSON.stringify(word)).join(" "),
  );
}

function cut(text: string): string {
  return text.length > SHOWN_MAX
    ? `${text.slice(0, SHOWN_MAX)}... (${text.length} characters)`
    : text;
}

async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      commands: { type: "string", default: "1000000" },
      seed: { type: "string" },
      runtime: { type: "string", default: "deno" },
      server: { type: "string" },
      oracle: { type: "string" },
      groups: { type: "string" },
    },
  });
  const started: TestServer[] = [];
  const debug = ["--enable-debug-command", "yes"];
  const use = async (text: string | undefined, start: () => Promise<TestServer | null>) => {
    if (text !== undefined) {
      const [host, port] = text.split(":");
      return { host, port: Number(port) };
    }
    const server = await start();
    if (server === null) {
      throw new Error("redis-server is not installed, and no --oracle was given");
    }
    started.push(server);
    return { host: server.host, port: server.port };
  };
  try {
    const runtime = values.runtime === "bun" ? "bun" : "deno";
    const ours = await use(values.server, () => startLarder({ runtime, args: debug }));
    const oracle = await use(values.oracle, () => startRedis({ args: debug }));
    const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
    const groups = values.groups?.split(",");
    const commands = Number(values.commands);
    const options = { commands, seed, ours, oracle, groups, note: console.log };
    const findings = await runDifferential(options);
    console.log(
      `seed ${seed}: ${findings.commands} commands, ${findings.unexplained} differences` +
        [...findings.explained].map(([reason, count]) => `\n  ${count} times: ${reason}`).join(""),
    );
    return findings.unexplained === 0 ? 0 : 1;
  } finally {
    for (const server of started) await server.stop();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exit(await main(process.argv.slice(2)));
}
