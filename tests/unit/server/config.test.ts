import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { ascii, latin1 } from "../../../core/base/bytes.ts";
import { Config, type ConfigOptions } from "../../../core/server/config.ts";
import { type ConfigHost, NO_SUCH_FILE, processHost } from "../../../core/server/config_host.ts";
import type { ConfigValue } from "../../../core/server/config_types.ts";

/** A world with the directories / and /data and without files. */
function directories(): ConfigHost {
  let cwd = "/";
  return {
    ...processHost,
    cwd: () => cwd,
    chdir: (path) => {
      if (path !== "/" && path !== "/data") return NO_SUCH_FILE;
      cwd = path;
      return null;
    },
  };
}

function configured(overrides = "", options: ConfigOptions = {}): Config {
  const config = new Config({ host: directories(), ...options });
  assert.equal(config.load({ overrides }), null);
  return config;
}

describe("values", () => {
  test("come typed", () => {
    const config = configured();
    assert.equal(config.num("port"), 6379);
    assert.equal(config.num("proto-max-bulk-len"), 512 * 1024 * 1024);
    assert.equal(config.bool("appendonly"), false);
    assert.equal(config.str("maxmemory-policy"), "noeviction");
    assert.equal(config.str("unixsocket"), "");
    assert.deepEqual(config.list("shutdown-on-sigint"), []);
    assert.deepEqual(config.numbers("latency-tracking-info-percentiles"), [50, 99, 99.9]);
    assert.deepEqual(config.savePoints()[0], { seconds: 3600, changes: 1 });
    assert.equal(config.outputBufferLimits().replica.hardBytes, 256 * 1024 * 1024);
    assert.equal(config.replicaOf(), null);
    assert.equal(config.get("hz"), 10);
  });

  test("of a wrong type or name are bugs", () => {
    const config = configured();
    assert.throws(() => config.num("appendonly"), TypeError);
    assert.throws(() => config.bool("port"), TypeError);
    assert.throws(() => config.get("nonsense"), RangeError);
    assert.throws(() => config.get("constructor"), RangeError);
  });

  test("can be paths", () => {
    const config = configured("pidfile /tmp/caf\xc3\xa9");
    assert.equal(config.str("pidfile"), "/tmp/caf\xc3\xa9");
    assert.equal(config.path("pidfile"), "/tmp/café");
  });

  test("that nothing depends on are listed when changed", () => {
    assert.deepEqual(configured("daemonize no\nport 1").ignored(), []);
    assert.deepEqual(
      configured("daemonize yes\nio-threads 4\ntls-dh-params-file x").ignored(),
      ["tls-dh-params-file", "daemonize", "io-threads"],
    );
  });

  test("that are secret are told apart", () => {
    const config = configured();
    const secrets = ["requirepass", "MASTERAUTH", "masteruser", "tls-key-file-pass"];
    for (const name of secrets) assert.ok(config.isSensitive(name), name);
    for (const name of ["port", "nonsense"]) assert.ok(!config.isSensitive(name), name);
  });
});

describe("CONFIG GET", () => {
  test("takes globs in any case and each name once", () => {
    const config = configured();
    assert.deepEqual(config.match(["MAXMEMORY-s*", "maxmemory-*es"]), [["maxmemory-samples", "5"]]);
    const names = config.match(["*"]).map(([name]) => name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.length > 200);
    assert.deepEqual(config.match(["*"]), config.match(["*"]));
  });

  test("gives an exact name back as it was spelt", () => {
    const config = configured();
    assert.deepEqual(config.match(["MaxMemory", "maxmemory"]), [["MaxMemory", "0"]]);
    assert.deepEqual(config.match(["nonsense", "no*nse"]), []);
  });

  test("shows aliases too", () => {
    const config = configured("slave-priority 5");
    assert.deepEqual(config.match(["*-priority"]), [
      ["replica-priority", "5"],
      ["slave-priority", "5"],
    ]);
  });

  test("shows hidden directives to their exact name only", () => {
    const config = configured();
    assert.deepEqual(config.match(["key-load-dela*"]), []);
    assert.deepEqual(config.match(["key-load-delay"]), [["key-load-delay", "0"]]);
  });
});

describe("CONFIG SET", () => {
  test("sets several parameters by name or alias in any case", () => {
    const config = configured();
    assert.equal(config.set([["HZ", "50"], ["slave-priority", "3"], ["save", "1 2"]]), null);
    assert.equal(config.num("hz"), 50);
    assert.equal(config.num("replica-priority"), 3);
    assert.equal(config.text("save"), "1 2");
    assert.equal(config.set([["save", ""]]), null);
    assert.equal(config.text("save"), "");
  });

  test("refuses what can't be set, in Redis's words", () => {
    const config = configured();
    const about = (name: string) =>
      `ERR CONFIG SET failed (possibly related to argument '${name}')`;
    const cases: [[string, string][], string][] = [
      [[["Nope", "1"]], "ERR Unknown option or number of arguments for CONFIG SET - 'Nope'"],
      [[["Databases", "1"]], `${about("Databases")} - can't set immutable config`],
      [[["dir", "/data"]], `${about("dir")} - can't set protected config`],
      [[["hz", "1"], ["HZ", "2"]], `${about("HZ")} - duplicate parameter`],
      [
        [["hz", "1"], ["nope", "2"], ["databases", "3"]],
        "ERR Unknown option or number of " +
        "arguments for CONFIG SET - 'nope'",
      ],
      [
        [["hz", "1"], ["TIMEOUT", "x"]],
        `${about("timeout")} - argument couldn't be parsed ` +
        "into an integer",
      ],
      [
        [["slave-priority", "-1"]],
        `${about("slave-priority")} - argument must be between 0 and ` +
        "2147483647 inclusive",
      ],
    ];
    const before = config.match(["*"]);
    for (const [pairs, error] of cases) assert.equal(config.set(pairs), error);
    assert.deepEqual(config.match(["*"]), before, "a refusal changes nothing");
  });

  test("takes a name and its alias as two parameters", () => {
    const config = configured();
    assert.equal(config.set([["replica-priority", "1"], ["slave-priority", "2"]]), null);
    assert.equal(config.num("replica-priority"), 2);
  });

  test("minds enable-protected-configs", () => {
    const remote = { loading: false, isLocal: false };
    const local = { loading: false, isLocal: true };
    const set = (mode: string, context: typeof local) =>
      configured(`enable-protected-configs ${mode}`).set([["dbfilename", "x"]], context) === null;
    assert.deepEqual([set("no", local), set("no", remote)], [false, false]);
    assert.deepEqual([set("local", local), set("local", remote)], [true, false]);
    assert.deepEqual([set("yes", local), set("yes", remote)], [true, true]);
  });

  test("refuses some parameters while loading", () => {
    const config = configured();
    const context = { loading: true, isLocal: true };
    assert.equal(
      config.set([["appendonly", "yes"]], context),
      "LOADING Redis is loading the dataset in memory",
    );
    assert.equal(config.set([["hz", "1"]], context), null);
  });

  test("changes the directory, and back again", () => {
    const config = configured("enable-protected-configs yes");
    assert.equal(config.set([["dir", "/data"]]), null);
    assert.equal(config.str("dir"), "/data");
    assert.equal(
      config.set([["dir", "/nope"]]),
      "ERR CONFIG SET failed (possibly related to argument 'dir') - No such file or directory",
    );
    assert.notEqual(config.set([["dir", "/"], ["hz", "x"]]), null);
    assert.equal(config.str("dir"), "/data");
    assert.equal(config.load({ overrides: "" }), null);
    assert.equal(config.set([["dir", "/"]]), null);
  });
});

describe("listeners", () => {
  test("are told of changes only, after all values are in place", () => {
    const config = configured();
    const told: [string, ConfigValue, number][] = [];
    for (const name of ["hz", "timeout", "bind"]) {
      config.onChange(name, (value) => {
        told.push([name, value, config.num("timeout")]);
        return null;
      });
    }
    config.set([["hz", "20"], ["timeout", "5"]]);
    config.set([["hz", "20"], ["bind", "127.0.0.1 -::1"]]);
    assert.deepEqual(told, [["hz", 20, 5], ["timeout", 5, 5]]);
  });

  test("can be registered under an alias", () => {
    const config = configured();
    let told: ConfigValue = null;
    config.onChange("slave-priority", (value) => {
      told = value;
      return null;
    });
    config.set([["replica-priority", "9"]]);
    assert.equal(told, 9);
  });

  test("undo everything by refusing", () => {
    const warnings: string[] = [];
    const config = configured("", { warn: (line) => warnings.push(line) });
    const told: string[] = [];
    config.onChange("hz", (value) => {
      told.push(`hz ${value}`);
      return null;
    });
    config.onChange("port", (value) => {
      told.push(`port ${value}`);
      return value === 1 ? "Unable to listen on this port. Check server logs." : null;
    });
    config.onChange("timeout", (value) => {
      told.push(`timeout ${value}`);
      return null;
    });
    assert.equal(
      config.set([["hz", "20"], ["port", "1"], ["timeout", "5"]]),
      "ERR CONFIG SET failed (possibly related to argument 'port') - " +
        "Unable to listen on this port. Check server logs.",
    );
    assert.deepEqual(told, ["hz 20", "port 1", "hz 10", "port 6379"]);
    assert.deepEqual(["hz", "port", "timeout"].map((name) => config.num(name)), [10, 6379, 0]);
    assert.deepEqual(warnings, [
      "Failed applying new configuration. Possibly related to new port setting. " +
      "Restoring previous settings.",
    ]);
  });

  test("may refuse without a reason", () => {
    const config = configured();
    config.onChange("port", () => "");
    assert.equal(
      config.set([["port", "1"]]),
      "ERR CONFIG SET failed (possibly related to argument 'port')",
    );
  });

  test("of several directives are told once", () => {
    const config = configured();
    let count = 0;
    const listener = () => {
      count++;
      return null;
    };
    config.onChange("port", listener);
    config.onChange("bind", listener);
    config.set([["bind", "127.0.0.1"], ["port", "1"]]);
    assert.equal(count, 1);
  });

  test("hear of a file again although its name is the same", () => {
    const config = configured("tls-cert-file /cert");
    let count = 0;
    config.onChange("tls-cert-file", () => {
      count++;
      return null;
    });
    config.set([["tls-cert-file", "/cert"]]);
    assert.equal(count, 1);
  });
});

describe("CONFIG REWRITE", () => {
  const rewritten = (config: Config, existing: string, users: string[] | null = null) => {
    const bytes = config.rewrite(ascii(existing), users);
    return latin1(bytes, 0, bytes.length);
  };

  /** What is always written, as its value depends on where and how the server was started. */
  const always = 'latency-tracking-info-percentiles 50 99 99.9\ndir "/"\n' +
    "save 3600 1\nsave 300 100\nsave 60 10000\n";

  test("writes what differs from the defaults below its signature", () => {
    const config = configured('port 1\nmaxmemory 100mb\nunixsocketperm 700\nrequirepass "a b"');
    assert.equal(
      rewritten(config, ""),
      "# Generated by CONFIG REWRITE\nport 1\nunixsocketperm 700\n" +
        'requirepass "a b"\nlatency-tracking-info-percentiles 50 99 99.9\n' +
        'maxmemory 100mb\ndir "/"\nsave 3600 1\nsave 300 100\nsave 60 10000\n',
    );
  });

  test("keeps comments and order, and updates lines in place", () => {
    const existing = "# top\n\n\n  # indented\nhz 1\ninclude /x\nslave-priority 3 # no comment\n" +
      "bind 127.0.0.1 -::1\ndaemonize no\nunixsocket /x\nport 1\nport 2\n# end\n";
    assert.equal(
      rewritten(configured("port 7"), existing),
      "# top\n\n# indented\nhz 10\ninclude /x\nreplica-priority 100\n" +
        "bind 127.0.0.1 -::1\ndaemonize no\n\nport 7\n\n# end\n\n" +
        `# Generated by CONFIG REWRITE\n${always}`,
    );
  });

  test("comments out what it can't understand", () => {
    const text = rewritten(configured(), 'nonsense 1\nport "1\nlist-max-ziplist-entries 4\n');
    assert.ok(
      text.startsWith('# ??? nonsense 1\n# ??? port "1\n# ??? list-max-ziplist-entries 4\n'),
      text,
    );
  });

  test("fits several lines of one directive to what there is", () => {
    const config = configured("client-output-buffer-limit replica 1gb 3 4");
    config.set([["save", "9 1"]]);
    const text = rewritten(config, "save 1 1\nsave 2 2\nclient-output-buffer-limit pubsub 1 1 1\n");
    assert.ok(text.startsWith("save 9 1\n\nclient-output-buffer-limit replica 1gb 3 4\n"), text);
    assert.doesNotMatch(text, /normal|pubsub/);
    config.set([["save", ""], ["latency-tracking-info-percentiles", ""], ["bind", ""]]);
    const empty = rewritten(config, "");
    assert.match(empty, /\nsave ""\n/);
    assert.match(empty, /\nlatency-tracking-info-percentiles ""\n/);
    assert.match(empty, /\nbind ""\n/);
  });

  test("writes users, or leaves them alone", () => {
    const existing = "user old on\nuser older off\n";
    const config = configured();
    assert.ok(rewritten(config, existing).startsWith(existing));
    const text = rewritten(config, existing, ["default on nopass"]);
    assert.ok(text.startsWith("user default on nopass\n\n#"), text);
  });

  test("of its own result changes nothing, and it loads to the same values", () => {
    const config = configured(
      'port 1\nreplicaof h 1\nsave 9 1\nmaxmemory-clients 5%\nrequirepass "\\x00\\xff\\n\\""\n' +
        "notify-keyspace-events KEA\nshutdown-on-sigterm nosave now\nbind 127.0.0.1\n" +
        "client-output-buffer-limit pubsub 1kb 1gb 1\noom-score-adj-values 1 2 3\nhz 0\n" +
        "repl-backlog-size 3mb\nmaxmemory 18446744073709551615\nmasteruser x\ntls-port 7",
    );
    for (const existing of ["", "# c", "# c\n\n\n", "\n\nport 3\n\n\nx y\nhz 3"]) {
      const once = rewritten(config, existing);
      assert.equal(rewritten(config, once), once);
      assert.deepEqual(configured(once).match(["*"]), config.match(["*"]));
    }
  });

  test("replaces the file as a whole", () => {
    const dir = mkdtempSync(join(tmpdir(), "larder-config-"));
    try {
      const path = join(dir, "redis.conf");
      writeFileSync(path, "# mine\nhz 20\n");
      const config = new Config({ host: { ...processHost, cwd: () => "/", chdir: () => null } });
      assert.equal(config.rewriteFile(), "ERR The server is running without a config file");
      assert.equal(config.load({ path }), null);
      config.set([["hz", "30"]]);
      assert.equal(config.rewriteFile(), null);
      assert.ok(readFileSync(path, "utf8").startsWith("# mine\nhz 30\n\n# Generated"));
      rmSync(path);
      assert.equal(config.rewriteFile(), null, "a file that is gone is written anew");
      assert.deepEqual(readdirSync(dir), ["redis.conf"]);
      config.configFile = dir;
      assert.equal(config.rewriteFile(), "ERR Rewriting config file: Is a directory");
      config.configFile = join(dir, "none", "redis.conf");
      assert.equal(config.rewriteFile(), "ERR Rewriting config file: No such file or directory");
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
