/**
 * What every client library must be able to run: plain calls of string and key commands.
 */

import assert from "node:assert/strict";

/** The least that any library offers. */
export interface SimpleClient {
  call(...args: string[]): Promise<unknown>;
  isError(error: unknown): boolean;
}

/** Calls and what they give; a RegExp is the message of an error. */
const CASES: readonly (readonly [line: string, want: unknown])[] = [
  ["SET name Anisul", "OK"],
  ["GET name", "Anisul"],
  ["APPEND name !", 7],
  ["STRLEN name", 7],
  ["GETRANGE name 0 2", "Ani"],
  ["SETRANGE name 0 X", 7],
  ["GETSET name new", "Xnisul!"],
  ["GETDEL name", "new"],
  ["GET name", null],
  ["MSET a 1 b 2 c 3", "OK"],
  ["MGET a b none", ["1", "2", null]],
  ["MSETNX a 9 d 9", 0],
  ["INCR page_views", 1],
  ["INCRBY page_views 9", 10],
  ["DECR page_views", 9],
  ["INCRBYFLOAT ratio 1.5", "1.5"],
  ["SETEX session 100 x", "OK"],
  ["PERSIST session", 1],
  ["TTL session", -1],
  ["EXPIRE session 100 NX", 1],
  ["EXPIRETIME none", -2],
  ["RENAME session old", "OK"],
  ["RENAME session old", /no such key/],
  ["COPY a a2", 1],
  ["TYPE a2", "string"],
  ["OBJECT ENCODING a2", "int"],
  ["EXISTS a a2 none a", 3],
  ["TOUCH a none", 1],
  ["UNLINK a a2", 2],
  ["DEL b", 1],
  ["LCS c none", ""],
  ["DBSIZE", 4],
  ["SELECT 99", /DB index is out of range/],
  ["INCR old", /not an integer/],
  ["GET", /wrong number of arguments for 'get' command/],
  ["NOSUCH a", /unknown command 'NOSUCH'/],
  ["FLUSHALL", "OK"],
];

/** Runs the cases on an empty server. */
export async function runClientCases(client: SimpleClient): Promise<void> {
  for (const [line, want] of CASES) {
    let got: unknown;
    try {
      got = await client.call(...line.split(" "));
    } catch (error) {
      assert.ok(client.isError(error), line);
      got = error;
    }
    if (!(want instanceof RegExp)) assert.deepEqual(got, want, line);
    else assert.match(String(got), want, line);
  }
}
