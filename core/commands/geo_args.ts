/**
 * What the geo commands' files share: positions, units and distances as arguments, numbers in replies, and
 * pieces of declarations.
 */
import { ascii } from "../base/bytes.ts";
import {
  FIXED_TEXT_LEN_MAX,
  fixedText,
  writeExact17,
  writeTenThousandths,
} from "../base/fixed_double.ts";
import { type GeoPosition, isGeoPosition } from "../base/geohash.ts";
import { argIs } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import type { ArgSpec } from "../server/command.ts";
import { getDoubleOrReply } from "./zset_args.ts";

const BAD_UNIT = "ERR unsupported unit provided. please use M, KM, FT, MI";
const BAD_RADIUS = "ERR need numeric radius";
const NEGATIVE_RADIUS = "ERR radius cannot be negative";
/** Digits of a refused position. */
const POSITION_DIGITS = 6;

const M = ascii("m");
const KM = ascii("km");
const FT = ascii("ft");
const MI = ascii("mi");

const text = new Uint8Array(FIXED_TEXT_LEN_MAX);

/** Reads longitude and latitude from two arguments. False after an error reply. */
export function getPositionOrReply(c: Client, index: number, out: GeoPosition): boolean {
  const lon = getDoubleOrReply(c, index);
  if (lon !== lon) return false;
  const lat = getDoubleOrReply(c, index + 1);
  if (lat !== lat) return false;
  out.lon = lon;
  out.lat = lat;
  if (isGeoPosition(lon, lat)) return true;
  const pair = `${fixedText(lon, POSITION_DIGITS)},${fixedText(lat, POSITION_DIGITS)}`;
  c.reply.addError(`ERR invalid longitude,latitude pair ${pair}`);
  return false;
}

/** Meters in the unit that an argument names. NaN after an error reply. */
export function getUnitOrReply(c: Client, index: number): number {
  if (argIs(c, index, M)) return 1;
  if (argIs(c, index, KM)) return 1000;
  if (argIs(c, index, FT)) return 0.3048;
  if (argIs(c, index, MI)) return 1609.34;
  c.reply.addError(BAD_UNIT);
  return NaN;
}

/** A distance that is not negative. NaN after an error reply. */
export function getRadiusOrReply(c: Client, index: number): number {
  const radius = getDoubleOrReply(c, index, BAD_RADIUS);
  if (!(radius < 0)) return radius;
  c.reply.addError(NEGATIVE_RADIUS);
  return NaN;
}

/** Replies a distance: a bulk string in both protocols. */
export function addDistance(c: Client, distance: number): void {
  c.reply.addBulk(text, 0, writeTenThousandths(text, 0, distance));
}

/** Replies a position: an array of two numbers. */
export function addPosition(c: Client, position: GeoPosition): void {
  c.reply.addArray(2);
  c.reply.addDoubleText(text, 0, writeExact17(text, 0, position.lon));
  c.reply.addDoubleText(text, 0, writeExact17(text, 0, position.lat));
}

// Declarations.

export const UNIT_ARG: ArgSpec = {
  name: "unit",
  type: "oneof",
  args: [
    { name: "m", type: "pure-token", token: "m" },
    { name: "km", type: "pure-token", token: "km" },
    { name: "ft", type: "pure-token", token: "ft" },
    { name: "mi", type: "pure-token", token: "mi" },
  ],
};
export const LON_LAT_ARGS: ArgSpec[] = [
  { name: "longitude", type: "double" },
  { name: "latitude", type: "double" },
];
