import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii } from "../../../core/base/bytes.ts";
import { BROKEN, MORE, REQUEST, RespParser } from "../../../core/protocol/resp_parser.ts";

/** Requests until the parser stops, and how it stopped: "more" or the error's text. */
function parseAll(parser: RespParser, text: string): [string[][], string] {
  const buf = ascii(text);
  const requests: string[][] = [];
  for (let pos = 0;;) {
    const status = parser.parse(buf, pos, buf.length);
    if (status === MORE) return [requests, "more"];
    if (status === BROKEN) return [requests, parser.error];
    pos = parser.pos;
    requests.push(parser.argStrings(0));
  }
}

function requests(text: string): string[][] {
  const [out, end] = parseAll(new RespParser(), text);
  assert.equal(end, "more");
  return out;
}

/** The error's text without its beginning, which is always the same. */
function fault(text: string, parser = new RespParser()): string {
  const [, end] = parseAll(parser, text);
  assert.ok(end.startsWith("Protocol error: "), end);
  return end.slice("Protocol error: ".length);
}

function waits(text: string): boolean {
  const parser = new RespParser();
  const [out, end] = parseAll(parser, text);
  return out.length === 0 && end === "more" && parser.partial;
}

describe("arrays of bulk strings", () => {
  test("are requests", () => {
    assert.deepEqual(requests("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n"), [
      ["GET", "k"],
      ["PING"],
    ]);
  });

  test("hold any bytes, and no bytes", () => {
    assert.deepEqual(requests("*3\r\n$0\r\n\r\n$4\r\n\r\n\0\xff\r\n$2\r\n$1\r\n"), [
      ["", "\r\n\0\xff", "$1"],
    ]);
  });

  test("may have no elements, or fewer", () => {
    for (const count of ["0", "-1", "-9223372036854775808"]) {
      assert.deepEqual(requests(`*${count}\r\n*1\r\n$1\r\na\r\n`), [[], ["a"]], count);
    }
  });

  test("may have hundreds of thousands", () => {
    const count = 300_000;
    const parser = new RespParser();
    const [[args]] = parseAll(parser, `*${count}\r\n${"$1\r\na\r\n".repeat(count)}`);
    assert.equal(args.length, count);
    assert.ok(parser.off.length >= count);
    parseAll(parser, "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    assert.ok(parser.off.length <= 1024, "the room for them is given back");
    parseAll(parser, "*12\r\n" + "$1\r\na\r\n".repeat(12));
    assert.equal(parser.argc, 12);
  });

  test("have lengths up to proto-max-bulk-len", () => {
    const parser = new RespParser();
    parser.bulkLenMax = 1000;
    assert.equal(parser.parse(ascii("*1\r\n$1000\r\n"), 0, 11), MORE);
    assert.equal(parser.wanted, 1002);
    parser.reset();
    assert.equal(fault("*1\r\n$1001\r\n", parser), "invalid bulk length");
  });

  test("end where offsets do", () => {
    const parser = new RespParser();
    parser.bulkLenMax = 2 ** 40;
    assert.equal(fault("*1\r\n$3000000000\r\n", parser), "invalid bulk length");
    parser.reset();
    assert.equal(parser.error, "");
    assert.equal(fault("*1\r\n$2147483647\r\n", parser), "invalid bulk length");
  });

  test("don't care what stands for a CRLF", () => {
    assert.deepEqual(requests("*1\rx$4\rxPINGxx"), [["PING"]]);
  });
});

describe("protocol errors", () => {
  test("of counts", () => {
    for (const count of ["", "a", "1x", " 1", "+1", "01", "-0", "2147483648", "9".repeat(20)]) {
      assert.equal(fault(`*${count}\r\n`), "invalid multibulk length", count);
    }
    assert.equal(fault("*1\n\r\n"), "invalid multibulk length");
    assert.ok(waits("*2147483647\r\n"));
  });

  test("of lengths", () => {
    for (const len of ["", "a", "-1", "04", "+4", "536870913", "9".repeat(20)]) {
      assert.equal(fault(`*1\r\n$${len}\r\nPING\r\n`), "invalid bulk length", len);
    }
    assert.equal(fault("*1\r\n$-9223372036854775808\r\n"), "invalid bulk length");
    assert.ok(waits("*1\r\n$536870912\r\n"));
  });

  test("of types", () => {
    assert.equal(fault("*1\r\nPING\r\n"), "expected '$', got 'P'");
    assert.equal(fault("*2\r\n$1\r\na\r\n:1\r\n"), "expected '$', got ':'");
    assert.equal(fault("*1\r\n\r\n"), "expected '$', got '\r'");
    assert.equal(fault("*1\r\n\xff\r\n"), "expected '$', got '\xff'");
  });

  test("of lines without an end", () => {
    const long = "1".repeat(65_535);
    assert.ok(waits(`1${long}`));
    assert.equal(fault(`11${long}`), "too big inline request");
    assert.ok(waits(`*${long}`));
    assert.equal(fault(`*1${long}`), "too big mbulk count string");
    assert.ok(waits(`*1\r\n$${long}`));
    assert.equal(fault(`*1\r\n$1${long}`), "too big bulk count string");
    assert.ok(waits(`*1${long}\r`), "a CR ends the line, but its LF may come");
    assert.equal(fault(`*1${long}\r\n`), "invalid multibulk length");
  });

  test("of quotes", () => {
    assert.equal(fault('ECHO "a\r\n'), "unbalanced quotes in request");
    assert.equal(fault("ECHO 'a' 'b\r\n"), "unbalanced quotes in request");
    assert.equal(fault('ECHO "a"b\r\n'), "unbalanced quotes in request");
  });

  test("of clients that have not authenticated", () => {
    const parser = new RespParser();
    parser.unauthenticated = true;
    assert.equal(fault("*11\r\n", parser), "unauthenticated multibulk length");
    parser.reset();
    assert.deepEqual(parseAll(parser, "*10\r\n"), [[], "more"]);
    parser.reset();
    assert.equal(fault("*1\r\n$16385\r\n", parser), "unauthenticated bulk length");
    parser.reset();
    assert.deepEqual(parseAll(parser, "*1\r\n$16384\r\n"), [[], "more"]);
    parser.reset();
    assert.deepEqual(parseAll(parser, "AUTH a\r\n*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n"), [
      [["AUTH", "a"], ["AUTH", "pw"]],
      "more",
    ]);
  });

  test("keep what came before", () => {
    const [out, end] = parseAll(new RespParser(), "PING\r\n*1\r\n$4\r\nPING\r\n*x\r\nPING\r\n");
    assert.deepEqual(out, [["PING"], ["PING"]]);
    assert.equal(end, "Protocol error: invalid multibulk length");
  });
});

describe("zero bytes", () => {
  test("hide the end of a line", () => {
    for (
      const text of ["ECHO a\0b\r\nPING\r\n", "\0\n", "*1\0\r\nPING\r\n", "*1\r\n$1\0\r\na\r\n"]
    ) {
      assert.ok(waits(text), JSON.stringify(text));
    }
    const tail = "A".repeat(65_536);
    assert.equal(fault(`\0\n${tail}`), "too big inline request");
    assert.equal(fault(`*1\0\r\n${tail}`), "too big mbulk count string");
    assert.equal(fault(`*1\r\n$1\0\r\n${tail}`), "too big bulk count string");
  });
});

describe("inline requests", () => {
  test("are lines, with or without a CR", () => {
    assert.deepEqual(requests("PING\r\nGET k\nPING\r\r\n"), [["PING"], ["GET", "k"], ["PING"]]);
    assert.ok(waits("PING\r"));
  });

  test("may be empty", () => {
    assert.deepEqual(requests("\r\n\n   \r\nPING\r\n"), [[], [], [], ["PING"]]);
  });

  test("are split at blanks", () => {
    assert.deepEqual(requests("  set \t k\rv  \r\n"), [["set", "k", "v"]]);
    assert.deepEqual(requests("\v\fPING\v\r\n"), [["PING\v"]]);
    assert.deepEqual(requests("a\bb \xff\x80\r\n"), [["a\bb", "\xff\x80"]]);
  });

  test("are refused beyond 64 KiB, however they come", () => {
    const name = "A".repeat(65_536);
    assert.deepEqual(requests(`${name}\r\n`), [[name]]);
    assert.deepEqual(requests(`${name}\n`), [[name]]);
    assert.equal(fault(`${name}A\n`), "too big inline request");
    assert.equal(fault(`${name}A`), "too big inline request");
  });

  test("may have quotes", () => {
    assert.deepEqual(requests(`SET "a b" 'c\\'d' "\\x00\\n" ""\r\nPING\r\n`), [
      ["SET", "a b", "c'd", "\0\n", ""],
      ["PING"],
    ]);
  });

  test("may have many arguments", () => {
    const line = "a ".repeat(30_000);
    assert.equal(requests(`${line}\r\n`)[0].length, 30_000);
    assert.equal(requests(`${line}""\r\n`)[0].length, 30_001);
  });
});

describe("an unfinished request", () => {
  test("goes on where it stopped, though the buffer is moved", () => {
    const text = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";
    const parser = new RespParser();
    const bytes = ascii(`PING\r\n${text}`);
    const big = new Uint8Array(200);
    big.set(bytes.subarray(0, 25), 50);
    assert.equal(parser.parse(big, 50, 75), REQUEST);
    assert.equal(parser.parse(big, parser.pos, 75), MORE);
    const moved = new Uint8Array(200);
    moved.set(bytes.subarray(6), 0);
    parser.rebase(56);
    assert.equal(parser.parse(moved, 0, text.length), REQUEST);
    assert.deepEqual(parser.argStrings(0), ["SET", "k", "value"]);
    assert.equal(parser.pos, text.length);
  });

  test("in a line goes on behind empty requests that are given again", () => {
    for (
      const [before, open, rest, want] of [
        ["\r\n", "PI", "NG\r\n", "PING"],
        ["*0\r\n", "PI", "NG\r\n", "PING"],
        ["*0\r\n", "*", "1\r\n$4\r\nPING\r\n", "PING"],
        ["*-1\r\n\n", "*1\r", "\n$4\r\nPING\r\n", "PING"],
      ]
    ) {
      const buf = ascii(before + open + rest);
      const parser = new RespParser();
      const cut = before.length + open.length;
      let pos = 0;
      while (parser.parse(buf, pos, cut) === REQUEST) pos = parser.pos;
      assert.equal(parser.pos, before.length, "where the line begins");
      assert.equal(parser.parse(buf, 0, buf.length), REQUEST);
      assert.deepEqual(parser.argStrings(0), [want]);
    }
  });

  test("wants the rest of a large argument", () => {
    const parser = new RespParser();
    const buf = ascii("*1\r\n$500000\r\nabc");
    assert.equal(parser.wanted, 0);
    assert.equal(parser.parse(buf, 0, 4), MORE);
    assert.equal(parser.wanted, 0);
    assert.equal(parser.parse(buf, 0, buf.length), MORE);
    assert.equal(parser.wanted, 500_002);
    assert.equal(parser.pos, 13);
    parser.reset();
    assert.equal(parser.partial, false);
  });
});
