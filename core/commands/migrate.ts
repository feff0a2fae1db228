/**
 * MIGRATE: moves keys to another server. What happens on the way is migrate_transfer.ts.
 */
import { ascii, copyBytes, tokenEquals } from "../base/bytes.ts";
import { parseInteger } from "../base/numbers.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { argIs, argString, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import { canBlock } from "../server/blocking.ts";
import type { Client } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INCOMPLETE,
  KEY_RW,
  WRITE,
} from "../server/command.ts";
import type { KeyList } from "../server/keys_of.ts";
import { NO_EXPIRY, objectExpiry } from "../types/object.ts";
import { dumpOf } from "./dump.ts";
import { type SentKey, Transfer } from "./migrate_transfer.ts";

const KEY_INDEX = 3;
const FIRST_OPTION = 6;
const TIMEOUT_MS_DEFAULT = 1000;
const COPY = ascii("copy");
const REPLACE = ascii("replace");
const AUTH = ascii("auth");
const AUTH2 = ascii("auth2");
const KEYS = ascii("keys");
const SELECT = ascii("SELECT");
const RESTORE = ascii("RESTORE");
const EMPTY_KEY =
  "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string";
const CANT_WAIT = "ERR MIGRATE waits for another server, which can't be done here";

/** What the options say. */
interface Options {
  isCopy: boolean;
  isReplacing: boolean;
  /** Arguments of AUTH. */
  auth: string[];
  /** Index of the first key. */
  first: number;
  /** Index behind the last. */
  end: number;
}

/** MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH p | AUTH2 u p] [KEYS key ...] */
function migrateCommand(c: Client): void {
  const options = parseOptionsOrReply(c);
  if (options === null) return;
  const timeout = getIntegerOrReply(c, 5);
  if (Number.isNaN(timeout)) return;
  const db = getIntegerOrReply(c, 4);
  if (Number.isNaN(db)) return;
  const { isCopy, isReplacing, auth, first, end } = options;
  const preludes = [request([SELECT, ascii(String(db))])];
  if (auth.length > 0) preludes.unshift(request([AUTH, ...auth.map(ascii)]));
  const keys: SentKey[] = [];
  const requests = [...preludes];
  for (let i = first; i < end; i++) {
    const key = readKey(c, i);
    if (key === null) continue;
    keys.push(key);
    const words = [RESTORE, key.name, ascii(String(key.ttlMs)), key.dump];
    requests.push(request(isReplacing ? [...words, REPLACE] : words));
  }
  if (keys.length === 0) {
    c.reply.addStatus("NOKEY");
    return;
  }
  if (!canBlock(c)) {
    c.reply.addError(CANT_WAIT);
    return;
  }
  const { argv } = c;
  new Transfer(c, {
    host: argString(c, 1),
    port: Number(parseInteger(argv.buf, argv.off[2], argv.len[2])),
    timeoutMs: timeout <= 0 ? TIMEOUT_MS_DEFAULT : timeout,
    requests,
    preludes: preludes.length,
    keys,
    isCopy,
  });
}

/** The key in an argument with its value and how long it has to live, in ms, 0: for ever. Null when it isn't there. */
function readKey(c: Client, index: number): SentKey & { ttlMs: number } | null {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[index], len[index]);
  if (ref === 0) return null;
  const expiry = objectExpiry(c.server.arena, ref);
  const name = new Uint8Array(len[index]);
  copyBytes(name, 0, buf, off[index], len[index]);
  return {
    name,
    dump: dumpOf(c.server, ref),
    ttlMs: expiry === NO_EXPIRY ? 0 : Math.max(1, expiry - keyspace.nowMs),
  };
}

/** Null after an error reply. */
function parseOptionsOrReply(c: Client): Options | null {
  const options: Options = {
    isCopy: false,
    isReplacing: false,
    auth: [],
    first: KEY_INDEX,
    end: KEY_INDEX + 1,
  };
  for (let i = FIRST_OPTION; i < c.argc; i++) {
    const more = c.argc - 1 - i;
    if (argIs(c, i, COPY)) options.isCopy = true;
    else if (argIs(c, i, REPLACE)) options.isReplacing = true;
    else if (argIs(c, i, AUTH) && more >= 1) options.auth = [argString(c, ++i)];
    else if (argIs(c, i, AUTH2) && more >= 2) {
      options.auth = [argString(c, ++i), argString(c, ++i)];
    } else if (argIs(c, i, KEYS)) {
      if (c.argv.len[KEY_INDEX] !== 0) {
        c.reply.addError(EMPTY_KEY);
        return null;
      }
      options.first = i + 1;
      options.end = c.argc;
      break;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}

/** A request in RESP. */
function request(args: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [ascii(`*${args.length}\r\n`)];
  for (const arg of args) parts.push(ascii(`$${arg.length}\r\n`), arg, ascii("\r\n"));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The one key, or what follows KEYS. */
function findKeys(argv: Argv, keys: KeyList): void {
  const flags = KEY_RW | KEY_ACCESS | KEY_DELETE;
  const isWord = (i: number, word: Uint8Array) =>
    tokenEquals(argv.buf, argv.off[i], argv.len[i], word);
  for (let i = FIRST_OPTION; i < argv.argc; i++) {
    if (isWord(i, AUTH)) i++;
    else if (isWord(i, AUTH2)) i += 2;
    else if (isWord(i, KEYS) && argv.len[KEY_INDEX] === 0) {
      for (let key = i + 1; key < argv.argc; key++) keys.add(key, flags);
      return;
    }
  }
  keys.add(KEY_INDEX, flags);
}

const AUTHENTICATION: ArgSpec = {
  name: "authentication",
  type: "oneof",
  optional: true,
  args: [
    { name: "auth", type: "string", token: "AUTH", display: "password", since: "4.0.7" },
    {
      name: "auth2",
      type: "block",
      token: "AUTH2",
      since: "6.0.0",
      args: [{ name: "username", type: "string" }, { name: "password", type: "string" }],
    },
  ],
};

export const migrateCommands: CommandSpec[] = [
  {
    name: "migrate",
    arity: -6,
    flags: WRITE,
    categories: ["keyspace", "dangerous"],
    since: "2.6.0",
    group: "generic",
    complexity:
      "That of DUMP and DEL here and of RESTORE on the other server, and O(N) to send the bytes.",
    summary: "Moves keys to another server.",
    keys: [
      { flags: KEY_RW | KEY_ACCESS | KEY_DELETE, begin: KEY_INDEX, last: 0, step: 1 },
      {
        flags: KEY_RW | KEY_ACCESS | KEY_DELETE | KEY_INCOMPLETE,
        begin: { keyword: "KEYS", startFrom: -2 },
        last: -1,
        step: 1,
      },
    ],
    args: [
      { name: "host", type: "string" },
      { name: "port", type: "integer" },
      {
        name: "key-selector",
        type: "oneof",
        args: [
          { name: "key", type: "key", keySpec: 0 },
          { name: "empty-string", type: "pure-token", token: "" },
        ],
      },
      { name: "destination-db", type: "integer" },
      { name: "timeout", type: "integer" },
      { name: "copy", type: "pure-token", token: "COPY", optional: true, since: "3.0.0" },
      { name: "replace", type: "pure-token", token: "REPLACE", optional: true, since: "3.0.0" },
      AUTHENTICATION,
      {
        name: "keys",
        type: "key",
        token: "KEYS",
        display: "key",
        keySpec: 1,
        optional: true,
        multiple: true,
        since: "3.0.6",
      },
    ],
    tips: ["nondeterministic_output"],
    history: [
      ["3.0.0", "Has the `COPY` and `REPLACE` options."],
      ["3.0.6", "Has the `KEYS` option."],
      ["4.0.7", "Has the `AUTH` option."],
      ["6.0.0", "Has the `AUTH2` option."],
    ],
    findKeys,
    handler: migrateCommand,
  },
];
