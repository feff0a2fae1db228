import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { Prng } from "../../../core/base/prng.ts";
import type { Chunk } from "../../../core/protocol/chunk_queue.ts";
import { CHUNK_BYTES, CHUNK_BYTES_MAX, releaseChunk } from "../../../core/protocol/chunk_pool.ts";
import { Reply } from "../../../core/protocol/reply.ts";
import { SharedChunk } from "../../../core/protocol/shared_chunk.ts";
import { oneIn, randomInt, seed } from "../../support/gen.ts";
import { redisMissing, redisTarget } from "../../support/server.ts";

/** Everything a reply holds, and gives back its chunks. */
function take(reply: Reply): string {
  let text = "";
  for (let chunk = reply.takeChunk(); chunk !== null; chunk = reply.takeChunk()) {
    text += latin1(chunk.buf, 0, chunk.len);
    releaseChunk(chunk);
  }
  assert.equal(reply.bytes, 0);
  return text;
}

/** What `write` replies in RESP2 and in RESP3. */
function both(write: (reply: Reply) => void): [string, string] {
  const [two, three] = [new Reply(), new Reply()];
  three.resp = 3;
  write(two);
  write(three);
  return [take(two), take(three)];
}

function same(write: (reply: Reply) => void): string {
  const [two, three] = both(write);
  assert.equal(three, two);
  return two;
}

describe("deferred headers", () => {
  test("arrays and maps", () => {
    const [two, three] = both((r) => {
      const outer = r.beginDeferred();
      r.addBulkString("a");
      const inner = r.beginDeferred();
      for (let i = 0; i < 12; i++) r.addInteger(i);
      r.endDeferredArray(inner, 12);
      r.endDeferredMap(outer, 1);
      r.endDeferredArray(r.beginDeferred(), 0);
      const text = r.beginDeferredBulk();
      r.addInteger(7);
      r.endDeferredBulk(text, ascii("xyz"), 1, 2);
    });
    const inner = `*12\r\n${[...Array(12).keys()].map((i) => `:${i}\r\n`).join("")}`;
    assert.equal(two, `*2\r\n$1\r\na\r\n${inner}*0\r\n$2\r\nyz\r\n:7\r\n`);
    assert.equal(three, `%1\r\n$1\r\na\r\n${inner}*0\r\n$2\r\nyz\r\n:7\r\n`);
  });

  test("over any number of chunks", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let i = 0; i < 300; i++) {
      const reply = new Reply();
      let want = "";
      const write = (depth: number): string => {
        const count = prng.nextBelow(depth === 0 ? 6 : 5);
        const mark = reply.beginDeferred();
        let inner = "";
        for (let j = 0; j < count; j++) {
          if (depth < 3 && oneIn(prng, 2)) inner += write(depth + 1);
          else {
            const len = oneIn(prng, 4) ? randomInt(prng, 0, 3 * CHUNK_BYTES) : prng.nextBelow(100);
            reply.addBulkString("x".repeat(len));
            inner += `$${len}\r\n${"x".repeat(len)}\r\n`;
          }
        }
        reply.endDeferredArray(mark, count);
        return `*${count}\r\n${inner}`;
      };
      for (let j = 0; j < 3; j++) want += write(0);
      assert.equal(reply.bytes, want.length, `seed ${n}`);
      assert.ok(take(reply) === want, `seed ${n}`);
    }
  });
});

describe("types", () => {
  test("that both protocols have", () => {
    assert.equal(same((r) => r.addOk()), "+OK\r\n");
    assert.equal(
      same((r) => r.addStatus("Background saving started")),
      "+Background saving started\r\n",
    );
    assert.equal(same((r) => r.addRaw(ascii("+PONG\r\n"))), "+PONG\r\n");
    assert.equal(same((r) => r.addBulk(ascii("xa\0\r\n\xffx"), 1, 5)), "$5\r\na\0\r\n\xff\r\n");
    assert.equal(same((r) => r.addBulk(ascii(""), 0, 0)), "$0\r\n\r\n");
    assert.equal(same((r) => r.addBulkString("text\xe9")), "$5\r\ntext\xe9\r\n");
    assert.equal(same((r) => r.addBulkString("")), "$0\r\n\r\n");
    assert.equal(same((r) => r.addBulkInteger(-12345)), "$6\r\n-12345\r\n");
    assert.equal(same((r) => r.addArray(0)), "*0\r\n");
    assert.equal(same((r) => r.addArray(1_000_000)), "*1000000\r\n");
  });

  test("integers", () => {
    for (const value of [0, -0, 1, 9, 10, -1, -10, 2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER]) {
      assert.equal(same((r) => r.addInteger(value)), `:${value}\r\n`);
    }
    for (const value of [2n ** 63n - 1n, -(2n ** 63n), 0n]) {
      assert.equal(same((r) => r.addBigInteger(value)), `:${value}\r\n`);
    }
  });

  test("errors are counted, and are one line", () => {
    const reply = new Reply();
    reply.addError("ERR a\r\nb");
    reply.addError("WRONGTYPE x");
    assert.equal(reply.errors, 2);
    assert.equal(reply.lastError, "WRONGTYPE x");
    assert.equal(take(reply), "-ERR a  b\r\n-WRONGTYPE x\r\n");
  });

  test("that RESP2 lacks", () => {
    assert.deepEqual(both((r) => r.addNull()), ["$-1\r\n", "_\r\n"]);
    assert.deepEqual(both((r) => r.addNullArray()), ["*-1\r\n", "_\r\n"]);
    assert.deepEqual(both((r) => r.addBool(true)), [":1\r\n", "#t\r\n"]);
    assert.deepEqual(both((r) => r.addBool(false)), [":0\r\n", "#f\r\n"]);
    assert.deepEqual(both((r) => r.addBigNumber("1".repeat(40))), [
      `$40\r\n${"1".repeat(40)}\r\n`,
      `(${"1".repeat(40)}\r\n`,
    ]);
    assert.deepEqual(both((r) => r.addVerbatim("a\nb", "mkd")), [
      "$3\r\na\nb\r\n",
      "=7\r\nmkd:a\nb\r\n",
    ]);
    assert.deepEqual(both((r) => r.addMap(3)), ["*6\r\n", "%3\r\n"]);
    assert.deepEqual(both((r) => r.addSet(3)), ["*3\r\n", "~3\r\n"]);
    assert.deepEqual(both((r) => r.addPush(3)), ["*3\r\n", ">3\r\n"]);
  });

  test("doubles", () => {
    const texts: [number, string][] = [
      [3.141, "3.141"],
      [1, "1"],
      [-0, "-0"],
      [0.1 + 0.2, "0.30000000000000004"],
      [1e21, "1e+21"],
      [Infinity, "inf"],
      [-Infinity, "-inf"],
      [NaN, "nan"],
    ];
    for (const [value, text] of texts) {
      const want = [`$${text.length}\r\n${text}\r\n`, `,${text}\r\n`];
      assert.deepEqual(both((r) => r.addDouble(value)), want);
    }
  });

  test("attributes are for RESP3 only", () => {
    const reply = new Reply();
    assert.throws(() => reply.addAttribute(1), /RESP3/);
    reply.resp = 3;
    reply.addAttribute(1);
    assert.equal(take(reply), "|1\r\n");
  });
});

describe("chunks", () => {
  test("join to what was written, whatever the sizes", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < 200; round++) {
      const reply = new Reply();
      let want = "";
      for (let i = randomInt(prng, 1, 30); i > 0; i--) {
        const near = CHUNK_BYTES + randomInt(prng, -40, 40);
        const text = "v".repeat(oneIn(prng, 4) ? near : prng.nextBelow(3000));
        const kind = prng.nextBelow(4);
        if (kind === 0) {
          const big = oneIn(prng, 20) ? "b".repeat(200_000) : text;
          reply.addBulk(ascii(big), 0, big.length);
          want += `$${big.length}\r\n${big}\r\n`;
        } else if (kind === 1) {
          reply.addBulkString(text);
          want += `$${text.length}\r\n${text}\r\n`;
        } else if (kind === 2) {
          reply.addStatus(text);
          want += `+${text}\r\n`;
        } else {
          reply.addInteger(text.length);
          want += `:${text.length}\r\n`;
        }
        assert.equal(reply.bytes, want.length, `seed ${n}, round ${round}`);
      }
      assert.ok(take(reply) === want, `seed ${n}, round ${round}`);
    }
  });

  test("of standard size are used again, others are not", () => {
    const reply = new Reply();
    reply.addOk();
    const first = reply.takeChunk()!;
    assert.equal(first.buf.length, CHUNK_BYTES);
    releaseChunk(first);
    reply.addOk();
    assert.equal(reply.takeChunk()!.buf, first.buf);
    reply.addBulkString("x".repeat(CHUNK_BYTES_MAX + 1));
    const header = reply.takeChunk()!;
    const big = reply.takeChunk()!;
    assert.equal(latin1(header.buf, 0, header.len), `$${CHUNK_BYTES_MAX + 1}\r\n`);
    assert.equal(big.buf.length, CHUNK_BYTES_MAX + 3, "a large piece gets exactly its size");
    releaseChunk(big);
    reply.addOk();
    assert.notEqual(reply.takeChunk()!.buf, big.buf);
  });

  test("grow while nobody takes them, and those of each size are used again", () => {
    const reply = new Reply();
    const fill = () => {
      for (let i = 0; i < 200; i++) reply.addBulkString("x".repeat(1000));
      const chunks: Chunk[] = [];
      for (let chunk = reply.takeChunk(); chunk !== null; chunk = reply.takeChunk()) {
        chunks.push(chunk);
      }
      return chunks;
    };
    const first = fill();
    const sizes = first.map((chunk) => chunk.buf.length / CHUNK_BYTES);
    assert.deepEqual(sizes, [1, 2, 4, 4, 4]);
    first.forEach(releaseChunk);
    assert.deepEqual(new Set(fill()), new Set(first));
    const shared = { buf: new Uint8Array(CHUNK_BYTES_MAX), len: 1 };
    releaseChunk(shared);
    assert.ok(fill().every((chunk) => chunk.buf !== shared.buf));
  });

  test("are not held by a client with nothing to send", () => {
    const reply = new Reply();
    assert.equal(reply.takeChunk(), null);
    reply.addOk();
    take(reply);
    assert.equal(reply.buf.length, 0);
    assert.equal(reply.takeChunk(), null);
    reply.addOk();
    reply.truncate(0);
    assert.equal(reply.takeChunk(), null);
    assert.equal(reply.buf.length, 0, "of which everything was taken back");
  });

  test("leave in order while others are added", () => {
    const n = seed();
    const prng = new Prng(n);
    const reply = new Reply();
    let [written, taken] = [0, 0];
    let text = "";
    for (let step = 0; step < 20_000; step++) {
      if (prng.nextBelow(100) < (step % 4000 < 2000 ? 80 : 20)) {
        reply.addBulkString(`${written++}`.padEnd(4000, "."));
      } else {
        const chunk = reply.takeChunk();
        if (chunk === null) continue;
        text += latin1(chunk.buf, 0, chunk.len);
        releaseChunk(chunk);
        for (; text.length >= 4000 + 9; taken++) {
          assert.ok(text.startsWith(`$4000\r\n${taken}.`), `seed ${n}, step ${step}`);
          text = text.slice(4000 + 9);
        }
      }
    }
    const rest = text + take(reply);
    assert.equal(rest.length, (written - taken) * 4009, `seed ${n}`);
    assert.equal(reply.full.length, 0);
  });

  test("are dropped by clear", () => {
    const reply = new Reply();
    for (let i = 0; i < 100; i++) reply.addBulkString("x".repeat(1000));
    reply.clear();
    assert.equal(reply.bytes, 0);
    reply.addOk();
    assert.equal(take(reply), "+OK\r\n");
  });
});

describe("truncate", () => {
  test("takes back what came after the mark, across chunks", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < 500; round++) {
      const reply = new Reply();
      let want = "";
      for (let i = prng.nextBelow(40); i > 0; i--) {
        const text = "k".repeat(prng.nextBelow(oneIn(prng, 10) ? 40_000 : 1000));
        reply.addBulkString(text);
        want += `$${text.length}\r\n${text}\r\n`;
      }
      const mark = reply.bytes;
      for (let i = prng.nextBelow(40); i > 0; i--) {
        reply.addStatus("gone".repeat(prng.nextBelow(oneIn(prng, 10) ? 9000 : 200)));
      }
      reply.truncate(mark);
      assert.equal(reply.bytes, mark, `seed ${n}, round ${round}`);
      reply.addError("ERR instead");
      assert.ok(take(reply) === `${want}-ERR instead\r\n`, `seed ${n}, round ${round}`);
    }
  });

  test("takes back what was dropped, and what was kept of it", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < 200; round++) {
      const reply = new Reply();
      reply.resp = 2 + prng.nextBelow(2);
      const limit = 50_000;
      reply.owner = { isOverOutputLimit: () => reply.fullBytes >= limit };
      const text = "kept".repeat(prng.nextBelow(5000));
      reply.addBulkString(text);
      const mark = reply.bytes;
      while (!reply.isDropping) addAnything(reply, prng);
      const { fullBytes } = reply;
      for (let i = 0; i < 300; i++) addAnything(reply, prng);
      // A mark in what is being dropped is the end of nothing.
      const inside = reply.bytes;
      for (let i = prng.nextBelow(100); i > 0; i--) addAnything(reply, prng);
      if (oneIn(prng, 2)) reply.truncate(inside);
      assert.ok(reply.isDropping && reply.fullBytes <= fullBytes, `seed ${n}, round ${round}`);
      reply.truncate(mark);
      assert.equal(reply.isDropping, false);
      reply.addOk();
      assert.ok(take(reply) === `$${text.length}\r\n${text}\r\n+OK\r\n`, `seed ${n}, ${round}`);
    }
  });

  test("to nothing, and of nothing", () => {
    const reply = new Reply();
    reply.truncate(0);
    assert.equal(reply.takeChunk(), null);
    for (let i = 0; i < 50; i++) reply.addBulkString("x".repeat(1000));
    reply.truncate(0);
    assert.equal(reply.bytes, 0);
    reply.addOk();
    assert.equal(take(reply), "+OK\r\n");
  });
});

describe("redis-server's DEBUG PROTOCOL gives the same bytes", { skip: redisMissing() }, () => {
  const redis = redisTarget();
  const kinds: [string, (reply: Reply) => void][] = [
    ["string", (r) => r.addBulkString("Hello World")],
    ["integer", (r) => r.addInteger(12345)],
    ["double", (r) => r.addDouble(3.141)],
    ["bignum", (r) => r.addBigNumber("1234567999999999999999999999999999999")],
    ["null", (r) => r.addNull()],
    ["array", (r) => {
      r.addArray(3);
      for (let i = 0; i < 3; i++) r.addInteger(i);
    }],
    ["set", (r) => {
      r.addSet(3);
      for (let i = 0; i < 3; i++) r.addInteger(i);
    }],
    ["map", (r) => {
      r.addMap(3);
      for (let i = 0; i < 3; i++) {
        r.addInteger(i);
        r.addBool(i === 1);
      }
    }],
    ["attrib", (r) => {
      if (r.resp === 3) {
        r.addAttribute(1);
        r.addBulkString("key-popularity");
        r.addArray(2);
        r.addBulkString("key:123");
        r.addInteger(90);
      }
      r.addBulkString("Some real reply following the attribute");
    }],
    ["verbatim", (r) => r.addVerbatim("This is a verbatim\nstring", "txt")],
    ["true", (r) => r.addBool(true)],
    ["false", (r) => r.addBool(false)],
  ];
  for (const [name, write] of kinds) {
    test(name, async () => {
      const want = both(write);
      for (const resp of [2, 3]) {
        const client = await redis.connect();
        if (resp === 3) await client.command("HELLO", "3");
        client.send(["DEBUG", "PROTOCOL", name]);
        assert.equal(
          await client.readExactly(want[resp - 2].length),
          want[resp - 2],
          `RESP${resp}`,
        );
        assert.equal(client.pending(), "");
        client.close();
      }
    });
  }
});

/** One of the things that replies are made of, of any size. */
function addAnything(reply: Reply, prng: Prng): void {
  const size = prng.nextBelow(oneIn(prng, 20) ? 100_000 : 300);
  switch (prng.nextBelow(6)) {
    case 0:
      return reply.addBulkString("x".repeat(size));
    case 1:
      return reply.addShared(new SharedChunk(new Uint8Array(size + 1), 0, size + 1));
    case 2:
      return reply.addDouble(prng.nextBelow(1000) / 7);
    case 3:
      return reply.addError("ERR ".repeat(size % 50));
    case 4: {
      const mark = reply.beginDeferredBulk();
      return reply.endDeferredBulk(mark, new Uint8Array(20), 0, 20);
    }
    default: {
      const mark = reply.beginDeferred();
      for (let i = prng.nextBelow(size + 1); i > 0; i--) reply.addInteger(i * 1000);
      reply.endDeferredMap(mark, size);
    }
  }
}
