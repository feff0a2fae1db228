/** The client against a bare socket that says what it is told to, and against redis-server. */

import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { encodeCommand, RespClient } from "../../support/resp_client.ts";
import { latin1, Push, ReplyError } from "../../support/resp_reply.ts";
import { redisMissing, redisTarget } from "../../support/server.ts";

/** Listens on a free port and hands over the one connection that a test makes. */
class Peer {
  #server: Server = createServer((socket) => this.#accept(socket));
  #accept: (socket: Socket) => void = () => {};

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  close() {
    this.#server.close();
  }

  async pair(): Promise<[RespClient, Socket]> {
    const accepted = new Promise<Socket>((resolve) => this.#accept = resolve);
    const address = this.#server.address();
    assert.ok(typeof address === "object" && address !== null);
    const client = await RespClient.connect({ host: "127.0.0.1", port: address.port });
    return [client, await accepted];
  }
}

test("a command is an array of bulk strings", () => {
  const bytes = encodeCommand(["SET", "k\xff", Uint8Array.of(0), 12, 5n, ""]);
  const want = "*6\r\n$3\r\nSET\r\n$2\r\nk\xff\r\n$1\r\n\0\r\n$2\r\n12\r\n$1\r\n5\r\n$0\r\n\r\n";
  assert.equal(latin1(bytes), want);
  assert.throws(() => encodeCommand(["€"]), /utf8/);
});

describe("a connection", () => {
  const peer = new Peer();
  before(() => peer.listen());
  after(() => peer.close());

  test("gives replies in order, however they are cut", async () => {
    const [client, socket] = await peer.pair();
    const reads = [client.readRaw(), client.read(), client.readExactly(3), client.readRaw()];
    for (const char of "$3\r\na\r\n\r\n:7\r\nxyz*1\r\n+a\r\n") {
      socket.write(char);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert.deepEqual(await Promise.all(reads), ["$3\r\na\r\n\r\n", 7, "xyz", "*1\r\n+a\r\n"]);
    assert.equal(client.pending(), "");
    client.close();
    await client.closed;
  });

  test("gives what is left until it is closed", async () => {
    const [client, socket] = await peer.pair();
    socket.end("+OK\r\nrest");
    assert.equal(await client.readRaw(), "+OK\r\n");
    assert.equal(await client.readUntilClosed(), "rest");
    client.close();
    await client.closed;
  });

  test("rejects what can't be answered any more", async () => {
    const [client, socket] = await peer.pair();
    const first = client.read();
    const second = client.read();
    socket.end("$5\r\nab");
    await assert.rejects(first, /closed; unread: "\$5\\r\\nab"/);
    await assert.rejects(second, /closed/);
    await client.closed;
    await assert.rejects(client.read(), /closed/);
  });

  test("rejects what is no reply, and what takes too long", async () => {
    const [client, socket] = await peer.pair();
    socket.write("HTTP/1.1 200 OK\r\n");
    await assert.rejects(client.read(), /not a RESP reply/);
    client.close();
    const [other] = await peer.pair();
    other.readTimeoutMs = 10;
    await assert.rejects(other.read(), /no answer within 10 ms/);
    await other.closed;
  });

  test("is refused where nobody listens", async () => {
    await assert.rejects(RespClient.connect({ path: "/nonexistent/larder.sock" }));
  });
});

describe("with redis-server", { skip: redisMissing() }, () => {
  const server = redisTarget();

  test("talks RESP2 and RESP3", async () => {
    const client = await server.connect();
    assert.equal(await client.command("SET", "k", "\0\xff\r\n"), "OK");
    assert.equal(await client.command("GET", "k"), "\0\xff\r\n");
    assert.equal(await client.command("GET", "none"), null);
    const error = await client.command("NOSUCH");
    assert.ok(error instanceof ReplyError && error.message.startsWith("ERR unknown command"));
    const hello = await client.command("HELLO", "3");
    assert.ok(hello instanceof Map && hello.get("proto") === 3);
    assert.deepEqual(await client.command("SADD", "s", "a", "b"), 2);
    assert.deepEqual(await client.command("SMEMBERS", "s").then((s) => s instanceof Set), true);
    assert.equal(await client.command("ZADD", "z", "1.5", "m"), 1);
    assert.equal(await client.command("ZSCORE", "z", "m"), 1.5);
    const push = await client.command("SUBSCRIBE", "channel");
    assert.ok(push instanceof Push);
    assert.deepEqual(push.items, ["subscribe", "channel", 1]);
    client.close();
    await client.closed;
  });

  test("pipelines, and moves megabytes", async () => {
    const client = await server.connect();
    const reads: Promise<unknown>[] = [];
    for (let i = 0; i < 2000; i++) {
      client.send(["INCR", "counter"]);
      reads.push(client.read());
    }
    const got = await Promise.all(reads);
    assert.deepEqual(got, Array.from({ length: 2000 }, (_, i) => i + 1));
    const large = "v\r\n".repeat(1_000_000);
    assert.equal(await client.command("SET", "large", large), "OK");
    assert.ok(await client.command("GET", "large") === large);
    client.raw("PING\r\n");
    assert.equal(await client.readRaw(), "+PONG\r\n");
    await client.flushed();
    client.close();
  });
});
