/**
 * Searches against looking at every member: random areas over sets of both forms, spread over the map or packed
 * into a corner of it so that the walk has gaps to leave out. The order must be that of the cells, and of scores
 * and members within a cell.
 */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { latin1 } from "../../core/base/bytes.ts";
import { GEO_CELLS, GeoArea } from "../../core/base/geo_area.ts";
import {
  GEO_LAT_MAX,
  geoDistance,
  geoLatDistance,
  GeoPosition,
  geoScore,
} from "../../core/base/geohash.ts";
import { Prng } from "../../core/base/prng.ts";
import { Arena } from "../../core/memory/arena.ts";
import { GeoSearch } from "../../core/types/geo_search.ts";
import { makeMeta, TYPE_ZSET } from "../../core/types/object.ts";
import { ZSets } from "../../core/types/t_zset.ts";
import { TypeContext } from "../../core/types/type_context.ts";
import { oneIn, pick, randomInt, seed } from "../support/gen.ts";
import { toBytes } from "../support/resp_reply.ts";

const ENTRY_BYTES = 24;
const TWO_52 = 2 ** 52;

interface Point {
  member: string;
  score: number;
  lon: number;
  lat: number;
}

class Model {
  readonly prng: Prng;
  readonly zsets: ZSets;
  readonly search: GeoSearch;
  readonly area = new GeoArea();
  readonly ref: number;
  points: Point[] = [];

  constructor(n: number, limit: number) {
    const arena = new Arena({ segmentBytes: 64 * 1024 * 1024 });
    this.prng = new Prng(n);
    const context = new TypeContext(arena, this.prng, 1, 2);
    context.limits.zsetMaxListpackEntries = limit;
    this.zsets = new ZSets(context);
    this.search = new GeoSearch(this.zsets);
    this.ref = arena.alloc(ENTRY_BYTES);
    arena.fill(this.ref, 0, ENTRY_BYTES, 0);
    arena.storeI32(this.ref, 0, makeMeta(TYPE_ZSET, 0, 0));
    this.zsets.init(this.ref);
  }

  /** Adds members within a rectangle of degrees, some at one place, some at the map's edges. */
  fill(count: number, lon: number, lat: number, width: number, height: number): void {
    const { prng } = this;
    const at = new GeoPosition();
    let score = 0;
    for (let i = 0; i < count; i++) {
      const x = Math.min(lon + prng.nextFloat() * width, 180);
      const y = Math.min(lat + prng.nextFloat() * height, GEO_LAT_MAX);
      if (!oneIn(prng, 20)) score = geoScore(x, y);
      if (oneIn(prng, 200)) score = geoScore(pick(prng, [-180, 180]), pick(prng, [y, GEO_LAT_MAX]));
      const member = `m${this.points.length}`;
      const bytes = toBytes(member);
      this.zsets.add(this.ref, score, bytes, 0, bytes.length, 0);
      at.setScore(score);
      this.points.push({ member, score, lon: at.lon, lat: at.lat });
    }
  }

  /** What the search must find, in order. */
  expected(): Point[] {
    const { area } = this;
    const inside = this.points.filter(({ lon, lat }) => {
      if (!area.isBox) return !(geoDistance(area.lon, area.lat, lon, lat) > area.radiusM);
      return geoLatDistance(lat, area.lat) <= area.heightM / 2 &&
        geoDistance(lon, lat, area.lon, lat) <= area.widthM / 2;
    });
    inside.sort((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1));
    const found: Point[] = [];
    let last = 0;
    for (let cell = 0; cell < GEO_CELLS; cell++) {
      if (area.cellUsed[cell] === 0) continue;
      const [x, y] = [area.cellX[cell], area.cellY[cell]];
      if (last !== 0 && x === area.cellX[last] && y === area.cellY[last]) continue;
      last = cell;
      const size = 4 ** (26 - area.steps);
      const min = naiveCell(x, y) * size;
      found.push(...inside.filter(({ score }) => score >= min && score < min + size));
    }
    return found;
  }

  compare(limit: number, hint: string): number {
    const { area, search, prng } = this;
    area.cover();
    const withDistance = oneIn(prng, 2);
    search.run(this.ref, area, limit, withDistance);
    const want = this.expected();
    if (limit > 0) want.length = Math.min(want.length, limit);
    assert.equal(search.count, want.length, hint);
    for (let i = 0; i < search.count; i++) {
      search.read(i);
      const { buf, off, len } = search.cursor;
      assert.equal(latin1(buf, off, len), want[i].member, `${i}, ${hint}`);
      const { lon, lat } = want[i];
      const distance = withDistance ? geoDistance(area.lon, area.lat, lon, lat) : 0;
      assert.equal(search.distances[i], distance, `${i}, ${hint}`);
    }
    const { count } = search;
    search.clear();
    return count;
  }

  randomArea(lon: number, lat: number, width: number, height: number): void {
    const { area, prng } = this;
    area.lon = Math.min(lon + prng.nextFloat() * width, 180);
    area.lat = Math.min(lat + prng.nextFloat() * height, GEO_LAT_MAX);
    const extent = width * 111_000;
    const size = extent * 10 ** (-4 * prng.nextFloat());
    if (oneIn(prng, 2)) area.setCircle(size, 1);
    else area.setBox(size, extent * 10 ** (-4 * prng.nextFloat()), 1);
  }
}

/** The bits of two stripes, interleaved. */
function naiveCell(x: number, y: number): number {
  let sum = 0;
  for (let i = 0; i < 27; i++) sum += (x >>> i & 1) * 2 * 4 ** i + (y >>> i & 1) * 4 ** i;
  return sum;
}

function runRandom(
  n: number,
  count: number,
  limit: number,
  map: [number, number, number, number],
  rounds: number,
): void {
  const model = new Model(n, limit);
  model.fill(count, ...map);
  let found = 0;
  for (let round = 0; round < rounds; round++) {
    model.randomArea(...map);
    const most = oneIn(model.prng, 4) ? randomInt(model.prng, 1, 30) : 0;
    found += model.compare(most, `round ${round}, seed ${n}`);
  }
  assert.ok(found > rounds, `something is found, seed ${n}`);
}

describe("searches against looking at every member", () => {
  const n = seed();
  test("a small set", () => runRandom(n, 100, 128, [-180, -GEO_LAT_MAX, 360, 170.1], 1500));
  test("the whole map", () => runRandom(n + 1, 4000, 0, [-180, -GEO_LAT_MAX, 360, 170.1], 300));
  test("a town", () => runRandom(n + 2, 5000, 0, [13, 45, 0.5, 0.3], 200));
  test("at the date line and a pole", () => runRandom(n + 3, 5000, 0, [179, 80, 1, 5.05], 200));
  test("both sides of the date line", () => {
    const model = new Model(n + 4, 0);
    model.fill(2000, 179, 0, 1, 1);
    model.fill(2000, -180, 0, 1, 1);
    for (let round = 0; round < 200; round++) {
      model.randomArea(oneIn(model.prng, 2) ? 179 : -180, 0, 1, 1);
      model.compare(0, `round ${round}, seed ${n}`);
    }
  });
});

test("the order of results is by distance, members at one place as they were found", () => {
  const model = new Model(1, 0);
  model.fill(500, 10, 10, 1, 1);
  model.area.lon = 10.5;
  model.area.lat = 10.5;
  model.area.setCircle(50, 1000);
  model.area.cover();
  const { search } = model;
  search.run(model.ref, model.area, 0, true);
  assert.ok(search.count > 100);
  for (const isDescending of [false, true]) {
    search.sort(search.count, isDescending);
    for (let i = 1; i < search.count; i++) {
      const [a, b] = [search.order[i - 1], search.order[i]];
      const step = (search.distances[b] - search.distances[a]) * (isDescending ? -1 : 1);
      assert.ok(step > 0 || step === 0 && a < b);
    }
  }
  search.keepOrder();
  assert.deepEqual([...search.order.subarray(0, 5)], [0, 1, 2, 3, 4]);
  assert.ok(naiveCell(2 ** 26 - 1, 2 ** 26 - 1) === TWO_52 - 1);
});
