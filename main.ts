/**
 * Larder: the composition root. The only file that knows everyone.
 */
import { realpathSync, writeSync } from "node:fs";
import process from "node:process";
import { functionStore } from "./core/commands/function_dump.ts";
import { allCommands } from "./core/commands/index.ts";
import { Listener } from "./core/net/listener.ts";
import { runtimeTransport } from "./core/net/runtime.ts";
import type { Server } from "./core/server/server.ts";
import { prepare, serve, startFailure } from "./core/server/startup.ts";
import { REDIS_VERSION } from "./core/server/version.ts";
import { AppendOnlyFiles } from "./persistence/append_only.ts";
import { FileLock } from "./persistence/file_lock.ts";
import { realDisk } from "./persistence/real_disk.ts";
import { Snapshots } from "./persistence/snapshots.ts";

/** How often this server shows that the files it writes are its own, in ms. */
const BEAT_MS = 1000;

try {
  const server = prepare(process.argv.slice(2), allCommands);
  if (server !== null) {
    const snapshots = snapshotsOf(server);
    server.saving.port = snapshots;
    server.appending.plug(appendOnlyOf(server, snapshots));
    serve(server, new Listener(server, runtimeTransport()));
  }
} catch (error) {
  const text = startFailure(error);
  if (text !== "") writeSync(2, `${text}\n`);
  process.exit(1);
}

/** What saves the server's data to files and loads it. */
function snapshotsOf(server: Server): Snapshots {
  const { config, keyspace, clock, latency, log, memory } = server;
  return new Snapshots({
    keyspace,
    clock,
    disk: realDisk,
    functions: functionStore(server),
    ownership: lockOf(server),
    pid: process.pid,
    settings: () => ({
      // Asks the system, which a cut, that reads the others, doesn't wait for.
      get path() {
        return `${workingDirectory(server)}/${config.path("dbfilename")}`;
      },
      dir: config.text("dir"),
      compress: config.bool("rdbcompression"),
      checksum: config.bool("rdbchecksum"),
      rdbVersion: config.num("rdb-version"),
      skipsChecksum: server.saving.skipsChecksums,
      syncsOnTheWay: config.bool("rdb-save-incremental-fsync"),
      policy: config.str("maxmemory-policy"),
      keyDelayUs: config.num("rdb-key-save-delay"),
      loadDelayUs: config.num("key-load-delay"),
      version: REDIS_VERSION,
      usedBytes: memory.usedBytes,
    }),
    // The address is written out here so that builds of executables find the file.
    worker: () => {
      return new Worker(new URL("./persistence/snapshot_worker.ts", import.meta.url), {
        type: "module",
      });
    },
    cut: (us) => latency.add("fork", us),
    notice: (line) => log.notice(line),
    warning: (line) => log.warning(line),
  });
}

/** What writes what changes to files and loads it. */
function appendOnlyOf(server: Server, snapshots: Snapshots): AppendOnlyFiles {
  const { appending, config, clock, latency, log } = server;
  return new AppendOnlyFiles({
    clock,
    disk: realDisk,
    ownership: lockOf(server),
    pid: process.pid,
    snapshots,
    settings: appending.settings,
    place: () => ({
      root: workingDirectory(server),
      dirName: config.path("appenddirname"),
      fileName: config.path("appendfilename"),
    }),
    debug: (line) => log.debug(line),
    notice: (line) => log.notice(line),
    warning: (line) => log.warning(line),
    latency: (event, us) => latency.add(event, us),
  });
}

/** The directory that `dir` named, by the name it has now; the old one if it is gone. */
function workingDirectory(server: Server): string {
  try {
    // Unlike `process.cwd` it notices on Bun, too, that the directory was renamed.
    return realpathSync.native(".");
  } catch {
    return server.config.path("dir");
  }
}

/** A lock that is held until the server ends. */
function lockOf(server: Server): FileLock {
  const lock = new FileLock(server.clock);
  setInterval(() => lock.beat(), BEAT_MS).unref();
  server.shutdown.steps.push(() => lock.release());
  return lock;
}
