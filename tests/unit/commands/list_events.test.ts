/**
 * What list commands tell besides their replies: events, modified keys, and how many changes they count.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { ReadonlyBytes } from "../../../core/base/bytes.ts";
import { latin1 } from "../../../core/base/bytes.ts";
import { keyCommands } from "../../../core/commands/keys.ts";
import { listCommands } from "../../../core/commands/list.ts";
import type { Db } from "../../../core/keyspace/db.ts";
import { NOTIFY_KEY_MISS, NOTIFY_NEW } from "../../../core/keyspace/key_events.ts";
import { InProcess } from "../../support/in_process.ts";

/** The keyspace itself tells of keys that are new or missing. */
const IGNORED = NOTIFY_NEW | NOTIFY_KEY_MISS;

/** A server that writes down what it is told: "name key" for events, "=key" for modified keys. */
function recording() {
  const process = new InProcess({ commands: [...listCommands, ...keyCommands] });
  const { server } = process;
  const told: string[] = [];
  server.keyspace.observer = {
    modified: (_db: Db, key: ReadonlyBytes, off: number, len: number) =>
      void told.push(`=${latin1(key, off, len)}`),
    event: (cls: number, name: string, _db: Db, key: ReadonlyBytes, off: number, len: number) => {
      if ((cls & IGNORED) === 0) told.push(`${name} ${latin1(key, off, len)}`);
    },
    emptying: () => {},
    swapping: () => {},
  };
  return {
    /** Runs a command; returns the number of changes and what was told. */
    run(line: string): string {
      told.length = 0;
      const before = server.dirty;
      process.run(...line.split(" "));
      return [server.dirty - before, ...told].join(", ");
    },
    close: () => process.empty(),
  };
}

const CASES: readonly (readonly [string, string])[] = [
  ["LPUSHX k a", "0"],
  ["RPUSH k a b c d e a b c", "8, =k, rpush k"],
  ["LPUSH k x", "1, =k, lpush k"],
  ["LPUSHX k y z", "2, =k, lpush k"],
  ["LPOP k", "1, lpop k, =k"],
  ["RPOP k 2", "2, rpop k, =k"],
  ["LPOP k 0", "0"],
  ["LINDEX k 0", "0"],
  ["LRANGE k 0 -1", "0"],
  ["LINSERT k BEFORE x w", "1, =k, linsert k"],
  ["LINSERT k BEFORE nosuch w", "0"],
  ["LSET k 0 v", "1, =k, lset k"],
  ["LSET k 100 v", "0"],
  ["LREM k 0 a", "2, lrem k, =k"],
  ["LREM k 0 nosuch", "0"],
  ["LTRIM k 1 -2", "2, ltrim k, =k"],
  ["LTRIM k 0 -1", "0, ltrim k, =k"],
  ["LMOVE k k LEFT RIGHT", "1, =k, rpush k, lpop k, =k"],
  ["RPOPLPUSH k k2", "1, =k2, lpush k2, rpop k, =k"],
  ["LMPOP 2 nosuch k2 RIGHT COUNT 5", "1, rpop k2, del k2, =k2"],
  ["BLMOVE k k2 LEFT RIGHT 0", "1, =k2, rpush k2, lpop k, =k"],
  ["BLPOP nosuch k2 0", "1, lpop k2, del k2, =k2"],
  ["LTRIM k 5 1", "3, ltrim k, del k, =k"],
  ["RPUSH k a a", "2, =k, rpush k"],
  ["LREM k -5 a", "2, lrem k, del k, =k"],
  ["RPUSH k a", "1, =k, rpush k"],
  ["BRPOPLPUSH k k2 0", "1, =k2, lpush k2, rpop k, del k, =k"],
  ["RPOP k2", "1, rpop k2, del k2, =k2"],
];

test("list commands tell what they do, in Redis's order", () => {
  const server = recording();
  for (const [line, told] of CASES) assert.equal(server.run(line), told, line);
  server.close();
});
