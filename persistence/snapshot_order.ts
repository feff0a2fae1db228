/**
 * What the main thread and the snapshot worker say to each other.
 */
import type { FrozenImage } from "../core/memory/copy_on_write.ts";
import type { SaveTarget } from "./rdb_save.ts";
import type { RdbContent } from "./rdb_writer.ts";

// Words of the control block, which both see.
/** Not 0: the worker is to stop. */
export const CONTROL_STOP = 0;
/** Keys written so far. */
export const CONTROL_KEYS = 1;
export const CONTROL_BYTES = 8;

export interface SaveOrder {
  readonly image: FrozenImage;
  readonly content: RdbContent;
  readonly target: SaveTarget;
  readonly control: SharedArrayBuffer;
}

/** What a worker gets first: it has nothing to do yet. */
export const NO_ORDER = null;

export const SAVE_DONE = 0;
export const SAVE_FAILED = 1;
export const SAVE_STOPPED = 2;

export interface SaveAnswer {
  readonly status: number;
  /** Of a failure, a line for the log. */
  readonly message: string;
}
