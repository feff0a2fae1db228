/**
 * Whole RDB files: what is written is loaded again, equal to the digest, on a disk that works.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { ManualClock } from "../../../core/base/clock.ts";
import { Prng } from "../../../core/base/prng.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { LiveBlocks } from "../../../core/memory/block_reader.ts";
import { MemoryDisk } from "../../../persistence/memory_disk.ts";
import { RdbDamaged, RdbLoader, type RdbLoadOptions } from "../../../persistence/rdb_load.ts";
import { saveRdb } from "../../../persistence/rdb_save.ts";
import { contentOf } from "../../../persistence/rdb_content.ts";
import { dataSet } from "../../support/data_set.ts";
import { seed } from "../../support/gen.ts";
import { InProcess } from "../../support/in_process.ts";

const TARGET = { tempPath: "temp-1.rdb", path: "dump.rdb", dir: "/", syncsOnTheWay: false };

function start(config: Record<string, string> = {}): InProcess {
  return new InProcess({
    commands: allCommands,
    clock: new ManualClock(),
    config: { "enable-debug-command": "yes", ...config },
  });
}

function save(server: InProcess, disk = new MemoryDisk()): Uint8Array {
  const { keyspace, config } = server.server;
  const content = contentOf(keyspace, {
    aux: [["redis-ver", "7.4.0"]],
    functions: [],
    compress: config.bool("rdbcompression"),
    checksum: config.bool("rdbchecksum"),
    version: config.num("rdb-version"),
    policy: config.str("maxmemory-policy"),
  });
  saveRdb(disk, new LiveBlocks(server.arena), content, TARGET, null);
  const bytes = disk.get("dump.rdb");
  assert.ok(bytes !== null && disk.get("temp-1.rdb") === null);
  return bytes;
}

function load(
  server: InProcess,
  bytes: Uint8Array,
  more: Partial<RdbLoadOptions> = {},
): RdbLoader {
  const disk = new MemoryDisk();
  disk.put("dump.rdb", bytes);
  const options = { clock: server.server.clock, checksum: true, ...more };
  const { keyspace } = server.server;
  const loader = new RdbLoader(keyspace, disk.openRead("dump.rdb"), bytes.length, options);
  while (loader.step(100));
  return loader;
}

/** The lines with which loading fails. */
function refusal(bytes: Uint8Array): string {
  try {
    load(start(), bytes);
  } catch (error) {
    assert.ok(error instanceof RdbDamaged, String(error));
    return error.message;
  }
  return "";
}

const CONFIGS: readonly Record<string, string>[] = [
  {},
  { rdbcompression: "no", rdbchecksum: "no" },
  { "rdb-version": "10" },
  { "maxmemory-policy": "allkeys-lru" },
  { "maxmemory-policy": "volatile-lfu", "list-compress-depth": "1" },
];

describe("a data set is loaded as it was saved", () => {
  for (const config of CONFIGS) {
    test(JSON.stringify(config), () => {
      const n = seed();
      const server = start(config);
      const fieldsExpire = config["rdb-version"] === undefined;
      for (const request of dataSet(new Prng(n), 400, 3, { fieldsExpire })) {
        const reply = server.run(...request);
        assert.ok(!reply.startsWith("-"), `seed ${n}: ${request.slice(0, 3)}: ${reply}`);
      }
      const bytes = save(server);
      const again = start(config);
      load(again, bytes);
      again.validateIntegrity();
      const digest = server.run("DEBUG", "DIGEST");
      assert.equal(again.run("DEBUG", "DIGEST"), digest, `seed ${n}`);
      assert.equal(again.run("DBSIZE"), server.run("DBSIZE"));
      // A hash whose fields no longer expire stays among those that do until the cycle comes by.
      const keys = (from: InProcess) => from.run("INFO", "keyspace").replace(/,subexpiry=\d+/g, "");
      assert.equal(keys(again).slice(6), keys(server).slice(6), `seed ${n}`);
    });
  }
});

/** A value of each kind that is read in parts, and what they make of a file behind its signature. */
const PARTS: readonly string[][] = [
  ["SET", "string", "a value", "PX", "1000000"],
  ["RPUSH", "list", "one", "two", "3", "300"],
  ["SADD", "set", "a", "12", "-70000", "another member"],
  ["ZADD", "zset", "1.5", "a", "-2", "another member", "3", "member 3", "inf", "17"],
  ["HSET", "hash", "field", "value", "2", "300", "another field", "another value"],
  ["HSET", "expiring", "field", "value", "other", "another value"],
  ["HPEXPIRE", "expiring", "1000000", "FIELDS", "1", "field"],
  ["XADD", "stream", "1-1", "field", "value"],
  ["XADD", "stream", "2-1", "field", "value"],
  ["XGROUP", "CREATE", "stream", "group", "0"],
  ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", "1", "STREAMS", "stream", ">"],
];

test("wherever the loader's buffer ends", () => {
  const config: Record<string, string> = { rdbcompression: "no" };
  for (const type of ["hash", "set", "zset"]) config[`${type}-max-listpack-entries`] = "0";
  const server = start(config);
  for (const request of PARTS) server.run(...request);
  const digest = server.run("DEBUG", "DIGEST");
  const saved = save(server);
  const signature = saved.subarray(0, 9);
  const rest = saved.subarray(9);
  const again = start(config);
  const head = ascii("\0\x06filler\x80\0\0\0\0");
  const before = signature.length + head.length;
  // There is so much behind the end that the buffer is filled again.
  const bytes = new Uint8Array(2 << 20);
  bytes.set(signature);
  bytes.set(head, signature.length);
  for (let shift = 0; shift < rest.length; shift++) {
    const len = (1 << 20) - shift - before;
    new DataView(bytes.buffer).setUint32(before - 4, len);
    bytes.set(rest, before + len);
    load(again, bytes, { checksum: false });
    assert.equal(again.run("DEL", "filler"), ":1\r\n");
    assert.equal(again.run("DEBUG", "DIGEST"), digest, `the buffer ends at byte ${shift}`);
    again.run("FLUSHALL");
  }
});

test("the version is 12 only while fields of hashes expire", () => {
  const server = start();
  server.run("HSET", "h", "a", "1", "b", "2");
  const version = () => latin1(save(server), 0, 9);
  assert.equal(version(), "REDIS0011");
  server.run("HEXPIRE", "h", "1000", "FIELDS", "1", "a");
  assert.equal(version(), "REDIS0012");
  server.run("HPERSIST", "h", "FIELDS", "1", "a");
  // The cycle finds out that there is nothing to expire any more.
  server.server.keyspace.fields.step(server.server.keyspace.dbs[0], 10);
  const bytes = save(server);
  const again = start();
  load(again, bytes);
  assert.equal(again.run("HGETALL", "h"), server.run("HGETALL", "h"));
});

test("in version 10 small sets of strings are written member by member", () => {
  const server = start({ "rdb-version": "10" });
  server.run("SADD", "set", "a", "12", "-70000", "");
  const again = start();
  let bytes = save(server);
  assert.equal(latin1Of(bytes).slice(5, 9), "0010");
  assert.ok(latin1Of(bytes).includes("\x02\x03set\x04\x01a\xc0\x0c"));
  load(again, bytes);
  assert.equal(again.run("SISMEMBER", "set", ""), ":1\r\n");
  server.run("CONFIG", "SET", "rdb-version", "11");
  assert.equal(latin1Of(save(server)).slice(5, 9), "0011");
  server.run("CONFIG", "SET", "rdb-version", "10");
  server.run("HSET", "hash", "field", "value");
  server.run("HEXPIRE", "hash", "1000", "FIELDS", "1", "field");
  bytes = save(server);
  assert.equal(latin1Of(bytes).slice(5, 9), "0012");
  assert.ok(latin1Of(bytes).includes("\x14\x03set"));
});

test("expiries, access times and what is left out", () => {
  const server = start({ "maxmemory-policy": "allkeys-lru" });
  const now = server.server.clock.nowMs();
  server.run("SET", "stays", "v", "PXAT", now + 100_000);
  server.run("SET", "goes", "v", "PXAT", now + 5_000);
  server.run("SET", "old", "v");
  server.run("RESTORE", "idle", "0", payloadOf(server), "IDLETIME", "777");
  const bytes = save(server);
  const again = start({ "maxmemory-policy": "allkeys-lru" });
  (again.server.clock as ManualClock).advance(50_000);
  again.run("PING");
  const loader = load(again, bytes);
  assert.deepEqual([loader.keysLoaded, loader.keysExpired, loader.keysEmpty], [3, 1, 0]);
  assert.equal(again.run("PEXPIRETIME", "stays"), `:${now + 100_000}\r\n`);
  assert.equal(again.run("EXISTS", "goes"), ":0\r\n");
  assert.equal(again.run("OBJECT", "IDLETIME", "idle"), ":777\r\n");
  assert.equal(load(start(), bytes, { keepsExpired: true }).keysExpired, 0);
});

function payloadOf(server: InProcess): Uint8Array {
  const reply = server.run("DUMP", "old");
  return ascii(reply.slice(reply.indexOf("\r\n") + 2, -2));
}

test("keys that are there already are damage, or are replaced", () => {
  const server = start();
  server.run("SET", "k", "new");
  const bytes = save(server);
  const other = start();
  other.run("SET", "k", "old");
  assert.throws(() => load(other, bytes), /RDB has duplicated key 'k' in DB 0/);
  assert.equal(other.run("GET", "k"), "$3\r\nold\r\n");
  load(other, bytes, { replaces: true });
  assert.equal(other.run("GET", "k"), "$3\r\nnew\r\n");
});

test("what can't be loaded is refused with its reason", () => {
  const server = start();
  server.run("SET", "k", "v");
  const good = latin1Of(save(server));
  const cases: [string, RegExp][] = [
    ["", /Short read/],
    ["REDIS", /Short read/],
    ["HELLO0011\xff", /Wrong signature/],
    ["REDIS0013\xff", /Can't handle RDB format version 13/],
    ["REDIS00xx\xff", /Can't handle RDB format version 0/],
    [good.slice(0, -9), /Unexpected EOF/],
    [good.replace("\x01k\x01v", "\x01k\x01w"), /Wrong RDB checksum expected/],
    ["REDIS0011\xfe\x20\xff", /more than 16 databases/],
    ["REDIS0011\x08\x01k\x01v\xff", /Unknown RDB encoding type 8/],
    ["REDIS0011\x07\x01k\x81\0\0\0\0\0\0\0\x01", /module data I can't load: no matching module/],
    ["REDIS0011\xf7\x81\0\0\0\0\0\0\0\x01", /AUX module data/],
    ["REDIS0011\xf6\x01k\xff", /release candidate/],
    ["REDIS0011\x01\x01k\x05abc\xff", /value of key 'k'|Unexpected EOF/],
  ];
  for (const [text, pattern] of cases) assert.match(refusal(ascii(text)), pattern);
  assert.equal(refusal(ascii(good)), "");
  assert.equal(refusal(ascii(good.slice(0, -8) + "\0".repeat(8))), "", "no checksum");
});

function latin1Of(bytes: Uint8Array): string {
  return latin1(bytes, 0, bytes.length);
}
