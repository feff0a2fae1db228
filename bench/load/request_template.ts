/**
 * A RESP request that is written millions of times with only its digits changing.
 *
 * The request is encoded once; `%d` stands for an index of 12 digits and `%t` for a number of 13
 * digits (a time in milliseconds). Three more follow from the index but are scattered: `%s` has 12 digits, `%x`
 * and `%y` are a longitude and a latitude. All have a fixed width, so the request has a fixed length and
 * writing it is one copy and a few digit stores: the load generator shares the machine with the
 * server it loads. "key:%d" is 16 bytes and is also how redis-benchmark spells its random keys.
 */

import { Buffer } from "node:buffer";

const INDEX_DIGITS = 12;
const NUMBER_DIGITS = 13;
/** Coordinates have two digits before the point and six behind it. */
const COORDINATE_DIGITS = 6;

/** What a place in the request is filled with, as a digit string's value. */
type Filler = (index: number, number: number) => number;

interface Kind {
  mark: string;
  width: number;
  value: Filler;
}

const KINDS: readonly Kind[] = [
  { mark: "%d", width: INDEX_DIGITS, value: (index) => index },
  { mark: "%t", width: NUMBER_DIGITS, value: (_, number) => number },
  { mark: "%s", width: INDEX_DIGITS, value: (index) => scattered(index, 1) * 1e12 },
];

/** Whole degrees of %x are 10 to 88, of %y 10 to 78: two digits, and inside what a map shows. */
const COORDINATES: readonly { mark: string; salt: number; span: number }[] = [
  { mark: "%x", salt: 2, span: 79 },
  { mark: "%y", salt: 3, span: 69 },
];

/** Digits at an offset of the encoded request. */
interface Place {
  off: number;
  width: number;
  value: Filler;
}

/** One encoded request with the places of its digits. */
export class RequestTemplate {
  /** Bytes of one encoded request. */
  readonly len: number;
  readonly #bytes: Uint8Array;
  readonly #places: Place[] = [];

  constructor(words: string[]) {
    // Each kind is encoded as a run of a character of its own, to be found again among the bytes.
    const runs: { text: string; value: Filler; width: number }[] = [];
    let filled = words;
    const mark = (text: string, run: string) => {
      filled = filled.map((word) => word.replaceAll(text, run));
    };
    for (const { mark: text, width, value } of KINDS) {
      const run = String.fromCharCode(runs.length + 1).repeat(width);
      runs.push({ text: run, value, width });
      mark(text, run);
    }
    for (const { mark: text, salt, span } of COORDINATES) {
      const degrees = String.fromCharCode(runs.length + 1).repeat(2);
      const rest = String.fromCharCode(runs.length + 2).repeat(COORDINATE_DIGITS);
      const at = (index: number) => 10 + scattered(index, salt) * span;
      runs.push({ text: degrees, width: 2, value: (index) => Math.floor(at(index)) });
      runs.push({
        text: rest,
        width: COORDINATE_DIGITS,
        value: (index) => (at(index) % 1) * 10 ** COORDINATE_DIGITS,
      });
      mark(text, `${degrees}.${rest}`);
    }
    const bulks = filled.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    const bytes = Buffer.from(`*${filled.length}\r\n${bulks.join("")}`);
    this.#bytes = bytes;
    this.len = bytes.length;
    for (const { text, value, width } of runs) {
      for (const off of offsetsOf(bytes, text)) this.#places.push({ off, width, value });
    }
  }

  /** Writes the request at `off` and returns the offset after it. */
  write(buf: Uint8Array, off: number, index: number, number: number): number {
    buf.set(this.#bytes, off);
    for (const place of this.#places) {
      writeDigits(buf, off + place.off, place.width, Math.floor(place.value(index, number)));
    }
    return off + this.len;
  }
}

/** A number from 0 to 1 that looks random and is the same for the same index and salt (Weyl's sequence). */
function scattered(index: number, salt: number): number {
  return (index * 0.6180339887498949 * salt + index * salt * 0.0000381966) % 1;
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
