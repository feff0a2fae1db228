import { test } from "node:test";
import assert from "node:assert/strict";
import { resolveWorkloads } from "../../../bench/load/workload.ts";
import { parseInfo } from "../../../bench/load/servers.ts";

test("groups stand for their tests, in order", () => {
  const names = resolveWorkloads(["get", "ping", "lrange"]).map((workload) => workload.name);
  assert.deepEqual(names, [
    "get",
    "ping_inline",
    "ping_mbulk",
    "lrange_100",
    "lrange_300",
    "lrange_500",
    "lrange_600",
  ]);
});

test("tests that read or pop have something to read or pop", () => {
  const [set, lpop, lrange, lpush] = resolveWorkloads(["set", "lpop", "lrange_300", "lpush"]);
  assert.deepEqual([set.args, set.key, set.element], [["-t", "set"], null, null]);
  assert.deepEqual(lpop.element, ["RPUSH", "mylist", "element:%d"]);
  assert.equal(lpop.elementCount, 0);
  assert.deepEqual(lrange.args, ["lrange", "mylist", "0", "299"]);
  assert.equal(lrange.elementCount, 300);
  assert.deepEqual([lpush.key, lpush.element], ["mylist", null]);
});

test("fields of INFO", () => {
  const info = parseInfo("# Server\r\nredis_version:7.4.0\r\nexecutable:/a:b\r\n\r\nempty:\r\n");
  assert.deepEqual([...info], [["redis_version", "7.4.0"], ["executable", "/a:b"], ["empty", ""]]);
});

test("tests on large values bring what they need", () => {
  const [zadd, spop, xack] = resolveWorkloads(["large_zadd", "large_spop", "large_xack"]);
  assert.deepEqual(zadd.setup.map(({ key, always }) => [key, always]), [["big:zset", false]]);
  assert.deepEqual(spop.setup.map(({ key, always }) => [key, always]), [["popped:set", true]]);
  assert.equal(xack.setup[1].commands?.length, 3);
  assert.ok(resolveWorkloads(["large"]).length > 10);
});

test("tests of messages and transactions", () => {
  const [one, hundred] = resolveWorkloads(["pubsub"]);
  assert.deepEqual([one.subscribers, hundred.subscribers, hundred.args[0]], [1, 100, "publish"]);
  const [multi, watch] = resolveWorkloads(["transactions"]);
  assert.equal(multi.steps?.[0].length, 12);
  assert.equal(watch.steps?.length, 2);
});
