import { test } from "node:test";
import assert from "node:assert/strict";
import { runExchanges } from "../../../bench/load/exchange.ts";
import { Subscribers } from "../../../bench/load/subscribers.ts";
import { target } from "../../support/server.ts";

const server = target();

test("exchanges are done as often as asked", async () => {
  const { host, port } = server.address;
  const steps = [
    [["WATCH", "w:%c"], ["GET", "w:%c"]],
    [["MULTI"], ["INCR", "w:%c"], ["INCR", "all"], ["EXEC"]],
  ];
  const plan = { host, port, steps, connections: 4, pipeline: 1, count: 100 };
  const report = await runExchanges(plan);
  assert.equal(report.requests, 100);
  assert.ok(report.requestsPerSecond > 0 && report.latency.p50Ms <= report.latency.maxMs);
  const client = await server.connect();
  assert.equal(await client.command("GET", "all"), "100");
  const pipelined = await runExchanges({ ...plan, steps: [steps.flat()], pipeline: 5 });
  assert.equal(await client.command("GET", "all"), String(100 + pipelined.requests));
  await client.command("SET", "all", "x");
  await assert.rejects(runExchanges({ ...plan, steps: [[["INCR", "all"]]] }), /not an integer/);
  client.close();
});

test("subscribers count what they get", async () => {
  const { host, port } = server.address;
  const subscribers = await Subscribers.start({ host, port, count: 10, channel: "ch" });
  const client = await server.connect();
  for (let i = 0; i < 3; i++) assert.equal(await client.command("PUBLISH", "ch", "hello"), 10);
  await subscribers.got(10 * 3 * "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$5\r\nhello\r\n".length);
  await subscribers.stop();
  client.close();
});
