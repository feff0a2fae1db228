import { describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  parseOptions,
  scaleRequests,
  splitCommand,
  UsageError,
} from "../../../bench/load/options.ts";

describe("options", () => {
  test("defaults make a full run", () => {
    const options = parseOptions([]);
    assert.deepEqual(options.parts, ["throughput", "fill", "elements", "idle"]);
    assert.deepEqual(options.tests, ["ping", "set", "get", "incr", "mset"]);
    assert.deepEqual(options.pipelines, [1, 16, 64]);
    assert.deepEqual(options.requests, [300000, 2400000, 4800000]);
    assert.deepEqual(options.keyspaces, [100000, 2000000]);
    assert.equal(options.fillKeys, 1000000);
    assert.equal(options.idleConnections, 10000);
  });

  test("requests: one figure is scaled, several are taken as they are", () => {
    assert.deepEqual(parseOptions(["--requests", "100", "--pipeline", "1,4,16"]).requests, [
      100,
      400,
      800,
    ]);
    const own = parseOptions(["--requests", "5,6", "--pipeline", "1,16"]);
    assert.deepEqual(own.requests, [5, 6]);
    assert.throws(() => parseOptions(["--requests", "5,6"]), UsageError);
    assert.equal(scaleRequests(1000, 64), 16000);
  });

  test("--stall and --parts", () => {
    assert.deepEqual(parseOptions(["--stall"]).parts, ["stall"]);
    assert.deepEqual(parseOptions(["--parts", "idle,fill"]).parts, ["fill", "idle"]);
    assert.throws(() => parseOptions(["--parts", "nope"]), UsageError);
  });

  test("servers: a command or an address", () => {
    const { servers } = parseOptions([
      "--server",
      'valkey=valkey-server --port {port} --save ""',
      "--server=far=10.0.0.1:20001",
    ]);
    assert.deepEqual(servers, [
      {
        name: "valkey",
        command: ["valkey-server", "--port", "{port}", "--save", ""],
        host: "127.0.0.1",
        port: 0,
      },
      { name: "far", command: null, host: "10.0.0.1", port: 20001 },
    ]);
    for (const bad of ["x", "=y {port}", "x=valkey-server", "x y=a:1"]) {
      assert.throws(() => parseOptions(["--server", bad]), UsageError, bad);
    }
  });

  test("figures must be positive whole numbers", () => {
    for (const bad of ["0", "-1", "1.5", "1e3", "", "ten"]) {
      assert.throws(() => parseOptions([`--rounds=${bad}`]), UsageError, bad);
    }
    assert.throws(() => parseOptions(["--unknown"]), UsageError);
    assert.throws(() => parseOptions(["stray"]), UsageError);
  });
});

test("words of a command", () => {
  assert.deepEqual(splitCommand(`a  b "c d" 'e "f"' g""h ""`), [
    "a",
    "b",
    "c d",
    'e "f"',
    "gh",
    "",
  ]);
  assert.throws(() => splitCommand('a "b'), UsageError);
});
