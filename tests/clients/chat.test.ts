/** A small chat (chat.ts) on Larder: everybody gets every line in order, and knows who is there. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";
import { ChatUser } from "./chat.ts";

const server = target();
/** Long enough for a machine that stalls to renew it. */
const TTL_MS = 30_000;
const USERS = 12;
const LINES = 20;

function open(name: string): ChatUser {
  const { host, port } = server.address as { host: string; port: number };
  return new ChatUser({ host, port }, name, TTL_MS);
}

test("a chat with presence", async () => {
  const admin = new Redis({ ...server.address });
  await admin.flushall();
  await admin.config("SET", "notify-keyspace-events", "Kg$x");
  const users: ChatUser[] = [];
  for (let i = 0; i < USERS; i++) users.push(open(`user${i}`));
  // Everybody is in the hall, every third one in the garden too.
  for (const [i, user] of users.entries()) {
    await user.enter(...i % 3 === 0 ? ["hall", "garden"] : ["hall"]);
  }
  await until("the first one sees all come", () => users[0].presence.length >= USERS - 1);
  assert.deepEqual(await users[1].others(), users.map(({ name }) => name).toSpliced(1, 1).sort());

  await Promise.all(users.map(async (user) => {
    for (let k = 0; k < LINES; k++) assert.equal(await user.say("hall", `line ${k}`), USERS);
  }));
  assert.equal(await users[2].say("garden", "from outside"), USERS / 3);
  await until("all lines", () => users.every(({ lines }) => lines.length >= USERS * LINES));
  const hall = users[1].lines;
  for (const user of users) {
    assert.deepEqual(user.lines.filter(({ room }) => room === "hall"), hall);
  }
  for (const { name } of users) {
    const said = hall.filter(({ from }) => from === name).map(({ text }) => text);
    assert.deepEqual(said, Array.from({ length: LINES }, (_, k) => `line ${k}`));
  }

  // They go on saying that they are there.
  const left = await admin.pttl("here:user1");
  await until("it is renewed", async () => await admin.pttl("here:user1") > left);

  // Who stumbles is back by itself; who comes late reads what was said last.
  await users[3].stumble();
  await until("user3 is back", async () => await users[0].say("garden", "again?") === USERS / 3);
  await until("user3 hears", () => users[3].lines.at(-1)?.text === "again?");
  const late = open("late");
  const read = await late.enter("hall", "garden");
  assert.equal(read.filter(({ room }) => room === "hall").length, 100);
  assert.deepEqual(read.filter(({ room }) => room === "hall"), hall.slice(-100));

  // One takes leave, one vanishes: the others hear of both, of the latter when its time is over.
  await users[4].leave();
  users[5].vanish();
  await admin.pexpire("here:user5", 500);
  await until("user4 has left", () => users[0].presence.includes("-user4"));
  await until("user5 is missed", () => users[0].presence.includes("-user5"));
  assert.ok(users[0].presence.indexOf("-user4") < users[0].presence.indexOf("-user5"));
  assert.ok(!(await users[0].others()).includes("user5"));
  assert.deepEqual(await admin.pubsub("NUMSUB", "room:hall"), ["room:hall", USERS - 1]);
  for (const user of [...users.filter((_, i) => i !== 4 && i !== 5), late]) await user.leave();
  await until("nobody is left", async () => Number(await admin.call("PUBSUB", "NUMPAT")) === 0);
  await admin.config("SET", "notify-keyspace-events", "");
  await admin.quit();
});
