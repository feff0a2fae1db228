/** Blocking: who is served, when, in which order, and what ends a wait. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { type MemoryPeer, turnEnd } from "../../../core/net/transport_memory.ts";
import { CLIENT_BLOCKED, CLIENT_DENY_BLOCKING } from "../../../core/server/client.ts";
import { until } from "../../support/until.ts";
import { ask, bulk, MemoryNet, MODES } from "../net/memory_net.ts";
import { blockingTestCommands } from "./blocking_commands.ts";

const OK = "+OK\r\n";
const NIL_ARRAY = "*-1\r\n";

function taken(key: string, value: string): string {
  return `*2\r\n${bulk(key)}${bulk(value)}`;
}

function start(directives: Readonly<Record<string, string>> = {}): MemoryNet {
  return new MemoryNet(directives, blockingTestCommands).start();
}

/** Nobody waits, and nothing is left of those who did. */
function assertQuiet(net: MemoryNet): void {
  const { blocking, keyspace } = net.server;
  assert.equal(blocking.count, 0);
  assert.equal(blocking.keys.count, 0);
  assert.equal(blocking.keys.countOnNoKey, 0);
  assert.equal(blocking.deadlines.count, 0);
  assert.equal(blocking.hasReadyKeys, false);
  assert.equal(keyspace.waiters, null);
}

/** Lets time pass, and the clients whose time it is. */
async function pass(net: MemoryNet, ms: number): Promise<void> {
  net.clock.advance(ms);
  net.server.blocking.expireDeadlines();
  await turnEnd();
}

for (const { name, peer: mode } of MODES) {
  describe(`a transport that ${name}`, () => {
    test("a client waits until there is something", async () => {
      const net = start();
      const [waiter, other] = [net.connect(mode), net.connect(mode)];
      assert.equal(await ask(waiter, "TAKE k 0\r\n"), "");
      assert.equal(net.server.blocking.count, 1);
      assert.equal(await ask(other, "SET other 1\r\n"), OK);
      assert.equal(waiter.take(), "");
      assert.equal(await ask(other, "SET k v\r\nEXISTS k\r\n"), `${OK}:0\r\n`);
      assert.equal(waiter.take(), taken("k", "v"));
      assertQuiet(net);
      assert.equal(await ask(waiter, "PING\r\n"), "+PONG\r\n");
    });

    test("requests behind one that blocks run when it is served", async () => {
      const net = start();
      const [waiter, other] = [net.connect(mode), net.connect(mode)];
      const pipeline = "SET a 1\r\nTAKE k 0\r\nGET a\r\n\r\nTAKE l 0\r\nGET b\r\nECH";
      assert.equal(await ask(waiter, pipeline), OK);
      assert.equal(await ask(waiter, "O x\r\nECHO y\r\n"), "");
      assert.equal(await ask(other, "SET a 2\r\nSET k v\r\nSET a 3\r\nSET b 4\r\n"), OK.repeat(4));
      assert.equal(waiter.take(), taken("k", "v") + bulk("3"));
      assert.equal(await ask(other, "SET l w\r\n"), OK);
      assert.equal(waiter.take(), taken("l", "w") + bulk("4") + bulk("x") + bulk("y"));
      assertQuiet(net);
    });

    test("a pipeline of many requests that block one after the other", async () => {
      const net = start();
      const [waiter, other] = [net.connect(mode), net.connect(mode)];
      const count = 100;
      await ask(waiter, "TAKE k 0\r\nPING\r\n".repeat(count));
      let got = "";
      for (let i = 0; i < count; i++) {
        await ask(other, `SET k ${i}\r\n`);
        got += waiter.take();
        assert.equal(net.server.blocking.count, i === count - 1 ? 0 : 1);
      }
      let want = "";
      for (let i = 0; i < count; i++) want += taken("k", String(i)) + "+PONG\r\n";
      assert.equal(got, want);
      assertQuiet(net);
    });

    test("a protocol error behind a request that blocks is told in its turn", async () => {
      const net = start();
      const [waiter, other] = [net.connect(mode), net.connect(mode)];
      assert.equal(await ask(waiter, "TAKE k 0\r\n*1\r\nx\r\n"), "");
      assert.equal(waiter.ended, false);
      await ask(other, "SET k v\r\n");
      assert.match(waiter.take(), /^\*2\r\n\$1\r\nk\r\n\$1\r\nv\r\n-ERR Protocol error: expected/);
      assert.equal(waiter.ended, true);
      assertQuiet(net);
    });

    test("input of a blocked client is bounded", async () => {
      const net = start({ "client-query-buffer-limit": "1mb" });
      const waiter = net.connect(mode);
      waiter.send("TAKE k 0\r\n");
      const piece = "PING\r\n".repeat(1000);
      let sent = 0;
      while (!waiter.ended && sent < 4_000_000) {
        waiter.send(piece);
        sent += piece.length;
      }
      assert.equal(waiter.ended, true);
      assert.ok(sent > 1024 * 1024 && sent < 1_100_000, `closed after ${sent} bytes`);
      await turnEnd();
      assertQuiet(net);
      assert.equal(net.server.stats.queryBufferLimitDisconnections, 1);
    });

    test("large requests wait whole or in part", async () => {
      const net = start();
      const [waiter, other] = [net.connect({ ...mode, readMax: 10_000 }), net.connect(mode)];
      const large = "x".repeat(300_000);
      const bytes = `*3\r\n$3\r\nSET\r\n$1\r\nl\r\n$${large.length}\r\n${large}\r\n`;
      const cut = bytes.length - 1000;
      waiter.send(`TAKE k 0\r\n${bytes}GET l\r\n${bytes.slice(0, cut)}`);
      await ask(other, "SET k v\r\n");
      assert.equal(waiter.take(), taken("k", "v") + OK + bulk(large));
      assert.equal(await ask(waiter, bytes.slice(cut)), OK);
      assertQuiet(net);
    });
  });
}

describe("order", () => {
  test("first come, first served; once per push", async () => {
    const net = start();
    const waiters = Array.from({ length: 5 }, () => net.connect());
    for (const peer of waiters) await ask(peer, "TAKE k 0\r\n");
    const other = net.connect();
    for (let i = 0; i < waiters.length; i++) {
      await ask(other, `SET k ${i}\r\n`);
      const got = waiters.map((peer) => peer.take());
      assert.deepEqual(got, waiters.map((_, at) => at === i ? taken("k", String(i)) : ""));
    }
    assertQuiet(net);
  });

  test("several pushes of one turn serve several clients", async () => {
    const net = start();
    const waiters = Array.from({ length: 3 }, () => net.connect());
    for (const peer of waiters) await ask(peer, "TAKE k 0\r\n");
    const other = net.connect();
    assert.equal(await ask(other, "SET k 0\r\nSET k 1\r\nGET k\r\n"), `${OK}${OK}$-1\r\n`);
    assert.deepEqual(waiters.map((peer) => peer.take()), [taken("k", "0"), taken("k", "1"), ""]);
  });

  test("a client waits for many keys, and for none twice", async () => {
    const net = start();
    const [waiter, second, other] = [net.connect(), net.connect(), net.connect()];
    await ask(waiter, "TAKE a b a c b 0\r\n");
    await ask(second, "TAKE c 0\r\n");
    assert.equal(net.server.blocking.keys.count, 3);
    await ask(other, "SET c 1\r\n");
    assert.equal(waiter.take(), taken("c", "1"));
    assert.equal(net.server.blocking.keys.count, 1);
    await ask(other, "SET a 2\r\nSET c 3\r\n");
    assert.equal(second.take(), taken("c", "3"));
    assert.equal(await ask(other, "GET a\r\n"), bulk("2"));
    assertQuiet(net);
  });

  test("what serving one makes ready serves the next, a cycle ends", async () => {
    const net = start();
    const [a, b, c, other] = Array.from({ length: 4 }, () => net.connect());
    await ask(c, "TAKEMOVE z x 0\r\n");
    await ask(b, "TAKEMOVE y z 0\r\n");
    await ask(a, "TAKEMOVE x y 0\r\n");
    assert.equal(await ask(other, "SET x 1\r\nGET x\r\n"), OK + bulk("1"));
    for (const peer of [a, b, c]) assert.equal(peer.take(), bulk("1"));
    assertQuiet(net);
  });

  test("a client that blocks again keeps its place", async () => {
    const net = start();
    const [first, second, other] = [net.connect(), net.connect(), net.connect()];
    await ask(first, "LATER k 5 0\r\n");
    await ask(second, "TAKE l k 0\r\n");
    await ask(first, "");
    await ask(other, "SET k 3\r\n");
    assert.equal(first.take(), "");
    assert.equal(second.take(), taken("k", "3"));
    await ask(second, "TAKE k 0\r\n");
    await ask(other, "SET k 9\r\n");
    assert.equal(first.take(), bulk("9"));
    assert.equal(second.take(), taken("k", "9"));
    assertQuiet(net);
  });

  test("an argument rewritten is what the next execution sees", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    await ask(other, "SET k 7\r\n");
    await ask(waiter, "LATER k $ 0\r\nPING\r\n");
    for (const value of ["5", "7"]) {
      await ask(other, `SET k ${value}\r\nDEL k\r\nSET k ${value}\r\n`);
      assert.equal(waiter.take(), "");
    }
    await ask(other, "DEL k\r\nSET k 8\r\n");
    assert.equal(waiter.take(), bulk("8") + "+PONG\r\n");
  });

  test("ten thousand wait and are served in order", async () => {
    const net = start({ maxclients: "10001" });
    const waiters: MemoryPeer[] = [];
    for (let i = 0; i < 10_000; i++) {
      const peer = net.connect();
      peer.send(`TAKE k ${i % 2 === 0 ? 0 : 1000 + i}\r\n`);
      waiters.push(peer);
    }
    await turnEnd();
    assert.equal(net.server.blocking.count, waiters.length);
    assert.equal(net.server.blocking.deadlines.count, waiters.length / 2);
    const other = net.connect();
    for (let i = 0; i < waiters.length; i++) other.send(`SET k ${i}\r\n`);
    await turnEnd();
    for (const [i, peer] of waiters.entries()) assert.equal(peer.take(), taken("k", String(i)));
    assertQuiet(net);
  });
});

describe("what makes a key ready", () => {
  const ways: readonly (readonly [name: string, prepare: string, command: string])[] = [
    ["SET", "", "SET k v"],
    ["MSET", "", "MSET x 1 k v"],
    ["RENAME", "SET x v", "RENAME x k"],
    ["COPY", "SET x v", "COPY x k"],
    ["MOVE", "SELECT 1\r\nSET k v", "MOVE k 0"],
    ["SWAPDB", "SELECT 1\r\nSET k v", "SWAPDB 0 1"],
    ["SETRANGE", "", "SETRANGE k 0 v"],
    ["APPEND", "", "APPEND k v"],
  ];
  for (const [name, prepare, command] of ways) {
    test(name, async () => {
      const net = start();
      const [waiter, elsewhere, other] = [net.connect(), net.connect(), net.connect()];
      await ask(waiter, "TAKE nosuch k 0\r\n");
      await ask(elsewhere, "SELECT 2\r\nTAKE k 0\r\n");
      if (prepare !== "") await ask(other, `${prepare}\r\n`);
      assert.equal(waiter.take(), "");
      await ask(other, `${command}\r\n`);
      assert.equal(waiter.take(), taken("k", "v"));
      assert.equal(elsewhere.take(), "");
      assert.equal(net.server.blocking.count, 1);
    });
  }

  test("RESTORE", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    await ask(other, "SET x v\r\n");
    const payload = /\r\n([^]*)\r\n$/.exec(await ask(other, "DUMP x\r\n"))![1];
    await ask(waiter, "TAKE k 0\r\n");
    const restore =
      `*4\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$1\r\n0\r\n$${payload.length}\r\n${payload}\r\n`;
    assert.equal(await ask(other, restore), OK);
    assert.equal(waiter.take(), taken("k", "v"));
  });

  test("a key of another type is left alone", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    await ask(waiter, "TAKE k 0\r\n");
    assert.equal(await ask(other, "RPUSH k a\r\nLLEN k\r\n"), ":1\r\n:1\r\n");
    assert.equal(waiter.take(), "");
    await ask(other, "SET k v\r\n");
    assert.equal(waiter.take(), taken("k", "v"));
  });
});

describe("a key that goes", () => {
  const ways: readonly (readonly [command: string, reply: string])[] = [
    ["DEL k", "+gone\r\n"],
    ["UNLINK k", "+gone\r\n"],
    ["RENAME k x", "+gone\r\n"],
    ["MOVE k 1", "+gone\r\n"],
    ["FLUSHDB", "+gone\r\n"],
    ["FLUSHALL ASYNC", "+gone\r\n"],
    ["SWAPDB 0 1", "+gone\r\n"],
    ["SET k other", "+alive\r\n"],
    [`SET k ${"x".repeat(2000)}`, "+alive\r\n"],
    ["SET k v PX 100", "+alive\r\n"],
    ["EXPIRE k -1", "+gone\r\n"],
    ["RENAME x k", "+alive\r\n"],
  ];
  for (const [command, reply] of ways) {
    test(command.slice(0, 20), async () => {
      const net = start();
      const [waiter, bystander, other] = [net.connect(), net.connect(), net.connect()];
      await ask(other, "MSET k a x 1\r\n");
      await ask(waiter, "AWAIT k 0\r\nPING\r\n");
      await ask(bystander, "LATER k 1 0\r\n");
      assert.equal(net.server.blocking.keys.countOnNoKey, 1);
      assert.equal(await ask(other, "GET k\r\nAPPEND k b\r\n"), `${bulk("a")}:2\r\n`);
      assert.equal(waiter.take(), "");
      await ask(other, `${command}\r\n`);
      assert.equal(waiter.take(), `${reply}+PONG\r\n`);
      assert.equal(bystander.take(), "");
      assert.equal(net.server.blocking.keys.countOnNoKey, 0);
      assert.equal(net.server.blocking.keys.count, 1);
    });
  }

  test("because its time is over, by the cron or by a lookup", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    for (const isActive of [true, false]) {
      net.server.keyspace.activeExpire = isActive;
      await ask(other, "SET k v PX 100\r\n");
      await ask(waiter, "AWAIT k 0\r\n");
      net.advance(200);
      await turnEnd();
      if (!isActive) {
        assert.equal(waiter.take(), "");
        await ask(other, "GET k\r\n");
      }
      assert.equal(waiter.take(), "+gone\r\n");
    }
    assertQuiet(net);
  });

  test("doesn't wake who only waits for it to come", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    await ask(other, "SET k 1\r\n");
    await ask(waiter, "LATER k 5 0\r\n");
    await ask(other, "DEL k\r\nSET x 1\r\nFLUSHALL\r\nSWAPDB 0 1\r\n");
    assert.equal(waiter.take(), "");
    assert.equal(net.server.blocking.count, 1);
  });
});

describe("deadlines", () => {
  test("end a wait with a null array", async () => {
    const net = start();
    const peers = [net.connect(), net.connect(), net.connect()];
    await ask(peers[0], "TAKE k 0.3\r\nPING\r\n");
    await ask(peers[1], "HELLO 3\r\n");
    peers[1].take();
    await ask(peers[1], "TAKE k 0.1\r\n");
    await ask(peers[2], "WAIT 1 200\r\n");
    const { deadlines } = net.server.blocking;
    assert.equal(deadlines.count, 3);
    await pass(net, 99);
    assert.deepEqual(peers.map((peer) => peer.take()), ["", "", ""]);
    await pass(net, 1);
    assert.deepEqual(peers.map((peer) => peer.take()), ["", "_\r\n", ""]);
    await pass(net, 100);
    assert.deepEqual(peers.map((peer) => peer.take()), ["", "", ":0\r\n"]);
    deadlines.validateIntegrity();
    await pass(net, 5000);
    assert.equal(peers[0].take(), `${NIL_ARRAY}+PONG\r\n`);
    assertQuiet(net);
  });

  test("stay when a client blocks again", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    await ask(waiter, "LATER k 5 100\r\n");
    await pass(net, 90);
    await ask(other, "SET k 1\r\n");
    await pass(net, 9);
    assert.equal(waiter.take(), "");
    await pass(net, 1);
    assert.equal(waiter.take(), NIL_ARRAY);
  });

  test("fire by themselves", async () => {
    const net = start();
    const waiter = net.connect();
    await ask(waiter, "TAKE k 0.001\r\nPING\r\n");
    net.clock.advance(5);
    await until("it is over", () => waiter.writes > 0);
    assert.equal(waiter.take(), `${NIL_ARRAY}+PONG\r\n`);
    net.server.cron.round();
    assertQuiet(net);
  });

  test("are not idle time", async () => {
    const net = start({ timeout: "10" });
    const [waiter, idle] = [net.connect(), net.connect()];
    await ask(waiter, "TAKE k 0\r\n");
    net.advance(20_000);
    assert.deepEqual([waiter.ended, idle.ended], [false, true]);
  });
});

describe("other ends of a wait", () => {
  test("a client that leaves takes nothing with it", async () => {
    const leave: readonly ((net: MemoryNet, peer: MemoryPeer) => void)[] = [
      (_, peer) => peer.close(),
      (_, peer) => peer.end(),
      (net) => net.server.clients.byId.get(1)!.port.close(),
    ];
    for (const how of leave) {
      const net = start();
      const [waiter, second, other] = [net.connect(), net.connect(), net.connect()];
      await ask(waiter, "TAKE a k 100\r\nPING\r\n");
      await ask(second, "TAKE k 0\r\n");
      how(net, waiter);
      await ask(other, "SET k v\r\n");
      assert.equal(second.take(), taken("k", "v"));
      assertQuiet(net);
      assert.equal(net.server.clients.count, 2);
    }
  });

  test("a client killed in the same pipeline as the push that would serve it", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    await ask(waiter, "TAKE k 0\r\n");
    const reply = await ask(other, "CLIENT KILL ID 1\r\nSET k v\r\nGET k\r\n");
    assert.equal(reply, `:1\r\n${OK}${bulk("v")}`);
    assert.equal(waiter.ended, true);
    assertQuiet(net);
  });

  test("CLIENT UNBLOCK", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    await ask(waiter, "TAKE k 0\r\nPING\r\n");
    assert.equal(await ask(other, "CLIENT UNBLOCK 1\r\nCLIENT UNBLOCK 1\r\n"), ":1\r\n:0\r\n");
    assert.equal(waiter.take(), `${NIL_ARRAY}+PONG\r\n`);
    await ask(waiter, "TAKE k 0\r\n");
    assert.equal(await ask(other, "CLIENT UNBLOCK 1 TIMEOUT\r\n"), ":1\r\n");
    assert.equal(waiter.take(), NIL_ARRAY);
    await ask(waiter, "TAKE k 0\r\nPING\r\n");
    assert.equal(await ask(other, "CLIENT UNBLOCK 1 ERROR\r\n"), ":1\r\n");
    assert.equal(waiter.take(), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n+PONG\r\n");
    assertQuiet(net);
  });

  test("a bug in the second execution costs one error", async () => {
    const net = start();
    const [waiter, second, other] = [net.connect(), net.connect(), net.connect()];
    await ask(waiter, "BLOWUP k 0\r\nPING\r\n");
    await ask(second, "TAKE k 0\r\n");
    assert.equal(await ask(other, "SET k v\r\n"), OK);
    assert.match(waiter.take(), /^-ERR internal error in 'blowup'.*\r\n\+PONG\r\n$/);
    assert.equal(second.take(), taken("k", "v"));
    assertQuiet(net);
  });

  test("CLIENT REPLY drops the answer of a blocked command too", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    await ask(waiter, "CLIENT REPLY SKIP\r\nTAKE k 0\r\nPING\r\n");
    await ask(other, "SET k v\r\n");
    assert.equal(waiter.take(), "+PONG\r\n");
    await ask(waiter, "CLIENT REPLY OFF\r\nTAKE k 0\r\nCLIENT REPLY ON\r\n");
    await ask(other, "SET k v\r\n");
    assert.equal(waiter.take(), OK);
    assertQuiet(net);
  });

  test("who must not block gets its answer at once", async () => {
    const net = start();
    const peer = net.connect();
    net.lastClient().flags |= CLIENT_DENY_BLOCKING;
    const reply = await ask(peer, "TAKE k 0\r\nWAIT 1 0\r\n");
    assert.equal(reply, `${NIL_ARRAY}:0\r\n`);
  });
});

describe("figures", () => {
  test("INFO and CLIENT LIST", async () => {
    const net = start();
    const [waiter, second, other] = [net.connect(), net.connect(), net.connect()];
    await ask(other, "SET n 1\r\n");
    await ask(waiter, "TAKE a bcd 10\r\n");
    await ask(second, "AWAIT n 0\r\n");
    const info = await ask(other, "INFO clients\r\n");
    for (
      const field of [
        "blocked_clients:2",
        "clients_in_timeout_table:1",
        "total_blocking_keys:3",
        "total_blocking_keys_on_nokey:1",
      ]
    ) assert.ok(info.includes(`\r\n${field}\r\n`), field);
    const list = await ask(other, "CLIENT LIST ID 1\r\n");
    assert.match(list, / flags=b .* argv-mem=10 .* cmd=take /);
  });

  test("a command counts once, when it is answered", async () => {
    const net = start();
    const [waiter, other] = [net.connect(), net.connect()];
    const take = net.server.commands.all().find((command) => command.fullName === "take")!;
    const before = net.server.stats.commandsProcessed;
    await ask(waiter, "TAKE k 0.1\r\n");
    assert.deepEqual([take.calls, take.latency], [0, null]);
    await ask(other, "SET k v\r\n");
    assert.deepEqual([take.calls, take.failedCalls, samples(take.latency!.counts)], [1, 0, 1]);
    assert.equal(net.server.stats.commandsProcessed, before + 2);
    await ask(waiter, "TAKE k 0.1\r\n");
    await pass(net, 100);
    assert.deepEqual([take.calls, take.failedCalls, samples(take.latency!.counts)], [2, 0, 2]);
    await ask(waiter, "TAKE k 0\r\n");
    await ask(other, "CLIENT UNBLOCK 1 ERROR\r\n");
    assert.deepEqual([take.calls, take.failedCalls, samples(take.latency!.counts)], [3, 1, 3]);
    assert.equal(net.server.stats.errors.get("UNBLOCKED"), 1);
    await ask(other, "SET k v\r\n");
    await ask(waiter, "TAKE k 0\r\n");
    assert.deepEqual([take.calls, samples(take.latency!.counts)], [4, 4]);
  });

  test("a blocked client keeps its request and no buffer", async () => {
    const net = start();
    const waiter = net.connect({ bringsBuffers: true });
    const client = net.lastClient();
    await ask(waiter, `TAKE ${"k".repeat(100)} 0\r\n`);
    assert.ok((client.flags & CLIENT_BLOCKED) !== 0);
    assert.equal(client.port.queryBytes + client.port.queryFreeBytes, 0);
    assert.equal(client.reply.buf.length, 0);
    assert.equal(client.argv.argc, 3);
  });
});

/** Calls that a histogram knows of. */
function samples(counts: ArrayLike<number>): number {
  return Array.from(counts).reduce((sum, count) => sum + count, 0);
}
