/**
 * SORT and SORT_RO: the elements of a list, a set or a sorted set in order.
 *
 *     options     parsed into `options`
 *     elements    copied into a SortVector (sort_vector.ts), only those asked for when nothing is to be sorted; a list
 *                 of integers, to be sorted as such, into SortIntegers (sort_integers.ts)
 *     weights     the elements themselves, or what BY finds for each (sort_pattern.ts)
 *     order       by radix sort
 *     result      the elements, or what GET finds, replied or stored as a list
 *
 * BY with a pattern without a star means not to sort at all. But what is stored must not depend on the order in
 * which a set happens to be walked, nor what a script does, so then a set is sorted as strings.
 */
import { ascii, tokenEquals } from "../base/bytes.ts";
import { objectType, TYPE_LIST, TYPE_SET, TYPE_ZSET } from "../types/object.ts";
import { ZsetCursor } from "../types/zset_cursor.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { argIs, getIntegerOrReply, SYNTAX_ERROR, WRONG_TYPE } from "../server/args.ts";
import { notify, NOTIFY_LIST } from "../server/changes.ts";
import { type Client, CLIENT_SCRIPT } from "../server/client.ts";
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  type KeySpec,
  READONLY,
  WRITE,
} from "../server/command.ts";
import type { KeyList } from "../server/keys_of.ts";
import { SortIntegers } from "./sort_integers.ts";
import { found, lookupByPattern, SortPattern } from "./sort_pattern.ts";
import { SortVector } from "./sort_vector.ts";
import { deleteDestination, publishResult } from "./store_result.ts";
import { KEY_ARG } from "./string_reply.ts";

const ASC = ascii("asc");
const DESC = ascii("desc");
const ALPHA = ascii("alpha");
const LIMIT = ascii("limit");
const STORE = ascii("store");
const BY = ascii("by");
const GET = ascii("get");
const NO_NUMBERS = "ERR One or more scores can't be converted into double";
const NO_BYTES = new Uint8Array(0);
/** Elements of a list up to which each is looked for on its own. */
const SEEK_MAX = 32;

/** Whether the elements are in `integers` rather than in `vector`. */
let areIntegers = false;

/** What the options say. Places of arguments are 0 when they are not given. */
const options = {
  isDescending: false,
  isAlpha: false,
  start: 0,
  count: -1,
  store: 0,
  by: 0,
  /** Whether the elements stay in the order they have. */
  staysUnsorted: false,
  gets: 0,
};

const by = new SortPattern();
const gets: SortPattern[] = [];
const vector = new SortVector();
const integers = new SortIntegers();
/** An element of the result. */
const element = { buf: NO_BYTES, off: 0, len: 0 };
const cursor = new ZsetCursor();
/** Which elements of the order are the result. */
const range = { start: 0, end: 0 };

function sortCommand(c: Client): void {
  sort(c, true);
}

function sortRoCommand(c: Client): void {
  sort(c, false);
}

function sort(c: Client, mayStore: boolean): void {
  if (!parseOptions(c, mayStore)) return;
  const { keyspace, arena } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  const type = ref === 0 ? TYPE_LIST : objectType(arena, ref);
  if (type !== TYPE_LIST && type !== TYPE_SET && type !== TYPE_ZSET) {
    c.reply.addError(WRONG_TYPE);
    return;
  }
  const isScript = (c.flags & CLIENT_SCRIPT) !== 0;
  if (options.staysUnsorted && type === TYPE_SET && (options.store !== 0 || isScript)) {
    options.staysUnsorted = false;
    options.isAlpha = true;
    options.by = 0;
  }
  vector.reset();
  areIntegers = type === TYPE_LIST && ref !== 0 && sortIntegers(c, ref);
  if (!areIntegers) {
    collect(c, ref, type);
    vector.prepare();
    if (!options.staysUnsorted) order(c);
    else if (options.isDescending && type === TYPE_LIST) vector.reverse();
  }
  if (vector.isBroken) c.reply.addError(NO_NUMBERS);
  else if (options.store === 0) reply(c);
  else store(c);
  vector.reset();
  integers.reset();
}

/** Sorts a list of integers, if it is one and they are to be sorted as such. Returns whether that was so. */
function sortIntegers(c: Client, ref: number): boolean {
  if (options.by !== 0 || options.isAlpha) return false;
  const { lists } = c.server.keyspace.values;
  if (!integers.take(lists, ref)) return false;
  setRange(lists.length(ref));
  integers.sort(range.end + 1, options.isDescending);
  return true;
}

/** Reads the options. False after an error reply. */
function parseOptions(c: Client, mayStore: boolean): boolean {
  clearOptions();
  const { buf, off, len, argc } = c.argv;
  for (let i = 2; i < argc; i++) {
    const left = argc - i - 1;
    if (argIs(c, i, ASC)) options.isDescending = false;
    else if (argIs(c, i, DESC)) options.isDescending = true;
    else if (argIs(c, i, ALPHA)) options.isAlpha = true;
    else if (left >= 2 && argIs(c, i, LIMIT)) {
      options.start = getIntegerOrReply(c, i + 1);
      if (Number.isNaN(options.start)) return false;
      options.count = getIntegerOrReply(c, i + 2);
      if (Number.isNaN(options.count)) return false;
      i += 2;
    } else if (mayStore && left >= 1 && argIs(c, i, STORE)) options.store = ++i;
    else if (left >= 1 && argIs(c, i, BY)) {
      options.by = ++i;
      by.parse(buf, off[i], len[i]);
      if (!by.hasStar) options.staysUnsorted = true;
      else if (!mayLookUpOrReply(c, "BY")) return false;
    } else if (left >= 1 && argIs(c, i, GET)) {
      i++;
      if (!mayLookUpOrReply(c, "GET")) return false;
      if (options.gets === gets.length) gets.push(new SortPattern());
      gets[options.gets++].parse(buf, off[i], len[i]);
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

/** Whether the user may read every key: the patterns of BY and GET may lead to any. False after an error reply. */
function mayLookUpOrReply(c: Client, option: string): boolean {
  if (c.server.acl.allowsAllKeys(c, c.lastCommand!, KEY_ACCESS)) return true;
  c.reply.addError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
  return false;
}

function clearOptions(): void {
  options.isDescending = false;
  options.isAlpha = false;
  options.start = 0;
  options.count = -1;
  options.store = 0;
  options.by = 0;
  options.staysUnsorted = false;
  options.gets = 0;
}

/** Puts the elements into the vector, and into `range` which of them will be the result. */
function collect(c: Client, ref: number, type: number): void {
  const { sets, lists, zsets } = c.server.keyspace.values;
  const isSet = type === TYPE_SET;
  const length = ref === 0
    ? 0
    : isSet
    ? sets.length(ref)
    : type === TYPE_LIST
    ? lists.length(ref)
    : zsets.length(ref);
  setRange(length);
  if (ref === 0) return;
  if (isSet) return collectSet(c, ref);
  if (!options.staysUnsorted) {
    if (type === TYPE_LIST) collectList(c, ref, 0, length);
    else collectZset(c, ref, 0, length);
    return;
  }
  // In their own order only those in the range are wanted.
  const count = range.end - range.start + 1;
  if (count > 0) {
    // Counted from the end when the order is to be descending.
    if (type === TYPE_ZSET) collectZset(c, ref, range.start, count);
    else if (options.isDescending) collectList(c, ref, length - range.start - count, count);
    else collectList(c, ref, range.start, count);
  }
  range.end -= range.start;
  range.start = 0;
}

/** Makes LIMIT a range of the elements; an empty one ends before it starts. */
function setRange(length: number): void {
  let start = Math.min(Math.max(options.start, 0), length);
  const count = Math.min(Math.max(options.count, -1), length);
  let end = count < 0 ? length - 1 : start + count - 1;
  if (start >= length) {
    start = length - 1;
    end = length - 2;
  }
  range.start = start;
  range.end = Math.min(end, length - 1);
}

function collectSet(c: Client, ref: number): void {
  const { members } = c.server.keyspace.values.sets.algebra;
  const { elements } = vector;
  members.start(ref);
  while (members.fill()) {
    members.toText();
    const { count, bufs, offs, lens } = members;
    for (let i = 0; i < count; i++) elements.add(bufs[i], offs[i], lens[i]);
  }
}

/** `count` elements from the one at `start` on. */
function collectList(c: Client, ref: number, start: number, count: number): void {
  const { lists } = c.server.keyspace.values;
  const { elements } = vector;
  const { value } = lists;
  if (count <= SEEK_MAX) {
    for (let i = start; i < start + count && lists.get(ref, i); i++) {
      elements.add(value.buf, value.off, value.len);
    }
    return;
  }
  lists.begin(ref);
  for (let i = 0; i < start + count && lists.next(); i++) {
    if (i >= start) elements.add(value.buf, value.off, value.len);
  }
}

/** `count` elements from one end: the end when they stay as they are and the order is descending. */
function collectZset(c: Client, ref: number, start: number, count: number): void {
  const { zsets } = c.server.keyspace.values;
  const { elements } = vector;
  const isReverse = options.staysUnsorted && options.isDescending;
  if (isReverse) zsets.seekLast(ref, cursor);
  else zsets.seekFirst(ref, cursor);
  zsets.skip(cursor, start, isReverse);
  for (let i = 0; i < count; i++) {
    zsets.read(cursor);
    elements.add(cursor.buf, cursor.off, cursor.len);
    zsets.move(cursor, isReverse);
  }
}

/** Orders the vector. */
function order(c: Client): void {
  const { elements, count } = vector;
  const flip = options.isDescending ? -1 : 0;
  if (options.by !== 0) {
    weigh(c);
    if (options.isAlpha) vector.sortByStrings(flip);
    else if (!vector.isBroken) vector.sortByNumbers(flip);
  } else if (options.isAlpha) vector.sortByElements(flip);
  else {
    const { bytes, offs, lens } = elements;
    for (let i = 0; i < count; i++) vector.addNumberText(bytes, offs[i], lens[i]);
    if (!vector.isBroken) vector.sortByNumbers(flip);
  }
}

/** Looks up what BY finds for each element. */
function weigh(c: Client): void {
  const { bytes, offs, lens } = vector.elements;
  const { isAlpha } = options;
  for (let i = 0; i < vector.count; i++) {
    if (lookupByPattern(c, by, bytes, offs[i], lens[i])) {
      if (isAlpha) vector.addString(found.buf, found.off, found.len);
      else vector.addNumberText(found.buf, found.off, found.len);
    } else if (isAlpha) vector.addNoString();
    else vector.addNumber(0);
  }
}

/** Puts the element at `index` of the order into `element`. */
function readElement(index: number): void {
  if (areIntegers) {
    element.buf = integers.digits;
    element.off = 0;
    element.len = integers.read(index);
    return;
  }
  const { elements, order } = vector;
  element.buf = elements.bytes;
  element.off = elements.offs[order[index]];
  element.len = elements.lens[order[index]];
}

function reply(c: Client): void {
  const count = range.end - range.start + 1;
  c.reply.addArray(options.gets === 0 ? count : count * options.gets);
  for (let i = range.start; i <= range.end; i++) {
    readElement(i);
    const { buf, off, len } = element;
    if (options.gets === 0) c.reply.addBulk(buf, off, len);
    for (let g = 0; g < options.gets; g++) {
      if (lookupByPattern(c, gets[g], buf, off, len)) {
        c.reply.addBulk(found.buf, found.off, found.len);
      } else c.reply.addNull();
    }
  }
}

/** Stores the result as a list, where what GET doesn't find is an empty string. */
function store(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const key = options.store;
  const total = (range.end - range.start + 1) * Math.max(1, options.gets);
  if (total === 0) deleteDestination(c, key);
  else {
    const made = keyspace.detached(buf, off[key], len[key], TYPE_LIST);
    try {
      fillList(c, made);
    } catch (error) {
      keyspace.discard(made);
      throw error;
    }
    publishResult(c, key, made);
    notify(c, NOTIFY_LIST, "sortstore", key);
    c.server.dirty += total;
  }
  c.reply.addInteger(total);
}

function fillList(c: Client, made: number): void {
  const { lists } = c.server.keyspace.values;
  for (let i = range.start; i <= range.end; i++) {
    readElement(i);
    const { buf, off, len } = element;
    if (options.gets === 0) lists.pushOne(made, false, buf, off, len);
    for (let g = 0; g < options.gets; g++) {
      const isThere = lookupByPattern(c, gets[g], buf, off, len);
      if (isThere) lists.pushOne(made, false, found.buf, found.off, found.len);
      else lists.pushOne(made, false, NO_BYTES, 0, 0);
    }
  }
  lists.settle(made);
}

/** The key that is sorted, and the last one to store at, which is where the arguments of others don't count. */
function sortKeys(argv: Argv, keys: KeyList): void {
  const { buf, off, len, argc } = argv;
  let store = 0;
  for (let i = 2; i < argc; i++) {
    if (tokenEquals(buf, off[i], len[i], LIMIT)) i += 2;
    else if (tokenEquals(buf, off[i], len[i], GET) || tokenEquals(buf, off[i], len[i], BY)) i++;
    else if (i + 1 < argc && tokenEquals(buf, off[i], len[i], STORE)) store = i + 1;
  }
  keys.add(1, KEY_RO | KEY_ACCESS);
  if (store !== 0) keys.add(store, KEY_OW | KEY_UPDATE);
}

function sortRoKeys(_argv: Argv, keys: KeyList): void {
  keys.add(1, KEY_RO | KEY_ACCESS);
}

const KEYS: KeySpec[] = [
  { flags: KEY_RO | KEY_ACCESS, begin: 1, last: 0, step: 1 },
  {
    flags: KEY_RO | KEY_ACCESS,
    begin: null,
    notes: "The keys that BY and GET lead to, whose names follow from the elements",
  },
];
const STORE_KEY: KeySpec = {
  flags: KEY_OW | KEY_UPDATE,
  begin: null,
  notes: "The key behind STORE, which may be anywhere among the arguments",
};
const ARGS: ArgSpec[] = [
  KEY_ARG,
  {
    name: "by-pattern",
    display: "pattern",
    type: "pattern",
    keySpec: 1,
    token: "BY",
    optional: true,
  },
  {
    name: "limit",
    type: "block",
    token: "LIMIT",
    optional: true,
    args: [{ name: "offset", type: "integer" }, { name: "count", type: "integer" }],
  },
  {
    name: "get-pattern",
    display: "pattern",
    type: "pattern",
    keySpec: 1,
    token: "GET",
    optional: true,
    multiple: true,
    multipleToken: true,
  },
  {
    name: "order",
    type: "oneof",
    optional: true,
    args: [
      { name: "asc", type: "pure-token", token: "ASC" },
      { name: "desc", type: "pure-token", token: "DESC" },
    ],
  },
  { name: "sorting", type: "pure-token", token: "ALPHA", optional: true },
];
const STORE_ARG: ArgSpec = {
  name: "destination",
  type: "key",
  keySpec: 2,
  token: "STORE",
  optional: true,
};
const COMPLEXITY =
  "O(N+M*log(M)) where N is the number of elements and M the number of those returned; O(N) without sorting";

export const sortCommands: CommandSpec[] = [
  {
    name: "sort",
    arity: -2,
    flags: WRITE | DENYOOM,
    categories: ["set", "sortedset", "list", "dangerous"],
    since: "1.0.0",
    group: "generic",
    complexity: COMPLEXITY,
    summary:
      "Puts the elements of a list, a set or a sorted set in order, and returns or stores them.",
    keys: [...KEYS, STORE_KEY],
    findKeys: sortKeys,
    args: [...ARGS, STORE_ARG],
    handler: sortCommand,
  },
  {
    name: "sort_ro",
    arity: -2,
    flags: READONLY,
    categories: ["set", "sortedset", "list", "dangerous"],
    since: "7.0.0",
    group: "generic",
    complexity: COMPLEXITY,
    summary: "Returns the elements of a list, a set or a sorted set in order.",
    keys: KEYS,
    findKeys: sortRoKeys,
    args: ARGS,
    handler: sortRoCommand,
  },
];
