/**
 * A first sign of life from a built executable: it starts, answers, keeps its data in both kinds of
 * files and through a kill, runs scripts, and shuts down in order.
 *
 *     deno run -A .ci/smoke.ts dist/larder-bun
 */

import assert from "node:assert/strict";
import process from "node:process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Arg, RespClient } from "../tests/support/resp_client.ts";
import { ReplyError } from "../tests/support/resp_reply.ts";
import { startProgram, type TestServer } from "../tests/support/server.ts";
import { until } from "../tests/support/until.ts";

const APPENDING = ["--appendonly", "yes", "--appendfsync", "always"];
const LIBRARY = "#!lua name=lib\n" +
  "redis.register_function('put', function(keys, args) " +
  "return redis.call('SET', keys[1], args[1]) end)";
const PUSH = "return redis.call('RPUSH', KEYS[1], ARGV[1])";

const program = resolve(process.argv[2]);
const dir = mkdtempSync(join(tmpdir(), "larder-smoke-"));
try {
  await run([], async (client, server) => {
    await expect(client, "PONG", "PING");
    await expect(client, "OK", "SET", "name", "\0larder\r\n");
    await saved(client, server);
    await shutDown(client, server);
  });
  await run([], async (client, server) => {
    await expect(client, "\0larder\r\n", "GET", "name");
    await expect(client, "OK", "CONFIG", "SET", "appendonly", "yes");
    await rewritten(client);
    await shutDown(client, server);
  });
  await run(APPENDING, async (client, server) => {
    await expect(client, "\0larder\r\n", "GET", "name");
    await expect(client, "lib", "FUNCTION", "LOAD", LIBRARY);
    await rewriteNow(client);
    await expect(client, 1, "EVAL", PUSH, 1, "list", "a");
    server.kill("SIGKILL");
    await server.exited;
  });
  await run(APPENDING, async (client, server) => {
    await expect(client, ["a"], "LRANGE", "list", 0, -1);
    await expect(client, "OK", "FCALL", "put", 1, "key", "value");
    await expect(client, "value", "GET", "key");
    await users(client, server);
    await messages(client, server);
    await saved(client, server);
    await shutDown(client, server);
  });
} finally {
  rmSync(dir, { recursive: true, force: true });
}
console.log(`${process.argv[2]} answers, keeps its data and shuts down in order.`);

/** Runs the executable in the folder. */
async function run(
  args: readonly string[],
  use: (client: RespClient, server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await startProgram(program, [], ["--dir", dir, ...args]);
  try {
    await use(await server.connect(), server);
  } finally {
    await server.stop();
  }
}

async function expect(client: RespClient, reply: unknown, ...request: Arg[]): Promise<void> {
  assert.deepEqual(await client.command(...request), reply, request.join(" "));
}

async function saved(client: RespClient, server: TestServer): Promise<void> {
  await expect(client, "Background saving started", "BGSAVE");
  await until("the save", () => /Background saving (terminated|error)/.test(server.output));
  assert.match(server.output, /Background saving terminated with success/);
}

async function rewriteNow(client: RespClient): Promise<void> {
  await expect(client, "Background append only file rewriting started", "BGREWRITEAOF");
  await rewritten(client);
}

async function rewritten(client: RespClient): Promise<void> {
  const info = async () => String(await client.command("INFO", "persistence"));
  const isOver = async () => /aof_rewrite_(in_progress|scheduled):1/.test(await info()) === false;
  await until("the rewrite", isOver);
  assert.match(await info(), /aof_last_bgrewrite_status:ok/);
}

async function users(client: RespClient, server: TestServer): Promise<void> {
  await expect(client, "OK", "ACL", "SETUSER", "reader", "on", ">secret", "~*", "+get");
  const reader = await server.connect();
  await expect(reader, "OK", "AUTH", "reader", "secret");
  await expect(reader, "value", "GET", "key");
  const refusal = await reader.command("SET", "key", "x");
  assert.ok(refusal instanceof ReplyError && /^NOPERM/.test(refusal.message));
  reader.close();
}

/** Publishing, and a client that waits for an element. */
async function messages(client: RespClient, server: TestServer): Promise<void> {
  const other = await server.connect();
  await expect(other, ["subscribe", "news", 1], "SUBSCRIBE", "news");
  await expect(client, 1, "PUBLISH", "news", "all well");
  assert.deepEqual(await other.read(), ["message", "news", "all well"]);
  await expect(other, "RESET", "RESET");
  other.send(["BLPOP", "queue", 10]);
  const isWaiting = async () => /blocked_clients:1/.test(String(await client.command("INFO")));
  await until("the waiting client", isWaiting);
  await expect(client, 1, "RPUSH", "queue", "work");
  assert.deepEqual(await other.read(), ["queue", "work"]);
  other.close();
}

async function shutDown(client: RespClient, server: TestServer): Promise<void> {
  client.send(["SHUTDOWN", "NOSAVE"]);
  assert.equal(await client.readUntilClosed(), "");
  assert.deepEqual(await server.exited, { code: 0, signal: null }, server.output);
}
