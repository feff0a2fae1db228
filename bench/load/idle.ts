/**
 * Memory per idle connection: thousands of connections send one PING each and then stay silent.
 *
 * One PING each, because a connection that has never been used may not have a buffer yet. The second
 * reading is taken after some seconds, in which servers give back what an idle client doesn't need.
 * A source address has some 28,000 ports to offer, so every 20,000 connections use the next one of
 * 127.0.0.0/8. Memory of the kernel's socket buffers is not part of a process's resident memory.
 */

import { connect, type Socket } from "node:net";
import { sleep } from "../../tests/support/server.ts";
import { growth } from "./fill.ts";
import type { LoadOptions } from "./options.ts";
import { openFilesLimit } from "./proc.ts";
import type { IdleResult } from "./results.ts";
import type { RunningServer } from "./servers.ts";

const CONNECTIONS_PER_ADDRESS = 20_000;
const AT_ONCE = 100;
const SPARE_FILES = 200;
const SETTLE_MS = 6000;

/** Opens the connections to `server`, which must be freshly started, and reports its growth. */
export async function measureIdle(
  server: RunningServer,
  options: LoadOptions,
): Promise<IdleResult> {
  const count = options.idleConnections;
  const limit = openFilesLimit();
  if (limit < count + SPARE_FILES) {
    throw new Error(`${count} connections need more open files than ${limit}: raise ulimit -n`);
  }
  // Servers that know no such parameter, or have a high limit anyway, may refuse.
  await server.control.command("CONFIG", "SET", "maxclients", count + SPARE_FILES);
  await server.settle(1000);
  const before = await server.memory();
  const sockets: Socket[] = [];
  try {
    while (sockets.length < count) {
      const from = sockets.length;
      const opening: Promise<Socket>[] = [];
      for (let i = from; i < Math.min(count, from + AT_ONCE); i++) {
        opening.push(openIdle(server.spec.host, server.port, i));
      }
      sockets.push(...await Promise.all(opening));
    }
    await sleep(SETTLE_MS);
    const after = await server.memory();
    return {
      server: server.spec.name,
      connections: count,
      usedBytesPerConnection: growth(before.usedBytes, after.usedBytes, count),
      rssBytesPerConnection: growth(before.rssBytes, after.rssBytes, count),
    };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Connection number `i`, once its PING is answered. */
function openIdle(host: string, port: number, i: number): Promise<Socket> {
  const address = Math.floor(i / CONNECTIONS_PER_ADDRESS);
  const localAddress = address === 0 ? undefined : `127.0.0.${address + 1}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, localAddress });
    const fail = (why: string) => {
      socket.destroy();
      reject(new Error(`connection ${i + 1}: ${why}`));
    };
    socket.on("error", (error: Error) => fail(error.message));
    socket.once("close", () => fail("closed by the server"));
    socket.once("connect", () => socket.write("PING\r\n"));
    socket.once("data", (chunk: Uint8Array) => {
      if (String.fromCharCode(...chunk) !== "+PONG\r\n") return fail("PING was not answered");
      resolve(socket);
    });
  });
}
