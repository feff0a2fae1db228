import { describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  countReplies,
  decodeReply,
  escapeBytes,
  latin1,
  Push,
  type Reply,
  ReplyError,
  ReplyScanner,
  toBytes,
  utf8,
} from "../../support/resp_reply.ts";

const REPLIES: ReadonlyArray<readonly [string, Reply]> = [
  ["+OK\r\n", "OK"],
  ["+\r\n", ""],
  ["+a\rb\r\n", "a\rb"],
  ["-ERR no\r\n", new ReplyError("ERR no")],
  [":-12\r\n", -12],
  [":9223372036854775807\r\n", 9223372036854775807n],
  ["$0\r\n\r\n", ""],
  ["$4\r\n\r\n\0\xff\r\n", "\r\n\0\xff"],
  ["$-1\r\n", null],
  ["*-1\r\n", null],
  ["*0\r\n", []],
  ["*3\r\n:1\r\n*1\r\n$1\r\na\r\n$-1\r\n", [1, ["a"], null]],
  ["_\r\n", null],
  ["#t\r\n", true],
  ["#f\r\n", false],
  [",1.5\r\n", 1.5],
  [",-inf\r\n", -Infinity],
  [",inf\r\n", Infinity],
  [",nan\r\n", NaN],
  ["(123456789012345678901234567890\r\n", 123456789012345678901234567890n],
  ["!7\r\nERR a\r\n\r\n", new ReplyError("ERR a\r\n")],
  ["=7\r\ntxt:abc\r\n", "abc"],
  ["%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n", new Map<Reply, Reply>([["a", 1], ["b", [2]]])],
  ["~2\r\n+a\r\n+b\r\n", new Set(["a", "b"])],
  [">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n", new Push(["invalidate", ["k"]])],
  ["|1\r\n+ttl\r\n:3\r\n*1\r\n:1\r\n", [1]],
  ["*2\r\n|1\r\n+x\r\n%1\r\n:1\r\n:2\r\n:5\r\n:6\r\n", [5, 6]],
];

describe("RESP replies", () => {
  test("decode to their values", () => {
    for (const [raw, value] of REPLIES) {
      assert.deepEqual(decodeReply(toBytes(raw)), value, escapeBytes(raw));
    }
  });

  test("end where they end, at once and byte by byte, with more behind", () => {
    for (const [raw] of REPLIES) {
      const bytes = toBytes(`xx${raw}+next\r\n`);
      const scanner = new ReplyScanner();
      for (let end = 2; end < 2 + raw.length; end++) {
        assert.equal(scanner.scan(bytes.subarray(0, end), 2), -1, `${end} of ${escapeBytes(raw)}`);
      }
      assert.equal(scanner.scan(bytes.subarray(0, 2 + raw.length), 2), raw.length);
      scanner.reset();
      assert.equal(scanner.scan(bytes, 2), raw.length, escapeBytes(raw));
    }
  });

  test("what is none is refused", () => {
    for (const raw of ["hello\r\n", "$x\r\n", "$-2\r\n", "*1.5\r\n", "\r\n", "$?\r\n"]) {
      assert.throws(() => new ReplyScanner().scan(toBytes(raw), 0), /not a RESP reply/, raw);
    }
  });

  test("are counted", () => {
    assert.equal(countReplies(""), 0);
    assert.equal(countReplies("+a\r\n*1\r\n:1\r\n$-1\r\n"), 3);
    assert.equal(countReplies(REPLIES.map(([raw]) => raw).join("")), REPLIES.length);
    assert.throws(() => countReplies("+OK"), /not a whole reply/);
    assert.throws(() => countReplies("+OK\r\n$3\r\nab\r\n"), /not a whole reply/);
  });
});

describe("binary strings", () => {
  test("hold every byte and nothing else", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    assert.deepEqual(Uint8Array.from(toBytes(latin1(all))), all);
    assert.throws(() => toBytes("a€"), /utf8/);
    assert.equal(utf8("é€"), "\xc3\xa9\xe2\x82\xac");
    assert.equal(escapeBytes('a"\\\r\n\0\xff~'), '"a\\"\\\\\\r\\n\\x00\\xff~"');
  });
});
