/**
 * core/base/geo_area.ts: the frame leaves nothing out, the cells cover the area, and a position is judged the
 * same with and without its distance.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GEO_CELLS, GeoArea } from "../../../core/base/geo_area.ts";
import {
  GEO_LAT_MAX,
  GEO_STEPS_MAX,
  geoDistance,
  geoLatDistance,
  GeoPosition,
  geoScore,
  latStripe,
  lonStripe,
} from "../../../core/base/geohash.ts";
import { Prng } from "../../../core/base/prng.ts";
import { oneIn, pick, seed } from "../../support/gen.ts";

const RADII_M = [0, 0.1, 1, 50, 1000, 20_000, 300_000, 2e6, 6e6, 1.2e7, 3e7, Infinity];

/** An area of any kind anywhere, often near an edge of the map. */
function randomArea(prng: Prng, area: GeoArea): void {
  area.lon = pick(prng, [180, -180, 179.9999, 0, prng.nextFloat() * 360 - 180]);
  area.lat = pick(prng, [GEO_LAT_MAX, -GEO_LAT_MAX, 66, -80, prng.nextFloat() * 170 - 85]);
  const size = pick(prng, RADII_M) * (0.5 + prng.nextFloat());
  if (oneIn(prng, 2)) area.setCircle(size, 1);
  else area.setBox(size, pick(prng, RADII_M) * prng.nextFloat(), 1);
  area.cover();
}

/** A position near the centre, or far from it, as it is stored. */
function randomPosition(prng: Prng, area: GeoArea, out: GeoPosition): void {
  const spread = 10 ** (prng.nextFloat() * 9 - 6);
  let lon = area.lon + (prng.nextFloat() - 0.5) * spread;
  if (lon > 180) lon -= 360;
  if (lon < -180) lon += 360;
  const lat = area.lat + (prng.nextFloat() - 0.5) * spread;
  const clamp = (v: number, max: number) => Math.min(Math.max(v, -max), max);
  out.setScore(geoScore(clamp(lon, 180), clamp(lat, GEO_LAT_MAX)));
}

function isInside(area: GeoArea, lon: number, lat: number): boolean {
  if (!area.isBox) return !(geoDistance(area.lon, area.lat, lon, lat) > area.radiusM);
  return geoLatDistance(lat, area.lat) <= area.heightM / 2 &&
    geoDistance(lon, lat, area.lon, lat) <= area.widthM / 2;
}

test("what is inside is within the frame, and both judgements agree with the formulas", () => {
  const run = seed();
  const prng = new Prng(run);
  const area = new GeoArea();
  const at = new GeoPosition();
  let inside = 0;
  for (let round = 0; round < 3000; round++) {
    randomArea(prng, area);
    for (let i = 0; i < 40; i++) {
      randomPosition(prng, area, at);
      const { lon, lat } = at;
      const where = `seed ${run}, round ${round}: ${lon},${lat}`;
      const want = isInside(area, lon, lat);
      assert.equal(area.touches(lon, lat), want, where);
      assert.equal(area.contains(lon, lat), want, where);
      if (!want) continue;
      inside++;
      assert.equal(area.distanceM, geoDistance(area.lon, area.lat, lon, lat), where);
      const x = lonStripe(lon, GEO_STEPS_MAX);
      assert.ok(area.inFrame(x, latStripe(lat, GEO_STEPS_MAX)), where);
    }
  }
  assert.ok(inside > 10_000, `seed ${run}: ${inside} inside`);
});

test("the cells hold what is inside a circle away from the poles", () => {
  const run = seed();
  const prng = new Prng(run);
  const area = new GeoArea();
  const at = new GeoPosition();
  for (let round = 0; round < 3000; round++) {
    area.lon = prng.nextFloat() * 360 - 180;
    area.lat = prng.nextFloat() * 120 - 60;
    area.setCircle(10 ** (prng.nextFloat() * 5.5), 1);
    area.cover();
    for (let i = 0; i < 20; i++) {
      randomPosition(prng, area, at);
      if (!isInside(area, at.lon, at.lat)) continue;
      const x = lonStripe(at.lon, area.steps);
      const y = latStripe(at.lat, area.steps);
      let found = false;
      for (let cell = 0; cell < GEO_CELLS; cell++) {
        if (area.cellUsed[cell] === 0) continue;
        if (area.cellX[cell] === x && area.cellY[cell] === y) found = true;
      }
      assert.ok(found, `seed ${run}, round ${round}: ${at.lon},${at.lat}`);
    }
  }
});

test("cells that lie beyond the area are left out", () => {
  const area = new GeoArea();
  area.lon = 15;
  area.lat = 37;
  area.setCircle(10, 1);
  area.cover();
  assert.ok([...area.cellUsed].filter((used) => used === 1).length <= 4);
  area.setCircle(3e7, 1);
  area.cover();
  assert.equal(area.steps, 1);
  assert.deepEqual([...area.cellUsed], Array(GEO_CELLS).fill(1));
});
