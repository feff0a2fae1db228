/**
 * Append-only files of an InProcess server on a disk in memory, with snapshots that are written when the test says so.
 *
 *     const aof = plugAppendOnly(server, disk);
 *     aof.load();                    what is on the disk is loaded, and then appended to
 *     server.run("SET", "k", "v");
 *     aof.endTurn();                 true: the client may have its reply
 *     server.run("BGREWRITEAOF");
 *     aof.finishSave();              the worker does its work and answers
 */
import { FrozenBlocks } from "../../core/memory/frozen_blocks.ts";
import { AppendOnlyFiles } from "../../persistence/append_only.ts";
import type { Disk } from "../../persistence/disk.ts";
import { diskErrorText } from "../../persistence/disk.ts";
import { saveRdb } from "../../persistence/rdb_save.ts";
import {
  NO_ORDER,
  SAVE_DONE,
  SAVE_FAILED,
  type SaveAnswer,
  type SaveOrder,
} from "../../persistence/snapshot_order.ts";
import type { InProcess } from "./in_process.ts";
import { plugSnapshots } from "./snapshots.ts";

export const DIR = "./appendonlydir";
export const INCR = `${DIR}/appendonly.aof.1.incr.aof`;
export const MANIFEST = `${DIR}/appendonly.aof.manifest`;

/** A worker that works when it is told to, in this thread. */
class TestWorker {
  onmessage: ((event: { data: SaveAnswer }) => void) | null = null;
  onerror: unknown = null;
  private readonly disk: Disk;
  private order: SaveOrder | typeof NO_ORDER = NO_ORDER;

  constructor(disk: Disk) {
    this.disk = disk;
  }

  postMessage(order: SaveOrder | typeof NO_ORDER): void {
    this.order = order;
  }

  terminate(): void {}

  /** Does what it was ordered to and answers. Returns whether there was an order. */
  finish(): boolean {
    const { order } = this;
    if (order === NO_ORDER) return false;
    this.order = NO_ORDER;
    let answer: SaveAnswer = { status: SAVE_DONE, message: "" };
    try {
      saveRdb(this.disk, new FrozenBlocks(order.image), order.content, order.target, null);
    } catch (error) {
      if ((error as Error).name === "Crash") throw error;
      answer = { status: SAVE_FAILED, message: diskErrorText(error) };
    }
    this.onmessage?.({ data: answer });
    return true;
  }
}

export interface AppendOnlyTest {
  readonly files: AppendOnlyFiles;
  /** Lines of the log, notices too. */
  readonly lines: string[];
  /** Loads what is there and appends from then on. Returns whether the server could go on. */
  load(): boolean;
  /** The end of a turn. Returns whether replies may be sent. */
  endTurn(): boolean;
  /** Has a background save or rewrite done. Returns whether there was one. */
  finishSave(): boolean;
}

/** Plugs an append-only file into a server. */
export function plugAppendOnly(server: InProcess, disk: Disk): AppendOnlyTest {
  const lines: string[] = [];
  const worker = new TestWorker(disk);
  const note = (line: string) => {
    lines.push(line);
  };
  const snapshots = plugSnapshots(server, {
    disk,
    path: "./dump.rdb",
    worker: () => worker as unknown as Worker,
    note,
  });
  const { appending, clock, log, turn } = server.server;
  const files = new AppendOnlyFiles({
    clock,
    disk,
    pid: 1,
    snapshots,
    settings: appending.settings,
    place: () => ({ root: ".", dirName: "appendonlydir", fileName: "appendonly.aof" }),
    debug: () => {},
    notice: note,
    warning: note,
    latency: () => {},
  });
  appending.plug(files);
  log.warning = note;
  log.notice = note;
  return {
    files,
    lines,
    load: () => {
      let isOk = false;
      appending.load((ok) => isOk = ok);
      return isOk;
    },
    endTurn: () => turn.beforeWrite === null || turn.beforeWrite(),
    finishSave: () => worker.finish(),
  };
}
