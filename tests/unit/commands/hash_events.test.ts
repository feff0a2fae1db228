/**
 * What hash commands tell besides their replies: events, modified keys, and how many changes they count; and
 * what is told when fields expire.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { ReadonlyBytes } from "../../../core/base/bytes.ts";
import { latin1 } from "../../../core/base/bytes.ts";
import { ManualClock } from "../../../core/base/clock.ts";
import { hashCommands } from "../../../core/commands/hash.ts";
import { keyCommands } from "../../../core/commands/keys.ts";
import type { Db } from "../../../core/keyspace/db.ts";
import { ExpireCycle } from "../../../core/keyspace/expire_cycle.ts";
import { NOTIFY_KEY_MISS, NOTIFY_NEW } from "../../../core/keyspace/key_events.ts";
import { InProcess } from "../../support/in_process.ts";

/** The keyspace itself tells of keys that are new or missing. */
const IGNORED = NOTIFY_NEW | NOTIFY_KEY_MISS;

/** A server that writes down what it is told: "name key" for events, "=key" for modified keys. */
class Recording {
  readonly clock = new ManualClock();
  readonly process: InProcess;
  readonly cycle: ExpireCycle;
  readonly told: string[] = [];

  constructor(entriesMax: number) {
    this.process = new InProcess({
      commands: [...hashCommands, ...keyCommands],
      clock: this.clock,
      config: { "hash-max-listpack-entries": String(entriesMax) },
    });
    const { keyspace } = this.process.server;
    this.cycle = new ExpireCycle(keyspace, this.clock);
    keyspace.observer = {
      modified: (_db: Db, key: ReadonlyBytes, off: number, len: number) =>
        void this.told.push(`=${latin1(key, off, len)}`),
      event: (cls: number, name: string, _db: Db, key: ReadonlyBytes, off: number, len: number) => {
        if ((cls & IGNORED) === 0) this.told.push(`${name} ${latin1(key, off, len)}`);
      },
      emptying: () => {},
      swapping: () => {},
    };
  }

  /** Runs a command, or lets time pass ("+5"), or the cycle run; returns the changes and what was told. */
  run(line: string): string {
    const { server } = this.process;
    this.told.length = 0;
    const before = server.dirty;
    if (line.startsWith("+")) this.clock.advance(Number(line));
    else if (line === "cycle") {
      server.keyspace.setTime(this.clock.nowMs());
      this.cycle.run(1000);
    } else this.process.run(...line.split(" "));
    return [server.dirty - before, ...this.told].join(", ");
  }
}

const CASES: readonly (readonly [string, string])[] = [
  ["HSET h a 1 b 2", "2, =h, hset h"],
  ["HSET h a 1", "1, =h, hset h"],
  ["HMSET h a 1 b 2 c 3", "3, =h, hset h"],
  ["HSETNX h a 1", "0"],
  ["HSETNX h d 1", "1, =h, hset h"],
  ["HINCRBY h a 1", "1, =h, hincrby h"],
  ["HINCRBYFLOAT h a 1", "1, =h, hincrbyfloat h"],
  ["HINCRBY h a x", "0"],
  ["HDEL h nosuch", "0"],
  ["HDEL h b c nosuch", "2, =h, hdel h"],
  ["HGET h a", "0"],
  ["HEXPIRE h 10 FIELDS 2 a nosuch", "1, =h, hexpire h"],
  ["HEXPIRE h 10 NX FIELDS 1 a", "0"],
  ["HEXPIRE h 0 FIELDS 1 d", "1, =h, hdel h"],
  ["HPERSIST h FIELDS 2 a d", "1, hpersist h, =h"],
  ["HPERSIST h FIELDS 1 a", "0"],
  ["HEXPIRE h 0 FIELDS 2 a d", "1, =h, hdel h, del h"],
  ["HSET h a 1 b 2", "2, =h, hset h"],
  ["HDEL h a b", "2, =h, hdel h, del h"],
  // Expired fields, by those who ask for them.
  ["HSET h a 1 b 2 c 3 d 4 e 5", "5, =h, hset h"],
  ["HPEXPIRE h 5 FIELDS 4 a b c d", "4, =h, hexpire h"],
  ["+6", "0"],
  ["HLEN h", "0"],
  ["HGETALL h", "0"],
  ["HTTL h FIELDS 1 a", "0"],
  ["HGET h a", "0, hexpired h, =h"],
  ["HGET h a", "0"],
  ["HMGET h b c e", "0, =h, =h, hexpired h"],
  ["HSETNX h d 1", "1, hexpired h, =h, =h, hset h"],
  ["HDEL h d e", "2, =h, hdel h, del h"],
  // The last field.
  ["HSET h a 1 b 1", "2, =h, hset h"],
  ["HPEXPIRE h 5 FIELDS 2 a b", "2, =h, hexpire h"],
  ["+6", "0"],
  ["HSTRLEN h a", "0, hexpired h, =h"],
  ["HEXISTS h b", "0, hexpired h, del h, =h"],
  ["EXISTS h", "0"],
  ["HSET h a 1", "1, =h, hset h"],
  ["HPEXPIRE h 5 FIELDS 1 a", "1, =h, hexpire h"],
  ["+6", "0"],
  ["HINCRBY h a 1", "1, hexpired h, del h, =h, =h, hincrby h"],
  ["HDEL h a", "1, =h, hdel h, del h"],
  ["HSET h a 1 b 1", "2, =h, hset h"],
  ["HPEXPIRE h 5 FIELDS 2 a b", "2, =h, hexpire h"],
  ["+6", "0"],
  ["HMGET h a b z", "0, =h, =h, hexpired h, del h"],
  // All at once.
  ["HSET h a 1 b 1 c 1", "3, =h, hset h"],
  ["HPEXPIRE h 5 FIELDS 2 a b", "2, =h, hexpire h"],
  ["+6", "0"],
  ["HRANDFIELD h", "0, hexpired h, =h"],
  ["HPEXPIRE h 5 FIELDS 1 c", "1, =h, hexpire h"],
  ["+6", "0"],
  ["HRANDFIELD h 2", "0, hexpired h, del h, =h"],
  // The active cycle.
  ["HSET h a 1 b 1", "2, =h, hset h"],
  ["HPEXPIRE h 5 FIELDS 1 a", "1, =h, hexpire h"],
  ["cycle", "0"],
  ["+5", "0"],
  ["cycle", "0"],
  ["+1", "0"],
  ["cycle", "0, hexpired h, =h"],
  ["HPEXPIRE h 5 FIELDS 1 b", "1, =h, hexpire h"],
  ["+6", "0"],
  ["cycle", "0, hexpired h, del h, =h"],
  ["cycle", "0"],
];

for (const entriesMax of [512, 0]) {
  test(`events and changes, up to ${entriesMax} fields in a listpack`, () => {
    const recording = new Recording(entriesMax);
    for (const [i, [line, told]] of CASES.entries()) {
      assert.equal(recording.run(line), told, `${i}: ${line}`);
    }
    recording.process.empty();
  });
}
