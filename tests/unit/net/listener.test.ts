/** Listener: addresses, refusals, changes while it runs. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryTransport, turnEnd } from "../../../core/net/transport_memory.ts";
import { Listener } from "../../../core/net/listener.ts";
import type { TcpListenOptions } from "../../../core/net/transport.ts";
import { until } from "../../support/until.ts";
import { ask, MemoryNet, PORT } from "./memory_net.ts";

const MAX_CLIENTS = "-ERR max number of clients reached\r\n";

test("it opens what bind says", () => {
  for (
    const [bind, addresses] of [
      ["127.0.0.1", ["127.0.0.1:7000"]],
      ["127.0.0.1 -::1", ["127.0.0.1:7000", "::1:7000"]],
      ["* -::*", [":::7000", "0.0.0.0:7000"]],
      ["10.0.0.1 127.0.0.1 10.0.0.1", ["10.0.0.1:7000", "127.0.0.1:7000"]],
    ] as const
  ) {
    const net = new MemoryNet({ bind }).start();
    assert.deepEqual(net.transport.addresses(), addresses, bind);
  }
});

test("an address that this machine lacks may be missing if it is optional", () => {
  const net = new MemoryNet({ bind: "127.0.0.1 -::1" });
  net.transport.unavailable.add("::1");
  net.start();
  assert.deepEqual(net.transport.addresses(), ["127.0.0.1:7000"]);
  assert.ok(
    net.log.lines.some((line) => /^Warning: Could not create .* ::1:7000: bind: /.test(line)),
  );

  const strict = new MemoryNet({ bind: "127.0.0.1 10.1.2.3" });
  strict.transport.unavailable.add("10.1.2.3");
  assert.equal(
    strict.listener.listen(),
    "Could not create server TCP listening socket 10.1.2.3:7000: bind: " +
      "Cannot assign requested address",
  );
  assert.deepEqual(strict.transport.addresses(), [], "nothing stays open");
});

test("an address in use is refused, an optional one too", () => {
  const first = new MemoryNet().start();
  for (const bind of ["127.0.0.1", "-127.0.0.1"]) {
    const second = new MemoryNet({ bind });
    const listener = new Listener(second.server, first.transport);
    assert.equal(
      listener.listen(),
      "Could not create server TCP listening socket 127.0.0.1:7000: bind: Address already in use",
    );
  }
});

test("nowhere to listen is an error", () => {
  assert.equal(
    new MemoryNet({ port: "0" }).listener.listen(),
    "Configured to not listen anywhere, exiting.",
  );
  const net = new MemoryNet({ port: "0", unixsocket: "/nowhere/larder.sock" }).start();
  assert.deepEqual(net.transport.addresses(), ["/nowhere/larder.sock"]);
});

test("bind and port can be changed", async () => {
  const net = new MemoryNet().start();
  const old = net.connect();
  net.set("port", "7001");
  assert.deepEqual(net.transport.addresses(), ["127.0.0.1:7001"]);
  assert.equal(await ask(net.transport.connect(7001), "PING\r\n"), "+PONG\r\n");
  assert.equal(await ask(old, "PING\r\n"), "+PONG\r\n", "connections stay");
  net.set("bind", "127.0.0.1 10.0.0.1");
  assert.deepEqual(net.transport.addresses(), ["127.0.0.1:7001", "10.0.0.1:7001"]);

  net.transport.unavailable.add("10.0.0.2");
  assert.equal(
    net.server.config.set([["bind", "10.0.0.2"]]),
    "ERR CONFIG SET failed (possibly related to argument 'bind') - " +
      "Failed to bind to specified addresses.",
  );
  assert.deepEqual(net.transport.addresses().sort(), ["10.0.0.1:7001", "127.0.0.1:7001"]);
  const other = net.transport.listen(
    {
      hostname: "10.0.0.1",
      port: 7009,
      backlog: 1,
      rounds: net.server.turn,
      keepAliveSeconds: () => 0,
      acceptFailed() {},
    },
    () => null,
  );
  assert.equal(
    net.server.config.set([["port", "7009"]]),
    "ERR CONFIG SET failed (possibly related to argument 'port') - " +
      "Unable to listen on this port. Check server logs.",
  );
  other.close();
  assert.deepEqual(net.transport.addresses().sort(), ["10.0.0.1:7001", "127.0.0.1:7001"]);
  net.set("port", "0");
  assert.deepEqual(net.transport.addresses(), []);
  net.set("port", String(PORT));
  assert.deepEqual(net.transport.addresses(), ["127.0.0.1:7000", "10.0.0.1:7000"]);
});

test("a port that the runtime gives back late is opened a moment later", async () => {
  const net = new MemoryNet().start();
  const { transport } = net;
  const listen = transport.listen.bind(transport);
  let refusals = 3;
  transport.listen = (options: TcpListenOptions, accept) => {
    if (refusals-- > 0) throw Object.assign(new Error("late"), { code: "EADDRINUSE" });
    return listen(options, accept);
  };
  net.set("bind", "*");
  assert.deepEqual(transport.addresses(), []);
  await until("it is open", () => transport.addresses().length > 0);
  assert.deepEqual(transport.addresses(), ["0.0.0.0:7000"]);
});

test("maxclients refuses those who come too late", async () => {
  const net = new MemoryNet({ maxclients: "2" }).start();
  const [first] = [net.connect(), net.connect()];
  const third = net.connect();
  assert.equal(third.take(), MAX_CLIENTS);
  assert.equal(third.ended, true);
  assert.equal(net.server.stats.rejectedConnections, 1);
  assert.equal(net.server.stats.connectionsReceived, 2);
  first.close();
  assert.equal(await ask(net.connect(), "PING\r\n"), "+PONG\r\n");
  net.set("maxclients", "3");
  assert.equal(await ask(net.connect(), "PING\r\n"), "+PONG\r\n");
});

test("protected mode keeps strangers out while there is no password", async () => {
  const net = new MemoryNet({ bind: "127.0.0.1", unixsocket: "/x.sock" }).start();
  const stranger = () => net.connect({ addr: "192.168.1.7:5000" });
  const refused = stranger();
  assert.match(
    refused.take(),
    /^-DENIED Redis is running in protected mode because protected mode is enabled [^\r\n]*\r\n$/,
  );
  assert.equal(refused.ended, true);
  assert.equal(await ask(net.connect({ addr: "[::1]:5000" }), "PING\r\n"), "+PONG\r\n");
  assert.equal(await ask(net.transport.connect("/x.sock"), "PING\r\n"), "+PONG\r\n");
  net.set("requirepass", "secret");
  assert.equal(await ask(stranger(), "AUTH secret\r\n"), "+OK\r\n");
  net.set("requirepass", "");
  net.set("protected-mode", "no");
  assert.equal(await ask(stranger(), "PING\r\n"), "+PONG\r\n");
});

test("a client of the unix socket is shown as one", async () => {
  const net = new MemoryNet({ unixsocket: "/x.sock" }).start();
  const peer = net.transport.connect("/x.sock");
  assert.match(
    await ask(peer, "CLIENT LIST\r\n"),
    / addr=\/x\.sock:0 laddr=\/x\.sock:0 .* flags=U /,
  );
});

test("close ends everything", async () => {
  const net = new MemoryNet({ unixsocket: "/x.sock" }).start();
  const peers = [net.connect(), net.connect(), net.transport.connect("/x.sock")];
  await net.listener.close();
  await turnEnd();
  assert.deepEqual(net.transport.addresses(), []);
  assert.equal(net.server.clients.count, 0);
  for (const peer of peers) assert.equal(peer.ended, true);
  assert.throws(() => net.connect(), /ECONNREFUSED/);
  net.set("port", "7005");
  assert.deepEqual(net.transport.addresses(), [], "a closed listener stays closed");
});

test("a file that is no socket is not removed", () => {
  const dir = mkdtempSync(join(tmpdir(), "larder-listener-"));
  try {
    const transport = new MemoryTransport();
    transport.listenUnix = () => {
      throw Object.assign(new Error("in use"), { code: "EADDRINUSE" });
    };
    const net = new MemoryNet({ port: "0", unixsocket: dir });
    const listener = new Listener(net.server, transport);
    assert.equal(listener.listen(), "Failed opening Unix socket: bind: Address already in use");
  } finally {
    rmSync(dir, { recursive: true });
  }
});
