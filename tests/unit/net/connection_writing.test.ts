/** Connection: partial writes, clients that don't read, limits, closing, bugs. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { turnEnd } from "../../../core/net/transport_memory.ts";
import { clientInfo } from "../../../core/server/client_info.ts";
import { ask, bulk, MemoryNet, MODES, request } from "./memory_net.ts";

const K = 1024;

/** `n` replies of ZEROS len. */
function zeros(len: number, n = 1): string {
  return bulk("0".repeat(len)).repeat(n);
}

for (const { name, peer: mode } of MODES) {
  describe(`a transport that ${name}`, () => {
    test("gets replies through in writes of any size", async () => {
      const net = new MemoryNet().start();
      const want = `+PONG\r\n${zeros(20 * K)}${zeros(5)}${zeros(16 * K)}+PONG\r\n`;
      const sent = `PING\r\nZEROS ${20 * K}\r\nZEROS 5\r\nZEROS ${16 * K}\r\nPING\r\n`;
      for (const writeMax of [1, 2, 3, 7, 100, 16 * K - 1, 16 * K, Infinity]) {
        for (const asyncWrites of [false, true]) {
          const peer = net.connect({ ...mode, writeMax, asyncWrites });
          peer.send(sent);
          await turnEnd();
          peer.pumpAll();
          assert.equal(peer.take(), want, `writeMax ${writeMax}, asyncWrites ${asyncWrites}`);
          assert.equal(net.lastClient().netOutputBytes, want.length);
          peer.close();
        }
      }
    });

    test("goes on reading while a client does not read, and sends all of it later", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect(mode);
      await ask(peer, "PING\r\n");
      peer.stall();
      for (let i = 0; i < 50; i++) await ask(peer, `ZEROS 10000\r\nSET k ${i}\r\n`);
      assert.equal(await ask(net.connect(mode), "GET k\r\n"), bulk("49"));
      const client = [...net.server.clients.byId.values()][0];
      assert.equal(client.port.isSending, true);
      assert.ok(client.port.unsentChunks > 5);
      assert.match(clientInfo(client), / oll=[1-9]\d* .* events=rw /);
      peer.resume();
      assert.equal(peer.take(), `${zeros(10000)}+OK\r\n`.repeat(50));
      assert.match(clientInfo(client), / oll=0 omem=0 .* events=r /);
      assert.equal(await ask(peer, "PING\r\n"), "+PONG\r\n");
    });

    test("closes a client at the hard limit of its output", async () => {
      const net = new MemoryNet({
        "client-output-buffer-limit": "normal 1mb 0 0",
      }).start();
      const [peer, other] = [net.connect(mode), net.connect(mode)];
      peer.stall();
      for (let i = 0; i < 9; i++) await ask(peer, "ZEROS 100000\r\n");
      assert.equal(peer.ended, false);
      for (let i = 0; i < 3; i++) await ask(peer, "ZEROS 100000\r\n");
      assert.equal(peer.ended, true);
      assert.equal(net.server.stats.outputBufferLimitDisconnections, 1);
      assert.ok(net.log.lines.some((line) => /overcoming of output buffer limits/.test(line)));
      assert.equal(await ask(other, "PING\r\n"), "+PONG\r\n");
      // A pipeline alone may exceed it, before anything could be sent.
      const greedy = net.connect(mode);
      assert.equal(await ask(greedy, "ZEROS 100000\r\n".repeat(30) + "SET k v\r\n"), "");
      assert.equal(greedy.ended, true);
      assert.equal(await ask(other, "GET k\r\n"), "$-1\r\n", "what followed was not executed");
      // One who reads may have any amount.
      for (let i = 0; i < 30; i++) await ask(other, "ZEROS 100000\r\n");
      assert.equal(other.ended, false);
    });

    test("closes a client that is over the soft limit for too long", async () => {
      const net = new MemoryNet({
        "client-output-buffer-limit": "normal 0 100kb 10",
      }).start();
      const [slow, quick] = [net.connect(mode), net.connect(mode)];
      for (const peer of [slow, quick]) {
        peer.stall();
        await ask(peer, "ZEROS 200000\r\n");
      }
      net.advance(9000);
      await turnEnd();
      assert.equal(slow.ended, false);
      quick.resume();
      quick.stall();
      await ask(quick, "ZEROS 200000\r\n");
      net.advance(3000);
      assert.equal(slow.ended, true);
      assert.equal(quick.ended, false, "it was under the limit in between");
      net.advance(12_000);
      assert.equal(quick.ended, true);
    });

    test("sends the reply to QUIT and ends, however slowly it goes", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect({ ...mode, writeMax: 100, asyncWrites: true });
      peer.send(`ZEROS 1000\r\nQUIT\r\n`);
      await turnEnd();
      while (peer.pump()) assert.ok(net.server.clients.count <= 1);
      assert.equal(peer.take(), `${zeros(1000)}+OK\r\n`);
      assert.equal(peer.ended, true);
      assert.equal(net.server.clients.count, 0);
    });

    test("a peer that has ended its half gets its replies, then the end", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect({ ...mode, asyncWrites: true, writeMax: 5000 });
      peer.send("ZEROS 50000\r\nPING\r\nSET k unfini");
      peer.end();
      await turnEnd();
      assert.match(clientInfo(net.lastClient()), / flags=c /);
      peer.pumpAll();
      assert.equal(peer.take(), `${zeros(50000)}+PONG\r\n`);
      assert.equal(peer.ended, true);
      const silent = net.connect(mode);
      silent.end();
      assert.equal(silent.ended, true, "nothing waits for it");
      assert.equal(net.server.clients.count, 0);
    });

    test("a client to be closed that does not take its last reply is closed without it", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect(mode);
      peer.stall();
      await ask(peer, "PING\r\nQUIT\r\n");
      net.advance(9000);
      assert.equal(peer.ended, false);
      net.advance(2000);
      assert.equal(peer.ended, true);
      assert.equal(net.server.clients.count, 0);
    });

    test("leaves nothing behind when the peer goes", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect({ ...mode, asyncWrites: true });
      const { port } = net.lastClient();
      peer.send(`ZEROS 100000\r\n${request("ECHO", "x")}*2\r\n$3\r\nGET\r\n$50000\r\nabc`);
      await turnEnd();
      peer.close();
      await turnEnd();
      assert.equal(net.server.clients.count, 0);
      assert.equal(port.queryBytes + port.queryFreeBytes, 0);
      assert.equal(port.unsentBytes + port.unsentChunks, 0);
      assert.equal(await ask(net.connect(mode), "PING\r\n"), "+PONG\r\n");
    });

    test("a handler's exception is an error reply, and the pipeline goes on", async () => {
      const net = new MemoryNet().start();
      const [peer, other] = [net.connect(mode), net.connect(mode)];
      const error = "-ERR internal error in 'boom', see the server's log\r\n";
      assert.equal(await ask(peer, "PING\r\nBOOM\r\nPING\r\n"), `+PONG\r\n${error}+PONG\r\n`);
      assert.ok(net.log.lines.some((line) => /Bug in 'boom'.*boom/.test(line)));
      const oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
      assert.equal(await ask(peer, "FULL\r\nPING\r\n"), `${oom}+PONG\r\n`);
      assert.equal(await ask(peer, "BOOM\r\n".repeat(100)), error.repeat(100));
      assert.equal(await ask(other, "PING\r\n"), "+PONG\r\n");
    });

    test("an exception from anywhere else costs that connection and no other", async () => {
      const net = new MemoryNet().start();
      const [peer, other] = [net.connect(mode), net.connect(mode)];
      const { batch } = net.server;
      const parse = batch.parse;
      batch.parse = () => {
        throw new Error("a bug in the parser");
      };
      peer.send("PING\r\n");
      batch.parse = parse;
      await turnEnd();
      assert.equal(peer.ended, true);
      assert.ok(
        net.log.lines.some((line) => /Bug in the connection.*a bug in the parser/.test(line)),
      );
      assert.equal(await ask(other, "PING\r\n"), "+PONG\r\n");
      assert.equal(net.server.clients.count, 1);
    });

    test("a client that kills another in one turn hits it at once", async () => {
      const net = new MemoryNet().start();
      const [killer, victim] = [net.connect(mode), net.connect(mode)];
      victim.send("SET k 1\r\n");
      killer.send("CLIENT KILL ID 2\r\n");
      victim.send("SET k 2\r\n");
      await turnEnd();
      assert.equal(killer.take(), ":1\r\n");
      assert.equal(victim.take(), "", "its reply had not left");
      assert.equal(await ask(killer, "GET k\r\n"), bulk("1"));
    });

    test("CLIENT REPLY drops replies, protocol errors too", async () => {
      const net = new MemoryNet().start();
      const peer = net.connect(mode);
      assert.equal(await ask(peer, "CLIENT REPLY OFF\r\nZEROS 100000\r\nBOOM\r\n"), "");
      assert.equal(await ask(peer, "CLIENT REPLY ON\r\nPING\r\n"), "+OK\r\n+PONG\r\n");
      assert.equal(await ask(peer, "CLIENT REPLY SKIP\r\n"), "");
      assert.equal(await ask(peer, "ZEROS 100000\r\nPING\r\n"), "+PONG\r\n");
      assert.equal(await ask(peer, "CLIENT REPLY OFF\r\n*1\r\n$x\r\n"), "");
      assert.equal(peer.ended, true);
    });
  });
}

test("what is sent for later turns is sent in order", async () => {
  const net = new MemoryNet().start();
  const peer = net.connect({ asyncWrites: true, writeMax: 1000 });
  let want = "";
  for (let i = 0; i < 200; i++) {
    peer.send(`ECHO ${i}\r\nZEROS ${i * 13}\r\n`);
    want += bulk(String(i)) + zeros(i * 13);
    if (i % 3 === 0) await turnEnd();
    if (i % 2 === 0) peer.pump();
  }
  await turnEnd();
  peer.pumpAll();
  assert.equal(peer.take(), want);
});

test("ten thousand clients are served, listed and forgotten", async () => {
  const net = new MemoryNet().start();
  const peers = Array.from({ length: 10_000 }, () => net.connect());
  assert.equal(net.server.clients.count, 10_000);
  for (const peer of peers) peer.send("PING\r\n");
  await turnEnd();
  for (const peer of peers) assert.equal(peer.take(), "+PONG\r\n");
  const list = await ask(peers[0], "CLIENT LIST\r\n");
  assert.equal(list.split("\n").filter((line) => line.includes("addr=")).length, 10_000);
  assert.equal(await ask(peers[0], "CLIENT KILL TYPE normal\r\n"), ":9999\r\n");
  assert.equal(net.server.clients.count, 1);
});

test("timeout closes the idle, and only them", async () => {
  const net = new MemoryNet({ timeout: "10" }).start();
  const [idle, busy] = [net.connect(), net.connect()];
  for (let i = 0; i < 10; i++) {
    net.advance(1000);
    assert.equal(await ask(busy, "PING\r\n"), "+PONG\r\n");
  }
  assert.equal(idle.ended, false);
  net.advance(1000);
  await turnEnd();
  assert.equal(idle.ended, true);
  assert.equal(busy.ended, false);
  assert.equal(net.server.stats.timedOutClients, 1);
  net.set("timeout", "0");
  net.advance(3_600_000);
  assert.equal(busy.ended, false);
});

test("timeout spares monitors, however little there is to see", async () => {
  const net = new MemoryNet({ timeout: "10" }).start();
  const monitor = net.connect();
  await ask(monitor, "MONITOR\r\n");
  net.advance(3_600_000);
  assert.equal(monitor.ended, false);
});

test("CLIENT LIST remembers the peak of replies for some seconds", async () => {
  const net = new MemoryNet().start();
  const peer = net.connect();
  await ask(peer, "ZEROS 5000\r\n");
  assert.match(clientInfo(net.lastClient()), / rbp=5009 /);
  net.advance(1000);
  assert.match(clientInfo(net.lastClient()), / rbp=5009 /);
  net.advance(6000);
  assert.match(clientInfo(net.lastClient()), / rbp=0 /);
});
