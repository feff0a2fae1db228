/**
 * The audit of copy on write: sums over all pages when an image begins, and the proof when it ends that every page
 * which has changed has a copy of what it was, and that no page has lost its copy.
 */
import assert from "node:assert/strict";
import { type FrozenImage, PAGE_LIVE, PAGE_NEW } from "../../core/memory/copy_on_write.ts";

const PAGE_BYTES = 4096;
const PAGE_WORDS = PAGE_BYTES / 4;

export class CowAudit {
  /** Pages that had changed at the end. */
  changed = 0;
  private readonly words: Int32Array[];
  private readonly states: Int32Array[];
  private readonly sums: Int32Array[];

  /** Takes the sums; nothing must have been changed since the image began. */
  constructor(image: FrozenImage) {
    this.words = image.segments.map((buffer) => new Int32Array(buffer));
    this.states = image.states.map((buffer) => new Int32Array(buffer));
    this.sums = this.words.map((words) => {
      return Int32Array.from({ length: words.length / PAGE_WORDS }, (_, page) => {
        return sum(words, page * PAGE_WORDS);
      });
    });
  }

  /** Fails unless all is in order. To be called before the image is given up. */
  check(note: string): void {
    for (let segment = 0; segment < this.states.length; segment++) {
      const states = this.states[segment];
      for (let page = 0; page < states.length; page++) {
        const state = states[page];
        if (state === PAGE_NEW) continue;
        const expected = this.sums[segment][page];
        if (state === PAGE_LIVE) {
          const now = sum(this.words[segment], page * PAGE_WORDS);
          // Pages that were lent for copies are written without being shown, and are in nobody's way.
          if (now !== expected && !this.isCopy(segment, page)) {
            assert.fail(`${note}: page ${page} of segment ${segment} changed without a copy`);
          }
          continue;
        }
        this.changed++;
        const at = (state & 0x7ffffff) << 1;
        if (sum(this.words[state >>> 27], at) !== expected) {
          assert.fail(`${note}: the copy of page ${page} of segment ${segment} is wrong`);
        }
      }
    }
  }

  private isCopy(segment: number, page: number): boolean {
    const ref = (segment << 27) | page * (PAGE_BYTES / 8);
    return this.states.some((states) => states.includes(ref));
  }
}

function sum(words: Int32Array, at: number): number {
  let total = 0;
  for (let i = at; i < at + PAGE_WORDS; i++) total = Math.imul(total, 31) + words[i] | 0;
  return total;
}
