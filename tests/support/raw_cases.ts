/**
 * Command tests as tables: what is sent, and the exact bytes that must come back.
 *
 *     const server = target();
 *     rawCases(server, "APPEND", [
 *       ["APPEND k ab", ":2\r\n"],
 *       [["APPEND", "k", "\0"], ":3\r\n"],
 *       ['APPEND k "\\xff"', ":4\r\n"],
 *       ["GET nosuch", NIL],
 *       ["APPEND k", /^-ERR wrong number/],
 *     ], { resp: "both" });
 *
 * A group is one test per protocol. It empties the server, opens a connection (HELLO 3 first for
 * RESP3) and runs its cases in order; a case may rely on those before it. All cases that fail are
 * reported together. Bytes that nobody asked for are a failure of the case after which they came.
 *
 * The same tables run against a real server with ORACLE=host:port: expectations are Redis 7.4's
 * bytes, `since7` marks those that an older oracle can't give, and how many were left out is printed.
 *
 * Commands and replies are binary strings, a character per byte; `utf8("é")` where it matters.
 */

import { test } from "node:test";
import assert from "node:assert/strict";
import type { Arg, RespClient } from "./resp_client.ts";
import { countReplies, escapeBytes, ReplyError, toBytes } from "./resp_reply.ts";
import { sleep, type Target } from "./server.ts";
import { untilBlocked } from "./until.ts";

/** A line that is split like a shell would, the arguments themselves, or bytes sent untouched. */
export type Command = string | readonly Arg[] | { readonly raw: string };

/** The whole reply, or what it must match. A string may hold several replies, or none. */
export type Want =
  | string
  | RegExp
  | { readonly resp2: string | RegExp; readonly resp3: string | RegExp };

export type Resp = 2 | 3 | "both";

export interface CaseOptions {
  /** Protocols the case is for; those of its group if not given. */
  readonly resp?: Resp;
  /** The Redis version (such as "7.2") whose behaviour this is; an older oracle skips the case. */
  readonly since7?: string;
  /** Runs on another connection of the group, by any name. */
  readonly on?: string;
  /** How many replies to read where a RegExp does not tell; 1 if not given. */
  readonly replies?: number;
  /** The server must end the connection after the replies; the next case gets a new one. */
  readonly closed?: boolean;
  /** Waits this long before sending, for what takes time by definition, like a TTL. */
  readonly waitMs?: number;
  /** Waits until so many clients of the server are blocked before sending. */
  readonly blocked?: number;
}

export interface GroupOptions {
  /** Protocols the group runs in, 2 if not given. "both" runs all of it twice. */
  readonly resp?: Resp;
}

export type RawCase = readonly [Command, Want] | readonly [Command, Want, CaseOptions];

/** What came of running a group once. */
export interface Outcome {
  /** A paragraph per failed case. */
  readonly failures: string[];
  readonly skipped: number;
  readonly version: string;
}

/** The null reply: a null bulk string, in RESP3 the null. */
export const NIL: Want = { resp2: "$-1\r\n", resp3: "_\r\n" };
/** The null array, in RESP3 the null. */
export const NIL_ARRAY: Want = { resp2: "*-1\r\n", resp3: "_\r\n" };
export const OK = "+OK\r\n";

/** A bulk string as it comes back. */
export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** An array as it comes back: strings are replies already, such as `bulk("a")`. */
export function array(...replies: string[]): string {
  return `*${replies.length}\r\n${replies.join("")}`;
}

/** What TTL says of a time that was set a moment ago, in seconds: a slow machine may have used up nine. */
export function ttl(seconds: number): RegExp {
  const values = Array.from({ length: 10 }, (_, i) => seconds - i);
  return new RegExp(`^:(?:${values.join("|")})\\r\\n$`);
}

/** Registers the tests of a group. */
export function rawCases(
  target: Target,
  name: string,
  cases: readonly RawCase[],
  options: GroupOptions & { readonly skip?: string | false } = {},
): void {
  const protocols: readonly (2 | 3)[] = options.resp === "both" ? [2, 3] : [options.resp ?? 2];
  for (const resp of protocols) {
    test(`${name} (RESP${resp})`, { skip: options.skip ?? false }, async () => {
      const outcome = await runCases(target, cases, resp);
      if (outcome.skipped > 0) {
        const count = `${outcome.skipped} of ${cases.length}`;
        console.log(`${name}: ${count} cases skipped, the server is only ${outcome.version}`);
      }
      assert.ok(outcome.failures.length === 0, `\n${outcome.failures.join("\n")}`);
    });
  }
}

/** Runs the cases once in one protocol. Only a lost connection is thrown. */
export async function runCases(
  target: Target,
  cases: readonly RawCase[],
  resp: 2 | 3,
): Promise<Outcome> {
  const run = new GroupRun(target, resp);
  const failures: string[] = [];
  let skipped = 0;
  let version = "";
  try {
    version = await run.prepare();
    for (let i = 0; i < cases.length; i++) {
      const [command, want, options = {}] = cases[i];
      if (options.resp !== undefined && options.resp !== "both" && options.resp !== resp) continue;
      if (options.since7 !== undefined && isOlder(version, options.since7)) {
        skipped++;
        continue;
      }
      const fault = await run.check(command, want, options);
      if (fault !== null) failures.push(`case ${i + 1}, RESP${resp}: ${show(command)}\n${fault}`);
    }
  } finally {
    run.close();
  }
  return { failures, skipped, version };
}

/**
 * Splits a line into arguments: blanks separate, double quotes take `\xHH \n \r \t \b \a \\ \"`,
 * single quotes take only `\'`.
 */
export function splitLine(line: string): string[] {
  const args: string[] = [];
  const token = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']+))(?=\s|$)/ys;
  const text = line.trim();
  while (token.lastIndex < text.length) {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new Error(`quotes do not match up from here: ${text.slice(from)}`);
    if (match[1] !== undefined) args.push(unescapeDouble(match[1]));
    else if (match[2] !== undefined) args.push(match[2].replaceAll("\\'", "'"));
    else args.push(match[3]);
  }
  return args;
}

/** The connections of a group while it runs. */
class GroupRun {
  #target: Target;
  #resp: 2 | 3;
  #clients = new Map<string, RespClient>();

  constructor(target: Target, resp: 2 | 3) {
    this.#target = target;
    this.#resp = resp;
  }

  /** Empties the server and returns its version. */
  async prepare(): Promise<string> {
    const client = await this.#client("");
    client.send(["FLUSHALL"]);
    assert.equal(await client.readRaw(), OK, "FLUSHALL before the group");
    const info = String(await client.command("INFO", "server"));
    return /^redis_version:(\S+)/m.exec(info)?.[1] ?? "";
  }

  /** Runs one case; returns what is wrong, or null. */
  async check(command: Command, want: Want, options: CaseOptions): Promise<string | null> {
    const name = options.on ?? "";
    if (options.waitMs !== undefined) await sleep(options.waitMs);
    if (options.blocked !== undefined) await this.#untilBlocked(options.blocked);
    const client = await this.#client(name);
    send(client, command);
    const expected = expectation(want, this.#resp);
    const count = options.replies ?? (typeof expected === "string" ? countReplies(expected) : 1);
    let got = "";
    try {
      for (let i = 0; i < count; i++) got += await client.readRaw();
      if (options.closed === true) got += await client.readUntilClosed();
    } catch (error) {
      this.#drop(name);
      const reason = error instanceof Error ? error.message : String(error);
      return describeFault(expected, got, reason);
    }
    if (options.closed === true) this.#drop(name);
    else got += takePending(client);
    const matches = typeof expected === "string" ? got === expected : expected.test(got);
    return matches ? null : describeFault(expected, got, "");
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  /** Asks on a connection of its own, so that the group's are left as they are. */
  async #untilBlocked(count: number): Promise<void> {
    await untilBlocked(await this.#client("who asks how many are blocked"), count);
  }

  async #client(name: string): Promise<RespClient> {
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = await this.#target.connect();
      this.#clients.set(name, client);
      if (this.#resp === 3) {
        const hello = await client.command("HELLO", "3");
        assert.ok(!(hello instanceof ReplyError), `HELLO 3: ${(hello as ReplyError).message}`);
      }
    }
    return client;
  }

  #drop(name: string): void {
    this.#clients.get(name)?.close();
    this.#clients.delete(name);
  }
}

function send(client: RespClient, command: Command): void {
  if (typeof command === "string") {
    // An empty line sends nothing: the case is about what comes by itself.
    if (command !== "") client.send(splitLine(command));
  } else if ("raw" in command) {
    client.raw(toBytes(command.raw));
  } else {
    client.send(command);
  }
}

/** Takes what came beyond the replies that were asked for. */
function takePending(client: RespClient): string {
  const text = client.pending();
  if (text !== "") client.readExactly(text.length);
  return text;
}

function expectation(want: Want, resp: 2 | 3): string | RegExp {
  if (typeof want === "string" || want instanceof RegExp) return want;
  return resp === 2 ? want.resp2 : want.resp3;
}

function describeFault(expected: string | RegExp, got: string, reason: string): string {
  const want = typeof expected === "string" ? escapeBytes(expected) : String(expected);
  const lines = [`  expected ${want}`, `  got      ${escapeBytes(got)}`];
  if (reason !== "") lines.push(`  because  ${reason}`);
  return lines.join("\n");
}

function show(command: Command): string {
  if (typeof command === "string") return command === "" ? "(nothing sent)" : command;
  if ("raw" in command) return `raw ${escapeBytes(command.raw)}`;
  return command.map((arg) =>
    escapeBytes(arg instanceof Uint8Array ? String.fromCharCode(...arg) : String(arg))
  ).join(" ");
}

/** True when version `a` is before `b`. A server that tells no version is taken for the newest. */
export function isOlder(a: string, b: string): boolean {
  if (a === "") return false;
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let i = 0; i < right.length; i++) {
    const difference = (left[i] ?? 0) - right[i];
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function unescapeDouble(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|(.))/gs,
    (_, hex: string | undefined, char: string) => {
      if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
      const at = "nrtba".indexOf(char);
      return at < 0 ? char : "\n\r\t\b\x07"[at];
    },
  );
}
