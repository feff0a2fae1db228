/**
 * SAVE, BGSAVE, LASTSAVE, DEBUG RELOAD and what INFO says; saving by save points, at shutdown and in vain; loading at
 * the start.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import { dataSet } from "../support/data_set.ts";
import { seed } from "../support/gen.ts";
import { OK, rawCases } from "../support/raw_cases.ts";
import type { Arg, RespClient } from "../support/resp_client.ts";
import { type Reply, ReplyError } from "../support/resp_reply.ts";
import {
  type LarderOptions,
  sleep,
  startLarder,
  target,
  type TestServer,
} from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target();

/** Places in /proc/[pid]/stat behind the name of the program, see proc(5), and a value of the second. */
const NICE_FIELD = 16;
const POLICY_FIELD = 38;
const SCHED_BATCH = "3";

rawCases(server, "arguments", [
  ["SAVE x", "-ERR wrong number of arguments for 'save' command\r\n"],
  ["LASTSAVE x", "-ERR wrong number of arguments for 'lastsave' command\r\n"],
  ["BGSAVE x", "-ERR syntax error\r\n"],
  ["BGSAVE SCHEDULE x", "-ERR syntax error\r\n"],
  ["MULTI", OK],
  ["SAVE", "-ERR Command not allowed inside a transaction\r\n"],
  ["DISCARD", OK],
]);

rawCases(server, "saving", [
  ["SET a 1", OK],
  ["SAVE", OK],
  ["LASTSAVE", /^:1\d{9}\r\n$/],
  ["DEBUG RELOAD", OK],
  ["GET a", "$1\r\n1\r\n"],
  ["SET a 2", OK],
  ["SET b 2", OK],
  ["DEBUG RELOAD NOSAVE", OK],
  ["DBSIZE", ":1\r\n"],
  ["GET a", "$1\r\n1\r\n"],
  ["SET a 2", OK],
  ["SET b 2", OK],
  ["DEBUG RELOAD NOSAVE NOFLUSH MERGE", OK],
  ["MGET a b", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n"],
  [
    "DEBUG RELOAD NEVER",
    "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.\r\n",
  ],
  ["FLUSHALL", OK],
]);

/** Runs with a server of its own. */
async function withServer(
  args: readonly string[],
  use: (c: RespClient, server: TestServer) => Promise<void>,
): Promise<void> {
  const options: LarderOptions = { args };
  const own = await startLarder(options);
  try {
    await use(await own.connect(), own);
  } finally {
    await own.stop();
  }
}

/** The files in a folder, without the hidden ones that say whose they are. */
function filesIn(dir: string): string[] {
  return readdirSync(dir).filter((name) => !name.startsWith("."));
}

function text(reply: Reply): string {
  return reply instanceof ReplyError ? reply.message : String(reply);
}

async function info(c: RespClient, field: string): Promise<string> {
  const all = text(await c.command("INFO", "everything"));
  return new RegExp(`^${field}:(.*)\r$`, "m").exec(all)?.[1] ?? "";
}

async function fill(c: RespClient, requests: readonly Arg[][]): Promise<void> {
  for (const request of requests) c.send(request);
  for (const request of requests) {
    const reply = await c.read();
    assert.ok(!(reply instanceof ReplyError), `${request.slice(0, 3)}: ${reply}`);
  }
}

function untilIdle(c: RespClient): Promise<void> {
  return until("the save ends", async () => await info(c, "rdb_bgsave_in_progress") === "0");
}

describe("background saves", { skip: server.isOracle }, () => {
  test("BGSAVE, and INFO about it", async () => {
    await withServer(["--rdb-key-save-delay", "1000"], async (c, own) => {
      for (let i = 0; i < 300; i++) await c.command("SET", `key ${i}`, "v");
      assert.equal(await info(c, "rdb_changes_since_last_save"), "300");
      assert.equal(await info(c, "rdb_last_bgsave_time_sec"), "-1");
      // All at once, so that the save doesn't end in between.
      c.raw("BGSAVE\r\nINFO persistence\r\nBGSAVE\r\nSAVE\r\nSET meanwhile v\r\n");
      assert.equal(await c.read(), "Background saving started");
      const during = text(await c.read());
      assert.match(during, /^rdb_bgsave_in_progress:1\r$/m);
      assert.match(during, /^current_save_keys_total:300\r$/m);
      assert.match(text(await c.read()), /ERR Background save already in progress/);
      assert.match(text(await c.read()), /ERR Background save already in progress/);
      assert.equal(await c.read(), "OK");
      await untilIdle(c);
      assert.equal(await info(c, "rdb_last_bgsave_status"), "ok");
      assert.equal(await info(c, "rdb_changes_since_last_save"), "1");
      assert.ok(Number(await info(c, "rdb_last_cow_size")) > 0);
      assert.ok(Number(await info(c, "latest_fork_usec")) > 0);
      assert.deepEqual(filesIn(own.dir), ["dump.rdb"]);
      await own.said(/Background saving terminated with success/);
      await c.command("DEBUG", "RELOAD", "NOSAVE");
      assert.equal(await c.command("DBSIZE"), 300);
      // One that ends before anybody looks is followed by another.
      await until("a save at work", async () => {
        await c.command("BGSAVE");
        return Number(await info(c, "current_save_keys_processed")) > 0;
      });
    });
  });

  test("its thread takes the processor from nobody", {
    skip: spawnSync("chrt", ["--batch", "0", "true"]).status === 0
      ? false
      : "chrt is missing, or a thread's policy can't be changed here",
  }, async () => {
    await withServer(["--save", "900 1000"], async (c) => {
      const threads = `/proc/${await info(c, "process_id")}/task`;
      await until("a thread of low priority", () => {
        return readdirSync(threads).some((id) => {
          const fields = readFileSync(`${threads}/${id}/stat`, "utf8").replace(/.*\) /, "").split(
            " ",
          );
          return Number(fields[NICE_FIELD]) > 0 && fields[POLICY_FIELD] === SCHED_BATCH;
        });
      });
    });
  });

  test("FLUSHALL ends one, and with save points leaves an empty file", async () => {
    const args = ["--rdb-key-save-delay", "1000", "--save", "900 1000"];
    await withServer(args, async (c, own) => {
      for (let i = 0; i < 100; i++) await c.command("SET", `key ${i}`, "v");
      assert.equal(await c.command("BGSAVE"), "Background saving started");
      await c.command("FLUSHALL");
      assert.equal(await info(c, "rdb_bgsave_in_progress"), "0");
      await until("another save", async () => {
        return (await c.command("BGSAVE")) === "Background saving started";
      });
      await untilIdle(c);
      await c.command("DEBUG", "RELOAD", "NOSAVE");
      assert.equal(await c.command("DBSIZE"), 0);
      assert.deepEqual(filesIn(own.dir), ["dump.rdb"]);
    });
  });

  test("goes where `dir` was when it began", async () => {
    const args = ["--rdb-key-save-delay", "1000", "--enable-protected-configs", "yes"];
    await withServer(args, async (c, own) => {
      const [first, other] = ["first", "other"].map((name) => join(own.dir, name));
      for (const dir of [first, other]) mkdirSync(dir);
      for (let i = 0; i < 300; i++) await c.command("SET", `key ${i}`, "v");
      for (const isStopped of [false, true]) {
        await c.command("CONFIG", "SET", "dir", first);
        await c.command("BGSAVE");
        await until("a temporary file", () => filesIn(first).some((name) => /^temp/.test(name)));
        assert.equal(await c.command("CONFIG", "SET", "dir", other), "OK");
        assert.equal(await info(c, "rdb_bgsave_in_progress"), "1");
        if (isStopped) await c.command("FLUSHALL");
        await untilIdle(c);
        assert.equal(await info(c, "rdb_last_bgsave_status"), "ok");
        await until("the temporary file is gone", () => filesIn(first).length === 1);
        assert.deepEqual([filesIn(first), filesIn(other)], [["dump.rdb"], []]);
      }
      await c.command("CONFIG", "SET", "dir", first);
      await c.command("DEBUG", "RELOAD", "NOSAVE");
      assert.equal(await c.command("DBSIZE"), 300);
    });
  });

  test("in a directory that was renamed, and where one was deleted", async () => {
    const args = ["--enable-protected-configs", "yes"];
    await withServer(args, async (c, own) => {
      const [dir, renamed] = ["dir", "renamed"].map((name) => join(own.dir, name));
      mkdirSync(dir);
      await c.command("CONFIG", "SET", "dir", dir);
      await c.command("SET", "k", "v");
      renameSync(dir, renamed);
      for (const command of ["SAVE", "BGSAVE"]) {
        assert.ok(!((await c.command(command)) instanceof ReplyError), command);
        await untilIdle(c);
        assert.equal(await info(c, "rdb_last_bgsave_status"), "ok");
        assert.deepEqual(filesIn(renamed), ["dump.rdb"]);
        rmSync(join(renamed, "dump.rdb"));
      }
      rmSync(renamed, { recursive: true });
      assert.match(text(await c.command("SAVE")), /^ERR/);
      mkdirSync(dir);
      assert.equal(await c.command("SAVE"), "OK");
      assert.deepEqual(filesIn(dir), ["dump.rdb"]);
    });
  });

  test("within a transaction it waits for the end", async () => {
    await withServer([], async (c) => {
      for (const arg of [[], ["SCHEDULE"]]) {
        await c.command("MULTI");
        await c.command("SET", "before", "v");
        await c.command("BGSAVE", ...arg);
        await c.command("SET", "after", "v");
        assert.deepEqual(await c.command("EXEC"), ["OK", "Background saving scheduled", "OK"]);
        await until("the save", async () => {
          return await info(c, "rdb_changes_since_last_save") === "0";
        });
        await c.command("DEBUG", "RELOAD", "NOSAVE");
        assert.equal(await c.command("EXISTS", "before", "after"), 2);
      }
    });
  });

  test("save points", async () => {
    await withServer(["--save", "1 5"], async (c, own) => {
      for (let i = 0; i < 4; i++) await c.command("SET", `key ${i}`, "v");
      await sleep(2500);
      assert.ok(!existsSync(join(own.dir, "dump.rdb")));
      await c.command("SET", "fifth", "v");
      await until("a save", async () => await info(c, "rdb_changes_since_last_save") === "0");
      await own.said(/5 changes in 1 seconds\. Saving\.\.\./);
      assert.ok(existsSync(join(own.dir, "dump.rdb")));
    });
  });

  test("one that fails shuts out writes until one succeeds", async () => {
    const args = ["--save", "900 1000", "--enable-protected-configs", "yes"];
    await withServer(args, async (c, own) => {
      const dir = join(own.dir, "gone");
      mkdirSync(dir);
      assert.equal(await c.command("CONFIG", "SET", "dir", dir), "OK");
      rmSync(dir, { recursive: true });
      await c.command("SET", "k", "v");
      assert.equal(await c.command("BGSAVE"), "Background saving started");
      await untilIdle(c);
      assert.equal(await info(c, "rdb_last_bgsave_status"), "err");
      for (const request of [["SET", "k", "w"], ["PING"], ["DEL", "k"]]) {
        assert.match(text(await c.command(...request)), /^MISCONF Redis is/);
      }
      assert.equal(await c.command("GET", "k"), "v");
      assert.equal(await c.command("CONFIG", "SET", "stop-writes-on-bgsave-error", "no"), "OK");
      assert.equal(await c.command("SET", "k", "w"), "OK");
      await c.command("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes");
      assert.match(text(await c.command("SET", "k", "x")), /MISCONF/);
      await c.command("CONFIG", "SET", "dir", own.dir);
      assert.equal(await c.command("BGSAVE"), "Background saving started");
      await untilIdle(c);
      assert.equal(await c.command("SET", "k", "x"), "OK");
    });
  });
});

describe("from one process to the next", { skip: server.isOracle }, () => {
  test("a shutdown saves if there are save points or it is told to", async () => {
    await withServer([], async (c, own) => {
      await c.command("SET", "k", "v");
      const again = ["--dir", own.dir];
      const start = async (
        args: string[],
        use: (c: RespClient, s: TestServer) => Promise<void>,
      ) => {
        await withServer([...again, ...args], use);
      };
      await start(["--save", "900 1"], async (c, s) => {
        await c.command("SET", "from", "SIGTERM");
        s.kill("SIGTERM");
        assert.equal((await s.exited).code, 0);
        await s.said(/Saving the final RDB snapshot before exiting\./);
      });
      await start([], async (c, s) => {
        assert.equal(await c.command("GET", "from"), "SIGTERM");
        await s.said(/DB loaded from disk: \d\.\d{3} seconds/);
        await s.said(/Done loading RDB, keys loaded: 1, keys expired: 0\./);
        await c.command("SET", "from", "nobody");
      });
      await start([], async (c, s) => {
        assert.equal(await c.command("GET", "from"), "SIGTERM");
        await c.command("SET", "from", "SHUTDOWN SAVE");
        c.send(["SHUTDOWN", "SAVE"]);
        assert.equal((await s.exited).code, 0);
      });
      await start(["--save", "900 1"], async (c, s) => {
        assert.equal(await c.command("GET", "from"), "SHUTDOWN SAVE");
        await c.command("SET", "from", "SHUTDOWN NOSAVE");
        c.send(["SHUTDOWN", "NOSAVE"]);
        assert.equal((await s.exited).code, 0);
      });
      await start([], async (c) => {
        assert.equal(await c.command("GET", "from"), "SHUTDOWN SAVE");
      });
    });
  });

  test("a shutdown that can't save doesn't happen", async () => {
    const args = ["--save", "900 1", "--enable-protected-configs", "yes"];
    await withServer(args, async (c, own) => {
      const dir = join(own.dir, "gone");
      mkdirSync(dir);
      await c.command("CONFIG", "SET", "dir", dir);
      rmSync(dir, { recursive: true });
      assert.match(text(await c.command("SHUTDOWN")), /Errors trying to SHUTDOWN\. Check logs\./);
      assert.equal(await c.command("PING"), "PONG");
      c.send(["SHUTDOWN", "FORCE"]);
      assert.equal((await own.exited).code, 0);
      await own.said(/Error trying to save the DB\. Exit anyway\./);
    });
  });

  test("clients are told while a file is being loaded", async () => {
    await withServer([], async (c, own) => {
      await c.command("DEBUG", "POPULATE", 4000);
      await c.command("SAVE");
      const args = ["--dir", own.dir, "--key-load-delay", "1000"];
      const loading = await startLarder({ args: [...args, "--logfile", "log"] });
      const client = await loading.connect();
      client.raw("GET key:0\r\nINFO persistence\r\n");
      assert.match(text(await client.read()), /LOADING Redis is loading/);
      const during = text(await client.read());
      assert.match(during, /^loading:1\r$/m);
      assert.match(during, /^loading_total_bytes:[1-9]/m);
      await until("it is loaded", async () => (await info(client, "loading")) === "0");
      assert.equal(await client.command("GET", "key:0"), "value:0");
      assert.equal(await info(client, "rdb_last_load_keys_loaded"), "4000");
      await loading.stop();
    });
  });

  test("a file that is damaged, or of another kind, keeps the server from starting", async () => {
    await withServer([], async (_, own) => {
      for (const content of ["REDIS0011\xfe\x00\x00\x01k\x05abc", "hello", "REDIS9999"]) {
        writeFileSync(join(own.dir, "dump.rdb"), content, "latin1");
        await assert.rejects(
          startLarder({ args: ["--dir", own.dir] }),
          /Fatal error loading the DB, check server logs\. Exiting\./,
        );
      }
    });
  });
});

describe("kill -9 while a background save runs", { skip: server.isOracle }, () => {
  test("leaves the file of the last save", async () => {
    const n = seed();
    const prng = new Prng(n);
    await withServer([], async (c, own) => {
      await fill(c, dataSet(prng, 200));
      await c.command("SAVE");
      const digest = text(await c.command("DEBUG", "DIGEST"));
      for (let round = 0; round < 3; round++) {
        // It takes many seconds, so that it is still at work when it is killed.
        const args = ["--dir", own.dir, "--rdb-key-save-delay", "50000"];
        const victim = await startLarder({ args });
        const client = await victim.connect();
        assert.equal(text(await client.command("DEBUG", "DIGEST")), digest, `seed ${n}`);
        await client.command("SET", "more", "data");
        await client.command("BGSAVE");
        await sleep(prng.nextBelow(40));
        victim.kill("SIGKILL");
        await victim.exited;
      }
    });
  });
});
