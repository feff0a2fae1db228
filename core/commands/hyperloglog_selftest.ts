/**
 * PFSELFTEST: whether registers keep what is stored, whether both representations agree, and whether estimates
 * are as good as they should be. It takes about a second, during which nothing else happens, as in Redis.
 */
import { Prng } from "../base/prng.ts";
import { countSparse, SPARSE_FULL, SparseHll } from "../types/hll_sparse.ts";
import {
  countDense,
  denseRegister,
  estimate,
  HLL_DENSE_BYTES,
  HLL_REGISTERS,
  hllPlace,
  packDense,
  raiseDense,
} from "../types/hyperloglog.ts";
import type { Client } from "../server/client.ts";

const CYCLES = 1000;
const ELEMENTS = 10_000_000;
/** Expected standard error of an estimate; six times as much is an error. */
const STANDARD_ERROR: number = 1.04 / Math.sqrt(HLL_REGISTERS);
const ERRORS_MAX = 6;

export function pfselftestCommand(c: Client): void {
  const prng = new Prng(c.server.prng.nextU32());
  const bytesMax = c.server.keyspace.values.context.limits.hllSparseMaxBytes;
  const failure = testRegisters(prng) ?? testEstimates(prng, bytesMax);
  if (failure === null) c.reply.addOk();
  else c.reply.addError(`ERR TESTFAILED ${failure}`);
}

/** Stores random registers and reads them again. Returns what went wrong, or null. */
function testRegisters(prng: Prng): string | null {
  const dense = new Uint8Array(HLL_DENSE_BYTES);
  const registers = new Uint8Array(HLL_REGISTERS);
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    prng.fill(registers);
    for (let i = 0; i < HLL_REGISTERS; i++) registers[i] &= 63;
    packDense(registers, dense);
    for (let i = 0; i < HLL_REGISTERS; i++) {
      const got = denseRegister(dense, 0, i);
      if (got !== registers[i]) return `Register ${i} should be ${registers[i]} but is ${got}`;
    }
  }
  return null;
}

/** Adds elements to a dense and a sparse value, and looks at both now and then. Returns what went wrong, or null. */
function testEstimates(prng: Prng, bytesMax: number): string | null {
  const dense = new Uint8Array(HLL_DENSE_BYTES);
  const promoted = new Uint8Array(HLL_DENSE_BYTES);
  const sparse = new SparseHll();
  sparse.reset();
  let isSparse = true;
  const element = new Uint8Array(8);
  const words = new Uint32Array(element.buffer);
  const seed = prng.nextU32();
  words[1] = prng.nextU32();
  for (let count = 1, checkpoint = 1; count <= ELEMENTS; count++) {
    words[0] = count ^ seed;
    const place = hllPlace(element, 0, 8);
    raiseDense(dense, place >> 6, place & 63);
    if (isSparse && sparse.raise(place >> 6, place & 63, bytesMax) === SPARSE_FULL) {
      isSparse = false;
      sparse.toDense(promoted);
    }
    if (!isSparse) raiseDense(promoted, place >> 6, place & 63);
    if (count !== checkpoint) continue;
    if (!isSparse && count < bytesMax / 2) return "sparse encoding not used";
    if (isSparse) countSparse(sparse.buf, 0, sparse.len);
    else countDense(promoted, 0);
    const other = estimate();
    countDense(dense, 0);
    const estimated = estimate();
    if (estimated !== other) return "dense/sparse disagree";
    const error = Math.abs(estimated - count);
    // Two of the first ten elements may well share a register, which is one error.
    const errorMax = count === 10 ? 1 : Math.ceil(STANDARD_ERROR * ERRORS_MAX * count);
    if (error > errorMax) return `Too big error. card:${count} abserr:${error}`;
    checkpoint *= 10;
  }
  return null;
}
