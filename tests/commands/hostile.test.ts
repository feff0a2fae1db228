/**
 * Clients that mean harm, or are broken: random bytes, requests that end in the middle, lengths that are lies,
 * replies nobody reads, and every command with arguments it was not made for. Whatever they do, the server
 * goes on serving others, answers in well-formed replies, logs no bug, and holds no more memory afterwards
 * than before.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import {
  EDGE_INTEGERS,
  oneIn,
  pick,
  randomBytes,
  randomCuts,
  randomInt,
  randomKey,
  randomValue,
  seed,
} from "../support/gen.ts";
import type { Arg, RespClient } from "../support/resp_client.ts";
import { escapeBytes, type Reply, ReplyError, toBytes } from "../support/resp_reply.ts";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const server = target();
const skip = server.isOracle ? "it is Larder that is attacked here" : false;
const PING = "*1\r\n$4\r\nPING\r\n";
const MIB = 1024 * 1024;
/** RSS that garbage not yet collected may take. */
const GARBAGE_BYTES: number = 200 * MIB;

/** Someone who is served meanwhile. */
async function assertServes(note: string): Promise<void> {
  const client = await server.connect();
  assert.equal(await client.command("PING", "alive"), "alive", note);
  client.close();
}

/** Resident memory of the server in bytes, or 0 where the system doesn't tell. */
function residentBytes(): number {
  try {
    const status = readFileSync(`/proc/${server.server?.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function field(client: RespClient, section: string, name: string): Promise<number> {
  const info = String(await client.command("INFO", section));
  const match = new RegExp(`^${name}:(\\d+)`, "m").exec(info);
  assert.ok(match !== null, `INFO has ${name}`);
  return Number(match[1]);
}

/** Waits until only this client is connected: the ends of the others have been noticed. */
function othersGone(client: RespClient): Promise<void> {
  return until("the server notices that clients are gone", async () => {
    return await field(client, "clients", "connected_clients") === 1;
  });
}

function grammarBytes(prng: Prng): Uint8Array {
  const tokens = ["*", "$", "\r\n", "\r", "\n", "\0", "1", "2", "0", "-1", "3", "abc", " ", '"'];
  tokens.push("'", "*1\r\n", "$4\r\n", "PING\r\n", "GET k\r\n", "*3\r\n$3\r\nSET\r\n", PING);
  let text = "";
  for (let i = randomInt(prng, 1, 60); i > 0; i--) text += pick(prng, tokens);
  return toBytes(text);
}

describe("bytes", { skip }, () => {
  test("of any kind", async () => {
    const n = seed();
    const prng = new Prng(n);
    for (let round = 0; round < 300; round++) {
      const client = await server.connect();
      const bytes = oneIn(prng, 2) ? grammarBytes(prng) : randomBytes(prng, prng.nextBelow(3000));
      let from = 0;
      for (const cut of [...randomCuts(prng, bytes.length).slice(0, 20), bytes.length]) {
        client.raw(bytes.subarray(from, cut));
        if (oneIn(prng, 3)) await client.flushed();
        from = cut;
      }
      const end = prng.nextBelow(3);
      if (end === 0) client.socket.end();
      else if (end === 1) await client.flushed();
      client.close();
      if (round % 50 === 0) await assertServes(`seed ${n}, round ${round}`);
    }
    await assertServes(`seed ${n}`);
  });

  test("of a request that ends in the middle", async () => {
    const bytes = toBytes(
      `SET k "v w"\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20\r\n${"x".repeat(20)}\r\n${PING}`,
    );
    for (let cut = 0; cut < bytes.length; cut++) {
      const client = await server.connect();
      client.raw(bytes.subarray(0, cut));
      await client.flushed();
      if (cut % 2 === 0) client.socket.end();
      client.close();
    }
    await assertServes("after them");
  });

  test("of which each comes alone, from many clients", async () => {
    const prng = new Prng(1);
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
    const requests = `SET k v\r\n${PING}*3\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n$1\r\nx\r\n`.repeat(5);
    for (const byte of requests) {
      for (const client of clients) {
        client.raw(byte);
        if (oneIn(prng, 4)) await client.flushed();
      }
    }
    for (const client of clients) {
      for (let i = 0; i < 15; i++) assert.match(await client.readRaw(), /^(\+OK|\+PONG|:\d+)\r\n$/);
      assert.equal(client.pending(), "");
      client.close();
    }
  });

  test("from connections that come and go", async () => {
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 25 }, () => server.connect()));
      for (const client of clients) {
        client.raw(PING.repeat(round));
        client.close();
      }
    }
    const client = await server.connect();
    await othersGone(client);
    client.close();
  });
});

describe("lengths that are lies", { skip }, () => {
  const LIARS = 60;
  // Bun clears memory that it uses again, so one or two of the buffers may really be there for a while.
  const limitBytes = LIARS * 512 * MIB / 10;
  for (
    const head of [
      "*2\r\n$4\r\nECHO\r\n$536870912\r\n",
      "*2147483647\r\n$4\r\nMSET\r\n",
      "*1000000\r\n$536870912\r\n",
    ]
  ) {
    test(`take little memory: ${escapeBytes(head)}`, async () => {
      const before = residentBytes();
      const clients: RespClient[] = [];
      for (let i = 0; i < LIARS; i++) {
        const client = await server.connect();
        client.raw(`${head}a few bytes`);
        await client.flushed();
        clients.push(client);
      }
      await assertServes("meanwhile");
      for (const client of clients) client.raw("and a few more");
      await assertServes("meanwhile");
      const grown = residentBytes() - before;
      for (const client of clients) client.close();
      assert.ok(grown < limitBytes, `${Math.round(grown / MIB)} MiB for ${LIARS} clients`);
    });
  }
});

describe("a client that doesn't read", { skip }, () => {
  /** Asks for `count` times 100 KB and reads none of it until the server ends the connection. */
  async function askAndStall(count: number): Promise<RespClient> {
    const client = await server.connect();
    client.socket.pause();
    client.raw("GET big\r\n".repeat(count));
    await client.flushed();
    return client;
  }

  function cutOff(admin: RespClient): Promise<number> {
    return field(admin, "stats", "client_output_buffer_limit_disconnections");
  }

  test("is cut off at the hard limit", async () => {
    const admin = await server.connect();
    await admin.command("SET", "big", "x".repeat(100_000));
    const limit = ["CONFIG", "SET", "client-output-buffer-limit"];
    assert.equal(await admin.command(...limit, "normal 2mb 0 0"), "OK");
    const before = await cutOff(admin);
    const stalled = await askAndStall(500);
    await until("the client is cut off", async () => await cutOff(admin) > before);
    stalled.close();
    // One that reads gets everything, however much it is.
    const reader = await server.connect();
    for (let i = 0; i < 200; i++) {
      assert.equal((await reader.command("GET", "big") as string).length, 100_000);
    }
    reader.close();
    assert.equal(await admin.command(...limit, "normal 0 0 0"), "OK");
    admin.close();
  });

  test("is cut off when it stays above the soft limit", async () => {
    const admin = await server.connect();
    await admin.command("SET", "big", "x".repeat(100_000));
    const limit = ["CONFIG", "SET", "client-output-buffer-limit"];
    assert.equal(await admin.command(...limit, "normal 0 1mb 1"), "OK");
    const before = await cutOff(admin);
    const stalled = await askAndStall(200);
    await until("the client is cut off", async () => await cutOff(admin) > before);
    stalled.close();
    assert.equal(await admin.command(...limit, "normal 0 0 0"), "OK");
    admin.close();
  });

  test("gets all of it in the end where there is no limit", async () => {
    const admin = await server.connect();
    const value = "x".repeat(100_000);
    await admin.command("SET", "big", value);
    const stalled = await askAndStall(300);
    await assertServes("meanwhile");
    stalled.socket.resume();
    for (let i = 0; i < 300; i++) assert.ok(await stalled.read() === value, `reply ${i}`);
    assert.equal(await stalled.command("PING"), "PONG");
    stalled.close();
    await admin.command("DEL", "big");
    admin.close();
  });
});

/** Commands whose replies or values are as large as a number says. */
const LARGE_REPLIES: ReadonlySet<string> = new Set([
  ...["setrange", "append", "lcs"],
  ...["srandmember", "hrandfield", "zrandmember"],
]);
/** What would end the test, the server or the connection, or turn replies into something else. */
const EXCLUDED: ReadonlySet<string> = new Set([
  "shutdown",
  "quit",
  "debug",
  "monitor",
  "multi",
  "sync",
  "psync",
  "replicaof",
  "slaveof",
  "failover",
  "client|kill",
  "client|pause",
  "client|reply",
  "config|set",
  "config|rewrite",
]);

/** The parts of DEBUG that only look, or only answer. */
const DEBUG_SUBCOMMANDS = [
  "object",
  "digest",
  "digest-value",
  "protocol",
  "htstats",
  "error",
  "jmap",
];

describe("arguments", { skip }, () => {
  test("that no command was made for", async () => {
    const n = seed();
    const prng = new Prng(n);
    const admin = await server.connect();
    await admin.command("FLUSHALL");
    const usedBefore = await field(admin, "memory", "used_memory");
    const residentBefore = residentBytes();
    const blocking = new Set<string>();
    const names = await commandNames(admin, blocking);
    const tokens = await optionTokens(admin);
    let client = await server.connect();
    for (let round = 0; round < 150; round++) {
      const id = await client.command("CLIENT", "ID") as number;
      for (const name of names) {
        const command = hostileCommand(prng, name, tokens);
        const note = `seed ${n}: ${
          command.map((arg) => escapeBytes(String(arg).slice(0, 60))).join(" ")
        }`;
        client.send(command);
        client.send(["PING", "done"]);
        try {
          const answered = untilDone(client);
          if (blocking.has(name)) await unblockUntil(answered, admin, id);
          await answered;
        } catch (error) {
          assert.fail(`${note}: ${error}`);
        }
        assert.equal(client.pending(), "", note);
      }
      // Protocol, database, name and flags of the connection are the commands' playthings.
      client.close();
      client = await server.connect();
      if (round % 20 === 0) await client.command("FLUSHALL");
    }
    client.close();
    await admin.command("FLUSHALL");
    await othersGone(admin);
    const used = await field(admin, "memory", "used_memory");
    assert.ok(used < usedBefore + MIB, `seed ${n}: ${usedBefore} bytes before, ${used} after`);
    const grown = residentBytes() - residentBefore;
    assert.ok(grown < GARBAGE_BYTES, `seed ${n}: ${Math.round(grown / MIB)} MiB of RSS`);
    admin.close();
  });
});

test("the log tells of no bug", { skip }, async () => {
  const admin = await server.connect();
  await othersGone(admin);
  admin.close();
  const log = server.server?.output ?? "";
  assert.match(log, /Ready to accept connections/);
  assert.ok(!/\bBug in\b|internal error/i.test(log), log);
});

/** All commands and subcommands that may be tried; those that may wait are added to `blocking`. */
async function commandNames(admin: RespClient, blocking: Set<string>): Promise<string[]> {
  const names: string[] = [];
  for (const name of strings(await admin.command("COMMAND", "LIST"))) {
    if (EXCLUDED.has(name) || name.startsWith("debug|")) continue;
    const [info] = await admin.command("COMMAND", "INFO", name) as Reply[][];
    names.push(name);
    if (strings(info[2]).includes("blocking")) blocking.add(name);
  }
  assert.ok(names.length > 40, "COMMAND LIST lists the commands");
  for (const name of DEBUG_SUBCOMMANDS) names.push(`debug|${name}`);
  return names;
}

/** Reads up to the reply that ends a try. */
async function untilDone(client: RespClient): Promise<void> {
  while (!(await client.readRaw()).includes("done\r\n"));
}

/** Keeps unblocking a client until it has its answer. */
async function unblockUntil(answered: Promise<void>, admin: RespClient, id: number): Promise<void> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  answered.then(over, over);
  while (!isOver) await admin.command("CLIENT", "UNBLOCK", id, "ERROR");
}

/** Every word that is an option of some command. */
async function optionTokens(admin: RespClient): Promise<string[]> {
  const tokens = new Set<string>();
  const visit = (reply: Reply): void => {
    if (!Array.isArray(reply)) return;
    for (let i = 0; i + 1 < reply.length; i++) {
      if (reply[i] === "token") tokens.add(String(reply[i + 1]));
    }
    reply.forEach(visit);
  };
  visit(await admin.command("COMMAND", "DOCS"));
  assert.ok(tokens.size > 10, "COMMAND DOCS tells the options");
  return [...tokens];
}

function strings(reply: Reply): string[] {
  if (reply instanceof ReplyError) throw reply;
  return [...reply as Iterable<Reply>].map(String);
}

function hostileCommand(prng: Prng, name: string, tokens: readonly string[]): Arg[] {
  const command: Arg[] = name.split("|");
  let count = oneIn(prng, 20) ? randomInt(prng, 10, 60) : randomInt(prng, 0, 6);
  // A long string, or as many random elements as are asked for, is what these are for; a gigabyte of zeros, or
  // elements without end, would be the test's own fault.
  const small = LARGE_REPLIES.has(name);
  while (count-- > 0) {
    switch (prng.nextBelow(6)) {
      case 0:
      case 1:
        command.push(randomKey(prng, 16));
        break;
      case 2:
        command.push(small ? String(randomInt(prng, -10, 4000)) : pick(prng, EDGE_INTEGERS));
        break;
      case 3:
        command.push(pick(prng, tokens));
        break;
      default:
        command.push(oneIn(prng, 30) ? "x".repeat(20_000) : randomValue(prng, 200));
    }
  }
  return command;
}
