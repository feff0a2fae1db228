import process from "node:process";
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { Prng } from "../../../core/base/prng.ts";
import { CHUNK_BYTES, releaseChunk } from "../../../core/protocol/chunk_pool.ts";
import { Reply } from "../../../core/protocol/reply.ts";
import { type SharedChunk, SharedLog } from "../../../core/protocol/shared_chunk.ts";

/** Writes a message of its own into a log. */
function write(log: SharedLog, text: string): SharedChunk {
  const bytes = ascii(text);
  log.begin(bytes.length, 1);
  log.addRaw(bytes);
  return log.end();
}

/** Takes everything from a reply: its text, and in how many chunks it came. */
function take(reply: Reply): [text: string, chunks: number] {
  let text = "";
  let chunks = 0;
  for (let chunk = reply.takeChunk(); chunk !== null; chunk = reply.takeChunk()) {
    text += latin1(chunk.buf, 0, chunk.len);
    releaseChunk(chunk);
    chunks++;
  }
  return [text, chunks];
}

describe("a chunk that many share", () => {
  test("is not copied, and neither are several in a row", () => {
    const log = new SharedLog();
    const replies = [new Reply(), new Reply(), new Reply()];
    for (const text of ["one", "two", "three"]) {
      const chunk = write(log, text);
      for (const reply of replies) reply.addShared(chunk);
    }
    const chunks = replies.map((reply) => reply.takeChunk());
    assert.equal(latin1(chunks[0]!.buf, 0, chunks[0]!.len), "onetwothree");
    assert.equal(chunks[0], chunks[1]);
    assert.equal(chunks[0], chunks[2]);
    assert.equal(replies[0].takeChunk(), null);
  });

  test("is copied where the replies differ", () => {
    const log = new SharedLog();
    const [a, b] = [new Reply(), new Reply()];
    const first = write(log, "first");
    const second = write(log, "second");
    const third = write(log, "third");
    for (const chunk of [first, second, third]) a.addShared(chunk);
    for (const chunk of [first, third]) b.addShared(chunk);
    b.addOk();
    assert.deepEqual(take(a), ["firstsecondthird", 1]);
    assert.deepEqual(take(b), ["firstthird+OK\r\n", 1]);
  });

  test("that has the size of a pooled one is not pooled", () => {
    const log = new SharedLog();
    const reply = new Reply();
    const chunk = write(log, "x".repeat(CHUNK_BYTES));
    reply.addShared(chunk);
    take(reply);
    const other = new Reply();
    for (let i = 0; i < 300; i++) other.addBulkString("y".repeat(CHUNK_BYTES - 20));
    assert.equal(latin1(chunk.buf, 0, chunk.len), "x".repeat(CHUNK_BYTES));
    other.clear();
  });

  test("between own replies doesn't take a standard chunk for each of them", () => {
    const log = new SharedLog();
    const reply = new Reply();
    let want = "";
    for (let i = 0; i < 500; i++) {
      const text = "x".repeat(5000);
      // Every tenth chunk is more than half full, and set aside as it is.
      const own = i % 10 === 0 ? "y".repeat(40_000) : `own ${i}`;
      reply.addRaw(ascii(own));
      reply.addShared(write(log, text));
      want += own + text;
    }
    assert.equal(reply.bytes, want.length);
    let taken = 0;
    for (let i = 0; i < reply.full.length; i++) taken += reply.full.get(i).buf.length;
    assert.ok(taken < want.length * 2, `${taken} bytes are taken for ${want.length}`);
    assert.ok(take(reply)[0] === want);
  });

  test("is not written to when a reply is taken back", () => {
    const log = new SharedLog();
    const [a, b] = [new Reply(), new Reply()];
    const first = write(log, "first");
    a.addShared(first);
    b.addShared(first);
    const mark = a.bytes;
    const second = write(log, "second");
    a.addShared(second);
    b.addShared(second);
    a.truncate(mark);
    a.addOk();
    assert.deepEqual(take(b), ["firstsecond", 1]);
    assert.deepEqual(take(a)[0], "first+OK\r\n");
  });

  test("random replies", () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e6);
    const prng = new Prng(seed);
    const log = new SharedLog();
    const replies = Array.from({ length: 8 }, () => ({ reply: new Reply(), want: "" }));
    for (let i = 0; i < 5000; i++) {
      const size = prng.nextU32() % (i % 100 === 0 ? 100_000 : i % 10 === 0 ? 9000 : 60);
      const text = `<${i}:${"z".repeat(size)}>`;
      const chunk = write(log, text);
      for (const each of replies) {
        const { reply } = each;
        const dice = prng.nextU32() % 16;
        if (dice < 10) {
          reply.addShared(chunk);
          each.want += text;
        } else if (dice < 12) {
          reply.addRaw(ascii("own"));
          each.want += "own";
        } else if (dice === 12) {
          const mark = reply.bytes;
          reply.addShared(chunk);
          reply.addRaw(ascii("gone"));
          reply.truncate(mark);
        } else if (dice === 13) {
          assert.equal(reply.bytes, each.want.length, `seed ${seed}`);
          assert.equal(take(reply)[0], each.want, `seed ${seed}`);
          each.want = "";
        }
      }
    }
  });
});
