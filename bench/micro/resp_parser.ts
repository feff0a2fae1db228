/**
 * core/protocol: requests as clients send them, in pipelines, and the commonest replies.
 *
 * Figures are per request. The buffer holds a pipeline that is parsed from one end to the other, again and
 * again, with keys and values that differ in length, as a query buffer is.
 */

import { bench, do_not_optimize, group } from "mitata";
import { ascii } from "../../core/base/bytes.ts";
import { releaseChunk } from "../../core/protocol/chunk_pool.ts";
import { Reply } from "../../core/protocol/reply.ts";
import { MORE, RespParser } from "../../core/protocol/resp_parser.ts";

const PIPELINE = 64;

/** A pipeline of requests of the given arguments. */
function pipeline(args: (i: number) => string[]): Uint8Array {
  let text = "";
  for (let i = 0; i < PIPELINE; i++) {
    const list = args(i);
    text += `*${list.length}\r\n${list.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;
  }
  return ascii(text);
}

/** A benchmark of one request. */
function parse(name: string, buf: Uint8Array): void {
  const parser = new RespParser();
  let pos = 0;
  bench(name, () => {
    if (parser.parse(buf, pos, buf.length) === MORE) {
      pos = 0;
      parser.parse(buf, pos, buf.length);
    }
    pos = parser.pos;
    return do_not_optimize(parser.argc);
  });
}

group(() => {
  const key = (i: number) => `key:${"0".repeat(4 + i % 8)}${i}`;
  parse("parse PING", pipeline(() => ["PING"]));
  parse("parse PING, inline", ascii("PING\r\n".repeat(PIPELINE)));
  parse("parse GET", pipeline((i) => ["GET", key(i)]));
  parse("parse SET, 64 bytes", pipeline((i) => ["SET", key(i), "v".repeat(60 + i % 8)]));
  parse("parse SET, 10 KB", pipeline((i) => ["SET", key(i), "v".repeat(10_000 + i)]));
  const many = Array.from({ length: 20 }, (_, i) => key(i));
  parse("parse MSET of 10", pipeline(() => ["MSET", ...many]));
  parse("parse a line with quotes", ascii("SET \"a key\" 'a value'\r\n".repeat(PIPELINE)));
});

/** A benchmark of one reply; the chunks go back to the pool when a pipeline's replies are written. */
function reply(name: string, write: (out: Reply, i: number) => void): void {
  const out = new Reply();
  let i = 0;
  bench(name, () => {
    write(out, i++);
    if ((i & (PIPELINE - 1)) !== 0) return;
    for (let chunk = out.takeChunk(); chunk !== null; chunk = out.takeChunk()) {
      releaseChunk(chunk);
    }
  });
}

group(() => {
  const value = new Uint8Array(new SharedArrayBuffer(20_000)).fill(0x76);
  reply("reply OK", (out) => out.addOk());
  reply("reply an integer", (out, i) => out.addInteger(i & 0xffff));
  reply("reply a bulk of 16 bytes", (out, i) => out.addBulk(value, i & 63, 16));
  reply("reply a bulk of 512 bytes", (out, i) => out.addBulk(value, i & 63, 512));
  reply("reply a bulk of 10 KB", (out, i) => out.addBulk(value, i & 63, 10_000));
  reply("reply a text of 16 chars", (out) => out.addBulkString("abcdefghijklmnop"));
  reply("reply an error", (out) => out.addError("ERR no such key"));
});
