/**
 * Waiting for what others do: connections that close, messages that arrive, time that passes on a server.
 */
import assert from "node:assert/strict";
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
