/**
 * Searches: GEOSEARCH GEOSEARCHSTORE, and the older GEORADIUS and GEORADIUSBYMEMBER with their read-only forms.
 *
 * All are one command that finds its arguments in different places. What a request says is kept in one object,
 * the area in another; results come from types/geo_search.ts.
 */
import { ascii, tokenEquals } from "../base/bytes.ts";
import { GeoArea } from "../base/geo_area.ts";
import { GeoPosition } from "../base/geohash.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { TYPE_ZSET } from "../types/object.ts";
import {
  argIs,
  argString,
  getIntegerOrReply,
  isTypeOrReply,
  SYNTAX_ERROR,
} from "../server/args.ts";
import { notify, NOTIFY_ZSET } from "../server/changes.ts";
import type { Client } from "../server/client.ts";
import type { KeyList } from "../server/keys_of.ts";
import {
  addDistance,
  addPosition,
  getPositionOrReply,
  getRadiusOrReply,
  getUnitOrReply,
} from "./geo_args.ts";
import { geoSearchSpecs } from "./geo_search_specs.ts";
import { deleteDestination, detachedZset, publishResult } from "./store_result.ts";
import { getDoubleOrReply } from "./zset_args.ts";

const NO_MEMBER = "ERR could not decode requested zset member";
const BAD_COUNT = "ERR COUNT must be > 0";
const ANY_WITHOUT_COUNT = "ERR the ANY argument requires COUNT argument";
const BAD_WIDTH = "ERR need numeric width";
const BAD_HEIGHT = "ERR need numeric height";
const NEGATIVE_BOX = "ERR height or width cannot be negative";
const NOT_WITH_STORE = " is not compatible with WITHDIST, WITHHASH and WITHCOORD options";

const WITHDIST = ascii("withdist");
const WITHHASH = ascii("withhash");
const WITHCOORD = ascii("withcoord");
const ANY = ascii("any");
const ASC = ascii("asc");
const DESC = ascii("desc");
const COUNT = ascii("count");
const STORE = ascii("store");
const STOREDIST = ascii("storedist");
const FROMMEMBER = ascii("frommember");
const FROMLONLAT = ascii("fromlonlat");
const BYRADIUS = ascii("byradius");
const BYBOX = ascii("bybox");

// Kinds of commands.
const RADIUS = 0;
const RADIUS_RO = 1;
const SEARCH = 2;
const SEARCH_STORE = 3;

// Orders.
const UNSORTED = 0;
const ASCENDING = 1;
const DESCENDING = 2;

/** What a request says besides its area. */
class Request {
  withDist = false;
  withHash = false;
  withCoord = false;
  any = false;
  order = UNSORTED;
  /** 0: all. */
  count = 0;
  /** Index of the key to store at, 0: none; whether distances are stored, not positions. */
  storeIndex = 0;
  storeDist = false;
  hasMember = false;
  hasPosition = false;
  hasRadius = false;
  hasBox = false;
  /** Meters of the unit. */
  toMeters = 1;

  reset(): void {
    this.withDist = false;
    this.withHash = false;
    this.withCoord = false;
    this.any = false;
    this.order = UNSORTED;
    this.count = 0;
    this.storeIndex = 0;
    this.storeDist = false;
    this.hasMember = false;
    this.hasPosition = false;
    this.hasRadius = false;
    this.hasBox = false;
    this.toMeters = 1;
  }
}

const request = new Request();
const area = new GeoArea();
const position = new GeoPosition();

function georadiusCommand(c: Client): void {
  radiusAround(c, RADIUS);
}

function georadiusRoCommand(c: Client): void {
  radiusAround(c, RADIUS_RO);
}

function georadiusbymemberCommand(c: Client): void {
  radiusAroundMember(c, RADIUS);
}

function georadiusbymemberRoCommand(c: Client): void {
  radiusAroundMember(c, RADIUS_RO);
}

function geosearchCommand(c: Client): void {
  request.reset();
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (isTypeOrReply(c, ref, TYPE_ZSET)) search(c, SEARCH, ref, 2);
}

function geosearchstoreCommand(c: Client): void {
  request.reset();
  request.storeIndex = 1;
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[2], len[2]);
  if (isTypeOrReply(c, ref, TYPE_ZSET)) search(c, SEARCH_STORE, ref, 3);
}

function radiusAround(c: Client, kind: number): void {
  request.reset();
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET) || !getCentreOrReply(c, 2)) return;
  if (getCircleOrReply(c, 4)) search(c, kind, ref, 6);
}

function radiusAroundMember(c: Client, kind: number): void {
  request.reset();
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  // Without the key, member and radius are not looked at.
  if (ref !== 0 && (!getMemberOrReply(c, ref, 2) || !getCircleOrReply(c, 3))) return;
  search(c, kind, ref, 5);
}

/** Reads the options from argument `first` on, searches the set, or none (0), and replies or stores. */
function search(c: Client, kind: number, ref: number, first: number): void {
  if (!parseOptionsOrReply(c, kind, ref, first) || !checkOptionsOrReply(c, kind)) return;
  const { storeIndex, count } = request;
  if (ref === 0) {
    if (storeIndex !== 0) storeNothing(c);
    else c.reply.addArray(0);
    return;
  }
  let { order } = request;
  // The nearest ones are meant, unless any will do.
  if (count !== 0 && order === UNSORTED && !request.any) order = ASCENDING;
  const { geoSearch } = c.server.keyspace.values;
  area.cover();
  const withDistance = order !== UNSORTED || request.withDist || request.storeDist;
  geoSearch.run(ref, area, request.any ? count : 0, withDistance);
  const found = count === 0 ? geoSearch.count : Math.min(count, geoSearch.count);
  if (order === UNSORTED) geoSearch.keepOrder();
  else geoSearch.sort(found, order === DESCENDING);
  if (storeIndex === 0) replyFound(c, found);
  else if (found === 0) storeNothing(c);
  else storeFound(c, kind, found);
  geoSearch.clear();
}

function replyFound(c: Client, found: number): void {
  const { geoSearch } = c.server.keyspace.values;
  const { withDist, withHash, withCoord, toMeters } = request;
  const options = (withDist ? 1 : 0) + (withHash ? 1 : 0) + (withCoord ? 1 : 0);
  const { cursor } = geoSearch;
  c.reply.addArray(found);
  for (let i = 0; i < found; i++) {
    const index = geoSearch.order[i];
    geoSearch.read(index);
    if (options > 0) c.reply.addArray(options + 1);
    c.reply.addBulk(cursor.buf, cursor.off, cursor.len);
    if (withDist) addDistance(c, geoSearch.distances[index] / toMeters);
    // Found in a range of geohashes, but another command may have given it a fraction.
    if (withHash) c.reply.addInteger(Math.floor(cursor.score));
    if (withCoord) {
      position.setScore(cursor.score);
      addPosition(c, position);
    }
  }
}

function storeNothing(c: Client): void {
  deleteDestination(c, request.storeIndex);
  c.reply.addInteger(0);
}

function storeFound(c: Client, kind: number, found: number): void {
  const { geoSearch, zsetAlgebra } = c.server.keyspace.values;
  const { builder } = zsetAlgebra;
  const { storeIndex, storeDist, toMeters } = request;
  const { cursor } = geoSearch;
  let made = 0;
  try {
    builder.begin();
    for (let i = 0; i < found; i++) {
      const index = geoSearch.order[i];
      geoSearch.read(index);
      const score = storeDist ? geoSearch.distances[index] / toMeters : cursor.score;
      builder.put(score, cursor.buf, cursor.off, cursor.len);
    }
    builder.finish();
    made = detachedZset(c, storeIndex);
  } finally {
    builder.clear();
  }
  publishResult(c, storeIndex, made);
  notify(c, NOTIFY_ZSET, kind === SEARCH_STORE ? "geosearchstore" : "georadiusstore", storeIndex);
  c.server.dirty += found;
  c.reply.addInteger(found);
}

// Arguments.

function parseOptionsOrReply(c: Client, kind: number, ref: number, first: number): boolean {
  for (let i = first; i < c.argc;) {
    const used = parseOption(c, kind, ref, i, c.argc - i - 1);
    if (used < 0) return false;
    if (used === 0) {
      c.reply.addError(SYNTAX_ERROR);
      return false;
    }
    i += used;
  }
  return true;
}

/**
 * Reads the option in argument `i`, with `left` arguments behind it. Returns how many it takes; 0 when it is none,
 * -1 after an error reply.
 */
function parseOption(c: Client, kind: number, ref: number, i: number, left: number): number {
  if (argIs(c, i, WITHDIST)) request.withDist = true;
  else if (argIs(c, i, WITHHASH)) request.withHash = true;
  else if (argIs(c, i, WITHCOORD)) request.withCoord = true;
  else if (argIs(c, i, ANY)) request.any = true;
  else if (argIs(c, i, ASC)) request.order = ASCENDING;
  else if (argIs(c, i, DESC)) request.order = DESCENDING;
  else if (argIs(c, i, COUNT) && left >= 1) return getCountOrReply(c, i + 1) ? 2 : -1;
  else if (kind === RADIUS) return parseStore(c, i, left);
  else if (kind === SEARCH_STORE && argIs(c, i, STOREDIST)) request.storeDist = true;
  else if (kind === SEARCH || kind === SEARCH_STORE) return parseArea(c, ref, i, left);
  else return 0;
  return 1;
}

/** Reads STORE or STOREDIST of the older commands; of several the last one counts. */
function parseStore(c: Client, i: number, left: number): number {
  const isDist = argIs(c, i, STOREDIST);
  if (left < 1 || !isDist && !argIs(c, i, STORE)) return 0;
  request.storeIndex = i + 1;
  request.storeDist = isDist;
  return 2;
}

/** Reads the centre or the shape. */
function parseArea(c: Client, ref: number, i: number, left: number): number {
  if (argIs(c, i, FROMMEMBER) && left >= 1 && !request.hasPosition) {
    request.hasMember = true;
    return ref === 0 || getMemberOrReply(c, ref, i + 1) ? 2 : -1;
  }
  if (argIs(c, i, FROMLONLAT) && left >= 2 && !request.hasMember) {
    request.hasPosition = true;
    return getCentreOrReply(c, i + 1) ? 3 : -1;
  }
  if (argIs(c, i, BYRADIUS) && left >= 2 && !request.hasBox) {
    request.hasRadius = true;
    return getCircleOrReply(c, i + 1) ? 3 : -1;
  }
  if (argIs(c, i, BYBOX) && left >= 3 && !request.hasRadius) {
    request.hasBox = true;
    return getBoxOrReply(c, i + 1) ? 4 : -1;
  }
  return 0;
}

function checkOptionsOrReply(c: Client, kind: number): boolean {
  const { storeIndex, withDist, withHash, withCoord } = request;
  const isSearch = kind === SEARCH || kind === SEARCH_STORE;
  let error = "";
  if (storeIndex !== 0 && (withDist || withHash || withCoord)) {
    const name = kind === SEARCH_STORE ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
    error = `ERR ${name}${NOT_WITH_STORE}`;
  } else if (isSearch && !request.hasMember && !request.hasPosition) {
    const name = argString(c, 0);
    error = `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`;
  } else if (isSearch && !request.hasRadius && !request.hasBox) {
    error = `ERR exactly one of BYRADIUS and BYBOX can be specified for ${argString(c, 0)}`;
  } else if (request.any && request.count === 0) error = ANY_WITHOUT_COUNT;
  if (error === "") return true;
  c.reply.addError(error);
  return false;
}

function getCountOrReply(c: Client, index: number): boolean {
  const count = getIntegerOrReply(c, index);
  if (Number.isNaN(count)) return false;
  request.count = count;
  if (count > 0) return true;
  c.reply.addError(BAD_COUNT);
  return false;
}

function getCentreOrReply(c: Client, index: number): boolean {
  if (!getPositionOrReply(c, index, position)) return false;
  area.lon = position.lon;
  area.lat = position.lat;
  return true;
}

function getMemberOrReply(c: Client, ref: number, index: number): boolean {
  const { zsets } = c.server.keyspace.values;
  const { buf, off, len } = c.argv;
  if (!zsets.find(ref, buf, off[index], len[index])) {
    c.reply.addError(NO_MEMBER);
    return false;
  }
  position.setScore(zsets.score);
  area.lon = position.lon;
  area.lat = position.lat;
  return true;
}

function getCircleOrReply(c: Client, index: number): boolean {
  const radius = getRadiusOrReply(c, index);
  if (Number.isNaN(radius)) return false;
  const toMeters = getUnitOrReply(c, index + 1);
  if (Number.isNaN(toMeters)) return false;
  request.toMeters = toMeters;
  area.setCircle(radius, toMeters);
  return true;
}

function getBoxOrReply(c: Client, index: number): boolean {
  const width = getDoubleOrReply(c, index, BAD_WIDTH);
  if (Number.isNaN(width)) return false;
  const height = getDoubleOrReply(c, index + 1, BAD_HEIGHT);
  if (Number.isNaN(height)) return false;
  if (width < 0 || height < 0) {
    c.reply.addError(NEGATIVE_BOX);
    return false;
  }
  const toMeters = getUnitOrReply(c, index + 2);
  if (Number.isNaN(toMeters)) return false;
  request.toMeters = toMeters;
  area.setBox(width, height, toMeters);
  return true;
}

/** The keys of GEORADIUS and GEORADIUSBYMEMBER: the set, and the last key to store at. */
function radiusKeys(argv: Argv, keys: KeyList): void {
  const { buf, off, len, argc } = argv;
  let stored = 0;
  for (let i = 5; i + 1 < argc; i++) {
    const isStore = tokenEquals(buf, off[i], len[i], STORE) ||
      tokenEquals(buf, off[i], len[i], STOREDIST);
    if (isStore) stored = ++i;
  }
  keys.add(1, 0);
  if (stored !== 0) keys.add(stored, 0);
}

export const geoSearchCommands = geoSearchSpecs({
  georadius: georadiusCommand,
  georadiusRo: georadiusRoCommand,
  georadiusbymember: georadiusbymemberCommand,
  georadiusbymemberRo: georadiusbymemberRoCommand,
  geosearch: geosearchCommand,
  geosearchstore: geosearchstoreCommand,
  radiusKeys,
});
