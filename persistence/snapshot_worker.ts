/**
 * The worker that saves: it gets the image of the arena at one moment, writes the file, and answers how it went.
 *
 * It shares three things with the main thread: the arena's segments and the states of their pages, by way of
 * FrozenBlocks, and a few words of control: whether to stop, and how far it is. So that it can be built into an
 * executable it is a module of its own that imports nothing of the server.
 *
 * It takes a low priority: when clients keep all processors busy it is the save that takes longer, not their commands.
 */
import { FrozenBlocks, ImageLost } from "../core/memory/frozen_blocks.ts";
import { lowerPriority } from "./low_priority.ts";
import { SaveFailed, saveRdb } from "./rdb_save.ts";
import { realDisk } from "./real_disk.ts";
import {
  CONTROL_KEYS,
  CONTROL_STOP,
  NO_ORDER,
  SAVE_DONE,
  SAVE_FAILED,
  SAVE_STOPPED,
  type SaveAnswer,
  type SaveOrder,
} from "./snapshot_order.ts";

/** What of a worker's global scope is used here. */
interface Scope {
  onmessage: ((event: { data: SaveOrder | typeof NO_ORDER }) => void) | null;
  postMessage(answer: SaveAnswer): void;
}

/** Thrown when the main thread wants no file any more. */
class Stopped extends Error {}

const everything: unknown = globalThis;
const scope = everything as Scope;
lowerPriority();
scope.onmessage = ({ data }) => {
  if (data !== NO_ORDER) scope.postMessage(save(data));
};

function save(order: SaveOrder): SaveAnswer {
  const control = new Int32Array(order.control);
  const progress = {
    keysWritten(count: number): void {
      control[CONTROL_KEYS] = count;
      if (Atomics.load(control, CONTROL_STOP) !== 0) throw new Stopped();
    },
    delay(ms: number): void {
      Atomics.wait(control, CONTROL_STOP, 0, ms);
    },
  };
  try {
    // Whoever has it stop removes the file, and may be gone before this one makes it.
    progress.keysWritten(0);
    saveRdb(realDisk, new FrozenBlocks(order.image), order.content, order.target, progress);
    return { status: SAVE_DONE, message: "" };
  } catch (error) {
    if (error instanceof Stopped) return { status: SAVE_STOPPED, message: "" };
    return { status: SAVE_FAILED, message: failureOf(error) };
  }
}

/** A line for the log; of a bug also where it is. */
function failureOf(error: unknown): string {
  if (error instanceof SaveFailed) return error.message;
  if (error instanceof ImageLost) {
    return `Write error while saving DB to the disk: ${error.message}`;
  }
  const what = error instanceof Error ? error.stack ?? error.message : String(error);
  return `The snapshot worker failed: ${what}`;
}
