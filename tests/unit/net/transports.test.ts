/**
 * The transports of the runtime that runs the test, with real sockets: what the memory transport can't show.
 */

import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { SystemClock } from "../../../core/base/clock.ts";
import { Log } from "../../../core/base/log.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { Arena } from "../../../core/memory/arena.ts";
import { Listener } from "../../../core/net/listener.ts";
import { runtimeTransport } from "../../../core/net/runtime.ts";
import type { Transport } from "../../../core/net/transport.ts";
import { denoTransport } from "../../../core/net/transport_deno.ts";
import { Config } from "../../../core/server/config.ts";
import { Server } from "../../../core/server/server.ts";
import { RespClient } from "../../support/resp_client.ts";
import { freePort, sleep } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const HOST = "127.0.0.1";
/** The one that is used here, and the one that takes its place where it may not be. */
const transports: Transport[] = [runtimeTransport()];
if (transports[0].name === "epoll") transports.push(denoTransport);

/** A server in this process. */
function makeServer(
  transport: Transport,
  directives: Readonly<Record<string, string>>,
): Listener {
  const clock = new SystemClock();
  const config = new Config();
  const overrides = Object.entries({ bind: HOST, ...directives })
    .map(([name, value]) => `${name} ${value}\n`).join("");
  assert.equal(config.load({ overrides }), null);
  const log = new Log(clock, { level: "nothing" });
  const arena = new Arena({ segmentBytes: 16 * 1024 * 1024 });
  const server = new Server({ clock, log, config, commands: allCommands, arena });
  return new Listener(server, transport);
}

for (const transport of transports) {
  describe(transport.name, () => {
    describe("TCP", () => {
      let listener: Listener;
      let port = 0;
      const connect = () => RespClient.connect({ host: HOST, port });

      before(async () => {
        port = await freePort();
        listener = makeServer(transport, { port: String(port) });
        assert.equal(listener.listen(), null);
      });
      after(() => listener.close());

      test("a request is answered, the addresses are known", async () => {
        const client = await connect();
        assert.equal(await client.command("SET", "k", "v"), "OK");
        assert.equal(await client.command("GET", "k"), "v");
        const info = String(await client.command("CLIENT", "INFO"));
        assert.match(
          info,
          new RegExp(` addr=${HOST}:${client.socket.localPort} laddr=${HOST}:${port} `),
        );
        client.close();
      });

      test("the last reply arrives before the end, however much was left unread", async () => {
        for (
          const [sent, want] of [
            ["QUIT\r\n", "+OK\r\n"],
            ["*1\r\n$x\r\n", "-ERR Protocol error: invalid bulk length\r\n"],
            ["CLIENT KILL SKIPME no USER default MAXAGE 999999\r\nQUIT\r\n", ":0\r\n+OK\r\n"],
          ]
        ) {
          for (const more of [0, 10, 20_000, 2_000_000]) {
            const client = await connect();
            client.raw(sent + "PING\r\n".repeat(more / 6));
            assert.equal(await client.readUntilClosed(), want, `${more} bytes more`);
            client.close();
          }
        }
      });

      test("a client that has sent everything gets all its replies", async () => {
        const client = await connect();
        const value = "x".repeat(50_000);
        await client.command("SET", "big", value);
        client.raw("GET big\r\n".repeat(100));
        client.socket.end();
        const all = await client.readUntilClosed();
        assert.equal(all, `$50000\r\n${value}\r\n`.repeat(100));
      });

      test("many large requests and replies at once arrive whole", async () => {
        const value = "0123456789".repeat(60_000);
        const clients = await Promise.all(Array.from({ length: 8 }, connect));
        await Promise.all(clients.map(async (client, i) => {
          assert.equal(await client.command("SET", `large ${i}`, value + i), "OK");
          for (let n = 0; n < 5; n++) client.send(["GET", `large ${i}`]);
          for (let n = 0; n < 5; n++) assert.equal(await client.read(), value + i);
          client.close();
        }));
      });

      test("a pipeline larger than any buffer is answered in order", async () => {
        const client = await connect();
        const count = 200_000;
        client.raw("ECHO abcdefgh\r\n".repeat(count));
        const want = "$8\r\nabcdefgh\r\n".repeat(count);
        assert.ok(await client.readExactly(want.length) === want);
        client.close();
      });

      test("others are served while one client sends without end and never reads", async () => {
        const [flood, other] = [await connect(), await connect()];
        flood.socket.pause();
        flood.raw("PING\r\n".repeat(500_000));
        for (let i = 0; i < 100; i++) assert.equal(await other.command("PING"), "PONG");
        flood.close();
        other.close();
      });

      test("what the runtime has to do is done while clients keep the server busy", async () => {
        const [busy, other] = [await connect(), await connect()];
        let isOver = false;
        const load = (async () => {
          while (!isOver) {
            busy.raw("PING\r\n".repeat(1000));
            await busy.readExactly(7000);
          }
        })();
        for (let i = 0; i < 20; i++) {
          await sleep(1);
          await new Promise((resolve) => setImmediate(resolve));
          await stat(".");
          assert.equal(await other.command("PING"), "PONG");
        }
        isOver = true;
        await load;
        for (const one of [busy, other]) one.close();
      });

      test("a server that was idle answers again", async () => {
        const client = await connect();
        for (let i = 0; i < 3; i++) {
          assert.equal(await client.command("PING"), "PONG");
          await sleep(100);
        }
        client.close();
      });

      test("peers that reset the connection leave nothing behind", async () => {
        await until("nobody is connected", () => listener.server.clients.count === 0);
        for (let i = 0; i < 100; i++) {
          const client = await connect();
          client.raw(i % 2 === 0 ? "GET big\r\n".repeat(100) : "*2\r\n$3\r\nGET\r\n$100\r\n");
          client.socket.resetAndDestroy();
        }
        await until("all are gone", () => listener.server.clients.count === 0);
        const client = await connect();
        assert.equal(await client.command("PING"), "PONG");
        client.close();
      });

      test("clients that are killed see the end", async () => {
        const [killer, victim] = [await connect(), await connect()];
        assert.equal(await victim.command("PING"), "PONG");
        const id = Number(await victim.command("CLIENT", "ID"));
        assert.equal(await killer.command("CLIENT", "KILL", "ID", id), 1);
        await victim.closed;
        killer.close();
      });

      test("clients beyond maxclients are told so", async () => {
        await until("nobody is connected", () => listener.server.clients.count === 0);
        listener.server.config.set([["maxclients", "1"]]);
        const first = await connect();
        assert.equal(await first.command("PING"), "PONG");
        const second = await connect();
        assert.equal(
          await second.readUntilClosed(),
          "-ERR max number of clients reached\r\n",
        );
        listener.server.config.set([["maxclients", "10000"]]);
        first.close();
      });
    });

    describe("addresses", () => {
      test("a port in use is an error", async () => {
        const squatter = createServer();
        await new Promise<void>((resolve) => squatter.listen(0, HOST, resolve));
        const address = squatter.address();
        const port = typeof address === "object" && address !== null ? address.port : 0;
        assert.equal(
          makeServer(transport, { port: String(port) }).listen(),
          `Could not create server TCP listening socket ${HOST}:${port}: bind: Address already in use`,
        );
        squatter.close();
      });

      test("so is one that another server of this kind has", async () => {
        const port = String(await freePort());
        const first = makeServer(transport, { port });
        assert.equal(first.listen(), null);
        assert.match(String(makeServer(transport, { port }).listen()), /Address already in use$/);
        await first.close();
      });

      test("an optional address may be missing, another may not", async () => {
        const port = String(await freePort());
        const optional = makeServer(transport, { port, bind: `${HOST} -192.0.2.1` });
        assert.equal(optional.listen(), null);
        await optional.close();
        const strict = makeServer(transport, {
          port: String(await freePort()),
          bind: `${HOST} 192.0.2.1`,
        });
        assert.match(
          String(strict.listen()),
          /192\.0\.2\.1:\d+: bind: Cannot assign requested address$/,
        );
      });

      test("IPv6 has addresses of its own", async (t) => {
        const port = await freePort();
        const listener = makeServer(transport, { port: String(port), bind: `${HOST} -::1` });
        assert.equal(listener.listen(), null);
        const client = await RespClient.connect({ host: "::1", port }).catch(() => null);
        if (client === null) t.skip("no IPv6 here");
        else {
          const info = String(await client.command("CLIENT", "INFO"));
          assert.match(info, new RegExp(` addr=\\[::1\\]:\\d+ laddr=\\[::1\\]:${port} fd=\\d+ `));
          client.close();
        }
        await listener.close();
      });

      test("the port can be changed while the server runs, and back", async () => {
        const [one, two] = [await freePort(), await freePort()];
        const listener = makeServer(transport, { port: String(one) });
        assert.equal(listener.listen(), null);
        const client = await RespClient.connect({ host: HOST, port: one });
        assert.equal(await client.command("CONFIG", "SET", "port", two), "OK");
        const other = await RespClient.connect({ host: HOST, port: two });
        assert.equal(await other.command("PING"), "PONG");
        assert.equal(await client.command("CONFIG", "SET", "port", one), "OK");
        // The runtime may give the port back a moment later.
        await until("the port is open again", async () => {
          const some = await RespClient.connect({ host: HOST, port: one }).catch(() => null);
          some?.close();
          return some !== null;
        });
        const third = await RespClient.connect({ host: HOST, port: one });
        assert.equal(await third.command("PING"), "PONG");
        for (const one of [client, other, third]) one.close();
        await listener.close();
      });
    });

    describe(
      "a unix socket",
      { skip: process.platform === "win32" ? "no unix sockets" : false },
      () => {
        const dir = mkdtempSync(join(tmpdir(), "larder-net-"));
        const path = join(dir, "larder.sock");
        after(() => rmSync(dir, { recursive: true, force: true }));

        test("serves, has the permissions it is given, and is removed in the end", async () => {
          const listener = makeServer(transport, {
            port: "0",
            unixsocket: path,
            unixsocketperm: "700",
          });
          assert.equal(listener.listen(), null);
          assert.equal(statSync(path).mode & 0o777, 0o700);
          const client = await RespClient.connect({ path });
          assert.equal(await client.command("SET", "k", "v"), "OK");
          assert.match(
            String(await client.command("CLIENT", "LIST")),
            / addr=\S+larder\.sock:0 .* flags=U /,
          );
          const half = await RespClient.connect({ path });
          half.raw("GET k\r\n".repeat(1000));
          half.socket.end();
          assert.equal(await half.readUntilClosed(), "$1\r\nv\r\n".repeat(1000));
          client.raw("GET k\r\nQUIT\r\n");
          assert.equal(await client.readUntilClosed(), "$1\r\nv\r\n+OK\r\n");
          await listener.close();
          assert.equal(existsSync(path), false);
          // Deno removes the file once more, a moment later.
          await sleep(50);
        });

        test("replaces the file of a server that was killed, and no other file", async () => {
          const killed = makeServer(transport, { port: "0", unixsocket: path });
          assert.equal(killed.listen(), null);
          const next = makeServer(transport, { port: "0", unixsocket: path });
          assert.equal(next.listen(), null);
          const client = await RespClient.connect({ path });
          assert.equal(await client.command("PING"), "PONG");
          client.close();
          await next.close();
          await killed.close();
          writeFileSync(path, "precious");
          assert.equal(
            makeServer(transport, { port: "0", unixsocket: path }).listen(),
            "Failed opening Unix socket: bind: Address already in use",
          );
          assert.ok(existsSync(path));
          assert.equal(
            makeServer(transport, { port: "0", unixsocket: join(dir, "no", "such.sock") }).listen(),
            "Failed opening Unix socket: bind: No such file or directory",
          );
        });
      },
    );
  });
}
