/**
 * What is propagated, repeated by an empty server, makes the same data: random commands of all types from several
 * clients, with times that pass, transactions, clients that wait, expiry by access and by the cycle.
 *
 * The second server gets nothing but the bytes. It refuses no command, and in the end it has the same digest, the
 * same expiries of keys and fields, and the same groups of streams.
 */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ManualClock } from "../../core/base/clock.ts";
import { Prng } from "../../core/base/prng.ts";
import { allCommands } from "../../core/commands/index.ts";
import { ExpireCycle } from "../../core/keyspace/expire_cycle.ts";
import { REQUEST, RespParser } from "../../core/protocol/resp_parser.ts";
import { CLIENT_BLOCKED, CLIENT_MULTI } from "../../core/server/client.ts";
import { randomCommand, Template, type Words } from "../differential/grammar.ts";
import { LIMITS } from "../differential/limits.ts";
import { FIELD_TTL_TEMPLATES, TEMPLATE_GROUPS } from "../differential/templates.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { InProcess, type InProcessClient } from "../support/in_process.ts";
import {
  decodeReply,
  escapeBytes,
  type Reply,
  ReplyError,
  toBytes,
} from "../support/resp_reply.ts";

const ROUNDS = 8;
const COMMANDS = 4000;
const CLIENTS = 5;
const DBS = 3;
/** Commands that are shown when something is wrong. */
const SHOWN = 60;

/** What a differential run leaves out: chance, times relative to now, waiting. SOON and SOONMS are near times. */
const OWN = `
SET k:t v (EX|PX) (1|5|40|3000) [NX|XX] [GET]
SET k:t v (PXAT SOONMS|EXAT SOON) [GET]
SET k:t v GET GET [XX] [KEEPTTL]
SETEX k:t (1|2|100) v
PSETEX k:t (1|30|2000) v
GETEX k:t (EX|PX) (1|30|1000)
GETEX k:t (PXAT SOONMS|EXAT SOON)
EXPIRE k:any (-1|0|1|100|100|200) [NX|XX|GT|LT]
PEXPIRE k:any (-1|10|400|2000|20000) [NX|XX|GT|LT]
PEXPIREAT k:any SOONMS
EXPIREAT k:any SOON
HEXPIRE k:h (0|1|2) [NX|XX|GT|LT] FIELDS 2 m m
HPEXPIRE k:h (0|1|20|50) FIELDS 4 m m m m
HPEXPIREAT k:h SOONMS FIELDS 3 m m m
HSET k:h m 1.5
HINCRBYFLOAT k:h m float
HSETNX k:h m v
HRANDFIELD k:h
HRANDFIELD k:h 3
SPOP k:s
SPOP k:s n
SPOP k:s (1|20|40)
SADD k:s {m} {m} {m} {m} {m}
SRANDMEMBER k:s 2
XADD k:x [MAXLEN (=|=~) (2|5)] =* {m v}
XADD k:x =* m m
XADD k:x MAXLEN =~ n LIMIT n =* m m
XADD k:x MINID =~ id newid m m
XTRIM k:x (MAXLEN|MINID) =~ n [LIMIT n]
XCLAIM k:x group consumer (0|20) {id} [TIME SOONMS] [FORCE] [JUSTID] [LASTID id]
XAUTOCLAIM k:x group consumer (0|20) id [COUNT n] [JUSTID]
XGROUP CREATE k:x group 0 MKSTREAM
XGROUP CREATE k:x group =$ MKSTREAM
XGROUP CREATE k:x group 0 MKSTREAM
XADD k:x =* m v
XREADGROUP GROUP group consumer [COUNT n] [NOACK] STREAMS k:x k:x => =>
XREADGROUP GROUP group consumer [COUNT n] STREAMS k:x =>
XREADGROUP GROUP group consumer STREAMS k:x =>
XDEL k:x {id}
XREADGROUP GROUP group consumer [COUNT n] BLOCK (0|20) [NOACK] STREAMS k:x =>
BLPOP k:l k:l (0|0.02)
BRPOP k:l (0|0.02)
BLMOVE k:l k:l (LEFT|RIGHT) (LEFT|RIGHT) (0|0.02)
BRPOPLPUSH k:l k:l (0|0.02)
BLMPOP (0|0.02) 2 k:l k:l (LEFT|RIGHT) [COUNT n]
BZPOPMIN k:z k:z (0|0.02)
BZPOPMAX k:z (0|0.02)
BZMPOP (0|0.02) 2 k:z k:z (MIN|MAX) [COUNT n]
RANDOMKEY
SCAN 0 COUNT 100
COPY k:any k:any DB (0|1|2) [REPLACE]
MOVE k:any (0|1|2)
SELECT (0|1|2)
SELECT (0|1|2)
SWAPDB (0|1) (1|2)
PUBLISH k:any v
HPEXPIRE k:h 20 FIELDS 2 =-278 =-167
SORT (k:l|k:s) GET =h*->-278 GET =t* ALPHA STORE k:l
SORT k:s ALPHA GET =# GET =t* STORE k:l
`;
const TRANSACTION = [
  "MULTI",
  "MULTI",
  "EXEC",
  "EXEC",
  "EXEC",
  "EXEC",
  "DISCARD",
  "WATCH",
  "UNWATCH",
];

const templates = [
  ...Object.values(TEMPLATE_GROUPS),
  FIELD_TTL_TEMPLATES,
  OWN.trim().split("\n").map((line) => new Template(line)),
];

class World {
  readonly clock = new ManualClock();
  readonly prng: Prng;
  readonly server: InProcess;
  readonly clients: InProcessClient[] = [];
  readonly cycle: ExpireCycle;
  readonly history: string[] = [];
  readonly pieces: Uint8Array[] = [];
  private readonly config: Record<string, string> = {
    "enable-debug-command": "yes",
    databases: "3",
  };

  constructor(n: number) {
    this.prng = new Prng(n);
    for (const [name, values] of LIMITS) this.config[name] = pick(this.prng, values);
    this.server = new InProcess({ commands: allCommands, clock: this.clock, config: this.config });
    for (let i = 0; i < CLIENTS; i++) this.clients.push(this.server.connect());
    this.cycle = new ExpireCycle(this.server.server.keyspace, this.clock);
    this.server.server.propagation.attach({
      append: (bytes, len) => void this.pieces.push(bytes.slice(0, len)),
    });
  }

  step(): void {
    const { prng, server, clock } = this;
    if (oneIn(prng, 12)) {
      clock.advance(oneIn(prng, 40) ? 1500 : prng.nextBelow(12));
      server.server.blocking.expireDeadlines();
    }
    if (oneIn(prng, 25)) {
      this.history.push("(cycle)");
      this.cycle.run(1000);
    }
    if (oneIn(prng, 40)) server.server.propagation.handOver();
    const id = prng.nextBelow(CLIENTS);
    const client = this.clients[id];
    if ((client.client.flags & CLIENT_BLOCKED) !== 0) {
      if (oneIn(prng, 6)) server.server.blocking.unblockOnTimeout(client.client);
      return;
    }
    const words = this.words((client.client.flags & CLIENT_MULTI) !== 0);
    this.history.push(`${id}: ${words.map(escapeBytes).join(" ")}`);
    client.run(...words.map(toBytes));
  }

  /** A second server with the same time that has repeated all there is. Throws if it refuses something. */
  repeat(): InProcess {
    this.server.server.propagation.handOver();
    const { clock, config, pieces } = this;
    const other = new InProcess({ commands: allCommands, clock, config, seed: 2 });
    const { keyspace } = other.server;
    keyspace.setImmortal(true);
    const parser = new RespParser();
    for (const bytes of pieces) {
      for (let pos = 0; pos < bytes.length; pos = parser.pos) {
        assert.equal(parser.parse(bytes, pos, bytes.length), REQUEST, "whole requests");
        const request = bytes.subarray(pos, parser.pos);
        other.first.execute(request);
        const reply = other.first.takeReply();
        const text = escapeBytes(Buffer.from(request).toString("latin1"));
        assert.ok(!hasError(decodeReply(toBytes(reply))), `${text} gets ${escapeBytes(reply)}`);
      }
    }
    assert.equal(other.first.client.flags & CLIENT_MULTI, 0, "transactions are whole");
    keyspace.setImmortal(false);
    return other;
  }

  /** All that was propagated, a command per line. */
  propagated(): string[] {
    const parser = new RespParser();
    const lines: string[] = [];
    for (const bytes of this.pieces) {
      for (let pos = 0; pos < bytes.length; pos = parser.pos) {
        parser.parse(bytes, pos, bytes.length);
        lines.push(parser.argStrings(0).map(escapeBytes).join(" "));
      }
    }
    return lines;
  }

  private words(inTransaction: boolean): Words {
    const { prng } = this;
    if (oneIn(prng, inTransaction ? 6 : 25)) {
      const name = pick(prng, TRANSACTION);
      return name === "WATCH" ? [name, `t${prng.nextBelow(6)}`] : [name];
    }
    if (oneIn(prng, 1500)) return [pick(prng, ["FLUSHALL", "FLUSHDB"])];
    for (;;) {
      const words = this.commandWords();
      if (!isHistory(words)) return words;
    }
  }

  private commandWords(): Words {
    const { prng } = this;
    const group = oneIn(prng, 2) ? templates[templates.length - 1] : pick(prng, templates);
    const now = this.clock.nowMs() + randomInt(prng, -50, 200);
    return randomCommand(prng, group).map((word) =>
      /^soonms$/i.test(word)
        ? String(now)
        : /^soon$/i.test(word)
        ? String(Math.ceil(now / 1000))
        : word
    );
  }
}

/** That somebody reads once more what he has pending is counted, but Redis doesn't propagate it. */
function isHistory(words: Words): boolean {
  return words[0].toUpperCase() === "XREADGROUP" && words[words.length - 1] !== ">";
}

function hasError(reply: Reply): boolean {
  return reply instanceof ReplyError || Array.isArray(reply) && reply.some(hasError);
}

/** What a server holds: the digest, and what it doesn't cover. */
function describeData(server: InProcess): string[] {
  const lines = [server.run("DEBUG", "DIGEST")];
  const list = (...words: string[]) => decodeReply(toBytes(server.run(...words))) as string[];
  for (let db = 0; db < DBS; db++) {
    server.run("SELECT", String(db));
    for (const key of list("KEYS", "*").sort()) {
      const type = decodeReply(toBytes(server.run("TYPE", key)));
      const line = [`${db} ${key} ${type}`, server.run("PEXPIRETIME", key)];
      if (type === "hash") {
        const fields = list("HKEYS", key).sort();
        if (fields.length === 0) continue;
        line.push(server.run("HPEXPIRETIME", key, "FIELDS", String(fields.length), ...fields));
      } else if (type === "stream") line.push(...streamLines(server, key, list));
      line.push(server.run("DEBUG", "DIGEST-VALUE", key));
      lines.push(escapeBytes(line.join(" ")));
    }
  }
  return lines;
}

/** A stream's groups without their consumers, which Redis doesn't propagate unless they have something pending. */
function streamLines(
  server: InProcess,
  key: string,
  list: (...words: string[]) => unknown,
): string[] {
  const lines: string[] = [];
  for (const group of list("XINFO", "GROUPS", key) as unknown[][]) {
    const fields = group.filter((_, i) => group[i - 1] !== "consumers");
    lines.push(
      fields.map(String).join(" "),
      server.run("XPENDING", key, String(group[1]), "-", "+", "999"),
    );
  }
  const info = list("XINFO", "STREAM", key) as unknown[];
  const wanted = ["length", "last-generated-id", "max-deleted-entry-id", "entries-added"];
  return [...lines, ...wanted.map((name) => `${info[info.indexOf(name) + 1]}`)];
}

function run(n: number): void {
  const world = new World(n);
  const context = () =>
    `seed ${n}\n${world.history.slice(-SHOWN).join("\n")}\n--- propagated\n${
      world.propagated().slice(-SHOWN).join("\n")
    }`;
  for (let i = 1; i <= COMMANDS; i++) {
    try {
      world.step();
    } catch (error) {
      throw new Error(context(), { cause: error });
    }
    if (i % 500 !== 0) continue;
    let other: InProcess;
    try {
      other = world.repeat();
    } catch (error) {
      throw new Error(context(), { cause: error });
    }
    assert.deepEqual(describeData(other), describeData(world.server), context());
    other.validateIntegrity();
  }
  world.server.validateIntegrity();
  assert.ok(world.propagated().length > COMMANDS / 4, `seed ${n}: too little was propagated`);
}

describe("what is propagated, repeated", () => {
  const first = seed();
  for (let round = 0; round < ROUNDS; round++) {
    const n = (first + round) >>> 0;
    test(`makes the same data, round ${round}`, () => run(n));
  }
});
