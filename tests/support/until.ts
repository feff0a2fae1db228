/**
 * Waiting for what others do: connections that close, messages that arrive, time that passes on a server.
 */
import assert from "node:assert/strict";
import type { RespClient } from "./resp_client.ts";
import { sleep } from "./server.ts";

/** How long anything may take, in ms, before a test gives up. */
const PATIENCE_MS = 60_000;
const AGAIN_MS = 5;

/** Waits until something is so; fails, saying what was waited for, if it never is. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!await isSo()) {
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
    await sleep(AGAIN_MS);
  }
}

/** Waits until so many clients of the server are blocked. */
export async function untilBlocked(asker: RespClient, count: number): Promise<void> {
  await until(`${count} blocked clients`, async () => {
    const info = String(await asker.command("INFO", "clients"));
    return info.includes(`\r\nblocked_clients:${count}\r\n`);
  });
}
