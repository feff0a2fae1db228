/**
 * What commands are propagated as: Larder's as it is expected, and what is expected as redis-server has it.
 *
 * redis-server is the one at hand (7.0); ORACLE_PROGRAM names another one, redis-server-7.4 for all cases.
 */
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { isOlder } from "../support/raw_cases.ts";
import { redisMissing, startProgram, type TestServer } from "../support/server.ts";
import { CASES } from "./propagation_cases.ts";
import { STREAM_CASES } from "./propagation_cases_streams.ts";
import {
  expected,
  InProcessPropagator,
  parseCases,
  RedisPropagator,
  runCase,
} from "./propagation_run.ts";

const cases = [...parseCases(CASES), ...parseCases(STREAM_CASES)];

describe("what Larder propagates", () => {
  const larder = new InProcessPropagator();
  for (const one of cases) {
    test(one.name, async () => {
      assert.deepEqual(await runCase(larder, one), expected(one));
    });
  }
});

const program = process.env.ORACLE_PROGRAM;
describe("what redis-server propagates", { skip: program === undefined && redisMissing() }, () => {
  let server: TestServer | null = null;
  let redis: RedisPropagator | null = null;
  let version = "";
  before(async () => {
    server = await startProgram(program ?? "redis-server", [], RedisPropagator.args);
    redis = new RedisPropagator(server);
    version = await redis.version();
  });
  after(async () => {
    redis?.close();
    await server?.stop();
  });
  for (const one of cases) {
    test(one.name, async (t) => {
      if (one.since !== "" && isOlder(version, one.since)) {
        t.skip(`Redis ${version} differs`);
        return;
      }
      assert.deepEqual(await runCase(redis!, one), expected(one));
    });
  }
});
