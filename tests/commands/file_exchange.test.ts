/**
 * Files that go from Larder to redis-server and back: RDB files in the versions that its releases read, and the
 * append-only file with a base in RDB or of commands. Whoever loads one must have the same digest, the same groups
 * of consumers, expiry times, access data and functions as whoever wrote it.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import { type DataLimits, dataSet } from "../support/data_set.ts";
import { seed } from "../support/gen.ts";
import type { Arg, RespClient } from "../support/resp_client.ts";
import { type Reply, ReplyError } from "../support/resp_reply.ts";
import { startLarder, startProgram, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

/** A redis-server, and what files for it are like. */
interface Other {
  readonly names: readonly string[];
  readonly release: string;
  /** The value of rdb-version, and the version of the files that come of it. */
  readonly wanted: string;
  readonly written: string;
  readonly fieldsExpire: boolean;
  /** Part of the maxmemory-policy. */
  readonly access: "lfu" | "lru";
}

const REDIS_70 = { names: ["redis-server", "redis-server-7.0"], release: "7.0" };
const REDIS_74 = { names: ["redis-server-7.4", "redis-server"], release: "7.4" };
const OTHERS: readonly Other[] = [
  { ...REDIS_70, wanted: "10", written: "0010", fieldsExpire: false, access: "lfu" },
  { ...REDIS_74, wanted: "11", written: "0011", fieldsExpire: false, access: "lru" },
  { ...REDIS_74, wanted: "11", written: "0012", fieldsExpire: true, access: "lfu" },
  { ...REDIS_74, wanted: "10", written: "0012", fieldsExpire: true, access: "lru" },
];

/** Keys that together have every encoding, and these. */
const EVERY_ENCODING: readonly (readonly [encoding: string, request: Arg[]])[] = [
  ["int", ["SET", "int", "-9223372036854775808"]],
  ["int", ["SET", "int 8", "-128"]],
  ["int", ["SET", "int 32", "70000"]],
  ["embstr", ["SET", "embstr", "short"]],
  ["raw", ["SET", "raw", "compresses ".repeat(5000)]],
  ["listpack", ["RPUSH", "small list", ...numbered(5), 12, -70000, "1e400"]],
  ["quicklist", ["RPUSH", "large list", ...numbered(3000), "x".repeat(20_000), 7]],
  ["intset", ["SADD", "integers", 1, -70000, "9223372036854775807"]],
  ["listpack", ["SADD", "small set", ...numbered(100), 12, -70000, "4611686018427387904", ""]],
  ["hashtable", ["SADD", "large set", ...numbered(1000), 12]],
  ["hashtable", ["SADD", "long member", "m".repeat(5000)]],
  ["listpack", ["ZADD", "small zset", "inf", "a", -1.5, "b", "1e20", 12]],
  ["skiplist", ["ZADD", "large zset", ...numbered(500).flatMap((name, i) => [i / 8, name])]],
  ["listpack", ["HSET", "small hash", "field", "value", 12, -70000]],
  ["hashtable", ["HSET", "large hash", ...numbered(2000)]],
  ["hashtable", ["HSET", "long value", "field", "v".repeat(5000)]],
  ["stream", ["XADD", "stream", "5-5", "field", "value"]],
  ["raw", ["PFADD", "hyperloglog", ...numbered(3000)]],
];

/** More about some of them, and a library. */
const BESIDES: readonly Arg[][] = [
  ["XADD", "stream", "6-1", "other field", "value", "and", "more"],
  ["XADD", "stream", "6-2", "field", "12"],
  ["XDEL", "stream", "6-1"],
  ["XGROUP", "CREATE", "stream", "group", "0"],
  ["XGROUP", "CREATECONSUMER", "stream", "group", "idle"],
  ["XREADGROUP", "GROUP", "group", "one", "STREAMS", "stream", ">"],
  ["XADD", "stream", "18446744073709551615-1", "field", "last"],
  ["XREADGROUP", "GROUP", "group", "two", "STREAMS", "stream", ">"],
  ["XCLAIM", "stream", "group", "two", "0", "6-2", "RETRYCOUNT", "9"],
  ["XACK", "stream", "group", "5-5"],
  ["XGROUP", "CREATE", "stream", "behind", "5-5", "ENTRIESREAD", "1"],
  ["XGROUP", "CREATE", "only a group", "group", "$", "MKSTREAM"],
  ["PEXPIREAT", "small set", "4000000000001"],
  ["FUNCTION", "LOAD", "REPLACE", "#!lua name=lib\nredis.register_function('f', function() end)"],
];

/** The key whose access data is made up, and compared; and how. */
const ACCESSED = "often or rarely used";
const ACCESS = {
  lfu: { set: ["FREQ", 77], get: "FREQ", unit: 1 },
  lru: { set: ["IDLETIME", 100_000], get: "IDLETIME", unit: 1000 },
};

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `element ${i}`);
}

function text(reply: Reply): string {
  return reply instanceof ReplyError ? `-${reply.message}` : String(reply);
}

async function send(
  c: RespClient,
  requests: readonly Arg[][],
  mayFail = false,
): Promise<void> {
  for (const request of requests) c.send(request);
  for (const request of requests) {
    const reply = await c.read();
    assert.ok(mayFail || !(reply instanceof ReplyError), `${request.slice(0, 3)}: ${reply}`);
  }
}

/** Fills a server anew. */
async function fill(c: RespClient, prng: Prng, other: Other, keys: number): Promise<void> {
  await send(c, [["FLUSHALL"], ["SELECT", 1]]);
  await send(c, EVERY_ENCODING.map(([, request]) => request));
  await send(c, BESIDES);
  const payload = text(await c.command("DUMP", "raw"));
  await send(c, [["RESTORE", ACCESSED, 0, payload, ...ACCESS[other.access].set]]);
  await send(c, dataSet(prng, keys, 3, limitsOf(other)));
}

/** Digests of 7.0 go by all 17 digits of a score, later ones by as few as tell it from others. */
function limitsOf({ release, fieldsExpire }: Other): DataLimits {
  return { fieldsExpire, shortScores: release === "7.0" };
}

/**
 * What is kept by RDB files, by commands, and by commands of Redis 7.0, whose append-only files forget how many entries
 * a group has read (fixed in 7.2).
 */
type Kept = "all" | "commands" | "old commands";

/** What a server holds, of what is kept, with the access data of a key if that is wanted. */
async function contentOf(
  c: RespClient,
  kept: Kept,
  access: "lfu" | "lru" | "" = "",
): Promise<unknown> {
  const facts: unknown[] = [];
  for (let db = 0; db < 3; db++) {
    await c.command("SELECT", db);
    if (db === 1 && access !== "") {
      const { get, unit } = ACCESS[access];
      facts.push(Math.floor(Number(await c.command("OBJECT", get, ACCESSED)) / unit));
    }
    for (const key of (await c.command("KEYS", "*") as string[]).sort()) {
      facts.push(db, key, await c.command("PEXPIRETIME", key));
      if (await c.command("TYPE", key) === "stream") {
        facts.push(await groupsOf(c, key, kept));
      }
    }
  }
  await c.command("SELECT", 0);
  const libraries = await c.command("FUNCTION", "LIST", "WITHCODE") as Reply[][];
  const texts = libraries.map((library) => library[library.indexOf("library_code") + 1]);
  return [await c.command("DEBUG", "DIGEST"), facts, texts];
}

/**
 * A stream's counters, groups, consumers, and what they have pending, without times. Commands make neither consumers
 * that were given nothing, nor pending entries that the stream no longer has: they count only if all is kept.
 */
async function groupsOf(c: RespClient, key: string, kept: Kept): Promise<unknown> {
  const about = await c.command("XINFO", "STREAM", key) as Reply[];
  const counters = ["last-generated-id", "max-deleted-entry-id", "entries-added", "groups"];
  const facts: unknown[] = counters.map((name) => about[about.indexOf(name) + 1]);
  const entries = await c.command("XRANGE", key, "-", "+") as Reply[][];
  const all = kept === "all";
  const ids = new Set(entries.map(([id]) => id));
  for (const group of await c.command("XINFO", "GROUPS", key) as Reply[][]) {
    const name = String(group[1]);
    const pending = await c.command("XPENDING", key, name, "-", "+", 1000) as Reply[][];
    const some = pending.filter(([id]) => all || ids.has(id));
    facts.push(
      name,
      group.slice(6, kept === "old commands" ? 8 : 10),
      some.map(([id, consumer, , count]) => [id, consumer, count]),
    );
    if (!all) continue;
    const consumers = await c.command("XINFO", "CONSUMERS", key, name) as Reply[][];
    facts.push(consumers.map((consumer) => consumer.slice(0, 4)));
  }
  return facts;
}

/** Ends the server when its use is over. */
async function using(server: TestServer, use: (c: RespClient) => Promise<void>): Promise<void> {
  try {
    await use(await server.connect());
  } finally {
    await server.stop();
  }
}

async function saved(c: RespClient): Promise<void> {
  assert.equal(text(await c.command("BGSAVE")), "Background saving started");
  const info = async () => text(await c.command("INFO", "persistence"));
  await until("the save", async () => /rdb_bgsave_in_progress:0/.test(await info()));
  assert.match(await info(), /rdb_last_bgsave_status:ok/);
}

async function rewritten(c: RespClient): Promise<void> {
  assert.match(text(await c.command("BGREWRITEAOF")), /^Background/);
  const info = async () => text(await c.command("INFO", "persistence"));
  await until("the rewrite", async () => /aof_rewrite_in_progress:0/.test(await info()));
  assert.match(await info(), /aof_last_bgrewrite_status:ok/);
}

/** The program of that release, or null. */
function find({ names, release }: Other): string | null {
  return names.find((name) => {
    const { stdout } = spawnSync(name, ["--version"], { encoding: "utf8" });
    return (stdout ?? "").includes(`v=${release}.`);
  }) ?? null;
}

for (const other of OTHERS) {
  const { release, wanted, fieldsExpire } = other;
  const program = find(other) ?? "";
  const skip = program === "" ? `redis-server ${release} is missing: no files for it` : false;
  if (skip !== false) console.log(skip);
  const fields = fieldsExpire ? "with" : "without";
  const what = `redis-server ${release}, rdb-version ${wanted}, ${fields} fields that expire`;
  describe(what, { skip }, () => {
    test("RDB files, there and back", () => rdbThereAndBack(other, program));
    for (const preamble of ["yes", "no"]) {
      test(`append-only files, there and back, aof-use-rdb-preamble ${preamble}`, () => {
        return aofThereAndBack(other, program, preamble);
      });
    }
  });
}

async function rdbThereAndBack(other: Other, program: string): Promise<void> {
  const n = seed();
  const prng = new Prng(n);
  const { access } = other;
  const policy = ["--maxmemory-policy", `allkeys-${access}`, "--lfu-decay-time", "0"];
  const larder = await startLarder({ args: [...policy, "--rdb-version", other.wanted] });
  await using(larder, async (c) => {
    const path = join(larder.dir, "dump.rdb");
    const fileVersion = () => readFileSync(path, "latin1").slice(0, 9);
    await fill(c, prng, other, 200);
    await c.command("SELECT", 1);
    for (const [encoding, [, key]] of EVERY_ENCODING) {
      assert.equal(await c.command("OBJECT", "ENCODING", key as string), encoding, String(key));
    }
    await c.command("SAVE");
    assert.equal(fileVersion(), `REDIS${other.written}`);
    rmSync(path);
    await saved(c);
    assert.equal(fileVersion(), `REDIS${other.written}`);
    const warning = /so the RDB file has version 12, not 10/;
    if (other.wanted === "10" && other.fieldsExpire) await larder.said(warning);
    else assert.doesNotMatch(larder.output, warning);
    const redis = await startProgram(program, [], policy);
    await using(redis, async (r) => {
      copyFileSync(path, join(redis.dir, "dump.rdb"));
      assert.equal(text(await r.command("DEBUG", "RELOAD", "NOSAVE")), "OK", redis.output);
      const ours = await contentOf(c, "all", access);
      assert.deepEqual(await contentOf(r, "all", access), ours, `seed ${n}: Larder's file`);
      await fill(r, prng, other, 200);
      await r.command("SAVE");
      copyFileSync(join(redis.dir, "dump.rdb"), path);
      assert.equal(text(await c.command("DEBUG", "RELOAD", "NOSAVE")), "OK", larder.output);
      const theirs = await contentOf(r, "all", access);
      assert.deepEqual(await contentOf(c, "all", access), theirs, `seed ${n}: redis-server's file`);
    });
  });
}

async function aofThereAndBack(other: Other, program: string, preamble: string): Promise<void> {
  const n = seed();
  const prng = new Prng(n);
  const dir = mkdtempSync(join(tmpdir(), "larder-exchange-"));
  const here = join(dir, "appendonlydir");
  const theirs = ["--appendonly", "yes", "--aof-use-rdb-preamble", preamble];
  const ours = [...theirs, "--rdb-version", other.wanted];
  const kept = other.release === "7.0" ? "old commands" : "commands";
  let content: unknown = null;
  const change = async (c: RespClient) => {
    await fill(c, prng, other, 60);
    await rewritten(c);
    await send(c, dataSet(prng, 40, 3, limitsOf(other)), true);
    await send(c, [["SELECT", 1], ["XACK", "stream", "group", "6-2"]]);
    content = await contentOf(c, kept);
  };
  try {
    const first = await startLarder({ args: ours });
    await using(first, async (c) => {
      await change(c);
      await c.command("WAITAOF", 1, 0, 0);
      cpSync(join(first.dir, "appendonlydir"), here, { recursive: true });
    });
    const base = `appendonly.aof.2.base.${preamble === "yes" ? "rdb" : "aof"}`;
    const begin = preamble === "yes" ? `REDIS${other.written}` : "*";
    assert.ok(readFileSync(join(here, base), "latin1").startsWith(begin));
    await using(await startProgram(program, [], [...theirs, "--dir", dir]), async (r) => {
      assert.deepEqual(await contentOf(r, kept), content, `seed ${n}: redis-server loads Larder's`);
      await change(r);
    });
    await using(await startLarder({ args: [...ours, "--dir", dir] }), async (c) => {
      assert.deepEqual(await contentOf(c, kept), content, `seed ${n}: Larder loads redis-server's`);
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
