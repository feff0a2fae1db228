/**
 * Hit rate: how well a server that is full guesses which keys will be wanted again.
 *
 * A cache in front of something slow, as programs use it: GET, and on a miss SET. The keys follow a Zipf
 * distribution, so that few are wanted often and most are hardly ever. All servers hold as many keys, however small
 * they keep them: `maxmemory` begins with what CAPACITY keys take on that very server, and is corrected by the
 * number of keys that are there while the cache warms up, since buffers of clients count too (one key in a hundred
 * more or less changes the hit rate by 0.2 %). The trace is the same for everybody, and it is paced, because idle
 * times have a resolution of seconds and a slow server would see more of them pass than a fast one. Hits count after
 * the cache is warm. Counters of accesses decay at the end of each minute, which therefore comes at the same
 * place of every trace.
 *
 * In the second trace popularity drifts: what is wanted often becomes less so and others take its place, which
 * is where counting accesses and remembering the last one differ.
 */

import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { Prng } from "../../core/base/prng.ts";
import { sleep } from "../../tests/support/server.ts";
import { load, scatterStride } from "./loader.ts";
import { RequestTemplate } from "./request_template.ts";
import type { HitRateResult } from "./results.ts";
import type { RunningServer } from "./servers.ts";
import { fixed } from "./table.ts";

/** Distinct keys of a trace, and how many of them fit. */
const KEYS = 100_000;
const CAPACITY = 10_000;
const VALUE_BYTES = 100;
/** About what a key takes, by which the limit is corrected: rather less, so as not to swing. */
const KEY_BYTES = 130;
/** Exponent of the distribution: the usual one for caches (YCSB). */
const EXPONENT = 0.99;
const REQUESTS = 800_000;
const REQUESTS_QUICK = 40_000;
/** Requests per second, and per batch. */
const PACE = 40_000;
const BATCH = 100;
/** Part of the trace after which hits are counted, and requests between two corrections before. */
const WARM = 0.25;
const CORRECT_EVERY = 10_000;
/** A drifting trace: requests after which each rank belongs to the key next to it. */
const DRIFT_EVERY = 40;
/** Seconds of a trace before a minute ends, for the decay of LFU. */
const MINUTE_ENDS_IN = 10;
const FILL_BATCH = 512;
const SEED = 7;

const HIT_RATE_POLICIES: readonly string[] = [
  "allkeys-lru",
  "allkeys-lfu",
  "allkeys-random",
];

/** Takes `server`, which must be freshly started, through all policies and traces. */
export async function measureHitRate(
  server: RunningServer,
  quick: boolean,
  found: (result: HitRateResult) => void,
  note: (text: string) => void,
): Promise<void> {
  const requests = quick ? REQUESTS_QUICK : REQUESTS;
  const limit = await bytesOfCapacity(server);
  const client = await CacheClient.open(server.spec.host, server.port);
  try {
    for (const trace of ["zipf", "drifting zipf"]) {
      for (const policy of HIT_RATE_POLICIES) {
        await server.command("CONFIG", "SET", "maxmemory", "0");
        await server.flush();
        await server.command("CONFIG", "SET", "maxmemory-policy", policy);
        await server.command("CONFIG", "SET", "maxmemory", String(limit));
        await server.command("CONFIG", "RESETSTAT");
        if (policy.endsWith("lfu") && !quick) await waitForSecond(MINUTE_ENDS_IN);
        const drift = trace === "zipf" ? 0 : DRIFT_EVERY;
        const { hitRate, kept } = await runTrace(client, requests, drift, limit);
        const evicted = Number((await server.info("stats")).get("evicted_keys"));
        const result = {
          server: server.spec.name,
          trace,
          policy,
          requests,
          hitRate,
          kept,
          evicted,
        };
        found(result);
        note(`${result.server}, ${trace}, ${policy}: ${fixed(hitRate * 100, 2)} % hits`);
      }
    }
  } finally {
    client.close();
  }
}

/** Waits until the present minute has so many seconds left. */
async function waitForSecond(left: number): Promise<void> {
  const aheadMs = 60_000 - left * 1000 - Date.now() % 60_000;
  await sleep(aheadMs < 0 ? aheadMs + 60_000 : aheadMs);
}

/** What the server says it uses when CAPACITY of the keys are in it. */
async function bytesOfCapacity(server: RunningServer): Promise<number> {
  const template = new RequestTemplate(["SET", "key:%d", "x".repeat(VALUE_BYTES)]);
  const plan = { template, count: CAPACITY, batch: FILL_BATCH };
  await load(server.spec.host, server.port, plan);
  await server.settle(500);
  return (await server.memory()).usedBytes ?? 0;
}

/** Runs the trace at its pace. Returns the part of hits, and the mean number of keys, once the cache was warm. */
async function runTrace(
  client: CacheClient,
  requests: number,
  drift: number,
  limit: number,
): Promise<{ hitRate: number; kept: number }> {
  const zipf = new Zipf(KEYS, EXPONENT, new Prng(SEED));
  const stride = scatterStride(KEYS);
  const batch = new Int32Array(BATCH);
  const started = performance.now();
  let maxmemory = limit;
  let hits = 0;
  let counted = 0;
  const sizes: number[] = [];
  for (let sent = 0; sent < requests; sent += BATCH) {
    for (let i = 0; i < BATCH; i++) {
      const shift = drift === 0 ? 0 : Math.floor((sent + i) / drift);
      batch[i] = ((zipf.next() + shift) % KEYS) * stride % KEYS;
    }
    const found = await client.access(batch);
    if (sent >= requests * WARM) {
      hits += found;
      counted += BATCH;
    }
    if (sent % CORRECT_EVERY === 0) {
      const size = await client.size();
      if (sent >= requests * WARM) sizes.push(size);
      else if (sent > requests * WARM / 4) {
        maxmemory += Math.round((CAPACITY - size) * KEY_BYTES);
        await client.status(`CONFIG SET maxmemory ${maxmemory}`);
      }
    }
    const aheadMs = (sent + BATCH) * 1000 / PACE - (performance.now() - started);
    if (aheadMs > 2) await sleep(aheadMs);
  }
  return { hitRate: hits / counted, kept: sizes.reduce((sum, n) => sum + n, 0) / sizes.length };
}

/** Ranks from 0 on, rank r in proportion to 1 / (r + 1) ** exponent. */
class Zipf {
  readonly #sums: Float64Array;
  readonly #prng: Prng;

  constructor(count: number, exponent: number, prng: Prng) {
    this.#sums = new Float64Array(count);
    this.#prng = prng;
    let sum = 0;
    for (let i = 0; i < count; i++) this.#sums[i] = sum += (i + 1) ** -exponent;
  }

  next(): number {
    const sums = this.#sums;
    const wanted = this.#prng.nextFloat() * sums[sums.length - 1];
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle] <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A connection that reads keys in batches, and sets those that were not there. */
class CacheClient {
  readonly #socket: Socket;
  readonly #get = new RequestTemplate(["GET", "key:%d"]);
  readonly #set = new RequestTemplate(["SET", "key:%d", "x".repeat(VALUE_BYTES)]);
  readonly #buf = new Uint8Array(BATCH * this.#set.len);
  #got: Uint8Array = new Uint8Array(0);
  #more: () => void = () => {};
  #fail: (error: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.#got = Buffer.concat([this.#got, chunk as Uint8Array]);
      this.#more();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  static open(host: string, port: number): Promise<CacheClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new CacheClient(socket));
      });
    });
  }

  /** Wants the keys. Returns how many were there. */
  async access(keys: Int32Array): Promise<number> {
    const missing: number[] = [];
    this.#write(this.#get, keys);
    for (const key of keys) if (!await this.#readValue()) missing.push(key);
    if (missing.length > 0) {
      this.#write(this.#set, missing);
      for (let i = 0; i < missing.length; i++) await this.#readStatus();
    }
    return keys.length - missing.length;
  }

  /** The number of keys. Asked on this connection, because buffers of another one would come and go. */
  async size(): Promise<number> {
    this.#socket.write("DBSIZE\r\n");
    return Number((await this.#readLine()).slice(1));
  }

  /** Sends a command whose reply is OK. */
  async status(line: string): Promise<void> {
    this.#socket.write(`${line}\r\n`);
    await this.#readStatus();
  }

  close(): void {
    this.#fail = () => {};
    this.#socket.destroy();
  }

  #write(template: RequestTemplate, keys: Iterable<number>): void {
    let end = 0;
    for (const key of keys) end = template.write(this.#buf, end, key, 0);
    this.#socket.write(this.#buf.subarray(0, end));
  }

  /** Whether the next reply is a value rather than the null. */
  async #readValue(): Promise<boolean> {
    const line = await this.#readLine();
    if (line === "$-1") return false;
    if (line !== `$${VALUE_BYTES}`) throw new Error(`GET was answered with ${line}`);
    while (this.#got.length < VALUE_BYTES + 2) await this.#wait();
    this.#got = this.#got.subarray(VALUE_BYTES + 2);
    return true;
  }

  async #readStatus(): Promise<void> {
    const line = await this.#readLine();
    if (line !== "+OK") throw new Error(`a command was answered with ${line}`);
  }

  async #readLine(): Promise<string> {
    for (;;) {
      const end = this.#got.indexOf(10);
      if (end > 0) {
        const line = Buffer.from(this.#got.subarray(0, end - 1)).toString("latin1");
        this.#got = this.#got.subarray(end + 1);
        return line;
      }
      await this.#wait();
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#more = resolve;
      this.#fail = reject;
    });
  }
}
