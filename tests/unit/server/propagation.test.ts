/** Propagation to the byte: units, the SELECT between them, requests that are taken as they came. */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../../core/base/prng.ts";
import { allCommands } from "../../../core/commands/index.ts";
import { turnEnd } from "../../../core/net/transport_memory.ts";
import type { CommandSpec } from "../../../core/server/command.ts";
import type { Server } from "../../../core/server/server.ts";
import { oneIn, pick, randomInt, seed } from "../../support/gen.ts";
import { InProcess } from "../../support/in_process.ts";
import { escapeBytes, latin1, toBytes } from "../../support/resp_reply.ts";
import { MemoryNet, MODES, request } from "../net/memory_net.ts";

/** A request as it is propagated. */
const command = (line: string) => request(...line.split(" "));

/** Keeps what it gets, a string per call. */
class Sink {
  pieces: string[] = [];
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
    server.propagation.attach(this);
  }

  append(bytes: Uint8Array, len: number): void {
    this.pieces.push(latin1(bytes.subarray(0, len)));
  }

  /** Everything so far. */
  take(): string {
    this.server.propagation.handOver();
    const all = this.pieces.join("");
    this.pieces = [];
    return all;
  }
}

/** Commands that do what no command does. */
const odd: CommandSpec[] = [
  {
    name: "odd",
    arity: -2,
    flags: 0,
    since: "1.0.0",
    group: "server",
    summary: "",
    handler: (c) => {
      const { propagation } = c.server;
      c.server.dirty++;
      const what = latin1(new Uint8Array(c.argv.buf.subarray(c.argv.off[1], c.argv.off[1] + 1)));
      if (what === "t") throw new Error("thrown");
      if (what === "s") propagation.skip();
      if (what === "f") c.server.dirty--, propagation.force();
      if (what === "b") propagation.begin(c.server.keyspace.dbs[7], 1), propagation.text("BEFORE");
      if (what === "h") propagation.handOver();
      if (what === "n") {
        propagation.instead(c, 2), propagation.text("N"), propagation.integer(2 ** 63);
      }
      c.reply.addOk();
    },
  },
];

function larder(config: Record<string, string> = {}): { server: InProcess; sink: Sink } {
  const server = new InProcess({
    commands: [...allCommands, ...odd],
    config: { "enable-debug-command": "yes", ...config },
  });
  return { server, sink: new Sink(server.server) };
}

describe("propagation", () => {
  test("nothing is written before there is a sink, and after it has left", () => {
    const server = new InProcess({ commands: allCommands });
    server.run("SET", "a", "1");
    assert.equal(server.server.propagation.isOn, false);
    const sink = new Sink(server.server);
    server.run("SET", "b", "1");
    server.server.propagation.detach();
    server.run("SET", "c", "1");
    assert.deepEqual(sink.pieces, [command("SELECT 0") + command("SET b 1")]);
    assert.equal(server.server.keyspace.removals, null);
  });

  test("SELECT comes where the database changes, and where a file begins", () => {
    const { server, sink } = larder();
    server.run("SELECT", "2");
    server.run("SET", "a", "1");
    server.run("SET", "a", "2");
    server.run("SELECT", "0");
    server.run("GET", "a");
    server.run("SELECT", "2");
    server.run("SET", "a", "3");
    const values = [1, 2, 3].map((n) => command(`SET a ${n}`)).join("");
    assert.equal(sink.take(), command("SELECT 2") + values);
    server.server.propagation.forgetDb();
    server.run("SET", "a", "4");
    assert.equal(sink.take(), command("SELECT 2") + command("SET a 4"));
  });

  test("a handler says what is written", () => {
    const { server, sink } = larder();
    sink.take();
    server.run("ODD", "force");
    server.run("ODD", "skip");
    server.run("ODD", "name");
    assert.equal(
      sink.take(),
      command("SELECT 0") + command("ODD force") + command("N 9223372036854775807"),
    );
    server.run("ODD", "before");
    assert.equal(
      sink.take(),
      ["MULTI", "SELECT 7", "BEFORE", "SELECT 0", "ODD before", "EXEC"].map(command).join(""),
    );
  });

  test("a handler that throws ends its unit", () => {
    const { server, sink } = larder();
    assert.throws(() => server.run("ODD", "throw"), /thrown/);
    server.run("SET", "a", "1");
    assert.equal(sink.take(), command("SELECT 0") + command("ODD throw") + command("SET a 1"));
  });

  test("only whole units are handed over", () => {
    const { server, sink } = larder();
    server.run("SET", "a", "1");
    server.run("MULTI");
    server.run("SET", "b", "1");
    server.run("ODD", "hand over");
    server.run("SET", "c", "1");
    server.run("EXEC");
    assert.deepEqual(sink.pieces, [command("SELECT 0") + command("SET a 1")]);
    sink.pieces = [];
    const odd = request("ODD", "hand over");
    assert.equal(
      sink.take(),
      command("MULTI") + command("SET b 1") + odd + command("SET c 1") + command("EXEC"),
    );
  });

  test("units that are many or large are handed over before the turn ends", () => {
    const { server, sink } = larder();
    const value = "v".repeat(3_000_000);
    server.run("SET", "a", value);
    assert.equal(sink.pieces.join(""), command("SELECT 0") + request("SET", "a", value));
    sink.pieces = [];
    for (let i = 0; i < 10_000; i++) server.run("SET", `k${i}`, "0123456789");
    assert.ok(sink.pieces.length > 0);
    assert.equal(
      sink.take().length,
      Array.from({ length: 10_000 }, (_, i) => request("SET", `k${i}`, "0123456789").length).reduce(
        (a, b) => a + b,
      ),
    );
  });

  test("what is evicted is deleted, each key in a unit of its own", () => {
    const { server, sink } = larder({ "maxmemory-policy": "allkeys-random" });
    for (let i = 0; i < 3; i++) server.run("SET", `k${i}`, "v");
    sink.take();
    server.server.memoryLimit.arenaLimit = 0;
    server.run("SET", "new", "v");
    const evicted = sink.take();
    assert.match(evicted, /^(\*2\r\n\$3\r\nDEL\r\n\$2\r\nk\d\r\n){3}/);
    assert.ok(!evicted.includes("MULTI"), escapeBytes(evicted));
    server.server.memoryLimit.arenaLimit = Infinity;
    server.run("SET", "k", "v");
    server.run("CONFIG", "SET", "lazyfree-lazy-eviction", "yes");
    sink.take();
    server.server.memoryLimit.arenaLimit = 0;
    server.run("SET", "new", "v");
    assert.match(sink.take(), /^(\*2\r\n\$6\r\nUNLINK\r\n\$\d\r\n\w+\r\n)+$/);
  });

  test("what Redis loses isn't lost", () => {
    const { server, sink } = larder();
    server.run("HSET", "h", "f", "1");
    server.run("HPEXPIREAT", "h", "9999999999999", "FIELDS", "1", "f");
    sink.take();
    server.run("HINCRBYFLOAT", "h", "f", "0.5");
    server.run("BITFIELD", "b", "OVERFLOW", "FAIL", "SET", "u1", "8", "2");
    assert.equal(
      sink.take(),
      [
        "MULTI",
        "HSET h f 1.5",
        "HPEXPIREAT h 9999999999999 FIELDS 1 f",
        "EXEC",
        "BITFIELD b OVERFLOW FAIL SET u1 8 2",
      ].map(command).join(""),
    );
  });

  test("a large SPOP is several commands", () => {
    const { server, sink } = larder();
    const members = Array.from({ length: 5000 }, (_, i) => `m${i}`);
    server.run("SADD", "s", ...members);
    sink.take();
    server.run("SPOP", "s", "2500");
    assert.deepEqual(
      sink.take().match(/\*\d+\r\n\$4\r\nSREM/g)?.map((text) => parseInt(text.slice(1))),
      [
        1026,
        1026,
        454,
      ],
    );
  });
});

/** Requests that do the same and don't all look as they are propagated: inline, with odd line ends. */
function oddly(prng: Prng, words: readonly string[]): string {
  if (oneIn(prng, 6)) return `${words.join(" ")}\r\n`;
  if (oneIn(prng, 6)) {
    return request(...words).replace(/\r\n/g, () => oneIn(prng, 4) ? "\rX" : "\r\n");
  }
  return `${oneIn(prng, 10) ? "\r\n" : ""}${request(...words)}`;
}

describe("requests of a pipeline", () => {
  for (const mode of MODES) {
    test(`are propagated in order and unchanged: ${mode.name}`, async () => {
      const n = seed();
      const prng = new Prng(n);
      const net = new MemoryNet().start();
      const sink = new Sink(net.server);
      const peers = [net.connect(mode.peer), net.connect(mode.peer)];
      const wanted: string[] = ["SELECT 0"];
      for (let round = 0; round < 200; round++) {
        const peer = pick(prng, peers);
        let bytes = "";
        for (let left = randomInt(prng, 1, 90); left > 0; left--) {
          const word = "v".repeat(
            pick(prng, [1, 2, 9, 10, 11, 99, 100, 101, 1000, oneIn(prng, 9) ? 40_000 : 5]),
          );
          const words = pick(prng, [
            ["SET", `k${left}`, word],
            ["SET", "k", word, "PXAT", "9999999999999"],
            ["SET", "k", word, "GET"],
            ["GETSET", "k", word],
            ["APPEND", "k", word],
            ["GET", "k"],
            ["FLUSHALL"],
            ["INCR", "n"],
          ]);
          bytes += oddly(prng, words);
          if (words[0] === "GET") continue;
          wanted.push(words.filter((one) => one !== "GET").join(" ").replace("GETSET", "SET"));
        }
        for (const byte of cut(prng, bytes)) {
          peer.send(byte);
          await turnEnd();
          peer.take();
        }
      }
      const got = sink.take();
      const want = wanted.map(command).join("");
      let at = 0;
      while (at < want.length && got[at] === want[at]) at++;
      const context = `seed ${n}, ${escapeBytes(got.slice(at - 60, at + 60))}`;
      assert.ok(got === want, `${context} instead of ${escapeBytes(want.slice(at - 60, at + 60))}`);
    });
  }
});

/** A string in one to three pieces. */
function cut(prng: Prng, bytes: string): Uint8Array[] {
  const all = toBytes(bytes);
  const cuts = [0, all.length];
  for (let i = prng.nextBelow(3); i > 0; i--) cuts.push(prng.nextBelow(all.length));
  cuts.sort((a, b) => a - b);
  return cuts.slice(1).map((end, i) => all.subarray(cuts[i], end)).filter((piece) =>
    piece.length > 0
  );
}
