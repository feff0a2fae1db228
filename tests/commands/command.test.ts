/** COMMAND and its subcommands; what they tell is compared with the declarations. */

import { test } from "node:test";
import assert from "node:assert/strict";
import { array, bulk, OK, rawCases } from "../support/raw_cases.ts";
import type { RespClient } from "../support/resp_client.ts";
import type { Reply } from "../support/resp_reply.ts";
import { target } from "../support/server.ts";
import { allCommands } from "../../core/commands/index.ts";
import type { ArgSpec, CommandSpec } from "../../core/server/command.ts";

const server = target();

const SYNTAX_ERROR = "-ERR syntax error\r\n";
const NO_KEYS = "-ERR The command has no key arguments\r\n";
const WRONG_COUNT = "-ERR Invalid number of arguments specified for command\r\n";
const NO_COMMAND = "-ERR Invalid command specified\r\n";
const WRONG_ARGS = "-ERR Invalid arguments specified for command\r\n";

const GET_INFO = {
  resp2: "*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n" +
    "*3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n" +
    "*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n" +
    "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n" +
    "*2\r\n$5\r\nindex\r\n:1\r\n" +
    "$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n" +
    "*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n" +
    "*0\r\n",
  resp3: "*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n" +
    "~3\r\n+@read\r\n+@string\r\n+@fast\r\n~0\r\n" +
    "~1\r\n%3\r\n$5\r\nflags\r\n~2\r\n+RO\r\n+access\r\n" +
    "$12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n" +
    "%1\r\n$5\r\nindex\r\n:1\r\n" +
    "$9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n" +
    "%3\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n" +
    "~0\r\n",
};

rawCases(server, "COMMAND INFO", [
  ["COMMAND INFO get", {
    resp2: `*1\r\n${GET_INFO.resp2}`,
    resp3: `*1\r\n${GET_INFO.resp3}`,
  }],
  ["COMMAND INFO GET nosuch", {
    resp2: `*2\r\n${GET_INFO.resp2}$-1\r\n`,
    resp3: `*2\r\n${GET_INFO.resp3}_\r\n`,
  }],
  [["COMMAND", "INFO", "get|x", "config|get|x", "config|", "|", ""], {
    resp2: `*5\r\n${"$-1\r\n".repeat(5)}`,
    resp3: `*5\r\n${"_\r\n".repeat(5)}`,
  }],
  ["COMMAND nosuch", "-ERR unknown subcommand 'nosuch'. Try COMMAND HELP.\r\n"],
  ["COMMAND COUNT now", "-ERR wrong number of arguments for 'command|count' command\r\n"],
  ["COMMAND COUNT", /^:\d+\r\n$/],
  ["COMMAND HELP", /^\*\d+\r\n\+COMMAND <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]/],
], { resp: "both" });

rawCases(server, "COMMAND DOCS", [
  ["COMMAND DOCS nosuch", { resp2: "*0\r\n", resp3: "%0\r\n" }],
  ["COMMAND DOCS nosuch GET", {
    resp2: /^\*2\r\n\$3\r\nget\r\n\*10\r\n\$7\r\nsummary\r\n/,
    resp3: /^%1\r\n\$3\r\nget\r\n%5\r\n\$7\r\nsummary\r\n/,
  }],
], { resp: "both" });

rawCases(server, "COMMAND LIST", [
  ["COMMAND LIST", /^\*\d+\r\n/],
  ["COMMAND LIST FILTERBY PATTERN getrang?", array(bulk("getrange"))],
  ["COMMAND LIST FILTERBY PATTERN GETRANGE", array(bulk("getrange"))],
  ["command list filterby pattern client|getnam*", array(bulk("client|getname"))],
  ["COMMAND LIST FILTERBY PATTERN nosuch*", "*0\r\n"],
  ["COMMAND LIST FILTERBY ACLCAT nosuch", "*0\r\n"],
  ["COMMAND LIST FILTERBY ACLCAT @string", "*0\r\n"],
  ["COMMAND LIST FILTERBY ACLCAT String", /\$6\r\ngetset\r\n/],
  ["COMMAND LIST FILTERBY MODULE nosuch", "*0\r\n"],
  ["COMMAND LIST nosuch", SYNTAX_ERROR],
  ["COMMAND LIST FILTERBY", SYNTAX_ERROR],
  ["COMMAND LIST FILTERBY PATTERN", SYNTAX_ERROR],
  ["COMMAND LIST FILTERBY nosuch x", SYNTAX_ERROR],
  ["COMMAND LIST FILTERBY PATTERN a b", SYNTAX_ERROR],
  ["COMMAND LIST FILTERBY PATTERN a FILTERBY PATTERN b", SYNTAX_ERROR],
]);

rawCases(server, "COMMAND GETKEYS", [
  ["COMMAND GETKEYS get k", array(bulk("k"))],
  [["COMMAND", "GETKEYS", "GET", "\0\r\n"], array(bulk("\0\r\n"))],
  ["COMMAND GETKEYS get", WRONG_COUNT, { since7: "7.2" }],
  ["COMMAND GETKEYS get a b", WRONG_COUNT],
  ["COMMAND GETKEYS nosuch a", NO_COMMAND],
  ["COMMAND GETKEYS client nosuch", NO_COMMAND],
  ["COMMAND GETKEYS ping a", NO_KEYS],
  ["COMMAND GETKEYS client id", NO_KEYS],
  ["COMMAND GETKEYS object encoding k", array(bulk("k"))],
  ["COMMAND GETKEYS object encoding", WRONG_COUNT],
  ["COMMAND GETKEYS mset a 1 b 2", array(bulk("a"), bulk("b"))],
  ["COMMAND GETKEYS mset a 1 b", array(bulk("a"), bulk("b"))],
  ["COMMAND GETKEYS del a b c", array(bulk("a"), bulk("b"), bulk("c"))],
  ["COMMAND GETKEYS rename a b", array(bulk("a"), bulk("b"))],
  ["COMMAND GETKEYS set a b", array(bulk("a"))],
  ["COMMAND GETKEYS", "-ERR wrong number of arguments for 'command|getkeys' command\r\n"],
  ["SET k v", OK],
]);

rawCases(server, "COMMAND GETKEYSANDFLAGS", [
  ["COMMAND GETKEYSANDFLAGS get k", {
    resp2: "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+RO\r\n+access\r\n",
    resp3: "*1\r\n*2\r\n$1\r\nk\r\n~2\r\n+RO\r\n+access\r\n",
  }],
  ["COMMAND GETKEYSANDFLAGS set k v", {
    resp2: "*1\r\n*2\r\n$1\r\nk\r\n*2\r\n+OW\r\n+update\r\n",
    resp3: "*1\r\n*2\r\n$1\r\nk\r\n~2\r\n+OW\r\n+update\r\n",
  }],
  ["COMMAND GETKEYSANDFLAGS set k v NX get", {
    resp2: "*1\r\n*2\r\n$1\r\nk\r\n*3\r\n+RW\r\n+access\r\n+update\r\n",
    resp3: "*1\r\n*2\r\n$1\r\nk\r\n~3\r\n+RW\r\n+access\r\n+update\r\n",
  }],
  ["COMMAND GETKEYSANDFLAGS rename a b", {
    resp2: "*2\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+delete\r\n" +
      "*2\r\n$1\r\nb\r\n*2\r\n+OW\r\n+update\r\n",
    resp3: "*2\r\n*2\r\n$1\r\na\r\n~3\r\n+RW\r\n+access\r\n+delete\r\n" +
      "*2\r\n$1\r\nb\r\n~2\r\n+OW\r\n+update\r\n",
  }],
  ["COMMAND GETKEYSANDFLAGS ping a", NO_KEYS],
], { resp: "both" });

/** Specs by full name. */
function specsByName(): Map<string, CommandSpec> {
  const specs = new Map<string, CommandSpec>();
  for (const spec of allCommands) {
    specs.set(spec.name, spec);
    for (const sub of spec.subcommands ?? []) specs.set(`${spec.name}|${sub.name}`, sub);
  }
  return specs;
}

/** A reply whose sets are arrays, so that the protocols compare. */
function listed(reply: Reply): Reply[] {
  return reply instanceof Set ? [...reply] : reply as Reply[];
}

function checkArgs(name: string, described: Reply, args: readonly ArgSpec[]): void {
  const list = described as Map<Reply, Reply>[];
  assert.equal(list.length, args.length, name);
  args.forEach((arg, i) => {
    const facts = list[i];
    const place = `${name}: ${arg.name}`;
    assert.equal(facts.get("name"), arg.name.toLowerCase(), place);
    assert.equal(facts.get("type"), arg.type, place);
    assert.equal(facts.get("token"), arg.token?.toUpperCase(), place);
    const flags = facts.has("flags") ? listed(facts.get("flags") as Reply) : [];
    assert.equal(flags.includes("optional"), arg.optional === true, place);
    assert.equal(flags.includes("multiple"), arg.multiple === true, place);
    const shown = arg.display ?? arg.name.toLowerCase();
    if (arg.args === undefined) assert.equal(facts.get("display_text"), shown);
    else checkArgs(place, facts.get("arguments") as Reply, arg.args);
  });
}

async function checkInfo(client: RespClient, name: string, spec: CommandSpec): Promise<void> {
  const [info] = await client.command("COMMAND", "INFO", name) as Reply[][];
  assert.equal(info.length, 10, name);
  assert.equal(info[0], name);
  assert.equal(info[1], spec.arity, name);
  assert.deepEqual(listed(info[7]), spec.tips ?? [], name);
  assert.equal(listed(info[8]).length, (spec.keys ?? []).length, name);
  const subs = listed(info[9]).map((sub) => (sub as Reply[])[0]);
  assert.deepEqual(subs, (spec.subcommands ?? []).map((sub) => `${name}|${sub.name}`), name);
}

async function checkDocs(client: RespClient, name: string, spec: CommandSpec): Promise<void> {
  const reply = await client.command("COMMAND", "DOCS", name) as Map<Reply, Map<Reply, Reply>>;
  const docs = reply.get(name);
  assert.ok(docs !== undefined, name);
  assert.equal(docs.get("summary"), spec.summary);
  assert.equal(docs.get("since"), spec.since, name);
  assert.equal(docs.get("group"), spec.group, name);
  assert.equal(docs.get("complexity"), spec.complexity, name);
  assert.equal(docs.get("deprecated_since"), spec.deprecatedSince, name);
  const hasFlags = spec.deprecatedSince !== undefined || spec.syscmd === true;
  assert.equal(docs.has("doc_flags"), hasFlags, name);
  if (spec.args === undefined) assert.equal(docs.has("arguments"), false, name);
  else checkArgs(name, docs.get("arguments") as Reply, spec.args);
}

test("COMMAND tells of every command what its declaration says", async () => {
  if (server.isOracle) return;
  const client = await server.connect();
  await client.command("HELLO", 3);
  const specs = specsByName();
  const names = await client.command("COMMAND", "LIST") as string[];
  assert.deepEqual([...names].sort(), [...specs.keys()].sort());
  assert.equal(await client.command("COMMAND", "COUNT"), allCommands.length);
  for (const [name, spec] of specs) {
    await checkInfo(client, name, spec);
    await checkDocs(client, name, spec);
  }
  client.close();
});

test("COMMAND, COMMAND INFO and COMMAND DOCS without arguments are about all commands", async () => {
  for (const resp of [2, 3]) {
    const client = await server.connect();
    await client.command("HELLO", resp);
    const count = await client.command("COMMAND", "COUNT");
    for (const words of [["COMMAND"], ["COMMAND", "INFO"]]) {
      const infos = await client.command(...words) as Reply[][];
      assert.equal(infos.length, count);
      for (const info of infos) assert.equal(info.length, 10);
    }
    const docs = await client.command("COMMAND", "DOCS");
    assert.equal(docs instanceof Map ? docs.size : (docs as Reply[]).length / 2, count);
    client.close();
  }
});

test("COMMAND INFO agrees with COMMAND LIST FILTERBY ACLCAT", async () => {
  const client = await server.connect();
  await client.command("HELLO", 3);
  for (const category of ["read", "write", "fast", "slow", "dangerous", "connection", "keyspace"]) {
    const names = await client.command("COMMAND", "LIST", "FILTERBY", "ACLCAT", category);
    for (const name of names as string[]) {
      const [info] = await client.command("COMMAND", "INFO", name) as Reply[][];
      assert.ok(listed(info[6]).includes(`@${category}`), `${name} is in ${category}`);
    }
  }
  client.close();
});

test("keys that make no sense are an error", async () => {
  const client = await server.connect();
  client.send(["COMMAND", "GETKEYS", "MSET", "a"]);
  assert.equal(await client.readRaw(), WRONG_COUNT);
  client.send(["COMMAND", "GETKEYS", "LCS", "a", "b"]);
  assert.equal(await client.readRaw(), array(bulk("a"), bulk("b")));
  if (server.isOracle) {
    client.send(["COMMAND", "GETKEYS", "ZUNION", "x", "a"]);
    assert.equal(await client.readRaw(), WRONG_ARGS);
  }
  client.close();
});
