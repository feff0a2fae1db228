/**
 * The append-only file of real servers: WAITAOF, switching and rewriting at run time, who may write it, its end.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { OK, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import { type Reply, ReplyError } from "../support/resp_reply.ts";
import { isInstalled } from "../support/runtimes.ts";
import { startLarder, target, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target({ args: ["--appendonly", "yes"] });
const ON = ["--appendonly", "yes"];

rawCases(server, "WAITAOF and BGREWRITEAOF", [
  ["CONFIG SET appendonly yes appendfsync always", OK],
  ["BGREWRITEAOF x", "-ERR wrong number of arguments for 'bgrewriteaof' command\r\n"],
  ["SET a 1", OK],
  ["WAITAOF 1 0 0", "*2\r\n:1\r\n:0\r\n", { since7: "7.2" }],
  ["WAITAOF 1 1 10", "*2\r\n:1\r\n:0\r\n", { since7: "7.2" }],
  ["MULTI", OK],
  ["BGREWRITEAOF", "+QUEUED\r\n"],
  ["EXEC", "*1\r\n+Background append only file rewriting scheduled\r\n"],
]);

/** Runs with a server of its own, in a folder that stays if one is given. */
async function withServer<T>(
  args: readonly string[],
  use: (c: RespClient, server: TestServer) => Promise<T>,
): Promise<T> {
  const own = await startLarder({ args });
  try {
    return await use(await own.connect(), own);
  } finally {
    await own.stop();
  }
}

async function inFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "larder-aof-"));
  try {
    await use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function text(reply: Reply): string {
  return reply instanceof ReplyError ? reply.message : String(reply);
}

async function info(c: RespClient, field: string): Promise<string> {
  const all = String(await c.command("INFO", "everything"));
  return new RegExp(`^${field}:(.*)\r$`, "m").exec(all)?.[1] ?? "";
}

async function rewritten(c: RespClient): Promise<void> {
  await until("the rewrite", async () => await info(c, "aof_rewrite_in_progress") === "0");
  assert.equal(await info(c, "aof_last_bgrewrite_status"), "ok");
}

describe("at run time", () => {
  test("everysec: WAITAOF answers when the disk has it", () =>
    withServer(ON, async (c) => {
      await c.command("SET", "a", 1);
      assert.deepEqual(await c.command("WAITAOF", 1, 0, 0), [1, 0]);
      assert.deepEqual(await c.command("WAITAOF", 1, 0, 0), [1, 0]);
    }));

  test("who is in WAITAOF gets an error when the file is switched off", () =>
    withServer([...ON, "--appendfsync", "no"], async (c, own) => {
      const waiting = await Promise.all([own.connect(), own.connect()]);
      await waiting[0].command("SET", "a", 1);
      waiting[0].send(["WAITAOF", 1, 0, 0]);
      waiting[1].send(["WAITAOF", 1, 1, 0]);
      await until("both wait", async () => await info(c, "blocked_clients") === "2");
      assert.equal(await c.command("CONFIG", "SET", "appendonly", "no"), "OK");
      for (const one of waiting) {
        assert.match(text(await one.read()), /^ERR WAITAOF cannot be used when numlocal is set/);
        assert.equal(await one.command("PING"), "PONG");
      }
    }));

  test("what a lower limit evicts are deletions of their own", () =>
    withServer([...ON, "--maxmemory-policy", "allkeys-lru"], async (c, own) => {
      for (const key of ["a", "b", "c"]) await c.command("SET", key, 1);
      assert.equal(await c.command("CONFIG", "SET", "maxmemory", 1), "OK");
      await until("the database is empty", async () => await c.command("DBSIZE") === 0);
      const path = join(own.dir, "appendonlydir/appendonly.aof.1.incr.aof");
      let log = "";
      await until("three deletions", () => {
        log = readFileSync(path, "latin1");
        return log.match(/DEL\r/g)?.length === 3;
      });
      assert.ok(!log.includes("MULTI"));
    }));

  test("switched on and off, rewritten in between", () =>
    withServer([], async (c, own) => {
      await c.command("SET", "a", 1);
      assert.equal(await c.command("CONFIG", "SET", "appendonly", "yes"), "OK");
      await rewritten(c);
      await c.command("SET", "b", 1);
      assert.equal(
        await c.command("BGREWRITEAOF"),
        "Background append only file rewriting started",
      );
      await rewritten(c);
      const digest = await c.command("DEBUG", "DIGEST");
      assert.equal(await c.command("DEBUG", "LOADAOF"), "OK");
      assert.equal(await c.command("DEBUG", "DIGEST"), digest);
      await until("the old files are gone", () => {
        return readdirSync(join(own.dir, "appendonlydir")).length === 3;
      });
      assert.equal(await c.command("CONFIG", "SET", "appendonly", "no"), "OK");
      assert.equal(await info(c, "aof_enabled"), "0");
      await c.command("SET", "c", 1);
      assert.equal(await c.command("DEBUG", "LOADAOF"), "OK");
      assert.equal(await c.command("EXISTS", "c"), 0);
    }));

  test("a directory that is gone, and another one", () =>
    inFolder((dir) =>
      withServer(["--dir", dir, "--enable-protected-configs", "yes"], async (c, own) => {
        await c.command("SET", "a", 1);
        rmSync(dir, { recursive: true });
        for (let i = 0; i < 2; i++) {
          const error = text(await c.command("CONFIG", "SET", "appendonly", "yes"));
          assert.match(error, /Unable to turn on AOF\. Check server logs\./);
          assert.deepEqual(await c.command("CONFIG", "GET", "appendonly"), ["appendonly", "no"]);
        }
        assert.match(text(await c.command("BGREWRITEAOF")), /^ERR Can't execute an AOF/);
        await own.said(/Can't open or create append-only dir appendonlydir: No such file/);
        assert.equal(await c.command("SET", "a", 2), "OK");

        assert.equal(await c.command("CONFIG", "SET", "dir", own.dir), "OK");
        assert.equal(await c.command("CONFIG", "SET", "appendonly", "yes"), "OK");
        await rewritten(c);
        // The files stay where they were when it was switched on.
        mkdirSync(dir);
        assert.equal(await c.command("CONFIG", "SET", "dir", dir), "OK");
        await c.command("INCR", "a");
        assert.equal(await c.command("DEBUG", "LOADAOF"), "OK");
        assert.equal(await c.command("GET", "a"), "3");
        await c.command("BGREWRITEAOF");
        await rewritten(c);
        assert.equal(await c.command("DEBUG", "LOADAOF"), "OK");
        assert.equal(await c.command("GET", "a"), "3");
        assert.ok(!readdirSync(dir).includes("appendonlydir"));
      })
    ));

  test("a file that can't grow any more", {
    skip: isInstalled("prlimit") ? false : "prlimit is missing",
  }, () =>
    withServer(ON, async (c, own) => {
      const limit = (bytes: string) => {
        const { status } = spawnSync("prlimit", ["--pid", String(own.pid), `--fsize=${bytes}:`]);
        assert.equal(status, 0);
      };
      limit("65536");
      assert.equal(await c.command("SET", "a", "v".repeat(100_000)), "OK");
      const error = "MISCONF Errors writing to the AOF file: File too large";
      assert.equal(text(await c.command("SET", "b", 1)), error);
      assert.equal(await c.command("STRLEN", "a"), 100_000);
      assert.match(text(await c.command("SHUTDOWN")), /Errors trying to SHUTDOWN/);
      limit("unlimited");
      await until("it grows again", async () => await c.command("SET", "b", 1) === "OK");
      assert.equal(await c.command("DEBUG", "LOADAOF"), "OK");
      assert.equal(await c.command("STRLEN", "a"), 100_000);
    }));

  test("SHUTDOWN waits for the first base, unless it is forced", () =>
    withServer(["--rdb-key-save-delay", "10000000"], async (c, own) => {
      await c.command("SET", "a", 1);
      await c.command("CONFIG", "SET", "appendonly", "yes");
      assert.match(text(await c.command("SHUTDOWN")), /Errors trying to SHUTDOWN/);
      await own.said(/Writing initial AOF, can't exit/);
      c.send(["SHUTDOWN", "FORCE"]);
      assert.equal((await own.exited).code, 0);
    }));
});

describe("two servers on one directory", () => {
  test("the second one is told so, and changes nothing", () =>
    inFolder((dir) =>
      withServer([...ON, "--dir", dir], async (c) => {
        await c.command("SET", "a", 1);
        const path = join(dir, "appendonlydir", "appendonly.aof.1.incr.aof");
        const before = readFileSync(path, "latin1");
        await assert.rejects(
          startLarder({ args: [...ON, "--dir", dir] }),
          /appendonlydir\/appendonly.aof in .* is written by another server, with process id/,
        );
        assert.equal(readFileSync(path, "latin1"), before);
        assert.equal(await c.command("GET", "a"), "1");
      })
    ));

  test("snapshots: refused at the start with save points, and when it comes to saving", () =>
    inFolder((dir) =>
      withServer(["--save", "900 1", "--dir", dir], async (c) => {
        await c.command("SET", "a", 1);
        await c.command("SAVE");
        const before = readFileSync(join(dir, "dump.rdb"), "latin1");
        await assert.rejects(
          startLarder({ args: ["--save", "900 1", "--dir", dir] }),
          /dump.rdb in .* is written by another server, with process id/,
        );
        await withServer(["--dir", dir], async (other, own) => {
          assert.equal(await other.command("GET", "a"), "1");
          await other.command("SET", "a", 2);
          assert.match(text(await other.command("SAVE")), /ERR/);
          const reason = /Not saving: dump.rdb in .* is written by another server/;
          await own.said(reason);
        });
        const elsewhere = ["--enable-protected-configs", "yes"];
        await withServer(elsewhere, async (other, own) => {
          await other.command("SET", "a", 3);
          await other.command("SAVE");
          assert.equal(await other.command("CONFIG", "SET", "dir", dir), "OK");
          for (const command of ["SAVE", "BGSAVE"]) {
            assert.match(text(await other.command(command)), /ERR/, command);
          }
          await own.said(/Can't save in background: dump.rdb in .* is written by another server/);
        });
        assert.equal(readFileSync(join(dir, "dump.rdb"), "latin1"), before);
      })
    ));

  test("who was killed leaves nothing in the way", () =>
    inFolder(async (dir) => {
      const args = [...ON, "--save", "900 1", "--dir", dir];
      const first = await startLarder({ args });
      await (await first.connect()).command("SET", "a", 1);
      first.kill("SIGKILL");
      await first.exited;
      await withServer(args, async (c) => {
        assert.equal(await c.command("GET", "a"), "1");
      });
      await first.stop();
      assert.deepEqual(readdirSync(dir).filter((name) => name.endsWith(".lock")), []);
    }));
});
