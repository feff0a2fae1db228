/**
 * Tests on large values: `--tests large --pipeline 16 --keyspace 1000000`.
 *
 * What they need is put there once per server, outside the measured time, and stays for the tests after them. Those
 * that take elements away (SPOP, XREADGROUP) put them back before each run. redis-benchmark draws `__rand_int__`
 * below --keyspace, 12 digits.
 */
import { BIG_COUNT, bigValue } from "./big_values.ts";
import type { Setup, Workload } from "./workload.ts";

const SMALLER_COUNT = 100_000;

/** A million elements of a type, unless they are there. */
function big(type: string): Setup {
  const { key, words } = bigValue(type);
  return { key, words, count: BIG_COUNT, always: false };
}

/** A test of one command on large values. */
function test(name: string, command: string, scale: number, setup: Setup[]): Workload {
  return {
    name: `large_${name}`,
    args: command.split(" "),
    scale,
    key: null,
    element: null,
    elementCount: 0,
    setup,
  };
}

/** 100,000 members that the large set has too. */
const OTHER_SET: Setup = {
  key: "other:set",
  words: ["SADD", "other:set", "member:%d"],
  count: SMALLER_COUNT,
  always: false,
};

/** Numbers in an order that is none. */
const NUMBERS: Setup = {
  key: "numbers",
  words: ["RPUSH", "numbers", "1%s"],
  count: SMALLER_COUNT,
  always: false,
};

const POINTS: Setup = {
  key: "big:geo",
  words: ["GEOADD", "big:geo", "%x", "%y", "point:%d"],
  count: BIG_COUNT,
  always: false,
};

const POPPED_SET: Setup = {
  key: "popped:set",
  words: ["SADD", "popped:set", "member:%d"],
  count: BIG_COUNT,
  always: true,
};

/** The stream's entries, none of them delivered to the group, or all to one consumer. */
const GROUP: Setup = {
  key: "big:stream",
  words: [],
  count: 0,
  always: true,
  commands: [
    ["XGROUP", "DESTROY", "big:stream", "group"],
    ["XGROUP", "CREATE", "big:stream", "group", "0"],
  ],
};
const DELIVERED: Setup = {
  key: "big:stream",
  words: [],
  count: 0,
  always: true,
  commands: [
    ...GROUP.commands!,
    `XREADGROUP GROUP group consumer COUNT ${BIG_COUNT} STREAMS big:stream >`.split(" "),
  ],
};

export const LARGE_WORKLOADS: readonly Workload[] = [
  test("zadd", "zadd big:zset 1__rand_int__ member:__rand_int__", 0.5, [big("zset")]),
  test("zrank", "zrank big:zset member:__rand_int__", 0.5, [big("zset")]),
  test("zrangebyscore", "zrangebyscore big:zset 1__rand_int__ +inf LIMIT 0 10", 0.5, [big("zset")]),
  test("hset", "hset big:hash field:__rand_int__ value:__rand_int__", 1, [big("hash")]),
  test("hget", "hget big:hash field:__rand_int__", 1, [big("hash")]),
  test("sadd", "sadd big:set member:__rand_int__", 1, [big("set")]),
  test("spop", "spop popped:set", 0.5, [POPPED_SET]),
  test("sinter", "sinter other:set big:set", 0.00005, [big("set"), OTHER_SET]),
  test("sintercard", "sintercard 2 other:set big:set", 0.0001, [big("set"), OTHER_SET]),
  test("lpush", "lpush big:list element:__rand_int__", 1, [big("list")]),
  test("lindex", "lindex big:list 500000", 0.1, [big("list")]),
  test("lrange", "lrange big:list 500000 500099", 0.05, [big("list")]),
  test("xadd", "xadd big:stream * field value", 1, [big("stream")]),
  test("xreadgroup", "xreadgroup GROUP group consumer COUNT 1 STREAMS big:stream >", 0.5, [
    big("stream"),
    GROUP,
  ]),
  test("xack", "xack big:stream group 1__rand_int__-1", 0.5, [big("stream"), DELIVERED]),
  test("pfadd", "pfadd big:hll element:__rand_int__", 1, []),
  test("geosearch", "geosearch big:geo FROMLONLAT 45 45 BYRADIUS 20 km COUNT 10", 0.1, [POINTS]),
  test("sort", "sort numbers LIMIT 0 10", 0.0003, [NUMBERS]),
];
