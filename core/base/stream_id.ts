/**
 * StreamId: the name of a stream's entry, 128 bits: a time in ms and a sequence number, unsigned both.
 *
 * The four words are int32, high before low, since both halves go up to 2^64 - 1 and a double can't hold that.
 * Owners keep objects and reuse them; nothing here allocates but for text of numbers beyond 2^53.
 *
 * Text is `<ms>-<seq>`, each number as Redis reads it: the canonical form first, and what C's strtoull takes
 * besides (blanks or a plus before it, leading zeros, a minus that wraps around), because clients that
 * sent such an id got through. A zero byte ends the text for the same reason.
 */
import { indexOfByte, type ReadonlyBytes, writeLatin1 } from "./bytes.ts";
import { formatInteger } from "./integers.ts";

/** Longest text of an id: two numbers of twenty digits and a dash. */
export const STREAM_ID_LEN_MAX = 41;

// What `parseStreamId` says.
export const ID_INVALID = 0;
export const ID_OK = 1;
/** The form `<ms>-*`: the sequence number is for the stream to choose. */
export const ID_WITHOUT_SEQ = 2;

/** Longest text that is looked at. */
const TEXT_LEN_MAX = 127;
const DASH = 0x2d;
const PLUS = 0x2b;
const STAR = 0x2a;

// The time that was written last, as text: ids that are written one after another often share it.
const timeText = new Uint8Array(20);
let timeLen = 0;
let timeHi = 0;
let timeLo = 0;

// What `parseUnsigned` read.
let readHi = 0;
let readLo = 0;

export class StreamId {
  msHi = 0;
  msLo = 0;
  seqHi = 0;
  seqLo = 0;

  set(msHi: number, msLo: number, seqHi: number, seqLo: number): void {
    this.msHi = msHi;
    this.msLo = msLo;
    this.seqHi = seqHi;
    this.seqLo = seqLo;
  }

  copy(from: StreamId): void {
    this.msHi = from.msHi;
    this.msLo = from.msLo;
    this.seqHi = from.seqHi;
    this.seqLo = from.seqLo;
  }

  /** The smallest id, 0-0, which no entry has. */
  setMin(): void {
    this.set(0, 0, 0, 0);
  }

  /** The largest id. */
  setMax(): void {
    this.set(-1, -1, -1, -1);
  }

  /** A time in ms, a safe integer, and the first sequence number. */
  setTime(ms: number): void {
    this.set(Math.floor(ms / 2 ** 32) | 0, ms | 0, 0, 0);
  }

  isMin(): boolean {
    return (this.msHi | this.msLo | this.seqHi | this.seqLo) === 0;
  }

  isMax(): boolean {
    return (this.msHi & this.msLo & this.seqHi & this.seqLo) === -1;
  }

  equals(other: StreamId): boolean {
    return this.seqLo === other.seqLo && this.msLo === other.msLo && this.msHi === other.msHi &&
      this.seqHi === other.seqHi;
  }

  /** The next id. After the largest comes 0-0, and false is returned. */
  increment(): boolean {
    this.seqLo = (this.seqLo + 1) | 0;
    if (this.seqLo !== 0) return true;
    this.seqHi = (this.seqHi + 1) | 0;
    if (this.seqHi !== 0) return true;
    this.msLo = (this.msLo + 1) | 0;
    if (this.msLo !== 0) return true;
    this.msHi = (this.msHi + 1) | 0;
    return this.msHi !== 0;
  }

  /** The id before. Before 0-0 comes the largest, and false is returned. */
  decrement(): boolean {
    this.seqLo = (this.seqLo - 1) | 0;
    if (this.seqLo !== -1) return true;
    this.seqHi = (this.seqHi - 1) | 0;
    if (this.seqHi !== -1) return true;
    this.msLo = (this.msLo - 1) | 0;
    if (this.msLo !== -1) return true;
    this.msHi = (this.msHi - 1) | 0;
    return this.msHi !== -1;
  }
}

/** Below, equal to or above zero as `a` is below, equal to or above `b`. */
export function compareIds(a: StreamId, b: StreamId): number {
  if (a.msHi !== b.msHi) return a.msHi >>> 0 < b.msHi >>> 0 ? -1 : 1;
  if (a.msLo !== b.msLo) return a.msLo >>> 0 < b.msLo >>> 0 ? -1 : 1;
  if (a.seqHi !== b.seqHi) return a.seqHi >>> 0 < b.seqHi >>> 0 ? -1 : 1;
  if (a.seqLo !== b.seqLo) return a.seqLo >>> 0 < b.seqLo >>> 0 ? -1 : 1;
  return 0;
}

/** Writes the text of an id, up to STREAM_ID_LEN_MAX bytes, and returns the offset after it. */
export function formatStreamId(dst: Uint8Array, off: number, id: StreamId): number {
  const { msHi, msLo, seqHi, seqLo } = id;
  if (msLo !== timeLo || msHi !== timeHi || timeLen === 0) {
    timeLen = formatUnsigned(timeText, 0, msHi, msLo);
    timeHi = msHi;
    timeLo = msLo;
  }
  for (let i = 0; i < timeLen; i++) dst[off + i] = timeText[i];
  off += timeLen;
  dst[off] = DASH;
  if (seqHi === 0 && seqLo >= 0) return formatInteger(dst, off + 1, seqLo);
  return formatUnsigned(dst, off + 1, seqHi, seqLo);
}

/**
 * Reads an id into `out` and returns ID_OK, ID_WITHOUT_SEQ or ID_INVALID. A text without sequence number
 * gets 0, or the largest with `missingIsMax`. Unless `strict`, `-` and `+` are the smallest and the largest
 * id. ID_WITHOUT_SEQ comes only if `allowAuto`.
 */
export function parseStreamId(
  buf: ReadonlyBytes,
  off: number,
  len: number,
  missingIsMax: boolean,
  strict: boolean,
  allowAuto: boolean,
  out: StreamId,
): number {
  if (len > TEXT_LEN_MAX) return ID_INVALID;
  const zero = indexOfByte(buf, 0, off, off + len);
  const end = zero < 0 ? off + len : zero;
  if (end - off === 1 && (buf[off] === DASH || buf[off] === PLUS)) {
    if (strict) return ID_INVALID;
    if (buf[off] === DASH) out.setMin();
    else out.setMax();
    return ID_OK;
  }
  const dash = indexOfByte(buf, DASH, off, end);
  if (!parseUnsigned(buf, off, dash < 0 ? end : dash)) return ID_INVALID;
  out.msHi = readHi;
  out.msLo = readLo;
  if (dash < 0) {
    out.seqHi = out.seqLo = missingIsMax ? -1 : 0;
    return ID_OK;
  }
  if (allowAuto && end - dash === 2 && buf[dash + 1] === STAR) {
    out.seqHi = out.seqLo = 0;
    return ID_WITHOUT_SEQ;
  }
  if (!parseUnsigned(buf, dash + 1, end)) return ID_INVALID;
  out.seqHi = readHi;
  out.seqLo = readLo;
  return ID_OK;
}

/** Writes an unsigned 64-bit number. */
function formatUnsigned(dst: Uint8Array, off: number, hi: number, lo: number): number {
  if (hi >= 0 && hi < 0x200000) return formatInteger(dst, off, hi * 2 ** 32 + (lo >>> 0));
  return writeLatin1(dst, off, (BigInt(hi >>> 0) << 32n | BigInt(lo >>> 0)).toString());
}

/** Reads an unsigned 64-bit number into `readHi` and `readLo`. */
function parseUnsigned(buf: ReadonlyBytes, off: number, end: number): boolean {
  // Fifteen digits are exact in a double, and hardly an id has more.
  if (end - off > 15 || end === off) return parseOddUnsigned(buf, off, end);
  let value = 0;
  for (let i = off; i < end; i++) {
    const digit = buf[i] - 0x30;
    if (digit < 0 || digit > 9) return parseOddUnsigned(buf, off, end);
    value = value * 10 + digit;
  }
  readHi = Math.floor(value / 2 ** 32);
  readLo = value | 0;
  return true;
}

/** `parseUnsigned` for long numbers and for the forms that only strtoull takes. */
function parseOddUnsigned(buf: ReadonlyBytes, off: number, end: number): boolean {
  const from = off;
  while (off < end && (buf[off] === 0x20 || buf[off] >= 9 && buf[off] <= 13)) off++;
  const negative = buf[off] === DASH && off < end;
  if (negative || buf[off] === PLUS && off < end) off++;
  if (off === end) return false;
  const digits = off;
  let value = 0n;
  for (; off < end; off++) {
    const digit = buf[off] - 0x30;
    if (digit < 0 || digit > 9) return false;
    value = value * 10n + BigInt(digit);
  }
  if (value >= 1n << 64n) return false;
  if (negative) {
    // A negative number in canonical form is read as one, and refused; any other wraps around.
    const canonical = digits === from + 1 && buf[digits] !== 0x30;
    if (canonical && value <= 1n << 63n) return false;
    value = -value;
  }
  readHi = Number(BigInt.asIntN(32, value >> 32n));
  readLo = Number(BigInt.asIntN(32, value));
  return true;
}
