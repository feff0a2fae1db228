/** Socket.IO on two servers that know of each other through Larder: the pub/sub adapter and the streams adapter. */

import assert from "node:assert/strict";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { createAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { io, type Socket } from "socket.io-client";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target();

/** A Socket.IO server of its own, as if on another machine. */
interface Node {
  http: HttpServer;
  io: Server;
  url: string;
  redis: Redis[];
}

async function startNode(kind: string): Promise<Node> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const redis = [new Redis({ ...server.address }), new Redis({ ...server.address })];
  const adapter = kind === "streams"
    ? createStreamsAdapter(redis[0])
    : createAdapter(redis[0], redis[1]);
  const node = new Server(http, { adapter });
  node.on("connection", (socket) => {
    socket.on("join", (room: string, done: () => void) => {
      socket.join(room);
      done();
    });
    socket.on("say", (room: string, text: string) => node.to(room).emit("said", text));
  });
  const { port } = http.address() as AddressInfo;
  return { http, io: node, url: `http://127.0.0.1:${port}`, redis };
}

async function stopNode(node: Node): Promise<void> {
  await node.io.close();
  for (const redis of node.redis) redis.disconnect();
}

async function connect(node: Node): Promise<Socket> {
  const socket = io(node.url, { transports: ["websocket"], forceNew: true });
  await new Promise<void>((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  return socket;
}

function join(socket: Socket, room: string): Promise<void> {
  return new Promise((resolve) => socket.emit("join", room, resolve));
}

function said(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once("said", resolve));
}

for (const kind of ["pub/sub", "streams"]) {
  describe(`Socket.IO, ${kind}`, () => {
    test("what is said on one server is heard on the other", async () => {
      const control = await server.connect();
      await control.command("FLUSHALL");
      control.close();
      const nodes = [await startNode(kind), await startNode(kind)];
      const [ann, bob, eve] = [
        await connect(nodes[0]),
        await connect(nodes[1]),
        await connect(nodes[1]),
      ];
      await join(ann, "tea");
      await join(bob, "tea");
      await join(eve, "coffee");
      let eveHeard = 0;
      eve.on("said", () => eveHeard++);
      // The servers take a moment to know of each other.
      await until("three sockets", async () => {
        const sockets = await nodes[0].io.fetchSockets().catch(() => []);
        return sockets.length === 3;
      });
      const heard = Promise.all([said(ann), said(bob)]);
      ann.emit("say", "tea", "hello");
      assert.deepEqual(await heard, ["hello", "hello"]);
      const back = said(ann);
      bob.emit("say", "tea", "hello to you");
      assert.equal(await back, "hello to you");
      const all = await nodes[0].io.in("tea").fetchSockets();
      assert.deepEqual(all.map(({ id }) => id).sort(), [ann.id!, bob.id!].sort());
      assert.equal(eveHeard, 0);
      for (const socket of [ann, bob, eve]) socket.disconnect();
      for (const node of nodes) await stopNode(node);
    });
  });
}
