/**
 * Subscribers in masses, subscribers that don't read, and clients that vanish in the middle of subscriptions and
 * transactions: the others are served, and nothing is left of who is gone.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Prng } from "../../core/base/prng.ts";
import { pick, seed } from "../support/gen.ts";
import type { RespClient } from "../support/resp_client.ts";
import { array, bulk } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";

const SUBSCRIBERS = 10_000;
/** Connections opened at a time. */
const STRIDE = 200;

const server = target({ args: ["--maxclients", "12000"] });
const skip = server.isOracle ? "it is Larder that is attacked here" : false;

async function field(client: RespClient, section: string, name: string): Promise<number> {
  const info = String(await client.command("INFO", section));
  const match = new RegExp(`^${name}:(\\d+)`, "m").exec(info);
  assert.ok(match !== null, `INFO has ${name}`);
  return Number(match[1]);
}

/** Waits until nobody else is connected, and nothing is left of who was. */
async function nothingLeft(client: RespClient): Promise<void> {
  await until("the server notices that clients are gone", async () => {
    return await field(client, "clients", "connected_clients") === 1;
  });
  for (const name of ["pubsub_clients", "watching_clients", "total_watched_keys"]) {
    assert.equal(await field(client, "clients", name), 0, name);
  }
  for (const name of ["pubsub_channels", "pubsub_patterns", "pubsubshard_channels"]) {
    assert.equal(await field(client, "stats", name), 0, name);
  }
}

function message(channel: string, text: string): string {
  return array(bulk("message"), bulk(channel), bulk(text));
}

describe("subscribers", { skip }, () => {
  test("ten thousand get a message each", async () => {
    const client = await server.connect();
    const subscribers: RespClient[] = [];
    while (subscribers.length < SUBSCRIBERS) {
      const some = await Promise.all(Array.from({ length: STRIDE }, () => server.connect()));
      await Promise.all(some.map((each) => each.command("SUBSCRIBE", "all")));
      subscribers.push(...some);
    }
    assert.equal(await field(client, "clients", "pubsub_clients"), SUBSCRIBERS);
    assert.equal(await client.command("PUBLISH", "all", "hello"), SUBSCRIBERS);
    assert.equal(await client.command("PUBLISH", "all", "world"), SUBSCRIBERS);
    const want = message("all", "hello") + message("all", "world");
    const got = await Promise.all(subscribers.map((each) => each.readExactly(want.length)));
    assert.ok(got.every((text) => text === want));
    for (const each of subscribers) each.close();
    await nothingLeft(client);
    client.close();
  });

  test("one that doesn't read is cut off, and the others get everything", async () => {
    const client = await server.connect();
    await client.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 4mb 0 0");
    const before = await field(client, "stats", "client_output_buffer_limit_disconnections");
    const [deaf, reader] = [await server.connect(), await server.connect()];
    await deaf.command("SUBSCRIBE", "c");
    await reader.command("SUBSCRIBE", "c");
    deaf.socket.pause();
    const text = "x".repeat(100_000);
    const want = message("c", text);
    // More than the limit and what the system's buffers hold.
    let receivers = 2;
    for (let i = 0; i < 1000 && receivers === 2; i++) {
      receivers = Number(await client.command("PUBLISH", "c", text));
      assert.equal(await reader.readExactly(want.length), want);
    }
    assert.equal(receivers, 1);
    const after = await field(client, "stats", "client_output_buffer_limit_disconnections");
    assert.equal(after, before + 1);
    reader.close();
    deaf.close();
    await nothingLeft(client);
    client.close();
  });

  test("one that doesn't read is cut off within a transaction", async () => {
    const client = await server.connect();
    const deaf = await server.connect();
    await deaf.command("SUBSCRIBE", "c");
    deaf.socket.pause();
    await client.command("MULTI");
    for (let i = 0; i < 300; i++) await client.command("PUBLISH", "c", "x".repeat(100_000));
    const counts = await client.command("EXEC") as number[];
    assert.equal(counts[0], 1);
    assert.equal(counts[299], 0);
    deaf.close();
    await nothingLeft(client);
    client.close();
  });
});

test("clients that vanish at any moment leave nothing behind", { skip }, async () => {
  const n = seed();
  const prng = new Prng(n);
  const steps: string[][] = [
    ["MULTI"],
    ["SET", "k", "v"],
    ["WATCH", "a", "b"],
    ["SUBSCRIBE", "a", "b"],
    ["PSUBSCRIBE", "a*", "*"],
    ["SSUBSCRIBE", "a"],
    ["UNSUBSCRIBE"],
    ["PUBLISH", "a", "x"],
    ["HELLO", "3"],
    ["MONITOR"],
    ["BLPOP", "nosuch", "0"],
    ["EXEC"],
  ];
  const client = await server.connect();
  for (let round = 0; round < 200; round++) {
    const victim = await server.connect();
    for (let i = prng.nextBelow(10); i > 0; i--) victim.send(pick(prng, steps));
    if (prng.nextBelow(2) === 0) await victim.flushed();
    await client.command("SET", "a", String(round));
    await client.command("PUBLISH", "ab", String(round));
    victim.close();
  }
  await nothingLeft(client);
  assert.equal(await client.command("PING"), "PONG", `seed ${n}`);
  client.close();
});
