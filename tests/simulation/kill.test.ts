/**
 * kill -9 at random moments, on a real server with real files, under writes whose acknowledgements are recorded: with
 * `appendfsync always` no acknowledged write is lost. A kill loses nothing that was written to the system, so with
 * everysec none is either, but for what waited for a sync; the last two seconds may be lost. The server starts again by
 * itself each time.
 *
 *     KILLS=500     how often, for each policy; 25 unless given
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Prng } from "../../core/base/prng.ts";
import { seed } from "../support/gen.ts";
import type { RespClient } from "../support/resp_client.ts";
import { sleep, startLarder, type TestServer } from "../support/server.ts";

const KILLS = Number(process.env.KILLS ?? 25);
const CLIENTS = 4;
const LIVES_MS = 150;
/** What everysec may lose. */
const LOST_MS = 2000;

/** What a client has had acknowledged: its counter, and when it was so. */
interface Ledger {
  sent: number;
  acknowledged: number;
  /** The counter as it was LOST_MS before the kill at the latest. */
  readonly times: { at: number; count: number }[];
}

/** Writes one state after the other until the connection breaks: a counter and a list in one transaction. */
async function write(client: RespClient, id: number, ledger: Ledger): Promise<void> {
  const key = `counter:${id}`;
  for (;;) {
    const count = ledger.sent + 1;
    ledger.sent = count;
    try {
      await Promise.all([
        client.command("MULTI"),
        client.command("SET", key, count),
        client.command("RPUSH", `list:${id}`, count),
        client.command("HSET", "hash", key, count),
        client.command("EXEC"),
      ]);
    } catch {
      return;
    }
    ledger.acknowledged = count;
    ledger.times.push({ at: Date.now(), count });
  }
}

async function rewriteNowAndThen(client: RespClient, prng: Prng): Promise<void> {
  try {
    for (;;) {
      await sleep(prng.nextBelow(80));
      await client.command("BGREWRITEAOF");
    }
  } catch {
    // The server is gone.
  }
}

async function check(
  server: TestServer,
  ledgers: Ledger[],
  killedAt: number,
  policy: string,
  note: string,
) {
  const client = await server.connect();
  for (let id = 0; id < CLIENTS; id++) {
    const ledger = ledgers[id];
    const found = Number(await client.command("GET", `counter:${id}`) ?? 0);
    const list = await client.command("LRANGE", `list:${id}`, 0, -1) as unknown[];
    assert.equal(
      list.length,
      found,
      `${note}, client ${id}: the list is as long as the counter says`,
    );
    assert.equal(
      list.map(String).join(),
      list.map((_, i) => i + 1).join(),
      `${note}, client ${id}`,
    );
    const due = policy === "always"
      ? ledger.acknowledged
      : ledger.times.findLast(({ at }) => at < killedAt - LOST_MS)?.count ?? 0;
    assert.ok(found >= due, `${note}, client ${id}: ${found} of ${due} acknowledged`);
    assert.ok(found <= ledger.sent, `${note}, client ${id}: ${found} of ${ledger.sent} sent`);
    ledger.sent = found;
    ledger.acknowledged = found;
  }
  client.close();
}

for (const policy of ["always", "everysec"]) {
  test(`killed at random moments, ${policy}`, async () => {
    const n = seed();
    const prng = new Prng(n);
    const dir = mkdtempSync(join(tmpdir(), "larder-kill-"));
    const args = ["--dir", dir, "--appendonly", "yes", "--appendfsync", policy];
    const ledgers = Array.from({ length: CLIENTS }, (): Ledger => {
      return { sent: 0, acknowledged: 0, times: [] };
    });
    try {
      let killedAt = 0;
      for (let round = 0; round <= KILLS; round++) {
        const note = `seed ${n}, ${policy}, after kill ${round}`;
        const server = await startLarder({ args });
        await check(server, ledgers, killedAt, policy, note);
        const clients = await Promise.all(
          Array.from({ length: CLIENTS + 1 }, () => server.connect()),
        );
        const writers = ledgers.map((ledger, id) => write(clients[id], id, ledger));
        const rewriter = rewriteNowAndThen(clients[CLIENTS], prng);
        await sleep(prng.nextBelow(LIVES_MS));
        killedAt = Date.now();
        server.kill("SIGKILL");
        await server.exited;
        await Promise.all([...writers, rewriter]);
        await server.stop();
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
}
