/**
 * A first sign of life from a built executable: it starts, answers, saves in the background, and shuts down in
 * order.
 *
 *     deno run -A .ci/smoke.ts dist/larder-bun
 */

import assert from "node:assert/strict";
import process from "node:process";
import { resolve } from "node:path";
import { sleep, startProgram } from "../tests/support/server.ts";

const server = await startProgram(resolve(process.argv[2]), [], []);
try {
  const client = await server.connect();
  assert.equal(await client.command("PING"), "PONG");
  assert.equal(await client.command("SET", "name", "\0larder\r\n"), "OK");
  assert.equal(await client.command("GET", "name"), "\0larder\r\n");
  assert.equal(await client.command("BGSAVE"), "Background saving started");
  for (let i = 0; i < 500 && !/Background saving (terminated|error)/.test(server.output); i++) {
    await sleep(20);
  }
  assert.match(server.output, /Background saving terminated with success/);
  client.send(["SHUTDOWN", "NOSAVE"]);
  assert.equal(await client.readUntilClosed(), "");
  const exit = await server.exited;
  assert.deepEqual(exit, { code: 0, signal: null }, server.output);
} finally {
  await server.stop();
}
console.log(`${process.argv[2]} answers and shuts down in order.`);
