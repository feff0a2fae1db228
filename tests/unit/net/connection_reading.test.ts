/** Connection: requests in pieces, large and hostile requests, the query buffer. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { READ_MAX, READ_MIN } from "../../../core/net/query_buffer.ts";
import { turnEnd } from "../../../core/net/transport_memory.ts";
import { randomInt, seed } from "../../support/gen.ts";
import { ask, bulk, MemoryNet, MODES, request } from "./memory_net.ts";

const LONG = "x".repeat(3000);

/** Requests of all kinds and what they answer. */
const SESSION: readonly (readonly [bytes: string, reply: string])[] = [
  ["PING\r\n", "+PONG\r\n"],
  [request("SET", "k", "v"), "+OK\r\n"],
  ["\r\n", ""],
  ["*0\r\n", ""],
  ["*-1\r\n", ""],
  ["  get   k \r\n", bulk("v")],
  [request("ECHO", "a\r\nb\0"), bulk("a\r\nb\0")],
  ['ECHO "a\\x00 \\"b"\n', bulk('a\0 "b')],
  [request("MSET", "a", "1", "b", "2", "c", ""), "+OK\r\n"],
  [request("MGET", "a", "b", "c", "d"), `*4\r\n${bulk("1")}${bulk("2")}${bulk("")}$-1\r\n`],
  [request("ECHO", LONG), bulk(LONG)],
  [request("nosuch"), "-ERR unknown command 'nosuch', with args beginning with: \r\n"],
  [request("GET", "k"), bulk("v")],
];
const SENT: string = SESSION.map(([bytes]) => bytes).join("");
const WANT: string = SESSION.map(([, reply]) => reply).join("");

for (const { name, peer: mode } of MODES) {
  describe(`a transport that ${name}`, () => {
    test("answers a pipeline in one write", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect(mode);
      const all = "PING\r\n".repeat(150);
      assert.equal(await ask(peer, all), "+PONG\r\n".repeat(150));
      assert.equal(peer.writes, 1);
    });

    test("answers the same wherever the bytes are cut in two", async () => {
      const net = new MemoryNet().start();
      const at = [...Array(SENT.length).keys()].filter((i) => i < 600 || i % 97 === 0);
      for (const cut of at) {
        const peer = net.connect(mode);
        peer.send(SENT.slice(0, cut));
        await turnEnd();
        peer.send(SENT.slice(cut));
        await turnEnd();
        assert.equal(peer.take(), WANT, `cut at ${cut}`);
        peer.close();
      }
      assert.equal(net.server.clients.count, 0);
    });

    test("answers the same byte by byte, and in pieces of every small size", async () => {
      const net = new MemoryNet().start();
      for (let size = 1; size <= 40; size++) {
        const peer = net.connect({ ...mode, readMax: size });
        assert.equal(await ask(peer, SENT), WANT, `pieces of ${size}`);
        peer.close();
      }
    });

    test("answers the same in random pieces, with many clients taking turns", async () => {
      const n = seed();
      const prng = new Prng(n);
      const net = new MemoryNet().start();
      const text = SENT.repeat(3);
      const peers = Array.from({ length: 20 }, () => ({ peer: net.connect(mode), at: 0, got: "" }));
      while (peers.some(({ at }) => at < text.length)) {
        const one = peers[randomInt(prng, 0, peers.length - 1)];
        const max = randomInt(prng, 0, 3) === 0 ? 5000 : 60;
        const len = randomInt(prng, 1, max);
        one.peer.send(text.slice(one.at, one.at + len));
        one.at += len;
        if (randomInt(prng, 0, 3) === 0) await turnEnd();
      }
      await turnEnd();
      for (const { peer } of peers) assert.equal(peer.take(), WANT.repeat(3), `seed ${n}`);
    });

    test("counts every byte of input once", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect({ ...mode, readMax: 7 });
      await ask(peer, SENT);
      assert.equal(net.lastClient().netInputBytes, SENT.length);
      assert.equal(net.server.stats.netInputBytes, SENT.length);
      assert.equal(net.server.stats.netOutputBytes, WANT.length);
    });

    test("takes a large argument in one buffer that never grows", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect({ ...mode, readMax: 10_000 });
      const value = "0123456789".repeat(300_000);
      const bytes = request("SET", "big", value);
      peer.send(bytes.slice(0, 40));
      peer.send(bytes.slice(40, 41));
      const { port } = net.lastClient();
      assert.equal(port.queryBytes + port.queryFreeBytes, bytes.length);
      peer.send(bytes.slice(41, 2_000_000));
      assert.equal(port.queryBytes, 2_000_000);
      assert.equal(port.queryBytes + port.queryFreeBytes, bytes.length);
      assert.equal(await ask(peer, bytes.slice(2_000_000)), "+OK\r\n");
      assert.equal(await ask(peer, "STRLEN big\r\n"), `:${value.length}\r\n`);
      assert.equal(await ask(peer, request("GET", "big")), bulk(value));
      assert.ok(port.queryBytes + port.queryFreeBytes <= READ_MAX, "the buffer is small again");
    });

    test("takes many large arguments, and what follows them", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect({ ...mode, readMax: 50_000 });
      const values = Array.from({ length: 30 }, (_, i) => String(i % 10).repeat(40_000 + i * 1000));
      const pairs = values.flatMap((value, i) => [`k${i}`, value]);
      const follow = request("MGET", "k0", "k29") + "PING\r\n";
      assert.equal(
        await ask(peer, request("MSET", ...pairs) + follow),
        `+OK\r\n*2\r\n${bulk(values[0])}${bulk(values[29])}+PONG\r\n`,
      );
      assert.equal(await ask(peer, "PING\r\n"), "+PONG\r\n");
      const { port } = net.lastClient();
      assert.ok(port.queryBytes + port.queryFreeBytes <= READ_MAX);
    });

    test("holds next to nothing for a client that is idle", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect(mode);
      const { port, reply } = net.lastClient();
      assert.equal(await ask(peer, "PING\r\n"), "+PONG\r\n");
      assert.ok(port.queryBytes + port.queryFreeBytes <= READ_MIN);
      assert.equal(reply.buf.length, 0, "the reply chunk is back in the pool");
    });

    test("closes a client whose unfinished request exceeds the limit", async () => {
      const net = new MemoryNet({ "client-query-buffer-limit": "1mb" }).start();
      const [peer, other] = [net.connect(mode), net.connect(mode)];
      // Arguments far below their own limit, but too many of them.
      const arg = `$100000\r\n${"x".repeat(100_000)}\r\n`;
      peer.send(`*20\r\n${arg.repeat(10)}`);
      assert.equal(peer.ended, false);
      peer.send(arg);
      assert.equal(peer.ended, true);
      assert.equal(net.server.stats.queryBufferLimitDisconnections, 1);
      assert.ok(net.log.lines.some((line) => /reached max query buffer length: id=1 /.test(line)));
      assert.equal(await ask(other, "PING\r\n"), "+PONG\r\n");
      assert.equal(net.server.clients.count, 1);
    });

    test("answers a protocol error and closes behind the answer", async () => {
      for (
        const [bytes, error] of [
          ["*x\r\n", "invalid multibulk length"],
          ["*2147483648\r\n", "invalid multibulk length"],
          ["*1\r\n$x\r\n", "invalid bulk length"],
          ["*1\r\n$-1\r\n", "invalid bulk length"],
          ["*1\r\n$536870913\r\n", "invalid bulk length"],
          ["*1\r\n+PING\r\n", "expected '$', got '+'"],
          ['SET "a\r\n', "unbalanced quotes in request"],
          ["a".repeat(70_000), "too big inline request"],
          [`*${"1".repeat(70_000)}`, "too big mbulk count string"],
          [`*1\r\n$${"1".repeat(70_000)}`, "too big bulk count string"],
        ]
      ) {
        const net = new MemoryNet().start();
        const [peer, other] = [net.connect(mode), net.connect(mode)];
        peer.send(`PING\r\n${bytes}`);
        const got = await ask(peer, "\r\nPING\r\n");
        assert.equal(got, `+PONG\r\n-ERR Protocol error: ${error}\r\n`);
        assert.equal(peer.ended, true, error);
        assert.equal(await ask(other, SENT), WANT, `others after: ${error}`);
      }
    });

    test("is not confused by clients that leave in the middle of a request", async () => {
      const net = new MemoryNet().start();
      for (
        const rest of [
          "*2\r\n$3\r\nGE",
          "*2\r\n$3\r\nGET\r\n$10\r\nabc",
          "*2",
          "GET unfini",
          "*1\r\n$x\r\n",
          "*100\r\n",
        ]
      ) {
        const quitter = net.connect(mode);
        quitter.send(`QUIT\r\n${rest}`);
        const leaver = net.connect(mode);
        leaver.send(`PING\r\n${rest}`);
        leaver.close();
        await turnEnd();
        assert.equal(quitter.take(), "+OK\r\n");
        assert.equal(quitter.ended, true);
        const next = net.connect(mode);
        assert.equal(await ask(next, SENT), WANT, `after ${JSON.stringify(rest)}`);
        next.close();
      }
      assert.equal(net.server.clients.count, 0);
    });

    test("executes nothing after QUIT, even while its reply waits", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect(mode);
      peer.stall();
      await ask(peer, "ZEROS 100\r\nQUIT\r\nSET k v\r\n");
      await ask(peer, "SET k v\r\n");
      peer.resume();
      assert.equal(peer.take(), `${bulk("0".repeat(100))}+OK\r\n`);
      assert.equal(peer.ended, true);
      assert.equal(await ask(net.connect(mode), "GET k\r\n"), "$-1\r\n");
    });

    test("no bytes make it throw, or keep anybody else from being served", async () => {
      const n = seed();
      const prng = new Prng(n);
      const net = new MemoryNet().start();
      const hostile = "*$:+-\r\n\0\"'\\ 0123456789GETQUIx\xff";
      for (let round = 0; round < 300; round++) {
        const peer = net.connect({ ...mode, readMax: randomInt(prng, 1, 100) });
        let bytes = "";
        if (round % 2 === 0) {
          const len = randomInt(prng, 1, 200);
          for (let i = 0; i < len; i++) bytes += hostile[randomInt(prng, 0, hostile.length - 1)];
        } else {
          // A session with a few bytes changed, left out or doubled.
          bytes = SENT;
          for (let i = 0; i < 3; i++) {
            const at = randomInt(prng, 0, bytes.length - 1);
            const byte = hostile[randomInt(prng, 0, hostile.length - 1)];
            bytes = bytes.slice(0, at) + byte.repeat(randomInt(prng, 0, 2)) + bytes.slice(at + 1);
          }
        }
        await ask(peer, bytes);
        if (randomInt(prng, 0, 1) === 0) peer.close();
        else peer.end();
      }
      await turnEnd();
      assert.deepEqual(net.log.lines.filter((line) => line.includes("Bug")), [], `seed ${n}`);
      assert.equal(net.server.clients.count, 0, `seed ${n}`);
      assert.equal(await ask(net.connect(mode), SENT), WANT, `seed ${n}`);
    });

    test("keeps the limits of those who must authenticate, until they have", async () => {
      const net = new MemoryNet({ requirepass: "secret" }).start();
      const long = request("ECHO", "x".repeat(20_000));
      const peer = net.connect({ ...mode, readMax: 3000 });
      assert.equal(
        await ask(peer, `PING\r\nAUTH secret\r\n${long}`),
        `-NOAUTH Authentication required.\r\n+OK\r\n${bulk("x".repeat(20_000))}`,
      );
      const hasty = net.connect(mode);
      assert.equal(
        await ask(hasty, long),
        "-ERR Protocol error: unauthenticated bulk length\r\n",
      );
      assert.equal(hasty.ended, true);
      // Without a password the limits are gone for those who never authenticated.
      const waiting = net.connect(mode);
      net.set("requirepass", "");
      assert.equal(await ask(waiting, long), bulk("x".repeat(20_000)));
    });

    test("follows proto-max-bulk-len, also for a request that is under way", async () => {
      const net = new MemoryNet({ "proto-max-bulk-len": "1mb" }).start();
      const peer = net.connect(mode);
      peer.send("*2\r\n$4\r\nECHO");
      net.set("proto-max-bulk-len", "2mb");
      const value = "x".repeat(1_500_000);
      assert.equal(await ask(peer, `\r\n$${value.length}\r\n${value}\r\n`), bulk(value));
      assert.equal(await ask(net.connect(mode), request("ECHO", value)), bulk(value));
    });
  });
}

test("reads grow with what comes and shrink again", async () => {
  const net = new MemoryNet().start();
  const peer = net.connect();
  const { port } = net.lastClient();
  const size = () => port.queryBytes + port.queryFreeBytes;
  const burst = request("ECHO", "x".repeat(100)).repeat(1000);
  await ask(peer, burst);
  await ask(peer, "PING\r\n");
  assert.equal(size(), READ_MAX);
  for (let i = 0; i < 100; i++) assert.equal(await ask(peer, "PING\r\n"), "+PONG\r\n");
  assert.equal(size(), READ_MIN);
});

test("a silent client's buffer is trimmed to its unfinished request", async () => {
  const net = new MemoryNet().start();
  const peer = net.connect({ bringsBuffers: true });
  const { port } = net.lastClient();
  const bytes = request("ECHO", "x".repeat(1_000_000));
  peer.send(bytes.slice(0, 5000));
  assert.ok(port.queryFreeBytes > 900_000);
  net.advance(3000);
  assert.equal(port.queryBytes, 5000);
  assert.equal(port.queryFreeBytes, 0);
  assert.equal(await ask(peer, bytes.slice(5000)), bulk("x".repeat(1_000_000)));
});

test("a client that pipelines without end leaves the others their turn", async () => {
  const net = new MemoryNet().start();
  const [busy, other] = [net.connect(), net.connect()];
  const order: string[] = [];
  const bytes = new TextEncoder().encode("PING\r\n".repeat(100_000));
  // One read at a time, as a transport does it.
  for (let at = 0; at < bytes.length; at += READ_MAX) {
    busy.send(bytes.subarray(at, Math.min(at + READ_MAX, bytes.length)));
    other.send("ECHO me\r\n");
    await turnEnd();
    order.push(other.take());
  }
  assert.ok(order.length > 30);
  for (const got of order) assert.equal(got, bulk("me"));
  assert.equal(busy.take(), "+PONG\r\n".repeat(100_000));
});
