/**
 * Starting and ending the server: command line, configuration file, log, signals, and everything that keeps it
 * from starting.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { RespClient } from "../support/resp_client.ts";
import { ReplyError } from "../support/resp_reply.ts";
import { currentRuntime, findRuntime } from "../support/runtimes.ts";
import { startLarder, startProgram, type TestServer } from "../support/server.ts";

const runtime = currentRuntime();
const program = findRuntime(runtime) as string;
const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
const first = runtime === "deno" ? ["run", "--quiet", "-A", main] : [main];

/** Runs the server to its end, which must come by itself. */
function run(args: readonly string[], options: { input?: string; first?: string[] } = {}) {
  const result = spawnSync(program, [...options.first ?? first, ...args], {
    input: options.input ?? "",
    encoding: "utf8",
    timeout: 110_000,
  });
  return { status: result.status, out: result.stdout, err: result.stderr };
}

/** A folder that is gone after `use`. */
async function inFolder(use: (dir: string) => Promise<void> | void): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "larder-startup-"));
  try {
    await use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Starts a server, hands it over, and ends it. */
async function started(
  args: readonly string[],
  use: (server: TestServer, client: RespClient) => Promise<void>,
): Promise<void> {
  const server = await startLarder({ args });
  try {
    const client = await server.connect();
    await use(server, client);
    client.close();
  } finally {
    await server.stop();
  }
}

describe("texts", () => {
  test("--version and -v", () => {
    for (const option of ["--version", "-v"]) {
      const { status, out } = run([option]);
      assert.equal(status, 0);
      assert.match(out, /^Redis server v=7\.4\.0 sha=\S+ malloc=\S+ bits=64 build=\S+\nLarder \d/);
    }
  });

  test("--help", () => {
    const { status, out } = run(["--help"]);
    assert.equal(status, 0);
    assert.match(out, /^Usage: /);
  });
});

describe("a start that is refused ends with status 1 and one message", () => {
  const refused: [args: string[], what: RegExp][] = [
    [["--port", "0"], /Configured to not listen anywhere, exiting\.\n$/],
    [["--tls-port", "6390"], /# No tls-cert-file configured!\n$/],
    [["--cluster-enabled", "yes"], /cluster-enabled: cluster mode is not offered/],
    [["--replicaof", "127.0.0.1", "6390"], /replicaof: replication is not offered/],
    [["--sentinel"], /^Sentinel mode is not offered/],
  ];
  for (const [args, what] of refused) {
    test(args.join(" "), () => {
      const { status, out, err } = run(["--port", "6391", ...args]);
      assert.equal(status, 1);
      const lines = `${out}${err}`.split("\n").filter((line) => what.test(`${line}\n`));
      assert.equal(lines.length, 1, `${out}${err}`);
    });
  }

  const badConfig: [args: string[], what: RegExp][] = [
    [["--nosuch", "1"], /'nosuch "1"'\nBad directive or wrong number of arguments\n/],
    [["--port", "x"], /argument couldn't be parsed into an integer\n/],
    [["--loadmodule", "/x.so"], /Modules are not offered/],
    [["--rename-command", "NOSUCH", "x"], /No such command in rename-command\n/],
    [["--rename-command", "GET", "set"], /Target command name already exists\n/],
    [["--logfile", "/nosuch/dir/log"], /Can't open the log file: No such file or directory\n/],
  ];
  for (const [args, what] of badConfig) {
    test(args.join(" "), () => {
      const { status, out, err } = run(args);
      assert.equal(status, 1);
      assert.equal(out, "");
      assert.match(err, /^\n?\*\*\* FATAL CONFIG FILE ERROR \(Redis 7\.4\.0\) \*\*\*\n/);
      assert.match(err, what);
    });
  }

  test("a file that isn't there", () => {
    const { status, err } = run(["/nosuch/larder.conf"]);
    assert.equal(status, 1);
    assert.match(err, /\/nosuch\/larder\.conf.*No such file or directory/s);
  });

  test("a port in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { status, out, err } = run(["--port", String(port), "--bind", "127.0.0.1"]);
    assert.equal(status, 1);
    assert.match(out, new RegExp(`# .*127\\.0\\.0\\.1:${port}.*Address already in use\n$`));
    assert.equal(err, "");
    other.close();
  });

  test("the reason is printed too when the log goes to a file", () =>
    inFolder((dir) => {
      const file = join(dir, "log");
      const { status, out, err } = run(["--port", "0", "--logfile", file]);
      assert.equal(status, 1);
      assert.equal(out, "");
      assert.equal(err, "Configured to not listen anywhere, exiting.\n");
      assert.match(readFileSync(file, "utf8"), /# Configured to not listen anywhere, exiting\.\n$/);
    }));

  const denoOnly = { skip: runtime === "deno" ? false : "only Deno asks for permissions" };
  test("a missing permission", denoOnly, () =>
    inFolder((dir) => {
      const script = join(dir, "start.sh");
      for (
        const [permissions, args, what] of [
          ["", "--port 7249", /# .*Requires net access to .* again with the --allow-net flag\n$/],
          ["--allow-net", "/nosuch.conf", /Requires read access to .*--allow-read flag/],
        ] as const
      ) {
        // From a file: in a command line Deno recognizes itself and passes its permissions on.
        const command = `"${program}" run --quiet --no-prompt ${permissions} "${main}" ${args}`;
        writeFileSync(script, `exec ${command}\n`);
        const result = spawnSync("sh", [script], { encoding: "utf8", timeout: 110_000 });
        assert.equal(result.status, 1);
        assert.match(`${result.stdout}${result.stderr}`, what);
        assert.doesNotMatch(result.stderr, /\n {4}at /);
      }
    }));
});

describe("the log of a start", () => {
  test("has the lines that tools wait for, in order", () =>
    started([], async (server) => {
      await server.said(/Ready to accept connections tcp\n/);
      const lines = server.output.split("\n").slice(0, -1);
      for (const line of lines) {
        assert.match(line, /^\d+:M \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} [.\-*#] /);
      }
      const texts = lines.map((line) => line.replace(/^.*?\.\d{3} . /, ""));
      const order = [
        /^oO0OoO0OoO0Oo Larder is starting oO0OoO0OoO0Oo$/,
        /^Redis version=7\.4\.0, bits=64, commit=\w+, modified=0, pid=\d+, just started$/,
        /^Larder version=\d+\.\d+\.\d+, runtime=(deno|bun)\/[\d.]+$/,
        /^Configuration loaded$/,
        /^Running mode=standalone, port=\d+\.$/,
        /^Server initialized$/,
        /^Ready to accept connections tcp$/,
      ];
      const found = order.map((pattern) => texts.findIndex((text) => pattern.test(text)));
      assert.deepEqual(found, [...found].sort((a, b) => a - b), server.output);
      assert.ok(!found.includes(-1), `${found}\n${server.output}`);
    }));

  test("names what has no effect, once", () =>
    started(
      ["--io-threads", "4", "--save", "900 1", "--daemonize", "yes"],
      async (server) => {
        await server.said(/# No effect in this version: io-threads\.\n/);
        await server.said(/# WARNING: daemonize is yes, but the server stays/);
      },
    ));

  test("goes to a file, with the levels wanted", () =>
    inFolder((dir) => {
      const file = join(dir, "larder.log");
      return started(["--logfile", file, "--loglevel", "warning"], async (_, client) => {
        await client.command("DEBUG", "LOG", "hello");
        await client.command("CONFIG", "SET", "loglevel", "notice");
        await client.command("DEBUG", "CHANGE-REPL-ID");
        const text = readFileSync(file, "utf8");
        assert.doesNotMatch(text, /Server initialized/);
        assert.match(text, /# DEBUG LOG: hello\n.*\* Changing replication IDs/s);
      });
    }));
});

describe("configuration", () => {
  test("from a file, standard input and options, the last one wins", () =>
    inFolder(async (dir) => {
      const path = join(dir, "larder.conf");
      writeFileSync(path, "maxmemory-samples 3\nlfu-log-factor 4\n");
      const args = ["--lfu-log-factor", "7"];
      const server = await startProgram(program, [...first, path], args);
      const client = await server.connect();
      assert.deepEqual(await client.command("CONFIG", "GET", "maxmemory-samples"), [
        "maxmemory-samples",
        "3",
      ]);
      assert.deepEqual(await client.command("CONFIG", "GET", "lfu-log-factor"), [
        "lfu-log-factor",
        "7",
      ]);
      const info = String(await client.command("INFO", "server"));
      assert.ok(info.includes(`\r\nconfig_file:${path}\r\n`), info);
      await client.command("CONFIG", "SET", "maxmemory-samples", "8");
      assert.equal(await client.command("CONFIG", "REWRITE"), "OK");
      assert.match(readFileSync(path, "utf8"), /^maxmemory-samples 8\nlfu-log-factor 7\n/);
      await server.said(/\* CONFIG REWRITE executed with success\.\n/);
      client.close();
      await server.stop();
    }));

  test("from standard input", () => {
    const { status, err } = run(["-"], { input: "nosuch 1\n" });
    assert.equal(status, 1);
    assert.match(err, /'nosuch 1'\nBad directive or wrong number of arguments\n/);
  });

  test("commands are renamed and disabled", () =>
    started(
      ["--rename-command", "GET", "fetch", "--rename-command", "FLUSHALL", ""],
      async (_, client) => {
        await client.command("SET", "a", "1");
        assert.equal(await client.command("FETCH", "a"), "1");
        for (const name of ["GET", "FLUSHALL"]) {
          const reply = await client.command(name, "a");
          assert.ok(
            reply instanceof ReplyError && /^ERR unknown command/.test(reply.message),
            name,
          );
        }
        const arity = await client.command("fetch");
        assert.ok(arity instanceof ReplyError);
        assert.equal(arity.message, "ERR wrong number of arguments for 'get' command");
        const stats = String(await client.command("INFO", "commandstats"));
        assert.match(stats, /\r\ncmdstat_get:calls=1,/);
      },
    ));

  test("a unix socket alone will do", () =>
    inFolder(async (dir) => {
      const path = join(dir, "larder.sock");
      const server = await startLarder({ args: ["--port", "0", "--unixsocket", path] });
      await server.said(/\* Ready to accept connections unix\n/);
      assert.doesNotMatch(server.output, /connections tcp/);
      assert.ok(existsSync(path));
      const exit = await server.stop();
      assert.deepEqual(exit, { code: 0, signal: null });
    }));
});

describe("the end", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} ends in order, with status 0`, () =>
      inFolder(async (dir) => {
        const pidfile = join(dir, "larder.pid");
        const server = await startLarder({ args: ["--pidfile", pidfile] });
        const client = await server.connect();
        await client.command("SET", "a", "1");
        assert.equal(readFileSync(pidfile, "utf8"), `${server.pid}\n`);
        server.kill(signal);
        assert.equal(await client.readUntilClosed(), "");
        assert.deepEqual(await server.exited, { code: 0, signal: null });
        await server.said(
          new RegExp(
            `# Received ${signal} scheduling shutdown\\.\\.\\.\n.*\\* User requested shutdown\\.\\.\\.\n` +
              ".*\\* Removing the pid file\\.\n.*# Redis is now ready to exit, bye bye\\.\\.\\.\n$",
            "s",
          ),
        );
        assert.ok(!existsSync(pidfile));
        await server.stop();
      }));
  }

  test("SHUTDOWN ends without a reply", async () => {
    for (const args of [["SHUTDOWN"], ["SHUTDOWN", "NOSAVE"], ["SHUTDOWN", "SAVE", "FORCE"]]) {
      const server = await startLarder();
      const client = await server.connect();
      client.send(args);
      assert.equal(await client.readUntilClosed(), "");
      assert.deepEqual(await server.exited, { code: 0, signal: null }, server.output);
      await server.stop();
    }
  });

  test("SHUTDOWN SAVE and SIGTERM with `save` fail without a place to save to, and the server goes on", () =>
    started(["--shutdown-on-sigterm", "save"], async (server, client) => {
      rmSync(server.dir, { recursive: true });
      const reply = await client.command("SHUTDOWN", "SAVE");
      assert.ok(reply instanceof ReplyError);
      assert.equal(reply.message, "ERR Errors trying to SHUTDOWN. Check logs.");
      await server.said(/Error trying to save the DB, can't exit\./);
      server.kill("SIGTERM");
      await server.said(/Received SIGTERM[^]*# Errors trying to shut down/);
      await client.command("CONFIG", "SET", "shutdown-on-sigterm", "default");
      assert.equal(await client.command("PING"), "PONG");
    }));

  test("what nobody catches is logged, and the server goes on", () =>
    inFolder(async (dir) => {
      const script = join(dir, "faulty.ts");
      const root = new URL("../../", import.meta.url).href;
      writeFileSync(
        script,
        `
import { allCommands } from "${root}core/commands/index.ts";
import { prepare, serve } from "${root}core/server/startup.ts";
import { Listener } from "${root}core/net/listener.ts";
import { runtimeTransport } from "${root}core/net/runtime.ts";
const server = prepare(process.argv.slice(2), allCommands);
serve(server, new Listener(server, runtimeTransport()));
setTimeout(() => { throw new Error("thrown by a timer"); }, 1);
setTimeout(() => { Promise.reject(new Error("rejected by a promise")); }, 2);
`,
      );
      const before = runtime === "deno" ? ["run", "--quiet", "-A", "--no-check", script] : [script];
      const server = await startProgram(program, before, []);
      const client = await server.connect();
      await server.said(/# Bug in a callback, the server goes on: Error: thrown by a timer/);
      await server.said(/# Bug in a promise, the server goes on: Error: rejected by/);
      client.close();
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
    }));
});
