/**
 * The append-only file on a disk in memory: what is written, rewritten, loaded; and what the log says.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { ManualClock } from "../../../core/base/clock.ts";
import { Prng } from "../../../core/base/prng.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { SHUTDOWN_FORCE } from "../../../core/server/shutdown.ts";
import { MemoryDisk } from "../../../persistence/memory_disk.ts";
import { DIR, INCR, MANIFEST, plugAppendOnly } from "../../support/append_only.ts";
import { dataSet } from "../../support/data_set.ts";
import { pick, seed } from "../../support/gen.ts";
import { InProcess } from "../../support/in_process.ts";

type Config = Readonly<Record<string, string>>;

function begin(disk = new MemoryDisk(), config: Config = {}) {
  const clock = new ManualClock();
  const server = new InProcess({
    commands: allCommands,
    clock,
    config: { "enable-debug-command": "yes", appendonly: "yes", ...config },
  });
  const aof = plugAppendOnly(server, disk);
  return { disk, server, clock, aof };
}

/** Starts on what a disk holds. Returns the digest of what was loaded, null when the start was refused. */
function restart(disk: MemoryDisk, config: Config = {}) {
  const next = begin(disk, config);
  const ok = next.aof.load();
  return { ...next, digest: ok ? next.server.run("DEBUG", "DIGEST") : null };
}

function textOf(disk: MemoryDisk, path: string): string {
  const bytes = disk.get(path);
  assert.ok(bytes !== null, path);
  return latin1(bytes, 0, bytes.length);
}

/** A file with one request of each. */
function fileOf(...requests: string[]): Uint8Array {
  const encoded = requests.map((request) => {
    const words = request.split(" ");
    return `*${words.length}\r\n` +
      words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
  });
  return ascii(encoded.join(""));
}

/** A disk with a manifest of these incremental files. */
function diskOf(...files: Uint8Array[]): MemoryDisk {
  const disk = new MemoryDisk();
  disk.putDir(DIR);
  let manifest = "";
  files.forEach((file, i) => {
    disk.put(`${DIR}/appendonly.aof.${i + 1}.incr.aof`, file);
    manifest += `file appendonly.aof.${i + 1}.incr.aof seq ${i + 1} type i\n`;
  });
  disk.put(MANIFEST, ascii(manifest));
  return disk;
}

describe("writing", () => {
  test("a first start makes a base, an incremental file and a manifest", () => {
    const { disk, server, aof } = begin();
    assert.ok(aof.load());
    server.run("SET", "k", "v");
    assert.ok(aof.endTurn());
    assert.deepEqual(disk.list(DIR).sort(), [
      "appendonly.aof.1.base.rdb",
      "appendonly.aof.1.incr.aof",
      "appendonly.aof.manifest",
    ]);
    assert.deepEqual(disk.get(INCR), fileOf("SELECT 0", "SET k v"));
  });

  test("nothing is written before the end of the turn, and everything at it", () => {
    const { disk, server, aof } = begin();
    aof.load();
    server.run("SET", "a", 1);
    server.run("SET", "b", 1);
    assert.equal(textOf(disk, INCR), "");
    const before = disk.operations;
    assert.ok(aof.endTurn());
    assert.equal(disk.operations, before + 1, "one write for all of them");
    assert.ok(aof.endTurn());
    assert.equal(disk.operations, before + 1);
  });

  test("always: synced at the end of the turn; everysec: once a second in the background", () => {
    for (const policy of ["always", "everysec", "no"]) {
      const { disk, server, aof, clock } = begin(new MemoryDisk(), { appendfsync: policy });
      aof.load();
      server.run("SET", "a", 1);
      const before = disk.operations;
      aof.endTurn();
      assert.equal(disk.operations - before, policy === "always" ? 2 : 1, policy);
      assert.equal(aof.files.safe === aof.files.appended, policy === "always", policy);
      clock.advance(1001);
      aof.endTurn();
      assert.equal(aof.files.pendingSyncs, policy === "everysec" ? 1 : 0, policy);
      disk.finishLater();
      assert.equal(aof.files.safe === aof.files.appended, policy !== "no", policy);
    }
  });

  test("no-appendfsync-on-rewrite: nothing is synced while a rewrite is under way", () => {
    for (const value of ["no", "yes"]) {
      const { disk, server, aof } = begin(new MemoryDisk(), {
        appendfsync: "always",
        "no-appendfsync-on-rewrite": value,
      });
      aof.load();
      server.run("BGREWRITEAOF");
      server.run("SET", "a", 1);
      const before = disk.operations;
      aof.endTurn();
      assert.equal(disk.operations - before, value === "no" ? 2 : 1, value);
      aof.finishSave();
      aof.endTurn();
      assert.equal(aof.files.safe, aof.files.appended, value);
    }
  });

  test("the end: all is written and synced; if it can't be, the server goes on unless it is forced", () => {
    const { disk, server, aof } = begin(new MemoryDisk(), { save: "" });
    aof.load();
    server.run("SET", "a", 1);
    const { shutdown } = server.server;
    disk.failSync = true;
    assert.equal(shutdown.run(0), "ERR Errors trying to SHUTDOWN. Check logs.");
    assert.equal(shutdown.run(SHUTDOWN_FORCE), null);
    disk.failSync = false;
    assert.equal(shutdown.run(0), null);
    assert.equal(restart(disk.crash(new Prng(1))).digest, server.run("DEBUG", "DIGEST"));
  });

  test("a write waits for a sync that is under way, for two seconds at most", () => {
    const { disk, server, aof, clock } = begin();
    aof.load();
    server.run("SET", "a", 1);
    aof.endTurn();
    clock.advance(1001);
    aof.endTurn();
    const len = textOf(disk, INCR).length;
    server.run("SET", "a", 2);
    aof.endTurn();
    assert.equal(textOf(disk, INCR).length, len);
    clock.advance(1900);
    aof.endTurn();
    assert.equal(textOf(disk, INCR).length, len);
    clock.advance(200);
    aof.endTurn();
    assert.ok(textOf(disk, INCR).length > len);
    assert.equal(aof.files.delayedSyncs, 1);
  });

  test("annotations of the time, once per second", () => {
    const { disk, server, aof, clock } = begin(new MemoryDisk(), {
      "aof-timestamp-enabled": "yes",
    });
    aof.load();
    for (let i = 0; i < 3; i++) {
      server.run("SET", "a", i);
      aof.endTurn();
      if (i === 1) clock.advance(1000);
    }
    assert.equal(textOf(disk, INCR).match(/^#TS:\d+\r$/gm)?.length, 2);
    assert.notEqual(restart(disk).digest, null);
  });
});

describe("errors of the disk", () => {
  const ERROR = "-MISCONF Errors writing to the AOF file: No space left on device\r\n";

  test("everysec, a full disk: writes are refused, reads go on, and it recovers by itself", () => {
    const { disk, server, aof, clock } = begin();
    aof.load();
    server.run("SET", "a", 1);
    aof.endTurn();
    const before = textOf(disk, INCR);
    disk.freeBytes = 5;
    server.run("SET", "a", 2);
    assert.ok(aof.endTurn());
    assert.equal(textOf(disk, INCR), before, "what was written in part is taken back");
    assert.equal(server.run("SET", "a", 3), ERROR);
    assert.equal(server.run("PING"), ERROR);
    assert.equal(server.run("GET", "a"), "$1\r\n2\r\n");
    assert.equal(server.run("EVAL", "#!lua\nreturn 1", 0), ERROR);
    assert.equal(server.run("EVAL", "#!lua flags=no-writes\nreturn 1", 0), ":1\r\n");
    assert.match(server.run("INFO", "persistence"), /aof_last_write_status:err/);
    clock.advance(1100);
    aof.endTurn();
    assert.equal(server.run("SET", "a", 3), ERROR);
    disk.freeBytes = Infinity;
    clock.advance(1100);
    assert.ok(aof.endTurn());
    disk.finishLater();
    assert.equal(server.run("SET", "a", 3), "+OK\r\n");
    aof.endTurn();
    assert.equal(restart(disk).digest, server.run("DEBUG", "DIGEST"));
  });

  test("always: nobody is told that a write is there which isn't", () => {
    for (const failing of ["write", "sync"]) {
      const { disk, server, aof, clock } = begin(new MemoryDisk(), { appendfsync: "always" });
      aof.load();
      server.run("SET", "a", 1);
      assert.ok(aof.endTurn());
      const before = textOf(disk, INCR);
      if (failing === "write") disk.freeBytes = 5;
      else disk.failSync = true;
      server.run("SET", "a", 2);
      assert.equal(aof.endTurn(), false, "replies may not be sent");
      assert.equal(textOf(disk, INCR), before);
      assert.match(server.run("SET", "a", 3), /^-MISCONF Errors writing to the AOF file: /);
      assert.ok(aof.endTurn(), "what is refused may be said");
      disk.freeBytes = Infinity;
      disk.failSync = false;
      clock.advance(1100);
      assert.ok(aof.endTurn());
      assert.equal(server.run("SET", "b", 1), "+OK\r\n");
      assert.ok(aof.endTurn());
      const { digest } = restart(disk.crash(new Prng(1)));
      assert.equal(digest, server.run("DEBUG", "DIGEST"), failing);
    }
  });

  test("everysec, syncing fails: refused until it works, and then a rewrite is due", () => {
    const { disk, server, aof, clock } = begin();
    aof.load();
    server.run("SET", "a", 1);
    aof.endTurn();
    disk.failSync = true;
    clock.advance(1100);
    aof.endTurn();
    disk.finishLater();
    assert.equal(
      server.run("SET", "a", 2),
      "-MISCONF Errors writing to the AOF file: Input/output error\r\n",
    );
    disk.failSync = false;
    clock.advance(1100);
    aof.endTurn();
    disk.finishLater();
    assert.equal(server.run("SET", "a", 2), "+OK\r\n");
    assert.ok(server.server.appending.isScheduled);
    server.server.appending.round();
    assert.ok(aof.finishSave());
    assert.match(server.run("INFO", "persistence"), /aof_rewrites:1\r\n/);
  });
});

describe("rewriting", () => {
  test("the new base and what followed it are all that is left", () => {
    for (const preamble of ["yes", "no"]) {
      const n = seed();
      const prng = new Prng(n);
      const { disk, server, aof } = begin(new MemoryDisk(), { "aof-use-rdb-preamble": preamble });
      aof.load();
      for (const request of dataSet(prng, 60)) server.run(...request);
      aof.endTurn();
      assert.equal(
        server.run("BGREWRITEAOF"),
        "+Background append only file rewriting started\r\n",
      );
      assert.equal(
        server.run("BGREWRITEAOF"),
        "-ERR Background append only file rewriting already in progress\r\n",
      );
      for (const request of dataSet(prng, 20)) server.run(...request);
      aof.endTurn();
      assert.ok(aof.finishSave());
      disk.finishLater();
      const suffix = preamble === "yes" ? "rdb" : "aof";
      assert.deepEqual(disk.list(DIR).sort(), [
        `appendonly.aof.2.base.${suffix}`,
        "appendonly.aof.2.incr.aof",
        "appendonly.aof.manifest",
      ]);
      assert.equal(restart(disk).digest, server.run("DEBUG", "DIGEST"), `seed ${n}, ${preamble}`);
    }
  });

  test("values as commands, of every type and encoding", () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < 8; round++) {
      const config = {
        "aof-use-rdb-preamble": "no",
        "list-compress-depth": pick(prng, ["0", "1"]),
        "list-max-listpack-size": pick(prng, ["-2", "4"]),
        "hash-max-listpack-entries": pick(prng, ["8", "512"]),
        "set-max-listpack-entries": pick(prng, ["8", "128"]),
        "zset-max-listpack-entries": pick(prng, ["8", "128"]),
      };
      const { disk, server, aof } = begin(new MemoryDisk(), config);
      aof.load();
      for (const request of dataSet(prng, 80)) server.run(...request);
      server.run("SET", "big", "9223372036854775807");
      server.run("XADD", "x", "18446744073709551615-18446744073709551615", "f", "v");
      server.run("BGREWRITEAOF");
      assert.ok(aof.finishSave());
      const found = restart(disk);
      assert.equal(found.digest, server.run("DEBUG", "DIGEST"), `seed ${n}, round ${round}`);
      found.server.validateIntegrity();
    }
  });

  test("one that fails leaves everything as it was, but for a new file", () => {
    const { disk, server, aof } = begin();
    aof.load();
    server.run("SET", "a", 1);
    server.run("BGREWRITEAOF");
    server.run("SET", "b", 1);
    aof.endTurn();
    disk.freeBytes = 20;
    assert.ok(aof.finishSave());
    disk.freeBytes = Infinity;
    const info = server.run("INFO", "persistence");
    assert.match(info, /aof_last_bgrewrite_status:err\r\n/);
    assert.match(info, /aof_rewrites_consecutive_failures:1\r\n/);
    assert.equal(restart(disk).digest, server.run("DEBUG", "DIGEST"));
    server.run("SET", "c", 1);
    aof.endTurn();
    server.run("BGREWRITEAOF");
    aof.finishSave();
    assert.match(server.run("INFO", "persistence"), /aof_last_bgrewrite_status:ok\r\n/);
    assert.equal(restart(disk).digest, server.run("DEBUG", "DIGEST"));
  });

  test("scheduled behind a save, and a save behind it", () => {
    const { server, aof } = begin();
    aof.load();
    server.run("SET", "a", 1);
    assert.equal(server.run("BGSAVE"), "+Background saving started\r\n");
    assert.equal(
      server.run("BGREWRITEAOF"),
      "+Background append only file rewriting scheduled\r\n",
    );
    aof.finishSave();
    server.server.appending.round();
    assert.match(server.run("INFO", "persistence"), /aof_rewrite_in_progress:1\r\n/);
    assert.match(server.run("BGSAVE"), /^-ERR Another child process is active \(AOF\?\)/);
    assert.equal(server.run("BGSAVE", "SCHEDULE"), "+Background saving scheduled\r\n");
    aof.finishSave();
    server.server.saving.round();
    assert.match(server.run("INFO", "persistence"), /rdb_bgsave_in_progress:1\r\n/);
    aof.finishSave();
  });

  test("a save behind a rewrite that was told to stop", () => {
    const { disk, server, aof } = begin();
    const isSaving = () => /rdb_bgsave_in_progress:1/.test(server.run("INFO", "persistence"));
    aof.load();
    server.run("SET", "a", 1);
    const stopOne = () => {
      server.run("BGREWRITEAOF");
      server.run("CONFIG", "SET", "appendonly", "no");
      assert.equal(server.run("BGSAVE"), "+Background saving started\r\n");
    };
    stopOne();
    aof.finishSave();
    server.server.saving.round();
    assert.ok(disk.get("./dump.rdb") === null && isSaving());
    aof.finishSave();
    assert.ok(disk.get("./dump.rdb") !== null && !isSaving());

    server.run("CONFIG", "SET", "appendonly", "yes");
    aof.finishSave();
    stopOne();
    server.run("CONFIG", "SET", "appendonly", "yes");
    aof.finishSave();
    assert.equal(server.server.appending.isRewriting, true, "the next one, which goes first");
    server.run("FLUSHALL");
    assert.ok(!isSaving());
    aof.finishSave();
    assert.equal(server.server.appending.state, "on");
    server.server.saving.round();
    assert.ok(!aof.finishSave(), "nothing is left to do");
  });

  test("by growth", () => {
    const { server, aof } = begin(new MemoryDisk(), {
      "auto-aof-rewrite-min-size": "1000",
      rdbcompression: "no",
    });
    aof.load();
    server.run("SET", "a", "x".repeat(2000));
    aof.endTurn();
    server.server.appending.round();
    assert.ok(aof.finishSave());
    server.run("SET", "b", "x".repeat(1000));
    aof.endTurn();
    server.server.appending.round();
    assert.equal(aof.finishSave(), false, "it grew by less than 100 %");
    server.run("SET", "b", "x".repeat(3000));
    aof.endTurn();
    server.server.appending.round();
    assert.ok(aof.finishSave());
  });
});

describe("switching", () => {
  test("on: counts when the first base is done; off: what is there stays", () => {
    const { disk, server, aof } = begin(new MemoryDisk(), { appendonly: "no" });
    server.run("SET", "a", 1);
    assert.equal(server.run("CONFIG", "SET", "appendonly", "yes"), "+OK\r\n");
    server.run("SET", "b", 1);
    aof.endTurn();
    assert.equal(disk.get(MANIFEST), null);
    assert.ok(aof.finishSave());
    server.run("SET", "c", 1);
    aof.endTurn();
    assert.equal(restart(disk).digest, server.run("DEBUG", "DIGEST"));
    const before = server.run("DEBUG", "DIGEST");
    assert.equal(server.run("CONFIG", "SET", "appendonly", "no"), "+OK\r\n");
    server.run("SET", "d", 1);
    aof.endTurn();
    assert.equal(restart(disk).digest, before);
    assert.equal(server.run("CONFIG", "SET", "appendonly", "yes"), "+OK\r\n");
    assert.ok(aof.finishSave());
    assert.equal(restart(disk).digest, server.run("DEBUG", "DIGEST"));
  });

  test("off and on again while a rewrite is under way", () => {
    const { disk, server, aof } = begin();
    aof.load();
    server.run("SET", "a", 1);
    server.run("BGREWRITEAOF");
    server.run("CONFIG", "SET", "appendonly", "no");
    server.run("SET", "b", 1);
    server.run("CONFIG", "SET", "appendonly", "yes");
    while (aof.finishSave() || server.server.appending.isScheduled) {
      server.server.appending.round();
    }
    server.run("SET", "c", 1);
    aof.endTurn();
    assert.equal(server.server.appending.state, "on");
    assert.equal(restart(disk).digest, server.run("DEBUG", "DIGEST"));
  });

  test("within a transaction it waits for the end", () => {
    const { disk, server, aof } = begin(new MemoryDisk(), { appendonly: "no" });
    server.run("MULTI");
    server.run("INCR", "a");
    server.run("CONFIG", "SET", "appendonly", "yes");
    server.run("INCR", "a");
    server.server.executing = server.first.client;
    server.run("EXEC");
    server.server.executing = null;
    assert.equal(aof.finishSave(), false);
    server.server.appending.round();
    assert.ok(aof.finishSave());
    assert.equal(restart(disk).digest, server.run("DEBUG", "DIGEST"));
  });
});

describe("loading", () => {
  test("what ends too early is cut, or refused", () => {
    const whole = fileOf("SELECT 0", "SET a 1", "SET b 2");
    const cut = whole.slice(0, whole.length - 5);
    const { digest, aof, disk, server } = restart(diskOf(cut));
    assert.notEqual(digest, null);
    assert.equal(server.run("GET", "b"), "$-1\r\n");
    assert.equal(textOf(disk, INCR).length, fileOf("SELECT 0", "SET a 1").length);
    assert.ok(aof.lines.includes(
      "AOF appendonly.aof.1.incr.aof loaded anyway because aof-load-truncated is enabled",
    ));
    const refused = restart(diskOf(cut), { "aof-load-truncated": "no" });
    assert.equal(refused.digest, null);
    assert.match(
      refused.aof.lines.join("\n"),
      /Unexpected end of file reading the append only file appendonly.aof.1.incr.aof. You can: 1\)/,
    );
  });

  test("only the last file may end too early", () => {
    const cut = fileOf("SELECT 0", "SET a 1").slice(0, -3);
    const disk = diskOf(cut, fileOf("SELECT 0", "SET b 1"));
    const { digest, aof } = restart(disk);
    assert.equal(digest, null);
    assert.match(aof.lines.join("\n"), /Fatal error: the truncated file is not the last file/);
    assert.deepEqual(disk.get(INCR), cut, "it is left as it was");
  });

  test("a transaction counts when it is whole", () => {
    const file = fileOf("SELECT 0", "SET a 1", "MULTI", "SET a 2", "SET b 2");
    const { server, aof, disk } = restart(diskOf(file));
    assert.equal(server.run("GET", "a"), "$1\r\n1\r\n");
    assert.ok(aof.lines.includes(
      "Revert incomplete MULTI/EXEC transaction in AOF file appendonly.aof.1.incr.aof",
    ));
    assert.equal(textOf(disk, INCR).length, fileOf("SELECT 0", "SET a 1").length);
    const whole = restart(
      diskOf(fileOf("SELECT 0", "MULTI", "SET a 2", "SELECT 1", "SET b 2", "EXEC")),
    );
    assert.equal(whole.server.run("GET", "a"), "$1\r\n2\r\n");
  });

  test("what makes no sense is refused", () => {
    const cases: [file: Uint8Array, line: RegExp][] = [
      [
        ascii("!"),
        /^Bad file format reading the append only file appendonly\.aof\.1\.incr\.aof: make/,
      ],
      [ascii("!"), /expected a '\*' at offset 0/],
      [ascii("*1\r\n+4\r\n"), /expected a '\$' at offset 4/],
      [ascii("*1\r\n$4\r\nPINGx\n"), /the end of a line behind an argument at offset 12/],
      [ascii("*0\r\n"), /a number of arguments/],
      [fileOf("FOO a"), /^Unknown command 'FOO' reading the append only file appendonly/],
      [fileOf("GET a"), /A command that changes nothing, 'get', reading/],
      [fileOf("SET a"), /Wrong number of arguments for 'set' reading/],
      [fileOf("SET a b", "LPUSH a b"), /An error reply, 'WRONGTYPE .*', to 'lpush' reading/],
    ];
    for (const [file, line] of cases) {
      const { digest, aof } = restart(diskOf(file));
      assert.equal(digest, null, String(line));
      assert.ok(aof.lines.some((found) => line.test(found)), `${line}: ${aof.lines.join("\n")}`);
    }
  });

  test("a file that is missing is refused", () => {
    const disk = diskOf(fileOf("SELECT 0", "SET a 1"));
    disk.remove(INCR);
    const { digest, aof } = restart(disk);
    assert.equal(digest, null);
    assert.match(aof.lines.join("\n"), /Unable to obtain the AOF file appendonly.aof.1.incr.aof/);
  });

  test("nothing expires on the way", () => {
    const past = "SET a 1 PXAT 1000";
    const { server } = restart(diskOf(fileOf("SELECT 0", past, "APPEND a 2", "PERSIST a")));
    assert.equal(server.run("GET", "a"), "$2\r\n12\r\n");
    assert.equal(server.run("TTL", "a"), ":-1\r\n");
    const dead = restart(diskOf(fileOf("SELECT 0", past, "APPEND a 2")));
    assert.equal(dead.server.run("GET", "a"), "$-1\r\n");
  });

  test("a single file of an old version moves in", () => {
    for (const hasDir of [false, true]) {
      const disk = new MemoryDisk();
      if (hasDir) disk.putDir(DIR);
      disk.put("./appendonly.aof", fileOf("SELECT 0", "SET a 1"));
      const { server, aof } = restart(disk);
      assert.equal(server.run("GET", "a"), "$1\r\n1\r\n");
      assert.equal(disk.exists("./appendonly.aof"), false);
      assert.equal(
        textOf(disk, MANIFEST),
        "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
      );
      assert.ok(
        aof.lines.some((line) => line.startsWith("Successfully migrated an old-style AOF")),
      );
    }
  });

  test("an old file with an RDB part and commands behind it", () => {
    const { server, disk } = begin(new MemoryDisk(), { appendonly: "no" });
    server.run("SET", "a", 1);
    server.run("SAVE");
    const rdb = disk.get("./dump.rdb")!;
    const tail = fileOf("SELECT 0", "INCR a");
    const old = new Uint8Array(rdb.length + tail.length);
    old.set(rdb);
    old.set(tail, rdb.length);
    disk.put("./appendonly.aof", old);
    const { server: next, aof } = restart(disk);
    assert.equal(next.run("GET", "a"), "$1\r\n2\r\n");
    assert.ok(aof.lines.includes("Reading RDB preamble from AOF file..."));
    assert.ok(aof.lines.includes("Reading the remaining AOF tail..."));
  });

  test("DEBUG LOADAOF", () => {
    const { server, aof } = begin();
    aof.load();
    server.run("SET", "a", 1);
    assert.equal(server.run("DEBUG", "LOADAOF"), "+OK\r\n");
    server.run("INCR", "a");
    assert.equal(server.run("DEBUG", "LOADAOF"), "+OK\r\n");
    assert.equal(server.run("GET", "a"), "$1\r\n2\r\n");
  });

  test("DEBUG LOADAOF is not written to the file: when it fails, when a save goes on", () => {
    const { disk, server, aof } = begin();
    aof.load();
    server.run("SET", "a", 1);
    aof.endTurn();
    disk.put(INCR, ascii(textOf(disk, INCR) + "*x\r\n"));
    assert.match(server.run("DEBUG", "LOADAOF"), /^-ERR Error trying to load the AOF files/);
    aof.endTurn();
    assert.doesNotMatch(textOf(disk, INCR), /LOADAOF/);

    const saving = begin();
    saving.aof.load();
    saving.server.run("SET", "a", 1);
    saving.server.run("BGSAVE");
    assert.equal(saving.server.run("DEBUG", "LOADAOF"), "+OK\r\n");
    saving.aof.finishSave();
    assert.match(saving.server.run("INFO", "persistence"), /rdb_changes_since_last_save:0\r\n/);
    assert.equal(saving.server.run("DEBUG", "LOADAOF"), "+OK\r\n");
    saving.aof.endTurn();
    assert.doesNotMatch(textOf(saving.disk, INCR), /LOADAOF/);
    assert.equal(restart(saving.disk).server.run("GET", "a"), "$1\r\n1\r\n");
  });

  test("DEBUG LOADAOF is not written to the file when that contains what is always written", () => {
    const { disk, server, aof } = begin(new MemoryDisk(), { save: "900 1" });
    aof.load();
    for (const request of [["SET", "a", 1], ["FLUSHALL"], ["SET", "b", 1]]) server.run(...request);
    aof.endTurn();
    for (let i = 0; i < 2; i++) {
      assert.equal(server.run("DEBUG", "LOADAOF"), "+OK\r\n");
      aof.endTurn();
    }
    assert.doesNotMatch(textOf(disk, INCR), /LOADAOF/);
    assert.equal(restart(disk).server.run("GET", "b"), "$1\r\n1\r\n");
  });

  test("a FLUSHALL that is repeated leaves the RDB file and the save that is under way alone", () => {
    const { disk, server, aof } = begin(new MemoryDisk(), { save: "900 1" });
    aof.load();
    for (const request of [["SET", "a", 1], ["FLUSHALL"], ["SET", "b", 1]]) server.run(...request);
    assert.equal(server.run("SAVE"), "+OK\r\n");
    const saved = disk.get("./dump.rdb");
    server.run("BGSAVE");
    assert.equal(server.run("DEBUG", "LOADAOF"), "+OK\r\n");
    assert.match(server.run("INFO", "persistence"), /rdb_bgsave_in_progress:1\r\n/);
    assert.ok(aof.finishSave());
    aof.endTurn();
    const again = restart(disk, { save: "900 1" });
    assert.equal(again.server.run("GET", "b"), "$1\r\n1\r\n");
    assert.deepEqual(disk.get("./dump.rdb"), saved);
  });
});
