/**
 * Blocking against a model: clients send random pipelines, cut anywhere, of commands that block and commands that
 * make keys ready. The model is the rules and nothing else: lists of names, strings, no bytes, no batches.
 */

import { test } from "node:test";
import assert from "node:assert/strict";
import { Prng } from "../../core/base/prng.ts";
import { type MemoryPeer, turnEnd } from "../../core/net/transport_memory.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { bulk, MemoryNet, MODES, request } from "../unit/net/memory_net.ts";
import { blockingTestCommands } from "../unit/server/blocking_commands.ts";

const KEYS = ["a", "b", "c"];
const CLIENTS = 5;
/** A command and its arguments. */
type Words = readonly string[];

interface ModelClient {
  readonly id: number;
  /** Requests that have arrived whole. */
  readonly inbox: Words[];
  replies: string;
  waiting: Words | null;
  mustResume: boolean;
}

/** The rules. */
class Model {
  readonly clients: ModelClient[] = [];
  readonly values = new Map<string, string>();
  /** Who waits for each key, in order of arrival. */
  readonly queues = new Map<string, ModelClient[]>();
  private ready: string[] = [];
  private resuming: ModelClient[] = [];
  private serving = false;

  /** A client has sent whole requests; the turn that this is. */
  arrived(client: ModelClient, requests: readonly Words[]): void {
    client.inbox.push(...requests);
    this.run(client);
    while (this.resuming.length > 0) {
      const next = this.resuming.shift()!;
      next.mustResume = false;
      this.run(next);
    }
  }

  /** A client has left. */
  left(client: ModelClient): void {
    this.stopWaiting(client);
    client.inbox.length = 0;
  }

  private run(client: ModelClient): void {
    while (client.waiting === null && client.inbox.length > 0) {
      this.execute(client, client.inbox.shift()!);
      this.serve();
    }
  }

  private serve(): void {
    if (this.serving) return;
    this.serving = true;
    while (this.ready.length > 0) {
      const key = this.ready.shift()!;
      for (const client of [...this.queues.get(key) ?? []]) {
        if (!this.values.has(key)) break;
        const words = client.waiting!;
        client.waiting = null;
        this.execute(client, words);
        if (client.waiting !== null) continue;
        this.stopWaiting(client);
        if (!client.mustResume) this.resuming.push(client);
        client.mustResume = true;
      }
    }
    this.serving = false;
  }

  private execute(client: ModelClient, words: Words): void {
    const [name, ...args] = words;
    switch (name) {
      case "SET":
        this.put(args[0], args[1]);
        client.replies += "+OK\r\n";
        break;
      case "DEL":
        client.replies += `:${this.values.delete(args[0]) ? 1 : 0}\r\n`;
        break;
      case "RENAME":
        this.rename(client, args[0], args[1]);
        break;
      case "ECHO":
        client.replies += bulk(args[0]);
        break;
      case "TAKE":
        this.take(client, words);
        break;
      case "TAKEMOVE":
        this.takeMove(client, words);
        break;
      default:
        this.later(client, words);
    }
  }

  private rename(client: ModelClient, from: string, to: string): void {
    const value = this.values.get(from);
    if (value === undefined) {
      client.replies += "-ERR no such key\r\n";
      return;
    }
    this.values.delete(from);
    this.put(to, value);
    client.replies += "+OK\r\n";
  }

  private take(client: ModelClient, words: Words): void {
    const keys = words.slice(1, -1);
    const key = keys.find((name) => this.values.has(name));
    if (key === undefined) return this.wait(client, words, keys);
    client.replies += `*2\r\n${bulk(key)}${bulk(this.values.get(key)!)}`;
    this.values.delete(key);
  }

  private takeMove(client: ModelClient, words: Words): void {
    const value = this.values.get(words[1]);
    if (value === undefined) return this.wait(client, words, [words[1]]);
    this.values.delete(words[1]);
    this.put(words[2], value);
    client.replies += bulk(value);
  }

  private later(client: ModelClient, words: Words): void {
    const value = this.values.get(words[1]) ?? "0";
    if (words[2] !== "$" && Number(value) > Number(words[2])) client.replies += bulk(value);
    else {
      const id = words[2] === "$" ? value : words[2];
      this.wait(client, ["LATER", words[1], id, "0"], [words[1]]);
    }
  }

  private put(key: string, value: string): void {
    this.values.set(key, value);
    if ((this.queues.get(key)?.length ?? 0) > 0 && !this.ready.includes(key)) this.ready.push(key);
  }

  private wait(client: ModelClient, words: Words, keys: readonly string[]): void {
    client.waiting = words;
    for (const key of keys) {
      const queue = this.queues.get(key) ?? [];
      this.queues.set(key, queue);
      if (!queue.includes(client)) queue.push(client);
    }
  }

  private stopWaiting(client: ModelClient): void {
    client.waiting = null;
    for (const queue of this.queues.values()) {
      const at = queue.indexOf(client);
      if (at >= 0) queue.splice(at, 1);
    }
  }
}

/** A client of both, and what it has sent that is no whole request yet. */
interface Pair {
  readonly peer: MemoryPeer;
  readonly model: ModelClient;
  unsent: { bytes: string; readonly words: Words }[];
  sent: string[];
}

function randomCommand(prng: Prng): Words {
  const key = pick(prng, KEYS);
  switch (randomInt(prng, 0, 13)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return [
        "TAKE",
        ...Array.from({ length: randomInt(prng, 1, 3) }, () => pick(prng, KEYS)),
        "0",
      ];
    case 4:
      return ["TAKEMOVE", key, pick(prng, KEYS), "0"];
    case 5:
      return ["LATER", key, pick(prng, ["$", "3", "5"]), "0"];
    case 6:
      return ["DEL", key];
    case 7:
      return ["RENAME", key, pick(prng, KEYS)];
    case 8:
      return ["ECHO", "x".repeat(pick(prng, [1, 10, 1000, 30_000]))];
    default:
      return ["SET", key, String(randomInt(prng, 1, 9))];
  }
}

/** Sends some more of what a client has to send: whole requests, or a part of one. */
function sendSome(prng: Prng, pair: Pair, model: Model): void {
  const { unsent } = pair;
  for (let i = randomInt(prng, 0, oneIn(prng, 10) ? 60 : 3); i > 0; i--) {
    const words = randomCommand(prng);
    unsent.push({ bytes: request(...words), words });
  }
  let bytes = "";
  const whole: Words[] = [];
  while (unsent.length > 0) {
    const [first] = unsent;
    if (oneIn(prng, 20)) {
      const cut = randomInt(prng, 0, first.bytes.length - 1);
      bytes += first.bytes.slice(0, cut);
      first.bytes = first.bytes.slice(cut);
      break;
    }
    bytes += first.bytes;
    whole.push(first.words);
    unsent.shift();
  }
  pair.peer.send(bytes);
  pair.sent.push(...whole.map((words) => words.join(" ").slice(0, 40)));
  model.arrived(pair.model, whole);
}

for (const { name, peer: mode } of MODES) {
  test(`random clients on a transport that ${name}`, async () => {
    const used = seed();
    const prng = new Prng(used);
    for (let round = 0; round < 30; round++) {
      const net = new MemoryNet({}, blockingTestCommands).start();
      const model = new Model();
      const connect = (id: number): Pair => {
        const client = { id, inbox: [], replies: "", waiting: null, mustResume: false };
        return { peer: net.connect(mode), model: client, unsent: [], sent: [] };
      };
      const pairs = Array.from({ length: CLIENTS }, (_, id) => connect(id));
      for (let step = 0; step < 150; step++) {
        const at = randomInt(prng, 0, CLIENTS - 1);
        if (oneIn(prng, 40)) {
          pairs[at].peer.close();
          model.left(pairs[at].model);
          pairs[at] = connect(at);
        } else sendSome(prng, pairs[at], model);
        await turnEnd();
        for (const { peer, model: client, sent } of pairs) {
          const message =
            `SEED=${used} round ${round} step ${step} client ${client.id} of ${at}: ` +
            sent.slice(-8).join("; ");
          assert.equal(peer.take(), client.replies, message);
          client.replies = "";
        }
        const blocked = pairs.filter((pair) => pair.model.waiting !== null).length;
        assert.equal(
          net.server.blocking.count,
          blocked,
          `SEED=${used} round ${round} step ${step}`,
        );
        const waited = [...model.queues.values()].filter((queue) => queue.length > 0).length;
        assert.equal(net.server.blocking.keys.count, waited, `SEED=${used} round ${round}`);
      }
      for (const { peer } of pairs) peer.close();
      assert.equal(net.server.blocking.count, 0);
      assert.equal(net.server.keyspace.waiters, null);
    }
  });
}
