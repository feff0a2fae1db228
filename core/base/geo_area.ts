/**
 * GeoArea: a circle or a box on the globe, and the geohash cells that cover it.
 *
 * The cells are nine neighbours of one size with the centre in the middle one, large enough to hold the area;
 * those that lie beyond it are left out. Their size, which ones, and their order are Redis's, because members
 * are found, and without sorting told, in this order:
 *
 *     6 north west    1 north     5 north east
 *     4 west          0 centre    3 east
 *     8 south west    2 south     7 south east
 *
 * Nine cells are at least three times as wide and high as the area is across its half, so most of what they hold is
 * outside. Therefore there is also a frame: the stripes of 2^26 (geohash.ts) between which everything inside
 * lies for certain, with a stripe to spare on each side. Comparing stripes takes a few integer operations
 * where the distance takes four trigonometric functions.
 *
 * Whether a position is inside is decided by Redis's formulas in Redis's order. The distance can be left out:
 * the haversine of the radius is known, and only what is very near to it needs the arc sine.
 */
import {
  arcSine,
  EARTH_RADIUS_M,
  GEO_LAT_MAX,
  GEO_STEPS_MAX,
  geoDistance,
  geoLatDistance,
  latOfStripe,
  latStripe,
  lonOfStripe,
  lonStripe,
  RADIANS_PER_DEGREE,
  sine,
} from "./geohash.ts";

export const GEO_CELLS = 9;

/** Where each cell is, seen from the centre: steps to the east and to the north. */
const EAST = [0, 0, 0, 1, -1, 1, -1, 1, -1];
const NORTH = [0, 1, -1, 0, 0, 1, 1, -1, -1];

/** Half the circumference of the Mercator projection, in meters. */
const MERCATOR_MAX_M = 20037726.37;
/** Latitudes from which on cells are too narrow, and by how many sizes. */
const POLAR_LAT = 66;
const HIGH_POLAR_LAT = 80;
const STRIPES = 2 ** GEO_STEPS_MAX;
const STRIPE_MASK: number = STRIPES - 1;
/** Sines of longitudes beyond this are too near to the pole to tell a bound. */
const SINE_MAX = 0.999;
/** How far a haversine may be from the radius's and yet be on the other side of it. */
const HAVERSINE_MARGIN = 1e-9;

export class GeoArea {
  /** The centre, in degrees. */
  lon = 0.5;
  lat = 0.5;
  /** A box, or a circle. */
  isBox = false;
  /** Of a circle; of a box; in meters. */
  radiusM = 0.5;
  widthM = 0.5;
  heightM = 0.5;

  // The cells, after `cover`.
  /** There are 2^steps stripes of cells each way. */
  steps = 0;
  readonly cellX = new Int32Array(GEO_CELLS);
  readonly cellY = new Int32Array(GEO_CELLS);
  /** 1 for a cell that is searched. */
  readonly cellUsed = new Uint8Array(GEO_CELLS);

  // The frame, after `cover`: the first stripe of longitude and how many more; stripes of latitude from one to another.
  frameX = 0;
  frameSpan = 0;
  frameBottom = 0;
  frameTop = 0;

  /** Distance of the position that `contains` accepted last, in meters. */
  distanceM = 0.5;

  private minLon = 0.5;
  private maxLon = 0.5;
  private minLat = 0.5;
  private maxLat = 0.5;
  private latRadians = 0.5;
  private lonRadians = 0.5;
  private latCosine = 0.5;
  private haversineLow = 0.5;
  private haversineHigh = 0.5;
  private isOnMeridian = false;

  /** Becomes a circle. The radius is in units of `toMeters`. */
  setCircle(radius: number, toMeters: number): void {
    this.isBox = false;
    this.radiusM = radius * toMeters;
  }

  /** Becomes a box. */
  setBox(width: number, height: number, toMeters: number): void {
    this.isBox = true;
    this.widthM = width * toMeters;
    this.heightM = height * toMeters;
    this.radiusM = Math.sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2)) * toMeters;
  }

  /** Works out cells and frame. The centre and the size are set. */
  cover(): void {
    this.latRadians = this.lat * RADIANS_PER_DEGREE;
    this.lonRadians = this.lon * RADIANS_PER_DEGREE;
    this.latCosine = Math.cos(this.latRadians);
    this.setBounds();
    this.chooseCells();
    this.setFrame();
    const sine = Math.sin(Math.min(this.radiusM / EARTH_RADIUS_M / 2, Math.PI / 2));
    this.haversineLow = sine * sine * (1 - HAVERSINE_MARGIN) - Number.MIN_VALUE;
    this.haversineHigh = sine * sine * (1 + HAVERSINE_MARGIN) + Number.MIN_VALUE;
  }

  /** Whether stripes are within the frame. What is not is outside. */
  inFrame(x: number, y: number): boolean {
    return ((x - this.frameX) & STRIPE_MASK) <= this.frameSpan && y >= this.frameBottom &&
      y <= this.frameTop;
  }

  /** Whether a position is inside; `distanceM` is then how far from the centre. */
  contains(lon: number, lat: number): boolean {
    if (this.isBox && !this.boxContains(lon, lat)) return false;
    const a = this.haversine(lon, lat);
    if (!this.isBox && a > this.haversineHigh) return false;
    // On the centre's meridian the formula is a simpler one.
    this.distanceM = this.isOnMeridian
      ? geoLatDistance(this.lat, lat)
      : 2 * EARTH_RADIUS_M * arcSine(Math.sqrt(a));
    return this.isBox || !(this.distanceM > this.radiusM);
  }

  /** Whether a position is inside, when nobody asks for the distance. */
  touches(lon: number, lat: number): boolean {
    if (this.isBox) return this.boxContains(lon, lat);
    const a = this.haversine(lon, lat);
    if (a > this.haversineHigh) return false;
    return a < this.haversineLow || this.contains(lon, lat);
  }

  private boxContains(lon: number, lat: number): boolean {
    return !(geoLatDistance(lat, this.lat) > this.heightM / 2) &&
      !(geoDistance(lon, lat, this.lon, lat) > this.widthM / 2);
  }

  /** The haversine of the angle between a position and the centre. */
  private haversine(lon: number, lat: number): number {
    const v = sine((lon * RADIANS_PER_DEGREE - this.lonRadians) / 2);
    const latRadians = lat * RADIANS_PER_DEGREE;
    const u = sine((latRadians - this.latRadians) / 2);
    this.isOnMeridian = v === 0;
    return u * u + this.latCosine * Math.cos(latRadians) * v * v;
  }

  /** The rectangle of degrees around the area, as Redis has it: narrower than the truth in places. */
  private setBounds(): void {
    const height = this.isBox ? this.heightM / 2 : this.radiusM;
    const width = this.isBox ? this.widthM / 2 : this.radiusM;
    const latDelta = height / EARTH_RADIUS_M / RADIANS_PER_DEGREE;
    // The side that is nearer to the pole is the wider one in degrees.
    const widest = this.lat < 0 ? this.lat - latDelta : this.lat + latDelta;
    const lonDelta = width / EARTH_RADIUS_M / Math.cos(widest * RADIANS_PER_DEGREE) /
      RADIANS_PER_DEGREE;
    this.minLon = this.lon - lonDelta;
    this.maxLon = this.lon + lonDelta;
    this.minLat = this.lat - latDelta;
    this.maxLat = this.lat + latDelta;
  }

  private chooseCells(): void {
    this.steps = estimateSteps(this.radiusM, this.lat);
    this.placeCells();
    if (this.steps > 1 && !this.cellsReach()) {
      this.steps--;
      this.placeCells();
    }
    this.cellUsed.fill(1);
    if (this.steps < 2) return;
    const x = this.cellX[0];
    const y = this.cellY[0];
    const leaveSouth = latOfStripe(y, this.steps) < this.minLat;
    const leaveNorth = latOfStripe(y + 1, this.steps) > this.maxLat;
    const leaveWest = lonOfStripe(x, this.steps) < this.minLon;
    const leaveEast = lonOfStripe(x + 1, this.steps) > this.maxLon;
    for (let i = 1; i < GEO_CELLS; i++) {
      const isLeft = leaveSouth && NORTH[i] < 0 || leaveNorth && NORTH[i] > 0 ||
        leaveWest && EAST[i] < 0 || leaveEast && EAST[i] > 0;
      if (isLeft) this.cellUsed[i] = 0;
    }
  }

  /** Sets the cells around the centre. Neighbours wrap at the ends; the centre may be one beyond. */
  private placeCells(): void {
    const { cellX, cellY, steps } = this;
    const x = lonStripe(this.lon, steps);
    const y = latStripe(this.lat, steps);
    const mask = (1 << steps) - 1;
    for (let i = 0; i < GEO_CELLS; i++) {
      cellX[i] = EAST[i] === 0 ? x : (x + EAST[i]) & mask;
      cellY[i] = NORTH[i] === 0 ? y : (y + NORTH[i]) & mask;
    }
  }

  /** Whether the outer cells reach as far as the bounds. */
  private cellsReach(): boolean {
    const { cellX, cellY, steps } = this;
    return !(latOfStripe(cellY[1] + 1, steps) < this.maxLat) &&
      !(latOfStripe(cellY[2], steps) > this.minLat) &&
      !(lonOfStripe(cellX[3] + 1, steps) < this.maxLon) &&
      !(lonOfStripe(cellX[4], steps) > this.minLon);
  }

  private setFrame(): void {
    const half = this.isBox ? this.heightM / 2 : this.radiusM;
    const latDelta = half / EARTH_RADIUS_M / RADIANS_PER_DEGREE;
    const south = this.lat - latDelta;
    const north = this.lat + latDelta;
    this.frameBottom = Math.max(0, latStripe(Math.max(south, -GEO_LAT_MAX), GEO_STEPS_MAX) - 1);
    this.frameTop = latStripe(Math.min(north, GEO_LAT_MAX), GEO_STEPS_MAX) + 1;
    const lonDelta = this.lonReach(Math.max(Math.abs(south), Math.abs(north)));
    if (!(lonDelta < 179)) {
      this.frameX = 0;
      this.frameSpan = STRIPE_MASK;
      return;
    }
    const first = lonStripe(this.lon - lonDelta, GEO_STEPS_MAX) - 1;
    this.frameX = first & STRIPE_MASK;
    this.frameSpan = lonStripe(this.lon + lonDelta, GEO_STEPS_MAX) + 1 - first;
  }

  /** How many degrees of longitude the area reaches at most, 180 if it may be all of them. */
  private lonReach(latMax: number): number {
    if (this.isBox) {
      const angle = Math.min(this.widthM / 4 / EARTH_RADIUS_M, Math.PI / 2);
      const lat = Math.min(latMax, GEO_LAT_MAX) * RADIANS_PER_DEGREE;
      const sine = Math.sin(angle) / Math.cos(lat);
      return sine < SINE_MAX ? 2 * Math.asin(sine) / RADIANS_PER_DEGREE : 180;
    }
    if (latMax >= 90) return 180;
    const sine = Math.sin(this.radiusM / EARTH_RADIUS_M) / this.latCosine;
    return sine < SINE_MAX ? Math.asin(sine) / RADIANS_PER_DEGREE : 180;
  }
}

/** Into how many stripes, as a power of two, the axes are cut for a radius. */
function estimateSteps(radiusM: number, lat: number): number {
  if (radiusM === 0) return GEO_STEPS_MAX;
  let steps = 1;
  for (let range = radiusM; range < MERCATOR_MAX_M; range *= 2) steps++;
  steps -= 2;
  if (lat > POLAR_LAT || lat < -POLAR_LAT) steps--;
  if (lat > HIGH_POLAR_LAT || lat < -HIGH_POLAR_LAT) steps--;
  return Math.min(Math.max(steps, 1), GEO_STEPS_MAX);
}
