/** Users and their clients: gates, passwords, and what helpers of other parts rely on. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allCommands } from "../../../core/commands/index.ts";
import { joinSelectors } from "../../../core/server/acl_user.ts";
import { GATE_ACL, GATE_AUTH } from "../../../core/server/call.ts";
import { Client } from "../../../core/server/client.ts";
import { InProcess, type InProcessClient } from "../../support/in_process.ts";

function gates({ client }: InProcessClient): string {
  const auth = (client.gates & GATE_AUTH) !== 0 ? "auth " : "";
  return auth + ((client.gates & GATE_ACL) !== 0 ? "acl" : "");
}

describe("gates", () => {
  test("a client that may do everything has none", () => {
    const server = new InProcess({ commands: allCommands });
    assert.equal(server.first.client.gates, 0);
    server.run("ACL", "SETUSER", "all", "on", "nopass", "+@all", "~*", "&*");
    const client = server.connect();
    client.run("AUTH", "all", "x");
    assert.equal(client.client.gates, 0);
  });

  test("rules that change reach clients that are in", () => {
    const server = new InProcess({ commands: allCommands });
    server.run("ACL", "SETUSER", "u", "on", "nopass");
    const client = server.connect();
    client.run("AUTH", "u", "x");
    assert.equal(gates(client), "acl");
    server.run("ACL", "SETUSER", "u", "+@all", "~*");
    assert.equal(gates(client), "acl");
    server.run("ACL", "SETUSER", "u", "&*");
    assert.equal(gates(client), "");
    server.run("ACL", "SETUSER", "u", "-ping");
    assert.equal(gates(client), "acl");
    server.run("ACL", "SETUSER", "u", "(allkeys allchannels allcommands)");
    assert.equal(gates(client), "");
    client.run("RESET");
    assert.equal(client.client.user.name, "default");
  });

  test("who has yet to authenticate", () => {
    const server = new InProcess({ commands: allCommands, config: { requirepass: "one" } });
    assert.equal(gates(server.first), "auth ");
    server.run("AUTH", "one");
    assert.equal(gates(server.first), "");
    server.run("ACL", "SETUSER", "default", "-ping");
    assert.equal(gates(server.connect()), "auth acl");
    assert.equal(gates(server.first), "acl");
  });

  test("a client that was never admitted may do everything", () => {
    const server = new InProcess({ commands: allCommands, config: { requirepass: "one" } });
    const client = new Client(server.server, 0, server.first.client.port);
    assert.equal(client.gates, 0);
    assert.equal(client.authenticated, true);
  });
});

describe("passwords", () => {
  test("any byte, any length, several of them", () => {
    const server = new InProcess({ commands: allCommands });
    const long = "x".repeat(5000);
    server.run("ACL", "SETUSER", "u", "on", ">\0\r\n\xff", `>${long}`, ">");
    for (const password of ["\0\r\n\xff", long, ""]) {
      assert.equal(server.run("AUTH", "u", password), "+OK\r\n");
    }
    for (const password of ["\0", "\0\r\n\xfe", `${long}x`, "x", "\0\r\n\xff "]) {
      assert.match(server.run("AUTH", "u", password), /^-WRONGPASS/);
    }
  });

  test("requirepass takes the default user's other passwords away", () => {
    const server = new InProcess({ commands: allCommands });
    server.run("ACL", "SETUSER", "default", ">one");
    server.run("CONFIG", "SET", "requirepass", "two");
    assert.match(server.run("AUTH", "one"), /^-WRONGPASS/);
    assert.equal(server.run("AUTH", "two"), "+OK\r\n");
    server.run("CONFIG", "SET", "requirepass", "");
    assert.match(server.run("AUTH", "two"), /^-ERR AUTH <password> called without any password/);
    assert.equal(server.run("AUTH", "default", "anything"), "+OK\r\n");
  });
});

describe("checks for other parts", () => {
  test("a script's command is logged as such and told without a code", () => {
    const server = new InProcess({ commands: allCommands });
    server.run("ACL", "SETUSER", "u", "on", "nopass", "+@all", "-get");
    const { client } = server.connect();
    const { acl, commands } = server.server;
    client.user = acl.user("u")!;
    const get = commands.byName("get")!;
    const request = (...args: string[]) => {
      const text = args.join("");
      const len = args.map((arg) => arg.length);
      let at = 0;
      const off = len.map((size) => (at += size) - size);
      return {
        buf: new TextEncoder().encode(text),
        argc: args.length,
        off: Int32Array.from(off),
        len: Int32Array.from(len),
      };
    };
    client.argv = request("GET", "k");
    assert.equal(
      acl.refusalInScript(client, get),
      "User u has no permissions to run the 'get' command",
    );
    assert.equal(acl.log.entries[0].context, "lua");
    assert.equal(acl.allows(client.user, get, client.argv), false);
    client.argv = request("STRLEN", "k");
    const strlen = commands.byName("strlen")!;
    assert.equal(acl.refusalInScript(client, strlen), "No permissions to access a key");
    client.argv = request("PING");
    assert.equal(acl.refusalInScript(client, commands.byName("ping")!), null);
    assert.equal(acl.log.entries.length, 2);
  });

  test("renamed and disabled commands keep their names in rules", () => {
    const server = new InProcess({ commands: allCommands });
    assert.equal(server.server.commands.byOwnName("CONFIG|Get")?.fullName, "config|get");
    assert.equal(server.server.commands.byOwnName("nosuch"), null);
    assert.equal(server.server.commands.byOwnName("config|get|x"), null);
    const ids = server.server.commands.known.map(({ id }) => id);
    assert.deepEqual(ids, ids.map((_, i) => i));
  });
});

test("selectors given as several arguments", () => {
  assert.deepEqual(joinSelectors(["on", "(~a", "+get)", "off"]), ["on", "(~a +get)", "off"]);
  assert.deepEqual(joinSelectors(["(", "~a", ")", "(+get)"]), ["( ~a )", "(+get)"]);
  assert.deepEqual(joinSelectors([]), []);
  assert.equal(joinSelectors(["on", "(~a", "+get"]), 1);
});
