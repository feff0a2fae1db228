/**
 * TLS: who gets in with which certificate, what is refused, changes while the server runs, and clients that don't
 * get through the handshake. The certificates of tests/support/tls are for these tests and hold for a century.
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { RespClient } from "../support/resp_client.ts";
import { type Reply, ReplyError } from "../support/resp_reply.ts";
import { currentRuntime, isInstalled } from "../support/runtimes.ts";
import { freePort, startLarder, type TestServer } from "../support/server.ts";
import { until, untilBlocked } from "../support/until.ts";

const HOST = "127.0.0.1";
const runtime = currentRuntime();
const file = (name: string) => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const content = (name: string) => readFileSync(file(name), "utf8");
const certificate = (name: string) => ({
  cert: content(`${name}.crt`),
  key: content(`${name}.key`),
});

/** The reply must be an error that says so. */
async function refuses(reply: Promise<Reply>, pattern: RegExp): Promise<void> {
  const error = await reply;
  assert.ok(error instanceof ReplyError, String(error));
  assert.match(error.message, pattern);
}

/** Connects through TLS. Rejects when the server doesn't let us in, be it after the handshake. */
async function connect(port: number, options: ConnectionOptions = {}): Promise<RespClient> {
  const socket = connectTls({ host: HOST, port, ca: content("ca.crt"), ...options });
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("closed")));
    socket.once("secureConnect", () => {
      // With TLS 1.3 the server looks at our certificate later: a reply shows that we are in.
      socket.write("PING\r\n");
      socket.once("data", (bytes: Uint8Array) => {
        assert.equal(new TextDecoder().decode(bytes), "+PONG\r\n");
        resolve();
      });
    });
  });
  return new RespClient(socket);
}

/** The name on the certificate that the server shows. */
async function shownName(port: number): Promise<string> {
  const client = await connect(port, certificate("client"));
  const name = (client.socket as TLSSocket).getPeerCertificate().subject.CN;
  client.close();
  return String(name);
}

/** Whether one gets in: a port that is opened anew is not there at once. */
function isOpen(port: number): Promise<boolean> {
  return shownName(port).then(() => true, () => false);
}

/** Starts a server with a plain port and one for TLS, and hands both over. */
async function started(
  args: readonly string[],
  use: (tlsPort: number, admin: RespClient, server: TestServer) => Promise<void>,
): Promise<void> {
  const tlsPort = await freePort();
  const server = await startLarder({ args: [...TLS_ARGS, "--tls-port", `${tlsPort}`, ...args] });
  try {
    const admin = await server.connect();
    await use(tlsPort, admin, server);
    admin.close();
  } finally {
    await server.stop();
  }
}

const TLS_ARGS: readonly string[] = [
  "--tls-cert-file",
  file("server.crt"),
  "--tls-key-file",
  file("server.key"),
  "--tls-ca-cert-file",
  file("ca.crt"),
];

describe("who gets in", () => {
  const expectations = [
    ["yes", { client: true, none: false, stranger: false }],
    ["no", { client: true, none: true, stranger: true }],
    ["optional", { client: true, none: true, stranger: false }],
  ] as const;

  test("by tls-auth-clients, which can be changed", async () => {
    await started([], async (port, admin) => {
      for (const [setting, expected] of expectations) {
        assert.equal(await admin.command("CONFIG", "SET", "tls-auth-clients", setting), "OK");
        await until("the port is open again", () => isOpen(port));
        for (const [who, isExpected] of Object.entries(expected)) {
          const shown = who === "none" ? {} : certificate(who);
          const isIn = await connect(port, shown).then((client) => {
            client.close();
            return true;
          }, () => false);
          assert.equal(isIn, isExpected, `${who}, tls-auth-clients ${setting}`);
        }
      }
    });
  });

  test("a password is asked for as ever, and TLS is not the plain port", async () => {
    await started(["--requirepass", "secret"], async (port, admin) => {
      await admin.command("AUTH", "secret");
      const socket = connectTls({
        host: HOST,
        port,
        ca: content("ca.crt"),
        ...certificate("client"),
      });
      await once(socket, "secureConnect");
      const client = new RespClient(socket);
      await refuses(client.command("GET", "k"), /NOAUTH/);
      assert.equal(await client.command("AUTH", "secret"), "OK");
      assert.equal(await client.command("SET", "k", "v"), "OK");
      assert.equal(await admin.command("GET", "k"), "v");
      client.close();
      const plain = connectPlain(port, HOST);
      plain.on("error", () => {});
      plain.write("PING\r\n");
      let got = "";
      plain.on("data", (bytes) => got += bytes.toString("latin1"));
      await once(plain, "close");
      assert.doesNotMatch(got, /PONG|NOAUTH/);
    });
  });
});

describe("one server", () => {
  let server: TestServer;
  let admin: RespClient;
  let port = 0;

  before(async () => {
    port = await freePort();
    server = await startLarder({ args: [...TLS_ARGS, "--tls-port", `${port}`] });
    admin = await server.connect();
  });
  after(async () => {
    admin.close();
    await server.stop();
  });

  test("is ready, and INFO and the log say so", async () => {
    await server.said(/Ready to accept connections tls/);
    const info = String(await admin.command("INFO", "server"));
    assert.match(info, new RegExp(`listener1:name=tls,bind=${HOST},port=${port}\r\n`));
  });

  test("large requests and replies, and a pipeline, arrive whole", async () => {
    const client = await connect(port, certificate("client"));
    const value = "0123456789".repeat(100_000);
    for (let n = 0; n < 3; n++) {
      assert.equal(await client.command("SET", "large", value + n), "OK");
      assert.equal(await client.command("GET", "large"), value + n);
    }
    const count = 50_000;
    client.raw("ECHO abcdefgh\r\n".repeat(count));
    let got = 0;
    for (; got < count; got++) assert.equal(await client.read(), "abcdefgh");
    client.close();
  });

  test("pub/sub and a blocked client are served", async () => {
    const subscriber = await connect(port, certificate("client"));
    await subscriber.command("SUBSCRIBE", "news");
    const waiting = await connect(port, certificate("client"));
    waiting.send(["BLPOP", "queue", 0]);
    await untilBlocked(admin, 1);
    await admin.command("PUBLISH", "news", "hello");
    assert.deepEqual(await subscriber.read(), ["message", "news", "hello"]);
    await admin.command("LPUSH", "queue", "job");
    assert.deepEqual(await waiting.read(), ["queue", "job"]);
    subscriber.close();
    waiting.close();
  });

  test("the last reply arrives before the end", async () => {
    const client = await connect(port, certificate("client"));
    client.raw("QUIT\r\n" + "PING\r\n".repeat(100_000));
    assert.equal(await client.readUntilClosed(), "+OK\r\n");
    const half = await connect(port, certificate("client"));
    half.raw("ECHO bye\r\n");
    half.socket.end();
    assert.equal(await half.readUntilClosed(), "$3\r\nbye\r\n");
  });

  test("certificate and key are renewed together, and a bad one changes nothing", async () => {
    assert.equal(await shownName(port), "server");
    const set = (...pairs: string[]) => admin.command("CONFIG", "SET", ...pairs);
    const failed = /Unable to update TLS configuration. Check server logs./;
    await refuses(set("tls-cert-file", file("renewed.crt")), failed);
    await refuses(set("tls-cert-file", "/nowhere"), failed);
    await refuses(set("tls-ca-cert-file", file("server.key")), failed);
    assert.equal(await shownName(port), "server");
    const before = await connect(port, certificate("client"));
    await set("tls-cert-file", file("renewed.crt"), "tls-key-file", file("renewed.key"));
    assert.equal(await shownName(port), "renewed");
    assert.equal(await before.command("PING"), "PONG");
    before.close();
    await set("tls-key-file", file("server.key"), "tls-cert-file", file("server.crt"));
    assert.equal(await shownName(port), "server");
  });

  test("versions can be chosen", async () => {
    await admin.command("CONFIG", "SET", "tls-protocols", "TLSv1.2");
    const client = await connect(port, certificate("client"));
    assert.equal((client.socket as TLSSocket).getProtocol(), "TLSv1.2");
    client.close();
    const old = /TLS before version 1.2 is not offered/;
    await refuses(admin.command("CONFIG", "SET", "tls-protocols", "TLSv1.1"), /TLS/);
    await server.said(old);
    await admin.command("CONFIG", "SET", "tls-protocols", "");
  });

  test("handshakes that stall or break off leave nothing behind", async () => {
    const figure = async () => {
      const info = String(await admin.command("INFO", "clients"));
      return Number(/connected_clients:(\d+)/.exec(info)?.[1]);
    };
    await until("clients of other tests have gone", async () => await figure() === 1);
    const hello = new Uint8Array([22, 3, 1, 0, 100, 1]);
    const sockets: Socket[] = [];
    for (let n = 0; n < 60; n++) {
      const socket = connectPlain(port, HOST);
      socket.on("error", () => {});
      sockets.push(socket);
      await once(socket, "connect");
      if (n % 3 !== 0) socket.write(hello);
      if (n % 3 === 2) socket.write("garbage".repeat(100));
    }
    assert.equal(await figure(), 1);
    for (const [n, socket] of sockets.entries()) n % 2 === 0 ? socket.destroy() : socket.end();
    // As many more as maxclients allows would not get in if the others still counted.
    await admin.command("CONFIG", "SET", "maxclients", "30");
    await until("there is room for clients again", () => isOpen(port));
    await until("everybody has gone", async () => await figure() === 1);
    await admin.command("CONFIG", "SET", "maxclients", "10000");
    for (const socket of sockets) socket.destroy();
  });

  test("the port can be moved and closed", async () => {
    const other = await freePort();
    assert.equal(await admin.command("CONFIG", "SET", "tls-port", `${other}`), "OK");
    await until("the new port is open", () => isOpen(other));
    await assert.rejects(shownName(port));
    await refuses(
      admin.command("CONFIG", "SET", "tls-port", `${server.port}`),
      /Unable to listen on this port/,
    );
    await until("the port is still open", () => isOpen(other));
    assert.equal(await admin.command("CONFIG", "SET", "tls-port", "0"), "OK");
    await assert.rejects(shownName(other));
    assert.equal(await admin.command("CONFIG", "SET", "tls-port", `${port}`), "OK");
    await until("it is open again", () => isOpen(port));
  });

  const cli = spawnSync("redis-cli", ["--help"], { encoding: "utf8" });
  const cliMissing = isInstalled("redis-cli") && `${cli.stdout}${cli.stderr}`.includes("--tls")
    ? false
    : "redis-cli with TLS is missing";
  test("redis-cli gets in", { skip: cliMissing }, async () => {
    const args = ["-h", HOST, "-p", `${port}`, "--tls", "--cacert", file("ca.crt"), "--cert"];
    args.push(file("client.crt"), "--key", file("client.key"), "ECHO", "hello");
    const printed = await new Promise<string>((resolve) => {
      execFile("redis-cli", args, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
    assert.equal(printed, "hello\n");
  });
});

describe("what can't be had", () => {
  /** Starts a server that must refuse to; returns what it has printed. */
  async function refused(args: readonly string[]): Promise<string> {
    const port = await freePort();
    try {
      const server = await startLarder({ args: ["--tls-port", `${port}`, ...args] });
      await server.stop();
    } catch (error) {
      return String(error);
    }
    throw new assert.AssertionError({ message: `it started with ${args.join(" ")}` });
  }
  const withCa = ["--tls-ca-cert-file", file("ca.crt")];
  const cert = ["--tls-cert-file", file("server.crt")];
  const key = ["--tls-key-file", file("server.key")];
  const cases: [string[], RegExp][] = [
    [[], /No tls-cert-file configured!/],
    [[...cert], /No tls-key-file configured!/],
    [[...cert, ...key], /Either tls-ca-cert-file or tls-ca-cert-dir must be specified/],
    [[...cert, "--tls-key-file", file("client.key"), ...withCa], /key values mismatch/],
    [[...cert, "--tls-key-file", "/nowhere", ...withCa], /private key: \/nowhere: No such file/],
    [["--tls-cert-file", file("ca.key"), ...key, ...withCa], /Failed to load certificate/],
    [
      [...cert, "--tls-key-file", file("encrypted.key"), ...withCa],
      /there is no tls-key-file-pass/,
    ],
    [
      [
        ...[...cert, "--tls-key-file", file("encrypted.key"), ...withCa],
        ...["--tls-key-file-pass", "wrong-password"],
      ],
      /Failed to load private key/,
    ],
    [[...TLS_ARGS, "--tls-protocols", "SSLv3"], /Invalid tls-protocols specified/],
    [
      [...TLS_ARGS, "--tls-ciphersuites", "TLS_AES_128_GCM_SHA256"],
      /tls-ciphersuites: .*remove it/,
    ],
    [[...TLS_ARGS, "--tls-ciphers", "NO-SUCH-CIPHER"], /ciphers/],
  ];
  if (runtime === "deno") cases.push([[...TLS_ARGS, "--tls-prefer-server-ciphers", "yes"], /Deno/]);
  for (const [args, reason] of cases) {
    test(`${reason}`, async () => {
      const printed = await refused(args);
      assert.match(printed, reason);
      assert.doesNotMatch(printed, /wrong-password|\n {4}at /);
    });
  }

  test("a key's passphrase opens it, and is not shown", async () => {
    const args = ["--tls-key-file", file("encrypted.key"), "--tls-key-file-pass", "larder-tests"];
    await started(args, async (port, admin, server) => {
      assert.equal(await shownName(port), "server");
      await admin.command("CONFIG", "SET", "tls-key-file-pass", "larder-tests");
      assert.doesNotMatch(server.output, /larder-tests/);
      const slow = JSON.stringify(await admin.command("SLOWLOG", "GET", "100"));
      assert.doesNotMatch(slow, /larder-tests/);
    });
  });
});
