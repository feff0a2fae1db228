import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { configTable } from "../../../core/server/config_table.ts";
import type { ConfigSpec, ConfigState } from "../../../core/server/config_types.ts";
import { parseConfigValue, quote } from "../../../core/server/config_values.ts";

function spec(name: string): ConfigSpec {
  const found = configTable.find((entry) => entry.name === name);
  assert.ok(found, `${name} is in the table`);
  return found;
}

/** Parses the arguments of a directive from scratch: the text of the state, or the error. */
function parse(name: string, ...args: string[]): string {
  const result = parseConfigValue(spec(name), args, null);
  return typeof result === "string" ? `error: ${result}` : result.text;
}

function state(name: string, current: ConfigState | null, ...args: string[]): ConfigState {
  const result = parseConfigValue(spec(name), args, current);
  assert.notEqual(typeof result, "string", String(result));
  return result as ConfigState;
}

function value(name: string, ...args: string[]): unknown {
  return state(name, null, ...args).value;
}

describe("simple types", () => {
  test("yes and no in any case", () => {
    assert.equal(value("appendonly", "YES"), true);
    assert.equal(parse("appendonly", "No"), "no");
    for (const bad of ["", "y", "1", "true", "yes "]) {
      assert.equal(parse("appendonly", bad), "error: argument must be 'yes' or 'no'", bad);
    }
  });

  test("an int at and past its limits", () => {
    assert.equal(value("port", "0"), 0);
    assert.equal(value("port", "65535"), 65535);
    const error = "error: argument must be between 0 and 65535 inclusive";
    assert.equal(parse("port", "65536"), error);
    assert.equal(parse("port", "-1"), error);
    assert.equal(parse("list-max-listpack-size", "-2147483648"), "-2147483648");
    assert.equal(
      parse("list-max-listpack-size", "-2147483649"),
      "error: argument must be between -2147483648 and 2147483647 inclusive",
    );
  });

  test("an int has one spelling", () => {
    for (
      const bad of ["", " 1", "1 ", "01", "+1", "-0", "1.0", "0x10", "-", "1\0", "9".repeat(21)]
    ) {
      const error = "error: argument couldn't be parsed into an integer";
      assert.equal(parse("timeout", bad), error, JSON.stringify(bad));
    }
  });

  test("unsigned ints", () => {
    assert.equal(value("maxclients", "4294967295"), 4294967295);
    const error = "error: argument must be between 1 and 4294967295 inclusive";
    for (const bad of ["0", "-1", "4294967296"]) assert.equal(parse("maxclients", bad), error, bad);
  });

  test("64-bit integers keep their last digits in the text", () => {
    assert.equal(parse("slowlog-log-slower-than", "9223372036854775807"), "9223372036854775807");
    assert.equal(
      parse("slowlog-log-slower-than", "9223372036854775808"),
      "error: argument couldn't be parsed into an integer",
    );
    assert.equal(
      parse("slowlog-log-slower-than", "-2"),
      "error: argument must be between -1 and 9223372036854775807 inclusive",
    );
    assert.equal(parse("maxmemory", "18446744073709551615"), "18446744073709551615");
  });

  test("memory in every unit", () => {
    const units: [string, number][] = [
      ["7", 7],
      ["7b", 7],
      ["7k", 7000],
      ["7KB", 7 * 1024],
      ["7m", 7e6],
      ["7Mb", 7 * 1024 ** 2],
      ["7g", 7e9],
      ["7gB", 7 * 1024 ** 3],
      ["", 0],
      ["mb", 0],
      ["007", 7],
    ];
    for (const [text, bytes] of units) assert.equal(value("maxmemory", text), bytes, text);
    for (const bad of ["-1", "1.5mb", "1 mb", "1t", "1bb", "x", "5%", " 1", "toString"]) {
      assert.equal(parse("maxmemory", bad), "error: argument must be a memory value", bad);
    }
    assert.equal(
      parse("proto-max-bulk-len", "1023kb"),
      "error: argument must be between 1048576 and 9223372036854775807 inclusive",
    );
    assert.equal(value("proto-max-bulk-len", "1mb"), 1048576);
  });

  test("memory past 64 bits saturates, and its product wraps", () => {
    assert.equal(parse("maxmemory", "99999999999999999999999"), "18446744073709551615");
    assert.equal(parse("maxmemory", "18446744073709551615k"), "18446744073709550616");
  });

  test("memory or percent", () => {
    assert.equal(parse("maxmemory-clients", "5%"), "5%");
    assert.equal(value("maxmemory-clients", "5%"), -5);
    assert.equal(parse("maxmemory-clients", "100%"), "100%");
    assert.equal(value("maxmemory-clients", "1gb"), 1024 ** 3);
    assert.equal(
      parse("maxmemory-clients", "101%"),
      "error: percentage argument must be less or equal to 100",
    );
    for (const bad of ["%", "-5%", "5%%", "x"]) {
      const error = "error: argument must be a memory or percent value";
      assert.equal(parse("maxmemory-clients", bad), error, bad);
    }
  });

  test("octal", () => {
    assert.equal(value("unixsocketperm", "700"), 0o700);
    assert.equal(parse("unixsocketperm", "0777"), "777");
    assert.equal(
      parse("unixsocketperm", "1000"),
      "error: argument must be between 0 and 777 inclusive",
    );
    for (const bad of ["8", "7x", "-", "9".repeat(30), "7".repeat(30)]) {
      const error = "error: argument couldn't be parsed as an octal number";
      assert.equal(parse("unixsocketperm", bad), error, bad);
    }
    assert.match(parse("unixsocketperm", "-1"), /must be between 0 and 777/);
  });

  test("hz is moved into its range", () => {
    assert.equal(value("hz", "0"), 1);
    assert.equal(value("hz", "1000"), 500);
    assert.equal(
      parse("hz", "-1"),
      "error: argument must be between 0 and 2147483647 inclusive",
    );
  });

  test("names", () => {
    assert.equal(parse("maxmemory-policy", "AllKeys-LRU"), "allkeys-lru");
    assert.equal(
      parse("appendfsync", "sometimes"),
      "error: argument(s) must be one of the following: everysec, always, no",
    );
    assert.equal(parse("oom-score-adj", "relative"), "yes");
  });

  test("strings", () => {
    assert.equal(parse("logfile", "a\0b"), "a", "a C string ends at a zero byte");
    assert.equal(parse("requirepass", "a\0\xff"), "a\0\xff", "a password holds any bytes");
    for (const bad of ["a/b", "a\\b"]) {
      assert.equal(
        parse("dbfilename", bad),
        "error: dbfilename can't be a path, just a filename",
      );
      assert.match(parse("appendfilename", bad), /appendfilename can't be a path, just a filename/);
      assert.match(parse("appenddirname", bad), /appenddirname can't be a path, just a dirname/);
    }
    assert.equal(parse("dbfilename", ""), "");
    assert.equal(parse("appendfilename", ""), "error: appendfilename can't be empty");
    assert.equal(parse("appenddirname", ""), "error: appenddirname can't be empty");
  });

  test("host names, node names and title templates", () => {
    assert.equal(parse("cluster-announce-hostname", "a-1.b"), "a-1.b");
    assert.match(parse("cluster-announce-hostname", "a_b"), /alphanumeric characters, hyphens/);
    assert.match(parse("cluster-announce-hostname", "x".repeat(256)), /less than 256 characters/);
    assert.match(parse("cluster-announce-human-nodename", "a b!"), /contained invalid character/);
    assert.equal(parse("proc-title-template", "{{x {title}"), "{{x {title}");
    for (const bad of ["{nope}", "{", "{title", "", " ", "{title}{server-mode}"]) {
      assert.match(parse("proc-title-template", bad), /template format is invalid/, bad);
    }
  });
});

describe("types with a syntax of their own", () => {
  test("save", () => {
    assert.deepEqual(value("save", "900", "1", "300", "10"), [
      { seconds: 900, changes: 1 },
      { seconds: 300, changes: 10 },
    ]);
    assert.deepEqual(value("save", ""), []);
    assert.deepEqual(value("save"), []);
    assert.equal(parse("save", "+900", "010"), "900 10");
    assert.equal(parse("save", "900", ""), "900 0");
    for (const bad of [["900"], ["0", "1"], ["900", "-1"], ["x", "1"], ["900", "1x"], ["", "1"]]) {
      assert.equal(parse("save", ...bad), "error: Invalid save parameters", bad.join());
    }
    const first = state("save", null, "900", "1");
    assert.equal(state("save", first, "60", "2").text, "900 1 60 2", "rules can add up");
    assert.equal(state("save", first, "").text, "");
  });

  test("client-output-buffer-limit changes the classes it names", () => {
    const initial = state("client-output-buffer-limit", null, "pubsub", "32mb", "8mb", "60");
    assert.equal(initial.text, "normal 0 0 0 slave 0 0 0 pubsub 33554432 8388608 60");
    const changed = state("client-output-buffer-limit", initial, "REPLICA", "1kb", "2", "3");
    assert.equal(changed.text, "normal 0 0 0 slave 1024 2 3 pubsub 33554432 8388608 60");
    assert.deepEqual((changed.value as { replica: unknown }).replica, {
      hardBytes: 1024,
      softBytes: 2,
      softSeconds: 3,
    });
    assert.equal(state("client-output-buffer-limit", changed).text, changed.text);
    const failures: [string[], RegExp][] = [
      [["normal", "0", "0"], /Wrong number of arguments in buffer limit configuration\./],
      [["master", "0", "0", "0"], /Invalid client class specified in buffer limit configuration\./],
      [["normal", "-1", "0", "0"], /Error in hard, soft or soft_seconds setting/],
      [["normal", "0", "x", "0"], /Error in hard, soft or soft_seconds setting/],
      [["normal", "0", "0", "-1"], /Error in hard, soft or soft_seconds setting/],
      [["normal", "0", "0", "1s"], /Error in hard, soft or soft_seconds setting/],
    ];
    for (const [args, error] of failures) {
      assert.match(parse("client-output-buffer-limit", ...args), error);
    }
  });

  test("shutdown actions combine", () => {
    assert.deepEqual(value("shutdown-on-sigterm", "force", "NOSAVE"), ["nosave", "force"]);
    assert.equal(parse("shutdown-on-sigterm", "now", "now"), "now");
    assert.deepEqual(value("shutdown-on-sigterm", "default"), []);
    assert.equal(parse("shutdown-on-sigterm", "default"), "default");
    assert.match(parse("shutdown-on-sigterm"), /must be one of the following: default, save/);
    assert.equal(
      parse("shutdown-on-sigterm", "save", "nosave"),
      "error: shutdown options SAVE and NOSAVE can't be used simultaneously",
    );
  });

  test("notify-keyspace-events", () => {
    assert.equal(value("notify-keyspace-events", "KEg"), 0b111);
    assert.equal(parse("notify-keyspace-events", "KEA"), "AKE");
    assert.equal(parse("notify-keyspace-events", "g$lshzxetd"), "A");
    assert.equal(parse("notify-keyspace-events", "Anm"), "Am");
    assert.equal(parse("notify-keyspace-events", "nxg"), "gxn");
    assert.equal(parse("notify-keyspace-events", ""), "");
    assert.equal(
      parse("notify-keyspace-events", "KQ"),
      "error: Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
    );
  });

  test("bind", () => {
    assert.deepEqual(value("bind", "127.0.0.1", "-::1"), ["127.0.0.1", "-::1"]);
    assert.deepEqual(value("bind", ""), []);
    assert.equal(parse("bind", ..."abcdefghijklmnop"), "a b c d e f g h i j k l m n o p");
    assert.equal(
      parse("bind", ..."abcdefghijklmnopq"),
      "error: Too many bind addresses specified.",
    );
  });

  test("replicaof", () => {
    assert.deepEqual(value("replicaof", "host", "6400"), { host: "host", port: 6400 });
    assert.equal(value("replicaof", "No", "ONE"), null);
    assert.equal(parse("replicaof", "host"), "error: wrong number of arguments");
    for (const bad of ["65536", "-1", "x", "1 "]) {
      assert.equal(parse("replicaof", "host", bad), "error: Invalid master port", bad);
    }
  });

  test("oom-score-adj-values", () => {
    assert.deepEqual(value("oom-score-adj-values", "-2000", "0", "2000"), [-2000, 0, 2000]);
    assert.equal(parse("oom-score-adj-values", "1", "2"), "error: wrong number of arguments");
    for (const bad of ["2001", "-2001", "x"]) {
      assert.match(parse("oom-score-adj-values", "0", bad, "0"), /must be between -2000 and 2000/);
    }
  });

  test("percentiles", () => {
    assert.deepEqual(value("latency-tracking-info-percentiles", "50", "99.9"), [50, 99.9]);
    assert.equal(parse("latency-tracking-info-percentiles", "5e1", "0.1234567"), "50 0.123457");
    assert.equal(parse("latency-tracking-info-percentiles", "100", "0", "-0"), "100 0 -0");
    assert.equal(parse("latency-tracking-info-percentiles", ""), "");
    assert.match(parse("latency-tracking-info-percentiles", "100.1"), /between \[0\.0,100\.0\]/);
    assert.match(parse("latency-tracking-info-percentiles", "inf"), /between \[0\.0,100\.0\]/);
    for (const bad of ["x", "nan", "1 ", "1e-400"]) {
      assert.match(
        parse("latency-tracking-info-percentiles", bad),
        /Invalid latency-tracking/,
        bad,
      );
    }
  });
});

describe("quote", () => {
  test("escapes what a line can't hold", () => {
    assert.equal(quote("a b"), '"a b"');
    assert.equal(quote('\\"\n\r\t\x07\b'), String.raw`"\\\"\n\r\t\a\b"`);
    assert.equal(quote("\0\x1f\x7f\xff"), String.raw`"\x00\x1f\x7f\xff"`);
  });
});
