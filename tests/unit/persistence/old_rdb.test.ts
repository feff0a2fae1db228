/**
 * Files in the encodings of every version since 2.6.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allCommands } from "../../../core/commands/index.ts";
import { MemoryDisk } from "../../../persistence/memory_disk.ts";
import { RdbDamaged, RdbLoader } from "../../../persistence/rdb_load.ts";
import { InProcess } from "../../support/in_process.ts";
import {
  bigEndian,
  intset,
  length,
  littleEndian,
  OldRdb,
  string,
  strings,
  ziplist,
  zipmap,
} from "../../support/old_rdb.ts";

const LONG = "x".repeat(300);

function load(bytes: Uint8Array): InProcess {
  const server = new InProcess({ commands: allCommands });
  const disk = new MemoryDisk();
  disk.put("dump.rdb", bytes);
  const options = { clock: server.server.clock, checksum: true };
  const file = disk.openRead("dump.rdb");
  const loader = new RdbLoader(server.server.keyspace, file, bytes.length, options);
  while (loader.step(Infinity));
  server.validateIntegrity();
  return server;
}

/** The bulk strings of a reply, in order. */
function bulks(reply: string): string[] {
  return [...reply.matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map((match) => match[1]);
}

const INTEGERS = [0, 12, 13, -1, -128, 127, 128, -32768, 32767, 40_000, -(2 ** 23), 2 ** 24];
const MANY = [...INTEGERS, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, -(2 ** 52), "text", "", LONG];

test("lists", () => {
  const file = new OldRdb(6)
    .key(1, "linked", strings(["a", "b", LONG]))
    .key(10, "ziplist", ziplist(MANY))
    .key(14, "quicklist", length(3) + ziplist(["a", 1]) + ziplist([]) + ziplist([LONG, 2 ** 40]))
    .key(18, "quicklist 2", length(1) + length(1) + string("plain"));
  const server = load(file.end());
  const list = (key: string) => bulks(server.run("LRANGE", key, 0, -1));
  assert.deepEqual(list("linked"), ["a", "b", LONG]);
  assert.deepEqual(list("ziplist"), MANY.map(String));
  assert.deepEqual(list("quicklist"), ["a", "1", LONG, String(2 ** 40)]);
  assert.deepEqual(list("quicklist 2"), ["plain"]);
});

test("hashes", () => {
  const fields = ["a", "1", "b", LONG, "c", ""];
  const file = new OldRdb(3)
    .key(4, "table", strings(fields, 2))
    .key(9, "zipmap", zipmap(fields))
    .key(9, "zipmap with holes", zipmap(["f", "v", "g", LONG], 3))
    .key(13, "ziplist", ziplist(["f", 7, LONG, "v"]));
  const server = load(file.end());
  const hash = (key: string) => bulks(server.run("HGETALL", key));
  assert.deepEqual(hash("table"), fields);
  assert.deepEqual(hash("zipmap"), fields);
  assert.deepEqual(hash("zipmap with holes"), ["f", "v", "g", LONG]);
  assert.deepEqual(hash("ziplist"), ["f", "7", LONG, "v"]);
});

test("sets and sorted sets", () => {
  const file = new OldRdb(4)
    .key(2, "set", strings(["a", "b"]))
    .key(11, "shorts", intset([-5, 0, 300], 2))
    .key(11, "ints", intset([-70_000, 1, 70_000], 4))
    .key(3, "zset", `${length(4)}${["\x011.5", "\x032.5", "\xfe", "\xff"].map(old).join("")}`)
    .key(12, "ziplist", ziplist(["one", 1, "half", "1.5"]));
  const server = load(file.end());
  assert.deepEqual(bulks(server.run("SMEMBERS", "set")).sort(), ["a", "b"]);
  assert.deepEqual(bulks(server.run("SMEMBERS", "shorts")), ["-5", "0", "300"]);
  assert.deepEqual(bulks(server.run("SMEMBERS", "ints")), ["-70000", "1", "70000"]);
  const zset = (key: string) => bulks(server.run("ZRANGE", key, 0, -1, "WITHSCORES"));
  assert.deepEqual(zset("ziplist"), ["one", "1", "half", "1.5"]);
  assert.deepEqual(zset("zset"), ["m3", "-inf", "m0", "1", "m1", "2.5", "m2", "inf"]);
});

/** A member and its score as text, or in one byte; the length byte is put right. */
function old(score: string, i: number): string {
  const text = ["1", "2.5"][i];
  const bytes = text === undefined ? score : String.fromCharCode(text.length) + text;
  return string(`m${i}`) + bytes;
}

/** A listpack of one entry with one field. */
function streamNode(): string {
  const small = (value: number) => String.fromCharCode(value, 1);
  const word = (text: string) => {
    return String.fromCharCode(0x80 | text.length) + text + String.fromCharCode(text.length + 1);
  };
  const master = small(1) + small(0) + small(1) + word("field") + small(0);
  const entry = small(2) + small(0) + small(0) + word("value") + small(4);
  const body = master + entry;
  return string(`${littleEndian(body.length + 7, 4)}${littleEndian(10, 2)}${body}\xff`);
}

/** A stream of one entry, 5-1, and one group with one pending entry, as a version writes it. */
function stream(version: number): string {
  const id = bigEndian(5, 8) + bigEndian(1, 8);
  const second = version >= 2;
  const seen = littleEndian(1000, 8);
  return length(1) + string(id) + streamNode() +
    length(1) + length(5) + length(1) +
    (second ? length(5) + length(1) + length(0) + length(0) + length(1) : "") +
    length(1) + string("group") + length(5) + length(1) + (second ? length(1) : "") +
    length(1) + id + littleEndian(2000, 8) + length(3) +
    length(1) + string("consumer") + seen + (version >= 3 ? littleEndian(1500, 8) : "") +
    length(1) + id;
}

test("streams of all three versions", () => {
  const file = new OldRdb(11)
    .key(15, "first", stream(1))
    .key(19, "second", stream(2))
    .key(21, "third", stream(3));
  const server = load(file.end());
  const dump = (key: string) => server.run("DUMP", key);
  assert.equal(dump("second"), dump("first"));
  for (const key of ["first", "second", "third"]) {
    assert.deepEqual(bulks(server.run("XRANGE", key, "-", "+")), ["5-1", "field", "value"]);
    const pending = server.run("XPENDING", key, "group", "-", "+", 10);
    assert.deepEqual(bulks(pending), ["5-1", "consumer"]);
    assert.match(pending, /:3\r\n$/);
    assert.match(server.run("XINFO", "STREAM", key), /entries-added\r\n:1\r\n/);
    assert.match(server.run("XINFO", "GROUPS", key), /entries-read\r\n:1\r\n/);
  }
});

test("expiries in seconds, and collections that are empty", () => {
  const file = new OldRdb(2)
    .raw(`\xfd${littleEndian(2_000_000_000, 4)}`)
    .key(0, "s", string("v"))
    .key(1, "nothing", length(0))
    .key(10, "nothing either", ziplist([]))
    .key(0, "last", string("v"));
  const bytes = file.end();
  const server = load(bytes.slice(0, -8)); // Version 2 had no checksum.
  assert.equal(server.run("EXPIRETIME", "s"), ":2000000000\r\n");
  assert.equal(server.run("DBSIZE"), ":2\r\n");
});

test("old encodings that are damaged are refused", () => {
  const values: [number, string][] = [
    [10, string(`${littleEndian(11, 4)}${littleEndian(10, 4)}\x05\0\xfe`)],
    [10, string("\x0b\0\0\0")],
    [9, string("\x01\x05ab\xff")],
    [9, string("\x02\x01f\x01\0v\xff")],
    [13, ziplist(["f", 1]).replace("\x02\0\0\x01f", "\x03\0\0\x01f")],
    [9, zipmap(["f", "v", "f", "w"])],
    [13, ziplist(["f", 1, "g"])],
    [12, ziplist(["m", "no number"])],
    [11, intset([3, 1, 2], 2)],
    [2, strings(["a", "a"])],
    [3, `${length(1)}${string("m")}\xfd`],
    [19, stream(1)],
  ];
  for (const [type, value] of values) {
    const bytes = new OldRdb(9).key(type, "k", value).end();
    assert.throws(() => load(bytes), RdbDamaged, `type ${type}`);
  }
});
