/**
 * Geo commands: those that name members. The searches are in geo_search.ts and gathered here.
 *
 * Positions are the scores of a sorted set (base/geohash.ts).
 */
import { ascii } from "../base/bytes.ts";
import { geoDistance, geohashText, GeoPosition, geoScore } from "../base/geohash.ts";
import { TYPE_ZSET } from "../types/object.ts";
import { ADD_NX, ADD_XX } from "../types/t_zset.ts";
import { argIs, isTypeOrReply, SYNTAX_ERROR } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import {
  type CommandSpec,
  DENYOOM,
  type Handler,
  KEY_ACCESS,
  KEY_RO,
  KEY_RW,
  KEY_UPDATE,
  READONLY,
  WRITE,
} from "../server/command.ts";
import {
  addDistance,
  addPosition,
  getPositionOrReply,
  getUnitOrReply,
  LON_LAT_ARGS,
  UNIT_ARG,
} from "./geo_args.ts";
import { geoSearchCommands } from "./geo_search.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";
import { addMembers, COUNT_CHANGED } from "./zset.ts";
import { MEMBER_ARG } from "./zset_args.ts";

const NX = ascii("nx");
const XX = ascii("xx");
const CH = ascii("ch");

const position = new GeoPosition();
const otherPosition = new GeoPosition();
/** The scores of a request: all are worked out before the first one is used. */
let scores = new Float64Array(64);

function geoaddCommand(c: Client): void {
  let first = 2;
  let flags = 0;
  for (; first < c.argc; first++) {
    if (argIs(c, first, NX)) flags |= ADD_NX;
    else if (argIs(c, first, XX)) flags |= ADD_XX;
    else if (argIs(c, first, CH)) flags |= COUNT_CHANGED;
    else break;
  }
  const count = Math.floor((c.argc - first) / 3);
  const isBoth = (flags & ADD_NX) !== 0 && (flags & ADD_XX) !== 0;
  if ((c.argc - first) % 3 !== 0 || count === 0 || isBoth) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  if (count > scores.length) scores = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    if (!getPositionOrReply(c, first + 3 * i, position)) return;
    scores[i] = geoScore(position.lon, position.lat);
  }
  const { dirty, propagation } = c.server;
  addMembers(c, flags, scores, first + 2, 3, count);
  if (propagation.isOn && c.server.dirty > dirty) propagateScores(c, first, count);
}

/** GEOADD is propagated as a ZADD of the scores. */
function propagateScores(c: Client, first: number, count: number): void {
  const { propagation } = c.server;
  propagation.instead(c, first + 2 * count);
  propagation.text("zadd");
  propagation.args(c, 1, first);
  for (let i = 0; i < count; i++) {
    propagation.integer(scores[i]);
    propagation.arg(c, first + 3 * i + 2);
  }
}

function geoposCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  c.reply.addArray(c.argc - 2);
  for (let i = 2; i < c.argc; i++) {
    if (findPosition(c, ref, i, position)) addPosition(c, position);
    else c.reply.addNullArray();
  }
}

function geohashCommand(c: Client): void {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  c.reply.addArray(c.argc - 2);
  for (let i = 2; i < c.argc; i++) {
    if (findPosition(c, ref, i, position)) {
      c.reply.addBulkString(geohashText(position.lon, position.lat));
    } else c.reply.addNull();
  }
}

function geodistCommand(c: Client): void {
  if (c.argc > 5) {
    c.reply.addError(SYNTAX_ERROR);
    return;
  }
  const meters = c.argc === 5 ? getUnitOrReply(c, 4) : 1;
  if (Number.isNaN(meters)) return;
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  const ref = keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (!isTypeOrReply(c, ref, TYPE_ZSET)) return;
  if (!findPosition(c, ref, 2, position) || !findPosition(c, ref, 3, otherPosition)) {
    c.reply.addNull();
    return;
  }
  const { lon, lat } = position;
  addDistance(c, geoDistance(lon, lat, otherPosition.lon, otherPosition.lat) / meters);
}

/** Reads the position of the member in argument `index`. False when there is none; `ref` may be 0. */
function findPosition(c: Client, ref: number, index: number, out: GeoPosition): boolean {
  const { zsets } = c.server.keyspace.values;
  const { buf, off, len } = c.argv;
  if (ref === 0 || !zsets.find(ref, buf, off[index], len[index])) return false;
  out.setScore(zsets.score);
  return true;
}

const addCommands: CommandSpec[] = [
  {
    name: "geoadd",
    arity: -5,
    flags: WRITE | DENYOOM,
    categories: ["geo"],
    since: "3.2.0",
    group: "geo",
    complexity: "O(log(N)) per member, N being the size of the sorted set",
    summary: "Adds members with a position each, or moves them.",
    history: [["6.2.0", "Takes `CH`, `NX` and `XX`."]],
    keys: oneKey(KEY_RW | KEY_UPDATE),
    args: [
      KEY_ARG,
      {
        name: "condition",
        type: "oneof",
        since: "6.2.0",
        optional: true,
        args: [
          { name: "nx", type: "pure-token", token: "NX" },
          { name: "xx", type: "pure-token", token: "XX" },
        ],
      },
      { name: "change", type: "pure-token", token: "CH", since: "6.2.0", optional: true },
      { name: "data", type: "block", multiple: true, args: [...LON_LAT_ARGS, MEMBER_ARG] },
    ],
    handler: geoaddCommand,
  },
];

const readCommands: CommandSpec[] = [
  {
    name: "geodist",
    arity: -4,
    flags: READONLY,
    categories: ["geo"],
    since: "3.2.0",
    group: "geo",
    complexity: "O(1)",
    summary: "Returns how far two members are from each other.",
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [
      KEY_ARG,
      { name: "member1", type: "string" },
      { name: "member2", type: "string" },
      { ...UNIT_ARG, optional: true },
    ],
    handler: geodistCommand,
  },
  membersSpec("geohash", "Returns the positions of members as geohash texts.", geohashCommand),
  membersSpec("geopos", "Returns the positions of members in degrees.", geoposCommand),
];

function membersSpec(name: string, summary: string, handler: Handler): CommandSpec {
  return {
    name,
    arity: -2,
    flags: READONLY,
    categories: ["geo"],
    since: "3.2.0",
    group: "geo",
    complexity: "O(1) per member",
    summary,
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, { ...MEMBER_ARG, optional: true, multiple: true }],
    handler,
  };
}

/** The whole group. */
export const geoCommands: CommandSpec[] = [...addCommands, ...readCommands, ...geoSearchCommands];
