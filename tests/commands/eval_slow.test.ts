/**
 * Scripts that take long: what others are answered meanwhile, how they are ended, and that a script which is started
 * again behind the scenes does nothing twice.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RespClient } from "../support/resp_client.ts";
import { ReplyError } from "../support/resp_reply.ts";
import { target } from "../support/server.ts";
import { until, untilBlocked } from "../support/until.ts";

const server = target();
const BUSY = /^BUSY Redis is busy running a script\. You can only call SCRIPT KILL or SHUTDOWN/;
const BUSY_FUNCTION = /^BUSY Redis is busy running a script\. You can only call FUNCTION KILL/;
const UNKILLABLE = /^UNKILLABLE Sorry the script already executed write commands/;
const THRESHOLD_MS = 100;
/** Counts for a second by the clock, several times the threshold however fast the machine counts. */
const COUNTING = "local t, n = os.clock(), 0 " +
  "repeat for i = 1, 100000 do n = n + 1 end until os.clock() - t > 1 ";

/** Two clients of an empty server, one that is going to be slow. */
async function withTwo(run: (slow: RespClient, other: RespClient) => Promise<void>): Promise<void> {
  const slow = await server.connect();
  const other = await server.connect();
  try {
    await other.command("FLUSHALL");
    await other.command("FUNCTION", "FLUSH");
    await other.command("CONFIG", "SET", "busy-reply-threshold", THRESHOLD_MS);
    await run(slow, other);
  } finally {
    slow.close();
    other.close();
  }
}

/** Waits until the server says that it is busy. */
async function busy(other: RespClient): Promise<void> {
  await until("BUSY", async () => await other.command("PING") instanceof ReplyError);
}

function assertError(reply: unknown, text: RegExp): void {
  assert.ok(reply instanceof ReplyError, `no error: ${String(reply)}`);
  assert.match(reply.message, text);
}

describe("scripts that take long", () => {
  test("others are refused, and SCRIPT KILL ends one that has written nothing", async () => {
    await withTwo(async (slow, other) => {
      const reply = slow.command("EVAL", "while true do end", "0");
      await busy(other);
      assertError(await other.command("GET", "k"), BUSY);
      assertError(await other.command("EVAL", "return 1", "0"), BUSY);
      assertError(await other.command("FUNCTION", "KILL"), BUSY);
      assertError(await other.command("FUNCTION", "STATS"), BUSY);
      assert.equal(await other.command("SCRIPT", "KILL"), "OK");
      assertError(await reply, /^ERR Script killed by user with SCRIPT KILL/);
      assert.equal(await other.command("PING"), "PONG");
      assert.equal(await slow.command("PING"), "PONG");
      assertError(await other.command("SCRIPT", "KILL"), /^NOTBUSY No scripts in execution/);
    });
  });

  test("a loop within pcall, xpcall and a coroutine is killed as well", async () => {
    const loops = [
      "local f = function() while 1 do redis.call('ping') end end while 1 do pcall(f) end",
      "xpcall(function() while true do end end, function(e) return e end)",
      "local co = coroutine.wrap(function() while true do end end) co()",
      "local function f() return f() end f()",
      "while true do redis.pcall('nosuch') end",
    ];
    for (const loop of loops) {
      await withTwo(async (slow, other) => {
        const reply = slow.command("EVAL", loop, "0");
        await busy(other);
        assert.equal(await other.command("SCRIPT", "KILL"), "OK", loop);
        assertError(await reply, /^ERR Script killed by user with SCRIPT KILL/);
      });
    }
  });

  test("one that has written can't be killed, goes on, and writes nothing twice", async () => {
    await withTwo(async (slow, other) => {
      const script = "for i = 1, 1000 do redis.call('incr', KEYS[1]) end " +
        "redis.call('rpush', KEYS[2], redis.call('get', KEYS[1])) " + COUNTING +
        "redis.call('rpush', KEYS[2], redis.call('incr', KEYS[1])) return 'counted'";
      const reply = slow.command("EVAL", script, "2", "counter", "list");
      await busy(other);
      assertError(await other.command("SCRIPT", "KILL"), UNKILLABLE);
      assertError(await other.command("SET", "counter", "0"), BUSY);
      assert.equal(await reply, "counted");
      assert.equal(await other.command("GET", "counter"), "1001");
      assert.deepEqual(await other.command("LRANGE", "list", "0", "-1"), ["1000", "1001"]);
    });
  });

  test("random numbers and time are the same when it is started again", async () => {
    await withTwo(async (slow, other) => {
      const script =
        "redis.call('rpush', 'l', math.random(1000000), redis.call('time')[2], os.clock()) " +
        COUNTING +
        "redis.call('rpush', 'l', math.random(1000000)) return redis.call('lrange', 'l', 0, -1)";
      await other.command("EVAL", "math.randomseed(7)", "0");
      const reply = slow.command("EVAL", script, "0");
      await busy(other);
      assert.equal((await reply as unknown[]).length, 4);
      await other.command("EVAL", "math.randomseed(7)", "0");
      const numbers = await other.command(
        "EVAL",
        "return {math.random(1000000), math.random(1000000)}",
        "0",
      );
      const list = await other.command("LRANGE", "l", "0", "-1") as string[];
      assert.deepEqual([Number(list[0]), Number(list[3])], numbers);
    });
  });

  test("functions: FUNCTION STATS tells of one, FUNCTION KILL ends it", async () => {
    await withTwo(async (slow, other) => {
      const library =
        "#!lua name=l\nredis.register_function('f', function() while true do end end)";
      assert.equal(await other.command("FUNCTION", "LOAD", library), "l");
      const reply = slow.command("FCALL", "f", "1", "k");
      await busy(other);
      assertError(await other.command("GET", "k"), BUSY_FUNCTION);
      assertError(await other.command("SCRIPT", "KILL"), BUSY_FUNCTION);
      const stats = await other.command("FUNCTION", "STATS") as unknown[][];
      assert.deepEqual(stats[1].slice(0, 4), ["name", "f", "command", ["FCALL", "f", "1", "k"]]);
      assert.equal(await other.command("FUNCTION", "KILL"), "OK");
      assertError(await reply, /^ERR Script killed by user with SCRIPT KILL/);
    });
  });

  test("a library that never ends loading", async () => {
    await withTwo(async (_slow, other) => {
      const reply = await other.command("FUNCTION", "LOAD", "#!lua name=l\nwhile true do end");
      assertError(reply, /^ERR Error registering functions: .*FUNCTION LOAD timeout/);
      assert.deepEqual(await other.command("FUNCTION", "LIST"), []);
    });
  });
});

describe("scripts that take long where they can't be interrupted end by themselves", () => {
  const LOOP = "function() while true do pcall(function() end) end end";
  const loops = [
    `table.sort({3, 2, 1}, ${LOOP})`,
    `string.gsub('a', 'a', ${LOOP})`,
    `return setmetatable({}, {__index = ${LOOP}}).x`,
    `pcall(table.sort, {3, 2, 1}, ${LOOP})`,
    // It has written, and is waited for longer.
    `redis.call('incr', KEYS[1]) table.sort({3, 2, 1}, ${LOOP})`,
  ];
  for (const loop of loops) {
    // Redis can interrupt them, and so they never end there.
    test(loop, { skip: server.isOracle }, async () => {
      await withTwo(async (slow, other) => {
        const reply = await slow.command("EVAL", loop, "1", "counter");
        assertError(reply, /^ERR Script ended: it took too long in a metamethod or a callback/);
        const count = await other.command("GET", "counter");
        assert.equal(count, loop.startsWith("redis.call") ? "1" : null);
      });
    });
  }
});

describe("scripts that take long, and what else goes on", () => {
  test("a transaction goes on behind one", async () => {
    await withTwo(async (slow, other) => {
      for (const request of [["MULTI"], ["SET", "k", "1"]]) await slow.command(...request);
      await slow.command("EVAL", `${COUNTING} return redis.call('incr', 'k')`, "0");
      await slow.command("EVAL", `${COUNTING} return redis.call('incr', 'k')`, "0");
      await slow.command("GET", "k");
      const reply = slow.command("EXEC");
      await busy(other);
      assertError(await other.command("SET", "k", "7"), BUSY);
      assert.deepEqual(await reply, ["OK", 2, 3, "3"]);
      assert.equal(await slow.command("INCR", "k"), 4);
    });
  });

  test("requests behind it in the pipeline wait, those of transactions are refused", async () => {
    await withTwo(async (slow, other) => {
      const reply = slow.command("EVAL", `${COUNTING} redis.call('set', 'k', 1)`, "0");
      const behind = slow.command("INCR", "k");
      await busy(other);
      assert.equal(await other.command("MULTI"), "OK");
      assertError(await other.command("GET", "k"), BUSY);
      assertError(await other.command("EXEC"), /^EXECABORT/);
      assert.equal(await reply, null);
      assert.equal(await behind, 2);
    });
  });

  test("who waits for a key is served at its end", async () => {
    await withTwo(async (slow, other) => {
      const waiting = await server.connect();
      try {
        const popped = waiting.command("BLPOP", "list", "0");
        await untilBlocked(other, 1);
        const script = `redis.call('rpush', 'list', 'a') ${COUNTING} ` +
          "redis.call('lpush', 'list', 'b') return redis.call('llen', 'list')";
        const reply = slow.command("EVAL", script, "0");
        await busy(other);
        assert.equal(await reply, 2);
        assert.deepEqual(await popped, ["list", "b"]);
      } finally {
        waiting.close();
      }
    });
  });

  test("it goes on without its client", async () => {
    await withTwo(async (slow, other) => {
      void slow.command("EVAL", `${COUNTING} redis.call('set', 'k', 'done')`, "0")
        .catch(() => {});
      await busy(other);
      slow.close();
      await until("its end", async () => await other.command("PING") === "PONG");
      assert.equal(await other.command("GET", "k"), "done");
    });
  });
});
