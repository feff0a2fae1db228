/**
 * A RESP request that is written millions of times with only its digits changing.
 *
 * The request is encoded once; `%d` stands for an index of 12 digits and `%t` for a number of 13
 * digits (a time in milliseconds). Both have a fixed width, so the request has a fixed length and
 * writing it is one copy and a few digit stores: the load generator shares the machine with the
 * server it loads. "key:%d" is 16 bytes and is also how redis-benchmark spells its random keys.
 */

import { Buffer } from "node:buffer";

const INDEX_DIGITS = 12;
const NUMBER_DIGITS = 13;

/** One encoded request with the places of its digits. */
export class RequestTemplate {
  /** Bytes of one encoded request. */
  readonly len: number;
  readonly #bytes: Uint8Array;
  readonly #indexOffsets: number[];
  readonly #numberOffsets: number[];

  constructor(words: string[]) {
    const indexMark = "\x01".repeat(INDEX_DIGITS);
    const numberMark = "\x02".repeat(NUMBER_DIGITS);
    const filled = words.map((word) =>
      word.replaceAll("%d", indexMark).replaceAll("%t", numberMark)
    );
    const bulks = filled.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    const bytes = Buffer.from(`*${filled.length}\r\n${bulks.join("")}`);
    this.#bytes = bytes;
    this.len = bytes.length;
    this.#indexOffsets = offsetsOf(bytes, indexMark);
    this.#numberOffsets = offsetsOf(bytes, numberMark);
  }

  /** Writes the request at `off` and returns the offset after it. */
  write(buf: Uint8Array, off: number, index: number, number: number): number {
    buf.set(this.#bytes, off);
    for (const at of this.#indexOffsets) writeDigits(buf, off + at, INDEX_DIGITS, index);
    for (const at of this.#numberOffsets) writeDigits(buf, off + at, NUMBER_DIGITS, number);
    return off + this.len;
  }
}

function writeDigits(buf: Uint8Array, off: number, width: number, value: number): void {
  let rest = value;
  for (let at = off + width - 1; at >= off; at--) {
    const next = Math.floor(rest / 10);
    buf[at] = 48 + (rest - next * 10);
    rest = next;
  }
}

function offsetsOf(bytes: Buffer, mark: string): number[] {
  const offsets: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) {
    offsets.push(at);
  }
  return offsets;
}
