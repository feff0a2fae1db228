import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { ascii } from "../../../core/base/bytes.ts";
import { Config } from "../../../core/server/config.ts";
import { INCLUDE_DEPTH_MAX } from "../../../core/server/config_file.ts";
import { type ConfigHost, NO_SUCH_FILE, processHost } from "../../../core/server/config_host.ts";

/** A host with files in memory and one directory, /home, to start in. */
function memoryHost(files: Record<string, string>): ConfigHost {
  let cwd = "/home";
  return {
    cwd: () => cwd,
    chdir: (path) => {
      if (path !== "/data") return NO_SUCH_FILE;
      cwd = path;
      return null;
    },
    read: (path) => Object.hasOwn(files, path) ? ascii(files[path]) : NO_SUCH_FILE,
    glob: (pattern) => pattern === "/conf.d/*" ? ["/conf.d/1", "/conf.d/2"] : [],
    checkAppendable: (path) => path.startsWith("/nowhere/") ? NO_SUCH_FILE : null,
    replace: (path, content) => {
      files[path] = String.fromCharCode(...content);
      return null;
    },
  };
}

function loaded(files: Record<string, string>, overrides = ""): Config {
  const config = new Config({ host: memoryHost(files) });
  assert.equal(config.load({ path: "/a.conf", overrides }), null);
  return config;
}

/** The error of a file that holds just this text. */
function failure(text: string, files: Record<string, string> = {}): string {
  const config = new Config({ host: memoryHost({ ...files, "/a.conf": text }) });
  const error = config.load({ path: "/a.conf" });
  assert.notEqual(error, null, text);
  return error as string;
}

describe("redis.conf", () => {
  test("is lines of names and arguments", () => {
    const config = loaded({
      "/a.conf": "# comment\n\n  \t\nport 7000\r\n  HZ   20  \nslave-priority 7\n" +
        'logfile ""\nrequirepass "a b\\xff"\nbind 1.2.3.4 ::1\nsave 1 2 3 4\n',
    });
    assert.equal(config.num("port"), 7000);
    assert.equal(config.num("hz"), 20);
    assert.equal(config.num("replica-priority"), 7);
    assert.equal(config.str("requirepass"), "a b\xff");
    assert.deepEqual(config.list("bind"), ["1.2.3.4", "::1"]);
    assert.equal(config.text("save"), "1 2 3 4");
  });

  test("may be empty, or without a newline at its end", () => {
    assert.equal(loaded({ "/a.conf": "" }).num("port"), 6379);
    assert.equal(loaded({ "/a.conf": "port 1" }).num("port"), 1);
  });

  test("lets the last line win, and the command line over the file", () => {
    const config = loaded({ "/a.conf": "port 1\nport 2\nhz 3\n" }, 'port "4" \ntimeout "5" ');
    assert.equal(config.num("port"), 4);
    assert.equal(config.num("hz"), 3);
    assert.equal(config.num("timeout"), 5);
  });

  test("reads standard input between the two", () => {
    const config = new Config({ host: memoryHost({ "/a.conf": "port 1\nhz 1\ntimeout 1" }) });
    const stdin = ascii("hz 2\ntimeout 2\n");
    assert.equal(config.load({ path: "/a.conf", stdin, overrides: "timeout 3" }), null);
    assert.deepEqual(["port", "hz", "timeout"].map((name) => config.num(name)), [1, 2, 3]);
  });

  test("adds up rules of save, after forgetting the defaults", () => {
    assert.equal(loaded({ "/a.conf": "save 9 1\nsave 3 10\n" }).text("save"), "9 1 3 10");
    assert.equal(loaded({ "/a.conf": "save 9 1\n" }, 'save "1" "1"').text("save"), "9 1 1 1");
    assert.equal(loaded({ "/a.conf": 'save 9 1\nsave ""\n' }).text("save"), "");
    assert.equal(loaded({ "/a.conf": "port 1\n" }).text("save"), "3600 1 300 100 60 10000");
  });

  test("splits one argument that holds several", () => {
    assert.equal(loaded({ "/a.conf": 'save "9 1 3 10"\n' }).text("save"), "9 1 3 10");
    const config = loaded({ "/a.conf": 'client-output-buffer-limit "pubsub 1 2 3"\n' });
    assert.deepEqual(config.outputBufferLimits().pubsub, {
      hardBytes: 1,
      softBytes: 2,
      softSeconds: 3,
    });
  });

  test("changes the directory at once", () => {
    const config = loaded({ "/a.conf": "dir /data\n" });
    assert.equal(config.path("dir"), "/data");
    assert.match(failure("dir /nope\n"), /No such file or directory/);
    assert.match(failure("dir /data x\n"), /wrong number of arguments/);
  });

  test("ignores directives of the past", () => {
    loaded({ "/a.conf": "list-max-ziplist-entries 4\nlua-replicate-commands yes\n" });
    assert.match(failure("list-max-ziplist-entries\n"), /Bad directive/);
  });

  test("collects statements and lets a listener refuse them", () => {
    const text = 'user alice on >x ~*\nrename-command CONFIG ""\nloadmodule /x.so a b\n';
    const config = loaded({ "/a.conf": text });
    assert.deepEqual(config.statements, [
      { name: "user", args: ["alice", "on", ">x", "~*"], place: { file: "/a.conf", line: 1 } },
      { name: "rename-command", args: ["CONFIG", ""], place: { file: "/a.conf", line: 2 } },
      { name: "loadmodule", args: ["/x.so", "a", "b"], place: { file: "/a.conf", line: 3 } },
    ]);
    const refusing = new Config({ host: memoryHost({ "/a.conf": text }) });
    refusing.onStatement("user", (args) => `Error in user declaration '${args[1]}': no`);
    assert.match(refusing.load({ path: "/a.conf" }) ?? "", /line 1\n.*\nError in user.*'on': no\n/);
  });
});

describe("include", () => {
  test("reads a file in place, whatever its depth", () => {
    const config = loaded({
      "/a.conf": "port 1\ninclude /b.conf\nhz 7\n",
      "/b.conf": "port 2\nhz 2\ninclude /c.conf",
      "/c.conf": "timeout 3",
    });
    assert.deepEqual(["port", "hz", "timeout"].map((name) => config.num(name)), [2, 7, 3]);
  });

  test("follows wildcards, which may match nothing", () => {
    const config = loaded({
      "/a.conf": "include /conf.d/*\ninclude /none/*.conf\n",
      "/conf.d/1": "port 1",
      "/conf.d/2": "hz 2",
    });
    assert.deepEqual(["port", "hz"].map((name) => config.num(name)), [1, 2]);
  });

  test("fails where a plain name can't be read", () => {
    assert.equal(
      failure("include /b.conf\n"),
      "Fatal error, can't open config file '/b.conf': No such file or directory\n",
    );
  });

  test("tells of an error by the included file's own lines", () => {
    const error = failure("\n\ninclude /b.conf\n", { "/b.conf": "hz 1\nnonsense\n" });
    assert.match(error, /at line 2\n>>> 'nonsense'\n/);
    assert.match(error, /from file '\/b\.conf'/);
    assert.equal(error.match(/FATAL/g)?.length, 1);
  });

  test("ends a file that includes itself", () => {
    const error = failure("include /a.conf\n");
    assert.match(error, new RegExp(`deeper than ${INCLUDE_DEPTH_MAX}`));
  });

  test("finds files as the shell does", () => {
    const dir = mkdtempSync(join(tmpdir(), "larder-config-"));
    try {
      mkdirSync(join(dir, "sub"));
      for (const name of ["b.conf", "a.conf", ".hidden.conf", "c.txt", "sub/d.conf"]) {
        writeFileSync(join(dir, name), "");
      }
      const found = (pattern: string) =>
        processHost.glob(join(dir, pattern)).map((path) => path.slice(dir.length + 1));
      assert.deepEqual(found("*.conf"), ["a.conf", "b.conf"]);
      assert.deepEqual(found("[!a].conf"), ["b.conf"]);
      assert.deepEqual(found("?.*"), ["a.conf", "b.conf", "c.txt"]);
      assert.deepEqual(found(".*.conf"), [".hidden.conf"]);
      assert.deepEqual(found("s*/*.conf"), ["sub/d.conf"]);
      assert.deepEqual(found("s*/none.conf"), []);
      assert.deepEqual(found("none/*.conf"), []);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe("a hostile file", () => {
  test("is refused with line, text and reason", () => {
    assert.equal(
      failure("port 1\n  nonsense  1 \n"),
      "\n*** FATAL CONFIG FILE ERROR (Redis 7.4.0) ***\n" +
        "Reading the configuration file, at line 2\n>>> 'nonsense  1'\n" +
        "Bad directive or wrong number of arguments\nThe line is from file '/a.conf'.\n",
    );
  });

  test("gets the reason of each mistake", () => {
    const cases: [string, string][] = [
      ['port "1', "Unbalanced quotes in configuration line"],
      ['port "1"x', "Unbalanced quotes in configuration line"],
      [`save "'a"`, "Unbalanced quotes in configuration line"],
      ["port", "wrong number of arguments"],
      ["port 1 2", "wrong number of arguments"],
      ["port x", "argument couldn't be parsed into an integer"],
      ["save 1", "Invalid save parameters"],
      ["include", "Bad directive or wrong number of arguments"],
      ["include a b", "Bad directive or wrong number of arguments"],
      ["user", "Bad directive or wrong number of arguments"],
      ["rename-command GET", "Bad directive or wrong number of arguments"],
      ["sentinel monitor x", "sentinel directive while not in sentinel mode"],
      ["some.module", "Module config specified without value"],
      ['""', "Bad directive or wrong number of arguments"],
      ["__proto__ x", "Bad directive or wrong number of arguments"],
      ["constructor", "Bad directive or wrong number of arguments"],
      ["\x7fELF\x02\x01", "Bad directive or wrong number of arguments"],
    ];
    for (const [line, reason] of cases) assert.ok(failure(line).includes(`\n${reason}\n`), line);
  });

  test("shows text that is not ASCII as it was written", () => {
    assert.match(failure("caf\xc3\xa9 1"), />>> 'café 1'/);
  });

  test("does not run past a zero byte", () => {
    assert.equal(loaded({ "/a.conf": "\0port x\nport 5\0 6\n" }).num("port"), 5);
  });

  test("names the command line where that is to blame", () => {
    const config = new Config({ host: memoryHost({}) });
    const error = config.load({ overrides: 'prot "1" ' }) ?? "";
    assert.match(error, />>> 'prot "1"'\nBad directive/);
    assert.match(error, /from the command line/);
  });

  test("may not name a log file that can't be written", () => {
    assert.equal(
      failure("logfile /nowhere/log\n"),
      "\n*** FATAL CONFIG FILE ERROR (Redis 7.4.0) ***\n" +
        "Can't open the log file: No such file or directory\n",
    );
  });

  test("of random bytes never throws", () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    let state = seed;
    const random = (below: number) => {
      state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
      return (state >>> 8) % below;
    };
    const words = [
      "port",
      "save",
      "bind",
      '"',
      "'",
      "\\x",
      "include",
      "/a.conf",
      "1",
      " ",
      "\n",
      "\0",
    ];
    for (let round = 0; round < 500; round++) {
      let text = "";
      for (let i = random(40); i >= 0; i--) {
        text += random(3) === 0
          ? String.fromCharCode(random(256))
          : words[random(words.length)] + " ";
      }
      const config = new Config({ host: memoryHost({ "/a.conf": text }) });
      assert.doesNotThrow(() => config.load({ path: "/a.conf" }), `seed ${seed}, round ${round}`);
    }
  });
});
