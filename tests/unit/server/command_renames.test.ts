import assert from "node:assert/strict";
import { test } from "node:test";
import { stringCommands } from "../../../core/commands/string.ts";
import { CommandRenames } from "../../../core/server/command_renames.ts";
import { CommandTable } from "../../../core/server/command_table.ts";

test("commands are reached by their new names and keep their own", () => {
  const renames = new CommandRenames(stringCommands);
  assert.equal(renames.rename("GET", "Fetch"), null);
  assert.equal(renames.rename("set", ""), null);
  assert.equal(renames.rename("append", "set"), null);
  assert.equal(renames.rename("Fetch", "obtain"), null);
  const table = new CommandTable(stringCommands, renames.names());
  assert.equal(table.byName("get"), null);
  assert.equal(table.byName("fetch"), null);
  assert.equal(table.byName("OBTAIN")?.fullName, "get");
  assert.equal(table.byName("set")?.fullName, "append");
  assert.equal(table.byName("append"), null);
  assert.equal(table.byName("strlen")?.fullName, "strlen");
  assert.equal(table.commands.length, stringCommands.length - 1);
});

test("what can't be renamed", () => {
  const renames = new CommandRenames(stringCommands);
  assert.equal(renames.rename("nosuch", "x"), "No such command in rename-command");
  assert.equal(renames.rename("get", "set"), "Target command name already exists");
  assert.equal(renames.rename("mget", "mget"), null);
});
