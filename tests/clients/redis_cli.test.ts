/**
 * redis-cli's own programs: it reads figures and walks the keys, and prints what it made of them.
 *
 * Those that never end by themselves are ended when they have printed enough; `stdbuf` lets them print line by line.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { target } from "../support/server.ts";
import { until } from "../support/until.ts";
import { isInstalled } from "../support/runtimes.ts";

const server = target();
const hasStdbuf = spawnSync("stdbuf", ["--version"], { stdio: "ignore" }).status === 0;
const skip = isInstalled("redis-cli") && hasStdbuf ? false : "redis-cli is not installed";
if (skip !== false) console.log(`skipped: ${skip}`);

/** A redis-cli that runs, and what it has printed so far. */
class Cli {
  output = "";
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[]) {
    const { host, port } = server.address;
    this.child = spawn("stdbuf", ["-oL", "redis-cli", "-h", host, "-p", String(port), ...args]);
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding("latin1");
      stream.on("data", (text: string) => this.output += text);
    }
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
  }

  /** Waits until it has printed this, and ends it. */
  async prints(text: RegExp): Promise<void> {
    try {
      await until(`${text} in ${JSON.stringify(this.output)}`, () => text.test(this.output));
    } finally {
      this.child.kill();
      await this.ended;
    }
  }
}

/** Runs redis-cli to its end. */
async function run(args: readonly string[], input = ""): Promise<string> {
  const cli = new Cli(args);
  cli.child.stdin!.end(input);
  assert.equal(await cli.ended, 0, cli.output);
  return cli.output;
}

before(async () => {
  if (skip !== false) return;
  const client = await server.connect();
  await client.command("FLUSHALL");
  for (let i = 1; i <= 20; i++) {
    const numbers = Array.from({ length: 2 * i }, (_, k) => k);
    await client.command("SET", `string${i}`, "x".repeat(i * 10));
    await client.command("RPUSH", `list${i}`, ...numbers);
    await client.command("SADD", `set${i}`, ...numbers);
    await client.command("ZADD", `zset${i}`, ...numbers);
    await client.command("HSET", `hash${i}`, ...numbers);
    await client.command("XADD", "stream", "*", "a", "b");
  }
  client.close();
});

test("--bigkeys", { skip }, async () => {
  const output = await run(["--bigkeys"]);
  assert.match(output, /Sampled 101 keys in the keyspace!/);
  assert.match(output, /Biggest string found '"string20"' has 200 bytes/);
  assert.match(output, /Biggest +list found '"list20"' has 40 items/);
  assert.match(output, /Biggest +set found '"set20"' has 40 members/);
  assert.match(output, /Biggest +hash found '"hash20"' has 20 fields/);
  assert.match(output, /Biggest +zset found '"zset20"' has 20 members/);
  assert.match(output, /Biggest stream found '"stream"' has 20 entries/);
  assert.match(output, /20 lists with 420 items \(19\.80% of keys, avg size 21\.00\)/);
});

test("--memkeys", { skip }, async () => {
  const output = await run(["--memkeys"]);
  assert.match(output, /Sampled 101 keys in the keyspace!/);
  assert.match(output, /Biggest string found '"string20"' has \d+ bytes/);
  assert.match(output, /20 hashs with \d+ bytes \(19\.80% of keys/);
});

test("--hotkeys", { skip }, async () => {
  const client = await server.connect();
  await client.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu");
  for (let i = 0; i < 2000; i++) client.send(["GET", "string7"]);
  for (let i = 0; i < 2000; i++) await client.readRaw();
  const output = await run(["--hotkeys"]);
  assert.match(output, /Sampled 101 keys in the keyspace!/);
  assert.match(output, /keyspace!\nhot key found with counter: \d+\tkeyname: "string7"\n/);
  await client.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
  client.close();
});

test("--stat", { skip }, async () => {
  const cli = new Cli(["--stat", "-i", "0.05"]);
  await cli.prints(/keys +mem +clients .*\n(101 +[\d.]+[KM] +\d+ +0 +\d+ \(\+\d+\) +\d+ +\n){3}/);
});

test("--latency", { skip }, async () => {
  const output = await run(["--latency", "--raw", "-i", "0.1"]).catch((error) => String(error));
  assert.match(output, /\d+ \d+ [\d.]+ \d+/);
});

test("--pipe", { skip }, async () => {
  const output = await run(["--pipe"], "SET p 1\r\n*2\r\n$4\r\nINCR\r\n$1\r\np\r\nGET p\r\n");
  assert.match(output, /errors: 0, replies: 3/);
  const lines = Array.from(
    { length: 50_000 },
    (_, i) => `SET pipe:${i} ${"v".repeat(1 + i % 100)}\r\n`,
  );
  assert.match(await run(["--pipe"], lines.join("")), /errors: 0, replies: 50000/);
  assert.equal(await run(["GET", "p"]), "2\n");
  assert.equal(await run(["STRLEN", "pipe:49999"]), "100\n");
  const failed = new Cli(["--pipe"]);
  failed.child.stdin!.end("LPUSH p x\r\nSET p 1\r\n");
  assert.equal(await failed.ended, 1);
  assert.match(failed.output, /WRONGTYPE Operation/);
  assert.match(failed.output, /errors: 1, replies: 2/);
});

test("MONITOR", { skip }, async () => {
  const cli = new Cli(["MONITOR"]);
  await until("OK", () => cli.output.startsWith("OK\n"));
  await run(["-n", "3", "SET", "key with blanks", 'a"b']);
  await cli.prints(/\n\d+\.\d{6} \[3 127\.0\.0\.1:\d+\] "SET" "key with blanks" "a\\"b"\n/i);
});

test("--scan, --json, --csv, and what it says of errors", { skip }, async () => {
  const found = (await run(["--scan", "--pattern", "list1?"])).trim().split("\n");
  assert.deepEqual(found.sort(), Array.from({ length: 10 }, (_, i) => `list1${i}`));
  assert.equal(await run(["--csv", "LRANGE", "list1", "0", "-1"]), '"0","1"\n');
  assert.equal(await run(["-3", "--json", "HGETALL", "hash1"]), '{"0":"1"}\n');
  assert.equal(await run(["--no-raw", "LRANGE", "list1", "0", "-1"]), '1) "0"\n2) "1"\n');
  const failed = new Cli(["-e", "LPUSH", "string1", "x"]);
  assert.equal(await failed.ended, 1);
  assert.match(failed.output, /^\(error\) WRONGTYPE|^WRONGTYPE/);
});

after(async () => {
  if (skip !== false) return;
  const client = await server.connect();
  await client.command("FLUSHALL");
  client.close();
});
