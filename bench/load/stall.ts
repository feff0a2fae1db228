/**
 * The longest stall: a side connection sends PING all the time while a load goes through phases.
 *
 *     quiet        nothing but the PINGs: what the machine itself adds
 *     insert       SET of all keys, pipelined
 *     read         GET of all keys, in an order that defeats the caches
 *     scan         a whole SCAN, COUNT 100
 *     set expiry   PEXPIREAT of all keys, due within a few seconds of each other
 *     expire       waiting until they are gone
 *     flush async  FLUSHALL ASYNC of as many keys again, and some seconds after it
 *     flush sync   FLUSHALL SYNC of as many keys again
 *
 * With large values, for each type:
 *
 *     grow         adding a million elements, which makes a small value a large one and its tables grow
 *     del, unlink  removing it, and some time after that
 *
 * Batches are small, so that waiting behind one is microseconds, not a stall. Client and server share
 * the machine; a server that keeps `larder_longest_turn_usec` in INFO stats is therefore also asked
 * for its own longest event-loop turn of each phase, which CONFIG RESETSTAT starts anew.
 */

import { sleep } from "../../tests/support/server.ts";
import { BIG_COUNT, BIG_VALUES } from "./big_values.ts";
import { load, type LoadPlan, scatterStride } from "./loader.ts";
import type { LoadOptions } from "./options.ts";
import { Probe } from "./probe.ts";
import { RequestTemplate } from "./request_template.ts";
import type { StallResult } from "./results.ts";
import type { RunningServer } from "./servers.ts";
import { fixed, whole } from "./table.ts";

const BATCH = 32;
const FILL_BATCH = 512;
const QUIET_MS = 2000;
const AFTER_FLUSH_MS = 3000;
const AFTER_REMOVAL_MS = 1000;
const POLL_MS = 100;
const EXPIRY_TIMEOUT_SECONDS = 600;
const SCAN_COUNT = 100;

/** Takes `server`, which must be freshly started, through all phases; `found` gets each phase's figures as it ends. */
export async function measureStall(
  server: RunningServer,
  options: LoadOptions,
  found: (result: StallResult) => void,
  note: (text: string) => void,
): Promise<void> {
  const keys = options.stallKeys;
  const set = new RequestTemplate(["SET", "key:%d", "x".repeat(options.valueLen)]);
  const probe = await Probe.start(server.spec.host, server.port);
  const phases = new Phases(server, probe, keys, found, note);
  const run = (plan: LoadPlan) => load(server.spec.host, server.port, plan);
  const refill = async () => {
    await run({ template: set, count: keys, batch: FILL_BATCH });
    await server.settle(1000);
  };
  try {
    await phases.run("quiet", () => sleep(QUIET_MS));
    const insert = () => run({ template: set, count: keys, batch: BATCH });
    const { seconds } = await phases.run("insert", insert);
    await phases.run("read", () => run(readPlan(keys)));
    await phases.run("scan", () => scanAll(server, keys));
    // Due only after all of them have been set: setting takes about as long as inserting did.
    const due = Date.now() + (seconds * 1.5 + 1) * 1000;
    await phases.run("set expiry", () => run(expiryPlan(keys, due, options.expirySpreadSeconds)));
    await phases.run("expire", () => waitUntilEmpty(server));
    await refill();
    await phases.run("flush async", async () => {
      await server.command("FLUSHALL", "ASYNC");
      await sleep(AFTER_FLUSH_MS);
    });
    await refill();
    await phases.run("flush sync", () => server.command("FLUSHALL", "SYNC"));
  } finally {
    await probe.stop();
  }
}

/** The same with values of a million elements, which grow and are removed. */
export async function measureBigStall(
  server: RunningServer,
  found: (result: StallResult) => void,
  note: (text: string) => void,
): Promise<void> {
  const probe = await Probe.start(server.spec.host, server.port);
  const phases = new Phases(server, probe, BIG_COUNT, found, note);
  try {
    await phases.run("quiet", () => sleep(QUIET_MS));
    for (const { type, key, words } of BIG_VALUES) {
      const plan = { template: new RequestTemplate(words), count: BIG_COUNT, batch: BATCH };
      const grow = () => load(server.spec.host, server.port, plan);
      await phases.run(`${type}: grow`, grow);
      await phases.run(`${type}: del`, () => remove(server, "DEL", key));
      await grow();
      await phases.run(`${type}: unlink`, () => remove(server, "UNLINK", key));
    }
  } finally {
    await probe.stop();
  }
}

async function remove(server: RunningServer, command: string, key: string): Promise<void> {
  await server.command(command, key);
  await sleep(AFTER_REMOVAL_MS);
}

/** Runs phases one after the other and reports what was seen in each. */
class Phases {
  readonly #server: RunningServer;
  readonly #probe: Probe;
  readonly #keys: number;
  readonly #found: (result: StallResult) => void;
  readonly #note: (text: string) => void;

  constructor(
    server: RunningServer,
    probe: Probe,
    keys: number,
    found: (result: StallResult) => void,
    note: (text: string) => void,
  ) {
    this.#server = server;
    this.#probe = probe;
    this.#keys = keys;
    this.#found = found;
    this.#note = note;
  }

  async run<T>(phase: string, work: () => Promise<T>): Promise<T> {
    await this.#server.command("CONFIG", "RESETSTAT");
    await this.#probe.takeFigures();
    const started = performance.now();
    const value = await work();
    const seconds = (performance.now() - started) / 1000;
    const figures = await this.#probe.takeFigures();
    const turn = (await this.#server.info("stats")).get("larder_longest_turn_usec");
    const serverLongestTurnMs = turn === undefined ? null : Number(turn) / 1000;
    const server = this.#server.spec.name;
    this.#found({
      server,
      phase,
      keys: this.#keys,
      seconds,
      ...figures,
      serverLongestTurnMs,
    });
    this.#note(
      `${server}, ${phase}: ${fixed(seconds, 1)} s, longest PING ${
        fixed(figures.longestMs, 2)
      } ms` +
        (serverLongestTurnMs === null ? "" : `, own turn ${fixed(serverLongestTurnMs, 2)} ms`),
    );
    return value;
  }
}

function readPlan(keys: number): LoadPlan {
  const stride = scatterStride(keys);
  const indexOf = (i: number) => (i * stride) % keys;
  return { template: new RequestTemplate(["GET", "key:%d"]), count: keys, batch: BATCH, indexOf };
}

function expiryPlan(keys: number, due: number, spreadSeconds: number): LoadPlan {
  const spreadMs = spreadSeconds * 1000;
  const stride = scatterStride(spreadMs);
  const numberOf = (i: number) => Math.round(due) + (i * stride) % spreadMs;
  const template = new RequestTemplate(["PEXPIREAT", "key:%d", "%t"]);
  return { template, count: keys, batch: BATCH, numberOf };
}

async function scanAll(server: RunningServer, keys: number): Promise<void> {
  let cursor = "0";
  let seen = 0;
  do {
    const reply = await server.command("SCAN", cursor, "COUNT", SCAN_COUNT);
    if (!Array.isArray(reply) || !Array.isArray(reply[1])) throw new Error("SCAN: odd reply");
    cursor = String(reply[0]);
    seen += reply[1].length;
  } while (cursor !== "0");
  if (seen < keys) throw new Error(`SCAN gave ${seen} of ${keys} keys`);
}

async function waitUntilEmpty(server: RunningServer): Promise<void> {
  const deadline = performance.now() + EXPIRY_TIMEOUT_SECONDS * 1000;
  for (;;) {
    const keys = Number(await server.command("DBSIZE"));
    if (keys === 0) return;
    if (performance.now() > deadline) throw new Error(`${whole(keys)} keys have not expired`);
    await sleep(POLL_MS);
  }
}
