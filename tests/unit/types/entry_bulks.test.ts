/**
 * Listpack entries as bulk strings: any mix of entries, in a buffer that ends with them, over any number of chunks.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ascii, copyBytes, latin1 } from "../../../core/base/bytes.ts";
import { Prng } from "../../../core/base/prng.ts";
import { Arena, REF_OFFSET_MASK } from "../../../core/memory/arena.ts";
import { CHUNK_BYTES, releaseChunk } from "../../../core/protocol/chunk_pool.ts";
import { Reply } from "../../../core/protocol/reply.ts";
import { LP_HEADER_BYTES, lpAppend, lpBytes, lpCreate } from "../../../core/structures/listpack.ts";
import { addEntryBulks, addEntryBulksBackwards } from "../../../core/types/entry_bulks.ts";
import { oneIn, randomInt, seed } from "../../support/gen.ts";

/** A listpack of these elements, alone in a buffer. */
function listpackOf(elements: readonly string[]): Uint8Array {
  const arena = new Arena({ segmentBytes: 1 << 20 });
  let ref = lpCreate(arena);
  for (const element of elements) {
    ref = lpAppend(arena, ref, ascii(element), 0, element.length);
  }
  const bytes = new Uint8Array(lpBytes(arena, ref));
  copyBytes(bytes, 0, arena.u8[ref >>> 27], (ref & REF_OFFSET_MASK) << 3, bytes.length);
  return bytes;
}

function taken(reply: Reply): string {
  let text = "";
  for (let chunk = reply.takeChunk(); chunk !== null; chunk = reply.takeChunk()) {
    text += latin1(chunk.buf, 0, chunk.len);
    releaseChunk(chunk);
  }
  return text;
}

function bulks(elements: readonly string[]): string {
  return elements.map((element) => `$${element.length}\r\n${element}\r\n`).join("");
}

/** Both directions give what the elements look like one by one, behind what a reply holds already. */
function check(elements: readonly string[], before: number, note: string): void {
  const bytes = listpackOf(elements);
  const reply = new Reply();
  const head = "+".repeat(before);
  reply.addRaw(ascii(head));
  addEntryBulks(reply, bytes, LP_HEADER_BYTES, elements.length);
  assert.equal(taken(reply), head + bulks(elements), note);
  addEntryBulksBackwards(reply, bytes, bytes.length - 1, elements.length);
  assert.equal(taken(reply), bulks(elements.toReversed()), note);
}

test("strings of every short length, at the end of a buffer and of a chunk", () => {
  for (let len = 0; len < 70; len++) {
    const element = "x".repeat(len);
    check([element], 0, `${len}`);
    check([element, "", ""], 0, `${len}, in front`);
    check(["7", element], CHUNK_BYTES - 70 + len, `${len}, behind`);
    check(Array(600).fill(element), len, `${len}, many`);
  }
});

test("any mix", () => {
  const n = seed();
  const prng = new Prng(n);
  for (let round = 0; round < 300; round++) {
    const elements = Array.from({ length: randomInt(prng, 1, 300) }, () => {
      if (oneIn(prng, 3)) return `${randomInt(prng, -1, 1) * 10 ** prng.nextBelow(15)}`;
      return "v".repeat(oneIn(prng, 20) ? prng.nextBelow(6000) : prng.nextBelow(80));
    });
    check(elements, prng.nextBelow(CHUNK_BYTES), `seed ${n}, round ${round}`);
  }
});

test("none", () => check([], 3, ""));
