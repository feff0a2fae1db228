/**
 * Snapshots of an InProcess server, on a disk in memory or with a real worker on a real one.
 */
import type { Disk } from "../../persistence/disk.ts";
import { Snapshots } from "../../persistence/snapshots.ts";
import type { InProcess } from "./in_process.ts";

const WORKER = new URL("../../persistence/snapshot_worker.ts", import.meta.url);

export interface SnapshotTestOptions {
  readonly disk: Disk;
  readonly path?: string;
  /** Slows saving down, so that more happens meanwhile. */
  readonly keyDelayUs?: number;
  /** In place of a real worker. */
  readonly worker?: () => Worker;
  /** Gets the lines of the log; without it a warning fails the test. */
  readonly note?: (line: string) => void;
}

/** Plugs snapshots into a server. Whoever saves in the background calls `endWorkers` in the end. */
export function plugSnapshots(server: InProcess, options: SnapshotTestOptions): Snapshots {
  const { config, keyspace, clock } = server.server;
  const snapshots = new Snapshots({
    keyspace,
    clock,
    disk: options.disk,
    pid: 1,
    settings: () => ({
      path: options.path ?? "dump.rdb",
      dir: "/",
      compress: config.bool("rdbcompression"),
      checksum: config.bool("rdbchecksum"),
      rdbVersion: config.num("rdb-version"),
      syncsOnTheWay: false,
      policy: config.str("maxmemory-policy"),
      keyDelayUs: options.keyDelayUs ?? 0,
      loadDelayUs: 0,
      version: "7.4.0",
      usedBytes: 0,
    }),
    worker: options.worker ?? (() => {
      const worker = new Worker(WORKER, { type: "module" });
      workers.push(worker);
      return worker;
    }),
    notice: options.note ?? (() => {}),
    warning: options.note ?? ((line) => {
      throw new Error(line);
    }),
  });
  server.server.saving.port = snapshots;
  return snapshots;
}

const workers: Worker[] = [];

/** Ends all workers that were started. */
export function endWorkers(): void {
  for (const worker of workers.splice(0)) worker.terminate();
}
