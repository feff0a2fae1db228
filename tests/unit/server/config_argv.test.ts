import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { helpText, parseCommandLine, versionText } from "../../../core/server/config_argv.ts";

function lines(...args: string[]): string {
  const parsed = parseCommandLine(args, "/home/me");
  assert.equal(parsed.action, "run");
  return parsed.overridesText;
}

describe("the command line", () => {
  test("may be empty", () => {
    assert.deepEqual(parseCommandLine([], "/home/me"), {
      action: "run",
      configPath: null,
      configFromStdin: false,
      overridesText: "",
      message: "",
    });
  });

  test("takes a configuration file first, and makes its path absolute", () => {
    assert.equal(parseCommandLine(["a.conf"], "/home/me").configPath, "/home/me/a.conf");
    assert.equal(parseCommandLine(["../x/a.conf"], "/home/me").configPath, "/home/x/a.conf");
    assert.equal(parseCommandLine(["/etc/a.conf"], "/home/me").configPath, "/etc/a.conf");
    assert.equal(parseCommandLine(["--port", "1", "a.conf"], "/").configPath, null);
  });

  test("turns options into lines", () => {
    assert.equal(lines("--port", "7000"), 'port "7000" ');
    assert.equal(lines("a.conf", "--port", "1", "--hz", "2"), 'port "1" \nhz "2" ');
    assert.equal(lines("--save", "900", "1", "300", "10"), 'save "900" "1" "300" "10" ');
    assert.equal(lines("--save", ""), 'save "" ');
    assert.equal(lines("--bind", "a b"), 'bind "a b" ');
    assert.equal(lines("--requirepass", 'a"\n\xff'), String.raw`requirepass "a\"\n\xc3\xbf" `);
  });

  test("takes what follows a name as its value, dashes or not", () => {
    assert.equal(
      lines("--requirepass", "--port", "--port", "1"),
      'requirepass "--port" \nport "1" ',
    );
    assert.equal(lines("--port", "--save", "--hz"), 'port "--save" \nhz ');
  });

  test("takes a name and its value in one argument", () => {
    assert.equal(lines("--port 7000", "--hz", "2"), 'port 7000 \nhz "2" ');
    assert.equal(lines("--port 'a", "--hz"), "port 'a \nhz ");
  });

  test("reads --save without a value as none", () => {
    assert.equal(lines("--save", "--port", "1"), 'save ""\nport "1" ');
    assert.equal(lines("--port", "1", "--save"), 'port "1" \nsave ""');
    assert.equal(lines("--SAVE"), 'SAVE ""');
  });

  test("reads standard input for a dash at either end", () => {
    const stdin = (...args: string[]) => {
      const { configFromStdin, overridesText } = parseCommandLine(args, "/");
      return [configFromStdin, overridesText];
    };
    assert.deepEqual(stdin("-"), [true, ""]);
    assert.deepEqual(stdin("-", "--hz", "1"), [true, 'hz "1" ']);
    assert.deepEqual(stdin("--hz", "1", "-"), [true, 'hz "1" ']);
    assert.deepEqual(stdin("a.conf", "-"), [true, ""]);
    assert.deepEqual(stdin("--bind", "-", "x"), [false, 'bind "-" "x" ']);
  });

  test("knows help and version as first arguments", () => {
    for (const arg of ["-v", "--version"]) {
      assert.equal(parseCommandLine([arg], "/").action, "version");
    }
    for (const arg of ["-h", "--help"]) assert.equal(parseCommandLine([arg], "/").action, "help");
    assert.equal(lines("--hz", "1", "--help"), 'hz "1" \nhelp ');
    assert.match(
      versionText(),
      /^Redis server v=7\.4\.0 sha=\w+:\d malloc=\S+ bits=64 build=\w+\n/,
    );
    assert.match(versionText(), /\nLarder \d+\.\d+\.\d+/);
    assert.match(helpText(), /^Usage: larder/);
  });

  test("refuses what it can't be", () => {
    const all = [["--test-memory", "1"], ["--check-system"], ["--sentinel"], ["a", "--sentinel"]];
    for (const args of all) {
      const parsed = parseCommandLine(args, "/");
      assert.equal(parsed.action, "refuse", args.join(" "));
      assert.notEqual(parsed.message, "");
    }
  });
});
