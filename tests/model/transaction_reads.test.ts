/**
 * However a pipeline with transactions arrives, the replies are the same and so is what is propagated: random requests
 * are given to a server one by one, and to another in reads that begin and end anywhere.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { latin1 } from "../../core/base/bytes.ts";
import { Prng } from "../../core/base/prng.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { ask, MemoryNet, MODES, request } from "../unit/net/memory_net.ts";

const ROUNDS = 60;
const REQUESTS = 250;
const KEYS = [
  "a",
  "b",
  "counter:1",
  "counter:2",
  "counter:10",
  "a key of some length, too long for two digits".repeat(3),
];

/** What may stand in a transaction or outside. */
function randomRequest(prng: Prng): string {
  const key = pick(prng, KEYS);
  switch (randomInt(prng, 0, 17)) {
    case 0:
      return request("SET", key, "v".repeat(prng.nextBelow(300)));
    case 1:
      return request("set", key, String(prng.nextBelow(100)));
    case 2:
      return request("MGET", key, pick(prng, KEYS), pick(prng, KEYS));
    case 3:
      return request("LPUSH", `list:${key}`, "x", "y");
    case 4:
      return `incr ${key.slice(0, 9)}\r\n`;
    case 5:
      return `append ${key.slice(0, 9)} "\\x31"\r\n`;
    case 6:
      return request("OBJECT", pick(prng, ["ENCODING", "REFCOUNT", "NOTHING"]), key);
    case 7:
      return request(
        "EVAL",
        "return redis.call('incr', KEYS[1])",
        "1",
        `counter:${prng.nextBelow(9)}`,
      );
    case 8:
      return request("LPOP", `list:${key}`);
    case 9:
      return request("SELECT", String(prng.nextBelow(2)));
    case 10:
      return request("DEL", key, `list:${key}`);
    case 11:
      return request("GET", key);
    default:
      return request("INCR", key);
  }
}

/** A pipeline, request by request. */
function pipeline(prng: Prng): string[] {
  const requests: string[] = [];
  while (requests.length < REQUESTS) {
    if (oneIn(prng, 3)) requests.push(request("WATCH", pick(prng, KEYS), pick(prng, KEYS)));
    if (!oneIn(prng, 4)) requests.push(request("MULTI"));
    for (let left = prng.nextBelow(pick(prng, [3, 12, 100])); left > 0; left--) {
      const repeats = oneIn(prng, 3) ? randomInt(prng, 1, 6) : 1;
      const one = randomRequest(prng);
      for (let i = 0; i < repeats; i++) requests.push(one);
    }
    if (oneIn(prng, 12)) requests.push(request("NOSUCHCOMMAND"));
    if (oneIn(prng, 12)) requests.push(request("GET"));
    requests.push(request(oneIn(prng, 8) ? "DISCARD" : oneIn(prng, 12) ? "RESET" : "EXEC"));
  }
  return requests;
}

/** A server whose propagated bytes are kept. */
function started(isPropagating: boolean): { net: MemoryNet; propagated: string[] } {
  const net = new MemoryNet().start();
  const propagated: string[] = [];
  if (isPropagating) {
    net.server.propagation.attach({
      append: (bytes, len) => propagated.push(latin1(bytes, 0, len)),
    });
  }
  return { net, propagated };
}

for (const { name, peer } of MODES) {
  test(`transactions in reads of any size: a transport that ${name}`, async () => {
    const used = seed();
    const prng = new Prng(used);
    for (let round = 0; round < ROUNDS; round++) {
      const isPropagating = oneIn(prng, 2);
      const one = started(isPropagating);
      const other = started(isPropagating);
      const single = one.net.connect(peer);
      const cut = other.net.connect({ ...peer, readMax: pick(prng, [20, 300, 3000, Infinity]) });
      const requests = pipeline(prng);
      let expected = "";
      for (const bytes of requests) expected += await ask(single, bytes);
      const got = await ask(cut, requests.join(""));
      assert.equal(got, expected, `seed ${used}, round ${round}`);
      if (!isPropagating) continue;
      for (const { net } of [one, other]) net.server.propagation.handOver();
      assert.equal(
        other.propagated.join(""),
        one.propagated.join(""),
        `seed ${used}, round ${round}`,
      );
    }
  });
}
