/** core/base/geohash.ts: scores that redis-server gave, and the same bit by bit with BigInt. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cellScore,
  GEO_LAT_MAX,
  GEO_LAT_MIN,
  GEO_STEPS_MAX,
  geoDistance,
  geohashText,
  GeoPosition,
  geoScore,
  isGeoPosition,
} from "../../../core/base/geohash.ts";
import { Prng } from "../../../core/base/prng.ts";
import { randomInt, seed } from "../../support/gen.ts";

/** Positions, and what redis-server makes of them: score, position read back, text. */
const KNOWN: readonly (readonly [number, number, number, number, number, string])[] = [
  [13.361389, 38.115556, 3479099956230698, 13.361389338970184, 38.1155563954963, "sqc8b49rny0"],
  [15.087269, 37.502669, 3479447370796909, 15.087267458438873, 37.50266842333162, "sqdtr74hyu0"],
  [0, 0, 3377699720527872, 2.682209014892578e-6, 1.2673605809254695e-6, "s0000000000"],
];

const position = new GeoPosition();

function interleave(x: number, y: number): bigint {
  let bits = 0n;
  for (let i = 0; i < 27; i++) {
    bits |= BigInt(y >>> i & 1) << BigInt(2 * i) | BigInt(x >>> i & 1) << BigInt(2 * i + 1);
  }
  return bits;
}

test("positions that redis-server was asked for", () => {
  for (const [lon, lat, score, readLon, readLat, text] of KNOWN) {
    assert.equal(geoScore(lon, lat), score);
    position.setScore(score);
    assert.equal(position.lon, readLon);
    assert.equal(position.lat, readLat);
    assert.equal(geohashText(position.lon, position.lat), text);
  }
});

test("the ends of the axes", () => {
  assert.equal(geoScore(-180, GEO_LAT_MIN), 0);
  assert.equal(geoScore(180, GEO_LAT_MAX), 2 ** 53 + 2 ** 52);
  assert.equal(geoScore(180, GEO_LAT_MIN), 2 ** 53);
  position.setScore(2 ** 53 + 2 ** 52);
  assert.deepEqual([position.lon, position.lat], [180, GEO_LAT_MAX]);
  assert.equal(isGeoPosition(180, GEO_LAT_MAX), true);
  assert.equal(isGeoPosition(180.1, 0), false);
  assert.equal(isGeoPosition(0, 85.06), false);
  assert.equal(isGeoPosition(NaN, 0), false);
});

test("scores that are no geohashes are read as 64 bits", () => {
  // What GEOPOS of redis-server says about members that ZADD gave these scores.
  const known = [[-5, 180, 85.05112878], [1.5, -179.99999731779099, -85.05112497791825]];
  for (const [score, lon, lat] of known) {
    position.setScore(score);
    assert.ok(Math.abs(position.lon - lon) < 1e-9, `${score}: ${position.lon}`);
    assert.ok(Math.abs(position.lat - lat) < 1e-9, `${score}: ${position.lat}`);
  }
  for (const score of [Infinity, -Infinity, 1e300, -(2 ** 63), 2 ** 63]) {
    position.setScore(score);
    assert.ok(isGeoPosition(position.lon, position.lat), `${score}`);
  }
});

test("scores are the stripes, bit by bit", () => {
  const run = seed();
  const prng = new Prng(run);
  for (let i = 0; i < 20_000; i++) {
    const lon = prng.nextFloat() * 360 - 180;
    const lat = (prng.nextFloat() * 2 - 1) * GEO_LAT_MAX;
    const x = Math.floor((lon + 180) / 360 * 2 ** 26);
    const y = Math.floor((lat - GEO_LAT_MIN) / (GEO_LAT_MAX - GEO_LAT_MIN) * 2 ** 26);
    const score = geoScore(lon, lat);
    assert.equal(BigInt(score), interleave(x, y), `seed ${run}: ${lon},${lat}`);
    position.setScore(score);
    assert.ok(Math.abs(position.lon - lon) <= 360 / 2 ** 26, `seed ${run}: ${lon}`);
    assert.ok(Math.abs(position.lat - lat) <= 180 / 2 ** 26, `seed ${run}: ${lat}`);
    assert.equal(geoScore(position.lon, position.lat), score, `seed ${run}: ${lon},${lat}`);
  }
});

test("cells are ranges of scores", () => {
  const run = seed();
  const prng = new Prng(run);
  for (let i = 0; i < 2000; i++) {
    const steps = randomInt(prng, 1, GEO_STEPS_MAX);
    const x = prng.nextBelow(2 ** steps);
    const y = prng.nextBelow(2 ** steps);
    const bits = interleave(x, y) << BigInt(2 * (GEO_STEPS_MAX - steps));
    const size = 1n << BigInt(2 * (GEO_STEPS_MAX - steps));
    const where = `seed ${run}: ${x},${y} of ${steps}`;
    assert.equal(BigInt(cellScore(x, y, steps, false)), bits, where);
    assert.equal(BigInt(cellScore(x, y, steps, true)), bits + size, where);
  }
});

test("distances", () => {
  const [palermo, catania] = KNOWN;
  const distance = geoDistance(palermo[3], palermo[4], catania[3], catania[4]);
  assert.equal(distance.toFixed(4), "166274.1516");
  assert.equal(geoDistance(5, 5, 5, 5), 0);
  // On one meridian, a quarter of a great circle, and across the date line.
  assert.equal(geoDistance(7, 10, 7, 20).toFixed(3), "1112263.000");
  assert.equal(geoDistance(0, 0, 90, 0).toFixed(3), "10010367.000");
  assert.equal(geoDistance(179.5, 0, -179.5, 0).toFixed(6), geoDistance(0, 0, 1, 0).toFixed(6));
});
