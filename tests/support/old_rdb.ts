/**
 * RDB files in the encodings of old versions, built byte by byte: nothing that still runs writes them.
 *
 *     const file = new OldRdb(6);
 *     file.key(10, "l", ziplist(["a", 1]));
 *     file.end();                              // the bytes
 */
import { ascii } from "../../core/base/bytes.ts";
import { Crc64 } from "../../core/base/crc64.ts";

/** Text, or an integer that is encoded as one. */
export type Element = string | number;

export class OldRdb {
  private text: string;

  constructor(version: number) {
    this.text = `REDIS${String(version).padStart(4, "0")}\xfe\0`;
  }

  /** A key of an RDB type; the value's bytes follow. */
  key(type: number, name: string, value: string): this {
    this.text += String.fromCharCode(type) + string(name) + value;
    return this;
  }

  /** Whatever bytes. */
  raw(bytes: string): this {
    this.text += bytes;
    return this;
  }

  end(): Uint8Array {
    const bytes = ascii(`${this.text}\xff${"\0".repeat(8)}`);
    const crc = new Crc64();
    crc.update(bytes, 0, bytes.length - 8);
    crc.writeTo(bytes, bytes.length - 8);
    return bytes;
  }
}

/** A length. */
export function length(count: number): string {
  if (count < 64) return String.fromCharCode(count);
  if (count < 16384) return String.fromCharCode(0x40 | count >> 8, count & 255);
  return `\x80${bigEndian(count, 4)}`;
}

/** A string with its length in front. */
export function string(bytes: string): string {
  return length(bytes.length) + bytes;
}

/** Several of them, with their number in front. */
export function strings(elements: readonly string[], each = 1): string {
  return length(elements.length / each) + elements.map(string).join("");
}

/** A ziplist as a string value. */
export function ziplist(elements: readonly Element[]): string {
  let body = "";
  let last = 0;
  let tail = 10;
  for (const element of elements) {
    tail = 10 + body.length;
    const previous = last < 254 ? String.fromCharCode(last) : `\xfe${littleEndian(last, 4)}`;
    const entry = previous + ziplistValue(element);
    last = entry.length;
    body += entry;
  }
  const bytes = 11 + body.length;
  const head = littleEndian(bytes, 4) + littleEndian(tail, 4) + littleEndian(elements.length, 2);
  return string(`${head}${body}\xff`);
}

/** A zipmap as a string value: fields and values by turns; each value has some unused bytes behind it. */
export function zipmap(elements: readonly string[], unused = 0): string {
  let body = "";
  elements.forEach((element, i) => {
    const { length: len } = element;
    body += len < 254 ? String.fromCharCode(len) : `\xfe${littleEndian(len, 4)}`;
    if (i % 2 === 1) body += String.fromCharCode(unused);
    body += element + (i % 2 === 1 ? "?".repeat(unused) : "");
  });
  return string(`${String.fromCharCode(Math.min(254, elements.length / 2))}${body}\xff`);
}

/** An intset of integers of 2 or 4 bytes, in order, as a string value. */
export function intset(integers: readonly number[], bytes: number): string {
  const body = integers.map((value) => littleEndian(value, bytes)).join("");
  return string(littleEndian(bytes, 4) + littleEndian(integers.length, 4) + body);
}

/** Half an id of a stream's entry, or any integer. */
export function bigEndian(value: number, bytes: number): string {
  return [...littleEndian(value, bytes)].reverse().join("");
}

export function littleEndian(value: number, bytes: number): string {
  let text = "";
  let rest = BigInt.asUintN(64, BigInt(value));
  for (let i = 0; i < bytes; i++, rest >>= 8n) text += String.fromCharCode(Number(rest & 255n));
  return text;
}

function ziplistValue(element: Element): string {
  if (typeof element === "string") {
    const { length: len } = element;
    if (len < 64) return String.fromCharCode(len) + element;
    if (len < 16384) return String.fromCharCode(0x40 | len >> 8, len & 255) + element;
    return `\x80${bigEndian(len, 4)}${element}`;
  }
  if (element >= 0 && element <= 12) return String.fromCharCode(0xf1 + element);
  if (element >= -128 && element < 128) return `\xfe${littleEndian(element, 1)}`;
  if (element >= -32768 && element < 32768) return `\xc0${littleEndian(element, 2)}`;
  if (element >= -(2 ** 23) && element < 2 ** 23) return `\xf0${littleEndian(element, 3)}`;
  if (element >= -(2 ** 31) && element < 2 ** 31) return `\xd0${littleEndian(element, 4)}`;
  return `\xe0${littleEndian(element, 8)}`;
}
