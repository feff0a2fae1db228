/**
 * FrozenBlocks: reads blocks as they were when the arena was frozen (copy_on_write.ts), from any thread.
 *
 * Each read copies the bytes, and some more behind them: whoever reads the head of an entry goes on to its key and
 * value, which then are at hand. What was copied never becomes wrong, since the image doesn't change.
 */
import type { ReadonlyBytes } from "../base/bytes.ts";
import { REF_OFFSET_MASK } from "./arena.ts";
import type { ReadonlyWords } from "./arena.ts";
import type { BlockReader } from "./block_reader.ts";
import { type FrozenImage, PAGE_LIVE, PAGE_LOST, PAGE_NEW, PAGE_SHIFT } from "./copy_on_write.ts";
import { PAGE_BYTES } from "./extents.ts";

/** Bytes that are copied at least, unless the page ends before. */
const WINDOW_BYTES = 192;
/** Size up to which the buffer is kept. */
const KEPT_BYTES: number = 1 << 20;
/** Up to so many bytes a loop is quicker than a call. */
const LOOP_BYTES_MAX = 512;

/** Thrown by `read` when there was no memory to keep the image. */
export class ImageLost extends Error {
  override name = "ImageLost";

  constructor() {
    super("there was no memory left to keep the data as it was");
  }
}

export class FrozenBlocks implements BlockReader {
  u8: ReadonlyBytes;
  i32: ReadonlyWords;
  f64: ReadonlyWords;
  at = 0;

  private readonly bytes: Uint8Array[];
  private readonly words: Int32Array[];
  private readonly states: Int32Array[];
  private ownBytes: Uint8Array;
  private ownWords: Int32Array;
  /** What the own buffer holds: bytes [start, end) of a segment. */
  private segment = -1;
  private start = 0;
  private end = 0;

  constructor(image: FrozenImage) {
    this.bytes = image.segments.map((buffer) => new Uint8Array(buffer));
    this.words = image.segments.map((buffer) => new Int32Array(buffer));
    this.states = image.states.map((buffer) => new Int32Array(buffer));
    const buffer = new ArrayBuffer(KEPT_BYTES);
    this.u8 = this.ownBytes = new Uint8Array(buffer);
    this.i32 = this.ownWords = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /** Throws ImageLost. */
  read(ref: number, off: number, len: number): void {
    const segment = ref >>> 27;
    const at = ((ref & REF_OFFSET_MASK) << 3) + off;
    if (segment !== this.segment || at < this.start || at + len > this.end) {
      this.fetch(segment, at, len);
    }
    this.at = at - this.start;
  }

  /** Copies the bytes from `at` on, `len` and perhaps more. */
  private fetch(segment: number, at: number, len: number): void {
    const start = at & ~7;
    const pageEnd = (start & -PAGE_BYTES) + PAGE_BYTES;
    const wanted = (at + len + 7) & ~7;
    const more = start + WINDOW_BYTES < pageEnd ? start + WINDOW_BYTES : pageEnd;
    const end = wanted > more ? wanted : more;
    this.makeRoom(end - start);
    this.segment = segment;
    this.start = start;
    this.end = end;
    if (end - start <= LOOP_BYTES_MAX) {
      const from = this.words[segment];
      const to = this.ownWords;
      for (let i = start >> 2, j = 0; i < end >> 2; i++, j++) to[j] = from[i];
    } else this.ownBytes.set(this.bytes[segment].subarray(start, end), 0);
    const states = this.states[segment];
    for (let page = start >>> PAGE_SHIFT; page <= (end - 1) >>> PAGE_SHIFT; page++) {
      const state = Atomics.add(states, page, 0);
      if (state !== PAGE_LIVE && state !== PAGE_NEW) this.takeCopy(page, state);
    }
  }

  /** Replaces what was read of a page by what is in its copy. */
  private takeCopy(page: number, copy: number): void {
    if (copy === PAGE_LOST) {
      this.segment = -1;
      throw new ImageLost();
    }
    const pageStart = page << PAGE_SHIFT;
    const start = Math.max(this.start, pageStart);
    const end = Math.min(this.end, pageStart + PAGE_BYTES);
    const from = ((copy & REF_OFFSET_MASK) << 3) + start - pageStart;
    const bytes = this.bytes[copy >>> 27].subarray(from, from + end - start);
    this.ownBytes.set(bytes, start - this.start);
  }

  private makeRoom(bytes: number): void {
    const have = this.ownBytes.length;
    if (bytes <= have && (have <= KEPT_BYTES || bytes > KEPT_BYTES)) return;
    const buffer = new ArrayBuffer(bytes <= KEPT_BYTES ? KEPT_BYTES : (bytes + 7) & ~7);
    this.u8 = this.ownBytes = new Uint8Array(buffer);
    this.i32 = this.ownWords = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }
}
