/** Key specs of every kind, on commands made for the purpose. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { REQUEST, RespParser } from "../../../core/protocol/resp_parser.ts";
import {
  Command,
  type CommandSpec,
  KEY_INCOMPLETE,
  KEY_NOT_KEY,
  KEY_OW,
  KEY_RO,
  KEY_RW,
  KEY_VARIABLE_FLAGS,
  type KeySpec,
  MOVABLE_KEYS,
} from "../../../core/server/command.ts";
import { hasKeys, KeyList, keysOf } from "../../../core/server/keys_of.ts";
import { encodeCommand } from "../../support/resp_client.ts";

function commandWith(keys: KeySpec[], more: Partial<CommandSpec> = {}): Command {
  return new Command({
    name: "test",
    arity: -2,
    flags: 0,
    since: "1.0.0",
    group: "server",
    summary: "",
    keys,
    handler: () => {},
    ...more,
  }, null);
}

/** The keys of a request, as "index:flags". */
function keysIn(command: Command, line: string): string[] {
  const parser = new RespParser();
  const bytes = encodeCommand(line.split(" "));
  assert.equal(parser.parse(bytes, 0, bytes.length), REQUEST);
  const keys = new KeyList();
  keys.add(99, 99);
  keysOf(command, parser, keys);
  return Array.from({ length: keys.count }, (_, i) => `${keys.index[i]}:${keys.flags[i]}`);
}

describe("ranges", () => {
  test("one key", () => {
    const command = commandWith([{ flags: KEY_RO, begin: 2 }]);
    assert.deepEqual(keysIn(command, "x a b c"), [`2:${KEY_RO}`]);
    assert.deepEqual(keysIn(command, "x a"), [], "the key is missing");
  });

  test("to the end, and to one before it, by a step", () => {
    const all = commandWith([{ flags: KEY_RO, begin: 1, last: -1, step: 2 }]);
    assert.deepEqual(keysIn(all, "x a 1 b 2"), [`1:${KEY_RO}`, `3:${KEY_RO}`]);
    const butOne = commandWith([{ flags: KEY_RO, begin: 1, last: -2 }]);
    assert.deepEqual(keysIn(butOne, "x a b t"), [`1:${KEY_RO}`, `2:${KEY_RO}`]);
    assert.deepEqual(keysIn(butOne, "x t"), []);
  });

  test("a limit takes a part of the rest", () => {
    const command = commandWith([{
      flags: KEY_RO,
      begin: { keyword: "STREAMS", startFrom: 1 },
      last: -1,
      limit: 2,
    }]);
    assert.deepEqual(keysIn(command, "x count 1 streams a b 0 0"), [
      `4:${KEY_RO}`,
      `5:${KEY_RO}`,
    ]);
  });

  test("a long list", () => {
    const command = commandWith([{ flags: KEY_RO, begin: 1, last: -1 }]);
    const line = `x ${Array.from({ length: 100 }, (_, i) => `k${i}`).join(" ")}`;
    assert.equal(keysIn(command, line).length, 100);
  });
});

describe("counts", () => {
  const command = commandWith([
    { flags: KEY_OW, begin: 1 },
    { flags: KEY_RO, begin: 2, keynum: { index: 0, first: 1, step: 1 } },
  ]);

  test("the argument says how many", () => {
    assert.deepEqual(keysIn(command, "x dst 2 a b w"), [
      `1:${KEY_OW}`,
      `3:${KEY_RO}`,
      `4:${KEY_RO}`,
    ]);
  });

  test("a count that makes no sense gives no keys at all", () => {
    for (const count of ["3", "a", "-1", "0", "99999999999999999999", ""]) {
      assert.deepEqual(keysIn(command, `x dst ${count} a b`), [], `count ${count}`);
    }
    assert.deepEqual(keysIn(command, "x dst"), []);
  });
});

describe("keywords", () => {
  test("forwards from an index", () => {
    const command = commandWith([{ flags: KEY_OW, begin: { keyword: "STORE", startFrom: 2 } }]);
    assert.deepEqual(keysIn(command, "x store a store dst"), [`4:${KEY_OW}`]);
    assert.deepEqual(keysIn(command, "x store a"), [], "before the start");
    assert.deepEqual(keysIn(command, "x a store"), [], "nothing follows");
  });

  test("backwards from the end", () => {
    const command = commandWith([{
      flags: KEY_RW,
      begin: { keyword: "KEYS", startFrom: -2 },
      last: -1,
    }]);
    assert.deepEqual(keysIn(command, "x a b keys c d"), [`4:${KEY_RW}`, `5:${KEY_RW}`]);
  });
});

describe("what is special", () => {
  test("fake keys don't count", () => {
    const command = commandWith([{ flags: KEY_NOT_KEY, begin: 1 }]);
    assert.equal(hasKeys(command), false);
    assert.deepEqual(keysIn(command, "x a"), []);
    assert.equal(hasKeys(commandWith([])), false);
    assert.equal(hasKeys(commandWith([{ flags: KEY_RO, begin: 1 }])), true);
  });

  test("the command's own finder is asked when flags vary or specs are not enough", () => {
    const findKeys = (_: unknown, keys: KeyList) => keys.add(7, KEY_RW);
    for (
      const keys of [
        [{ flags: KEY_RO | KEY_VARIABLE_FLAGS, begin: 1 }],
        [{ flags: KEY_RO, begin: 1 }, { flags: KEY_RO | KEY_INCOMPLETE, begin: null }],
        [{ flags: KEY_RO | KEY_INCOMPLETE, begin: 1 }],
      ]
    ) {
      const command = commandWith(keys, { findKeys });
      assert.deepEqual(keysIn(command, "x a b"), [`7:${KEY_RW}`]);
      assert.deepEqual(keysIn(commandWith(keys), "x a b"), []);
    }
  });
});

describe("the range of COMMAND INFO", () => {
  const rangeOf = (...keys: KeySpec[]) => {
    const { range, flags } = commandWith(keys);
    return [range.first, range.last, range.step, (flags & MOVABLE_KEYS) !== 0];
  };
  const at = (begin: number, more: Partial<KeySpec> = {}) => ({ flags: KEY_RO, begin, ...more });

  test("none, one, many", () => {
    assert.deepEqual(rangeOf(), [0, 0, 0, false]);
    assert.deepEqual(rangeOf(at(1)), [1, 1, 1, false]);
    assert.deepEqual(rangeOf(at(2, { last: 1 })), [2, 3, 1, false]);
    assert.deepEqual(rangeOf(at(1, { last: -1, step: 2 })), [1, -1, 2, false]);
    assert.deepEqual(rangeOf(at(1, { flags: KEY_INCOMPLETE })), [1, 1, 1, true]);
  });

  test("neighbours are joined, others make keys movable", () => {
    assert.deepEqual(rangeOf(at(1), at(2)), [1, 2, 1, false]);
    assert.deepEqual(rangeOf(at(1), at(2, { last: -1 })), [1, -1, 1, false]);
    assert.deepEqual(rangeOf(at(1), at(3)), [1, 1, 1, true]);
    const count = { begin: 2, keynum: { index: 0, first: 1, step: 1 }, flags: KEY_RO };
    assert.deepEqual(rangeOf(at(1), count), [1, 1, 1, true]);
    assert.deepEqual(rangeOf(count), [0, 0, 0, true]);
    assert.deepEqual(rangeOf(at(1), { flags: KEY_RO, begin: null }), [1, 1, 1, true]);
  });
});
