/**
 * Dict: a hash table of entries, in the arena.
 *
 * Features: a miss touches one cache line and a hit two; it grows and shrinks by one bucket at a
 * time, so no operation ever pauses; iteration by cursor survives both; a random entry takes O(1);
 * 8.0 to 8.7 bytes of table per entry after insertions, smooth at every size.
 *
 * Bucket: 64 bytes, one cache line, 12 slots.
 *
 *     word   0        1        2        3        4 .. 15
 *          +--------+--------+--------+--------+--------------------------+
 *          | f f f f| f f f f| f f f f| child  | ref  ref  ref  ...  ref  |
 *          +--------+--------+--------+--------+--------------------------+
 *
 *     f      fingerprint of the slot: the top byte of the hash, 0 mapped to 1; 0 marks a free slot
 *     child  ref of one more bucket for those that did not fit, or 0
 *     ref    an entry (entry.ts)
 *
 * A probe compares four fingerprints at a time: with x = word ^ pattern, a zero byte of x is a match, and
 * (x - 0x01010101) & ~x & 0x80808080 has its bit set (Mycroft's trick; a higher byte may be a false
 * alarm, so a match is only a candidate). One candidate in 255 is wrong and costs a look at its key.
 *
 * Table: linear hashing (Litwin, 1980). There are n buckets. With full = the power of two at or below
 * n, an entry's bucket is hash mod 2*full if that is below n, otherwise hash mod full. To grow, bucket
 * n - full is split: the entries whose hash has the bit `full` move to the new bucket n. To shrink, the
 * last bucket is merged back. Each insertion above LOAD_MAX entries per bucket splits one bucket, each
 * removal below LOAD_MIN merges one. Merging reads no entry, the fingerprints are all it needs: ZPOPMIN takes 8 % less.
 * Whoever removes in the order of `scan`, as the expiry cycle does and clients do with SCAN and DEL, empties
 * one end of the hashes while the other is as full as ever. Merging by average load would then pile
 * up the rest in ever longer chains (sqrt(3n) entries when n keys are removed so). Therefore two buckets that
 * have more than MERGED_MAX entries together are left alone; `shrink` makes up for it when the rest is gone.
 * Why not two tables and a gradual move, as Redis does: at ten million keys the new table is a single
 * allocation of 64 MB and both exist for a while. Why not an extendible directory: it splits pages of
 * 64 buckets at a time (40 us instead of 1), and its load swings between 50 and 100 %.
 *
 * Buckets lie in chunks of 64 (4 KiB); a directory of chunk refs, 4 bytes for 64 buckets, finds them.
 * The first chunk grows from one bucket by doubling, so a small dict is small.
 *
 *     root   word 0 count   1 buckets   2 directory ref   3 its capacity   4 child buckets   5 depth
 *
 * Depth: no chain has more child buckets than that. It is what makes `random` fair, which draws among all
 * slots that a bucket may have.
 *
 * SCAN: a cursor is a hash prefix with its bits reversed, as in Redis (Pieter Noordhuis's reverse binary
 * iteration). A bucket stands for a range of reversed hashes, splitting halves the range and merging joins
 * two, and the cursor moves through the ranges upwards: what was there all the time is seen at least once.
 *
 * Accessors: a Dict object holds nothing that the root does not say. A database keeps one object for its
 * one root. Large hashes, sets and sorted sets are millions of roots and share one object, which `at` binds
 * to the root at hand. What is cached in the object is right as long as only that object changes the root:
 * no two objects may be bound to one root while either changes it.
 * Ownership: the dict owns root, directory, chunks and child buckets. Entries belong to the caller, who
 * allocates them before `insert` and frees them after `remove`.
 * Limits: 2^31 - 1 entries, 2^30 - 1 bytes of key.
 */
import { assert } from "../base/assert.ts";
import type { ReadonlyBytes } from "../base/bytes.ts";
import { hashBytes, reverseBits } from "../base/hash.ts";
import { LastView } from "../base/readonly_view.ts";
import type { Prng } from "../base/prng.ts";
import type { RefList } from "../base/ref_list.ts";
import { type Arena, ARENA_FULL, REF_OFFSET_MASK } from "../memory/arena.ts";
import { entryKeyEquals, entryKeyHash } from "./entry.ts";

// The layout, for dict_walk.ts too.
export const SLOTS = 12;
export const BUCKET_BYTES = 64;
export const CHILD_WORD = 3;
export const REFS_WORD = 4;
export const CHUNK_BUCKETS = 64;
/** Entries per bucket that make the table grow: 75 % of the slots. One bucket in eight to one in five has a child. */
const LOAD_MAX = 9;
/** Entries per bucket that make it shrink. */
const LOAD_MIN = 3;
/** Most entries of two buckets that may be merged: chains of four. */
const MERGED_MAX = 48;

/** How often `sample` looks for a slot that is taken, and how many buckets more it looks into. */
const SAMPLE_TRIES = 32;
const SAMPLE_BUCKETS = 64;

/** Most hashes that the touch functions take at once. */
export const TOUCH_MAX = 64;
/** A word of a small entry that may lie on the next cache line than its head. */
const ENTRY_TAIL_WORD = 9;

export const ROOT_BYTES = 24;
export const ROOT_COUNT = 0;
export const ROOT_BUCKETS = 1;
export const ROOT_DIRECTORY = 2;
const ROOT_DIRECTORY_CAP = 3;
const ROOT_CHILDREN = 4;
const ROOT_DEPTH = 5;

/** Longest chain that split and merge can take apart; see `gather`. */
const GATHER_MAX = 4096;

// What `gather` took out of a chain, with parts of their hashes. Dicts change one at a time.
const gatheredRefs = new Int32Array(GATHER_MAX);
const gatheredHashes = new Int32Array(GATHER_MAX);
const gatheredChildren = new Int32Array(GATHER_MAX);
/** Entries that `touchEntries` is about to read. */
const touchedRefs = new Int32Array(TOUCH_MAX);
const keys = new LastView();
let gatheredCount = 0;
let gatheredChildCount = 0;

export class Dict {
  /** Ref of the root block; only `at` and `create` change it. */
  root = 0;
  /** Where the last successful `find` found its entry. Valid until the next change. */
  foundBucket = 0;
  foundSlot = 0;
  // What the root says, at hand: number of buckets, the power of two at or below it, the directory.
  private n = 1;
  private full = 1;
  private directory = 0;
  /** What the touch functions read: stored so that the reads are not optimised away. */
  touched = 0;

  private readonly arena: Arena;
  private readonly k0: number;
  private readonly k1: number;

  /**
   * An empty dict whose hash is seeded with the two words; without `bound`, an object that `at` and `create`
   * are yet to bind. Throws ArenaFull.
   */
  constructor(arena: Arena, k0: number, k1: number, bound = true) {
    this.arena = arena;
    this.k0 = k0 | 0;
    this.k1 = k1 | 0;
    if (bound) this.create();
  }

  /** An object for any number of dicts with the same seed; nothing may be asked of it before `at`. */
  static attach(arena: Arena, k0: number, k1: number): Dict {
    return new Dict(arena, k0, k1, false);
  }

  /** Binds this object to a root. What `find` found before is forgotten. */
  at(root: number): this {
    this.root = root;
    const n = this.rootWord(ROOT_BUCKETS);
    this.n = n;
    this.full = 1 << (31 - Math.clz32(n));
    this.directory = this.rootWord(ROOT_DIRECTORY);
    return this;
  }

  /** Makes an empty dict, binds this object to it and returns its root. Throws ArenaFull. */
  create(): number {
    const { arena } = this;
    const chunk = arena.alloc(BUCKET_BYTES);
    const directory = allocOrFree(arena, 8, chunk, 0);
    this.root = allocOrFree(arena, ROOT_BYTES, chunk, directory);
    arena.fill(this.root, 0, ROOT_BYTES, 0);
    arena.fill(chunk, 0, BUCKET_BYTES, 0);
    arena.fill(directory, 0, 8, 0);
    arena.storeI32(directory, 0, chunk);
    this.setBuckets(1);
    this.setDirectory(directory);
    this.setRootWord(ROOT_DIRECTORY_CAP, 2);
    return this.root;
  }

  /** Number of entries. */
  get count(): number {
    return this.rootWord(ROOT_COUNT);
  }

  /** Number of buckets, without child buckets. */
  get buckets(): number {
    return this.n;
  }

  /** Number of child buckets. */
  get children(): number {
    return this.rootWord(ROOT_CHILDREN);
  }

  /** Bytes of the table: root, directory and buckets, without the entries. */
  get tableBytes(): number {
    return ROOT_BYTES + this.rootWord(ROOT_DIRECTORY_CAP) * 4 +
      (this.buckets + this.children) * BUCKET_BYTES;
  }

  /** Hash of a key, as `find` and `insert` want it. */
  hash(key: ReadonlyBytes, off: number, len: number): number {
    return hashBytes(keys.of(key), off, len, this.k0, this.k1);
  }

  /** Hash of an entry's key. */
  hashOf(ref: number): number {
    return entryKeyHash(this.arena, ref, this.k0, this.k1);
  }

  /** Ref of the entry with this key, or 0. Remembers where it is, for `replaceFound`, `removeFound`. */
  find(hash: number, key: ReadonlyBytes, off: number, len: number): number {
    const i32 = this.arena.i32;
    const pattern = Math.imul(fingerprint(hash), 0x01010101);
    let bucket = this.bucketAt(this.indexOf(hash));
    do {
      const words = i32[bucket >>> 27];
      const at = (bucket & REF_OFFSET_MASK) << 1;
      for (let w = 0; w < 3; w++) {
        const x = words[at + w] ^ pattern;
        let match = (x - 0x01010101) & ~x & 0x80808080;
        while (match !== 0) {
          const slot = (w << 2) + (31 - Math.clz32(match & -match) >>> 3);
          const ref = words[at + REFS_WORD + slot];
          if (ref !== 0 && entryKeyEquals(this.arena, ref, key, off, len)) {
            this.foundBucket = bucket;
            this.foundSlot = slot;
            return ref;
          }
          match &= match - 1;
        }
      }
      bucket = words[at + CHILD_WORD];
    } while (bucket !== 0);
    return 0;
  }

  /**
   * Reads a word of the bucket of each hash and does nothing with it: the misses overlap, and `find` is
   * quick afterwards. Each round of the loop is a handful of instructions, so that many fit into the
   * processor's window at once.
   */
  touchBuckets(hashes: Int32Array, count: number): void {
    const i32 = this.arena.i32;
    const { n, full, directory } = this;
    const chunks = i32[directory >>> 27];
    const at = (directory & REF_OFFSET_MASK) << 1;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      let index = hashes[i] & (full + full - 1);
      if (index >= n) index &= full - 1;
      const bucket = chunks[at + (index >>> 6)] + ((index & 63) << 3);
      sum ^= i32[bucket >>> 27][(bucket & REF_OFFSET_MASK) << 1];
    }
    this.touched = sum;
  }

  /**
   * The same for the entry that each hash most likely leads to, after `touchBuckets`. Two loops: the first
   * guesses wrong branches, and a wrong guess must not throw away the misses that the second waits for
   * (measured: 110 ns per key in one loop, 60 in two).
   */
  touchEntries(hashes: Int32Array, count: number): void {
    const i32 = this.arena.i32;
    for (let i = 0; i < count; i++) touchedRefs[i] = this.likelyRef(hashes[i]);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const ref = touchedRefs[i];
      const entry = i32[ref >>> 27];
      const head = (ref & REF_OFFSET_MASK) << 1;
      const tail = head + ENTRY_TAIL_WORD;
      sum ^= entry[head] ^ entry[tail < entry.length ? tail : head];
    }
    this.touched = sum;
  }

  /** Like `find`, for the entry with this very ref. False when it is not here. */
  findRef(hash: number, ref: number): boolean {
    const i32 = this.arena.i32;
    let bucket = this.bucketAt(this.indexOf(hash));
    do {
      const words = i32[bucket >>> 27];
      const at = (bucket & REF_OFFSET_MASK) << 1;
      for (let slot = 0; slot < SLOTS; slot++) {
        if (words[at + REFS_WORD + slot] !== ref) continue;
        this.foundBucket = bucket;
        this.foundSlot = slot;
        return true;
      }
      bucket = words[at + CHILD_WORD];
    } while (bucket !== 0);
    return false;
  }

  /** Whether what `find` found last is this entry, and still there. */
  isFound(ref: number): boolean {
    return this.word(this.foundBucket, REFS_WORD + this.foundSlot) === ref;
  }

  /** Adds an entry whose key is not here yet. Throws ArenaFull before anything changed. */
  insert(hash: number, ref: number): void {
    const count = this.count;
    if (count >= this.buckets * LOAD_MAX) this.split();
    let bucket = this.bucketAt(this.indexOf(hash));
    for (let depth = 1;; depth++) {
      const slot = this.freeSlot(bucket);
      if (slot >= 0) {
        this.storeSlot(bucket, slot, fingerprint(hash), ref);
        break;
      }
      const child = this.word(bucket, CHILD_WORD);
      bucket = child !== 0 ? child : this.addChild(bucket, depth);
    }
    this.setRootWord(ROOT_COUNT, count + 1);
  }

  /** Gives an empty table the size for so many entries, as far as memory allows. */
  reserve(entries: number): void {
    assert(this.count === 0, "only an empty table grows at once");
    while (this.n * LOAD_MAX < entries && this.appendBucket(this.n)) this.setBuckets(this.n + 1);
  }

  /** The entry that `find` found has moved to `ref`. */
  replaceFound(ref: number): void {
    this.arena.storeI32(this.foundBucket, (REFS_WORD + this.foundSlot) << 2, ref);
  }

  /** Takes the entry that `find` found out of the table. `hash` is its key's. */
  removeFound(hash: number): void {
    const bucket = this.foundBucket;
    this.storeSlot(bucket, this.foundSlot, 0, 0);
    const home = this.bucketAt(this.indexOf(hash));
    if (bucket !== home && this.isEmpty(bucket)) this.dropChild(home, bucket);
    const count = this.count - 1;
    this.setRootWord(ROOT_COUNT, count);
    if (count < this.buckets * LOAD_MIN && this.buckets > 1) this.merge();
  }

  /**
   * Appends the entries of the bucket at `cursor` to `out`. Returns the next cursor, an unsigned 32-bit
   * number, 0 at the end. See the design comment for what is guaranteed.
   */
  scan(cursor: number, out: RefList): number {
    const { n, full } = this;
    const level = 31 - Math.clz32(n);
    const index = this.indexOf(cursor);
    this.collect(this.bucketAt(index), out);
    const bits = index < n - full || index >= full ? level + 1 : level;
    const range = 2 ** (32 - bits);
    const next = (Math.floor(reverseBits(cursor) / range) + 1) * range;
    return next >= 2 ** 32 ? 0 : reverseBits(next);
  }

  /**
   * Merges up to `merges` buckets while there are fewer than LOAD_MIN entries per bucket: what removals could
   * not do. Returns whether more of it would help.
   */
  shrink(merges: number): boolean {
    while (this.n > 1 && this.count < this.n * LOAD_MIN) {
      if (merges-- <= 0) return true;
      if (!this.merge()) return false;
    }
    return false;
  }

  /** An entry chosen at random, each with the same chance; 0 when there is none. */
  random(prng: Prng): number {
    if (this.count === 0) return 0;
    const { n, full } = this;
    const slots = SLOTS * (this.children === 0 ? 1 : 1 + this.rootWord(ROOT_DEPTH));
    for (;;) {
      const index = prng.nextU32() & (full + full - 1);
      if (index >= n) continue;
      let slot = Math.floor(prng.nextU32() * slots / 2 ** 32);
      let bucket = this.bucketAt(index);
      for (; slot >= SLOTS && bucket !== 0; slot -= SLOTS) bucket = this.word(bucket, CHILD_WORD);
      if (bucket === 0) continue;
      const ref = this.word(bucket, REFS_WORD + slot);
      if (ref !== 0) return ref;
    }
  }

  /**
   * Appends up to `count` entries, none twice, from neighbouring slots that begin at a random one: a few for
   * the cache lines of one or two. Fewer when the table is nearly empty. Each entry has about the same chance; near a
   * child bucket it is a little less.
   */
  sample(prng: Prng, count: number, out: RefList): void {
    const until = out.length + Math.min(count, this.count);
    if (until === out.length) return;
    const { n } = this;
    // Beginning with a slot that is taken makes up for buckets that are fuller than others.
    let index = 0;
    let home = this.bucketAt(0);
    let start = 0;
    for (let tries = 0; tries < SAMPLE_TRIES; tries++) {
      const drawn = prng.nextU32() & (this.full + this.full - 1);
      if (drawn >= n) continue;
      index = drawn;
      home = this.bucketAt(index);
      start = this.randomSlot(prng, home);
      if (this.slotOf(home, start) !== 0) break;
    }
    this.collectSlots(home, start, SLOTS * GATHER_MAX, until, out);
    for (let i = 1; i < n && i <= SAMPLE_BUCKETS && out.length < until; i++) {
      index = index + 1 === n ? 0 : index + 1;
      this.collectSlots(this.bucketAt(index), 0, SLOTS * GATHER_MAX, until, out);
    }
    if (n <= SAMPLE_BUCKETS) this.collectSlots(home, 0, start, until, out);
  }

  /**
   * Takes the last bucket's entries out and appends them to `out`, dropping the bucket unless it is the
   * only one: how a large dict is emptied in slices.
   */
  popBucket(out: RefList): void {
    const last = this.buckets - 1;
    const bucket = this.bucketAt(last);
    const before = out.length;
    this.collect(bucket, out);
    this.freeChildren(bucket);
    this.clearBucket(bucket);
    this.setRootWord(ROOT_COUNT, this.count - (out.length - before));
    if (last > 0) this.removeLastBucket();
  }

  /** Frees the table. The entries are the caller's. */
  free(): void {
    for (let index = 0; index < this.buckets; index++) {
      this.freeChildren(this.bucketAt(index));
    }
    const { directory } = this;
    for (let chunk = (this.buckets - 1) >>> 6; chunk >= 0; chunk--) {
      this.arena.free(this.word(directory, chunk));
    }
    this.arena.free(directory);
    this.arena.free(this.root);
  }

  /** Throws unless every entry is where its hash says and the counts are right. */
  validateIntegrity(): void {
    let count = 0;
    let children = 0;
    for (let index = 0; index < this.buckets; index++) {
      let bucket = this.bucketAt(index);
      for (let depth = 0; bucket !== 0; depth++, bucket = this.word(bucket, CHILD_WORD)) {
        if (depth > 0) children++;
        assert(
          depth === 0 || depth <= this.rootWord(ROOT_DEPTH),
          "no chain is longer than it says",
        );
        assert(depth === 0 || !this.isEmpty(bucket), "a child bucket has an entry");
        for (let slot = 0; slot < SLOTS; slot++) {
          const ref = this.word(bucket, REFS_WORD + slot);
          const fp = (this.word(bucket, slot >> 2) >>> ((slot & 3) << 3)) & 255;
          assert((ref === 0) === (fp === 0), "a slot has a ref and a fingerprint or neither");
          if (ref === 0) continue;
          const hash = this.hashOf(ref);
          assert(fingerprint(hash) === fp, "the fingerprint is the key's");
          assert(this.indexOf(hash) === index, "an entry is in the bucket of its hash");
          count++;
        }
      }
    }
    assert(count === this.count, "the entries are counted");
    assert(children === this.children, "the child buckets are counted");
  }

  // Places.

  private word(ref: number, index: number): number {
    return this.arena.i32[ref >>> 27][((ref & REF_OFFSET_MASK) << 1) + index];
  }

  private rootWord(index: number): number {
    return this.word(this.root, index);
  }

  private setRootWord(index: number, value: number): void {
    this.arena.storeI32(this.root, index << 2, value);
  }

  private setBuckets(n: number): void {
    this.n = n;
    this.full = 1 << (31 - Math.clz32(n));
    this.setRootWord(ROOT_BUCKETS, n);
  }

  private setDirectory(ref: number): void {
    this.directory = ref;
    this.setRootWord(ROOT_DIRECTORY, ref);
  }

  /** Bucket number of a hash. */
  private indexOf(hash: number): number {
    const { full } = this;
    const index = hash & (full + full - 1);
    return index < this.n ? index : index & (full - 1);
  }

  /** Ref of a bucket. Chunks are contiguous, so it is the chunk's ref plus 8 words of 8 bytes each. */
  private bucketAt(index: number): number {
    return this.word(this.directory, index >>> 6) + ((index & 63) << 3);
  }

  /** First free slot of a bucket, or -1. The lowest match of Mycroft's trick is always a true one. */
  private freeSlot(bucket: number): number {
    for (let w = 0; w < 3; w++) {
      const x = this.word(bucket, w);
      const match = (x - 0x01010101) & ~x & 0x80808080;
      if (match !== 0) return (w << 2) + (31 - Math.clz32(match & -match) >>> 3);
    }
    return -1;
  }

  /** A place in the chain that begins at `home`, chosen at random. */
  private randomSlot(prng: Prng, home: number): number {
    let slots = SLOTS;
    let child = this.word(home, CHILD_WORD);
    for (; child !== 0; child = this.word(child, CHILD_WORD)) slots += SLOTS;
    return Math.floor(prng.nextU32() * slots / 2 ** 32);
  }

  /** The entry at a place of a chain, or 0. */
  private slotOf(bucket: number, place: number): number {
    for (; place >= SLOTS; place -= SLOTS) bucket = this.word(bucket, CHILD_WORD);
    return this.word(bucket, REFS_WORD + place);
  }

  /** Appends the entries at places [from, to) of a chain to `out` until that has `until`. */
  private collectSlots(home: number, from: number, to: number, until: number, out: RefList): void {
    let place = 0;
    for (let bucket = home; bucket !== 0 && place < to; bucket = this.word(bucket, CHILD_WORD)) {
      for (let slot = 0; slot < SLOTS && place < to; slot++, place++) {
        if (out.length >= until) return;
        const ref = place < from ? 0 : this.word(bucket, REFS_WORD + slot);
        if (ref !== 0) out.push(ref);
      }
    }
  }

  private isEmpty(bucket: number): boolean {
    return (this.word(bucket, 0) | this.word(bucket, 1) | this.word(bucket, 2)) === 0;
  }

  /** Entries in the bucket and its children. An empty chain has no children. */
  private chainCount(bucket: number): number {
    let count = 0;
    for (; bucket !== 0; bucket = this.word(bucket, CHILD_WORD)) {
      for (let slot = 0; slot < SLOTS; slot++) {
        if (this.word(bucket, REFS_WORD + slot) !== 0) count++;
      }
    }
    return count;
  }

  private storeSlot(bucket: number, slot: number, fp: number, ref: number): void {
    this.arena.storeU8(bucket, slot, fp);
    this.arena.storeI32(bucket, (REFS_WORD + slot) << 2, ref);
  }

  private clearBucket(bucket: number): void {
    this.arena.fill(bucket, 0, BUCKET_BYTES, 0);
  }

  private collect(bucket: number, out: RefList): void {
    for (; bucket !== 0; bucket = this.word(bucket, CHILD_WORD)) {
      for (let slot = 0; slot < SLOTS; slot++) {
        const ref = this.word(bucket, REFS_WORD + slot);
        if (ref !== 0) out.push(ref);
      }
    }
  }

  // Child buckets.

  /** The first entry of the home bucket with the hash's fingerprint, or 0. */
  private likelyRef(hash: number): number {
    const bucket = this.bucketAt(this.indexOf(hash));
    const words = this.arena.i32[bucket >>> 27];
    const at = (bucket & REF_OFFSET_MASK) << 1;
    const pattern = Math.imul(fingerprint(hash), 0x01010101);
    for (let w = 0; w < 3; w++) {
      const x = words[at + w] ^ pattern;
      const match = (x - 0x01010101) & ~x & 0x80808080;
      if (match !== 0) {
        return words[at + REFS_WORD + (w << 2) + (31 - Math.clz32(match & -match) >>> 3)];
      }
    }
    return 0;
  }

  /** Adds a child to the last bucket of a chain, which becomes its child number `depth`. */
  private addChild(bucket: number, depth: number): number {
    const child = this.arena.alloc(BUCKET_BYTES);
    this.clearBucket(child);
    this.arena.storeI32(bucket, CHILD_WORD << 2, child);
    const { children } = this;
    // Without children the depth is what it was when there were some.
    if (children === 0 || depth > this.rootWord(ROOT_DEPTH)) this.setRootWord(ROOT_DEPTH, depth);
    this.setRootWord(ROOT_CHILDREN, children + 1);
    return child;
  }

  /** Frees the children of a bucket; the bucket itself keeps pointing at them. */
  private freeChildren(bucket: number): void {
    let count = 0;
    for (let child = this.word(bucket, CHILD_WORD); child !== 0; count++) {
      const next = this.word(child, CHILD_WORD);
      this.arena.free(child);
      child = next;
    }
    this.setRootWord(ROOT_CHILDREN, this.children - count);
  }

  /** Takes an empty child out of the chain that begins at `home`. */
  private dropChild(home: number, child: number): void {
    let before = home;
    while (this.word(before, CHILD_WORD) !== child) before = this.word(before, CHILD_WORD);
    this.arena.storeI32(before, CHILD_WORD << 2, this.word(child, CHILD_WORD));
    this.arena.free(child);
    this.setRootWord(ROOT_CHILDREN, this.children - 1);
  }

  // Growth by one bucket, and the way back.

  /** Splits the next bucket in line. Throws ArenaFull before anything changed. */
  private split(): void {
    const n = this.buckets;
    const { full } = this;
    if (!this.appendBucket(n)) return;
    const source = this.bucketAt(n - full);
    const target = this.bucketAt(n);
    this.setBuckets(n + 1);
    this.gather(source);
    this.hashGathered();
    this.clearBucket(source);
    // Two chains never need more children than the one they came from, so nothing is allocated here.
    let used = this.refill(source, full, 0, 0);
    used = this.refill(target, full, full, used);
    this.freeGatheredChildren(used);
  }

  /** Merges the last bucket into the one it was split from, unless both are full or memory is short. */
  private merge(): boolean {
    const last = this.n - 1;
    const full = 1 << (31 - Math.clz32(last));
    const target = this.bucketAt(last - full);
    const source = this.bucketAt(last);
    const moving = this.chainCount(source);
    if (moving === 0) {
      this.removeLastBucket();
      return true;
    }
    if (moving + this.chainCount(target) > MERGED_MAX) return false;
    this.gather(source);
    this.gatherMore(target);
    // Two chains that become one need one child more than both had, at most.
    const needed = Math.ceil(gatheredCount / SLOTS) - 1;
    if (needed > gatheredChildCount && !this.gatherNewChild()) return false;
    this.clearBucket(target);
    this.clearBucket(source);
    this.freeGatheredChildren(this.refill(target, 0, 0, 0));
    this.removeLastBucket();
    return true;
  }

  /**
   * Puts the gathered entries whose hash has `hash & mask === bit` into the cleared bucket, taking
   * children from the gathered ones, `used` of which are taken already. Returns how many are now.
   */
  private refill(bucket: number, mask: number, bit: number, used: number): number {
    const first = used;
    let slot = 0;
    for (let i = 0; i < gatheredCount; i++) {
      const hash = gatheredHashes[i];
      if ((hash & mask) !== bit) continue;
      if (slot === SLOTS) {
        const child = gatheredChildren[used++];
        this.clearBucket(child);
        this.arena.storeI32(bucket, CHILD_WORD << 2, child);
        bucket = child;
        slot = 0;
      }
      this.storeSlot(bucket, slot++, fingerprint(hash), gatheredRefs[i]);
    }
    if (used - first > this.rootWord(ROOT_DEPTH)) this.setRootWord(ROOT_DEPTH, used - first);
    return used;
  }

  /** Notes the entries and the children of a chain, with hashes of which only the fingerprint is right. */
  private gather(bucket: number): void {
    gatheredCount = 0;
    gatheredChildCount = 0;
    this.gatherMore(bucket);
  }

  /** Adds another chain. */
  private gatherMore(home: number): void {
    for (let bucket = home; bucket !== 0; bucket = this.word(bucket, CHILD_WORD)) {
      if (bucket !== home) gatheredChildren[gatheredChildCount++] = bucket;
      const words = this.arena.i32[bucket >>> 27];
      const at = (bucket & REF_OFFSET_MASK) << 1;
      for (let slot = 0; slot < SLOTS; slot++) {
        const ref = words[at + REFS_WORD + slot];
        if (ref === 0) continue;
        assert(gatheredCount < GATHER_MAX, "a chain has at most 4,096 entries");
        gatheredHashes[gatheredCount] = words[at + (slot >> 2)] >>> ((slot & 3) << 3) << 24;
        gatheredRefs[gatheredCount++] = ref;
      }
    }
  }

  /** Computes the hashes of what is gathered. All entries are touched first: hashing one waits for no other. */
  private hashGathered(): void {
    const i32 = this.arena.i32;
    let sum = 0;
    for (let i = 0; i < gatheredCount; i++) {
      sum ^= i32[gatheredRefs[i] >>> 27][(gatheredRefs[i] & REF_OFFSET_MASK) << 1];
    }
    this.touched = sum;
    for (let i = 0; i < gatheredCount; i++) gatheredHashes[i] = this.hashOf(gatheredRefs[i]);
  }

  /** Adds a new child bucket to the gathered ones. False when memory is short. */
  private gatherNewChild(): boolean {
    try {
      gatheredChildren[gatheredChildCount] = this.arena.alloc(BUCKET_BYTES);
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      return false;
    }
    gatheredChildCount++;
    this.setRootWord(ROOT_CHILDREN, this.children + 1);
    return true;
  }

  private freeGatheredChildren(from: number): void {
    for (let i = from; i < gatheredChildCount; i++) this.arena.free(gatheredChildren[i]);
    this.setRootWord(ROOT_CHILDREN, this.children - (gatheredChildCount - from));
  }

  /** Makes room for bucket number `n`. False when memory is short: the table is then merely fuller. */
  private appendBucket(n: number): boolean {
    try {
      if (n < CHUNK_BUCKETS) this.growFirstChunk(n);
      else if ((n & (CHUNK_BUCKETS - 1)) === 0) this.addChunk(n >>> 6);
      return true;
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
      return false;
    }
  }

  private growFirstChunk(n: number): void {
    if ((n & (n - 1)) !== 0) return; // Its capacity is the power of two above n.
    const { directory } = this;
    const chunk = this.arena.realloc(this.word(directory, 0), 2 * n * BUCKET_BYTES);
    this.arena.fill(chunk, n * BUCKET_BYTES, n * BUCKET_BYTES, 0);
    this.arena.storeI32(directory, 0, chunk);
  }

  private addChunk(index: number): void {
    const cap = this.rootWord(ROOT_DIRECTORY_CAP);
    const bytes = CHUNK_BUCKETS * BUCKET_BYTES;
    if (index === cap) {
      const grown = this.arena.realloc(this.directory, cap * 8);
      this.setDirectory(grown);
      this.setRootWord(ROOT_DIRECTORY_CAP, cap * 2);
    }
    const chunk = this.arena.alloc(bytes);
    this.arena.fill(chunk, 0, bytes, 0);
    this.arena.storeI32(this.directory, index << 2, chunk);
  }

  /** Drops the last bucket, which is empty, and its chunk when that was its only one. */
  private removeLastBucket(): void {
    const n = this.buckets - 1;
    this.setBuckets(n);
    const { directory } = this;
    if (n >= CHUNK_BUCKETS) {
      if ((n & (CHUNK_BUCKETS - 1)) === 0) this.arena.free(this.word(directory, n >>> 6));
    } else if ((n & (n - 1)) === 0) {
      this.shrinkFirstChunk(directory, n * BUCKET_BYTES);
    }
  }

  /** Half of the first chunk suffices. A smaller block may not be had; then it stays as it is. */
  private shrinkFirstChunk(directory: number, bytes: number): void {
    try {
      this.arena.storeI32(directory, 0, this.arena.realloc(this.word(directory, 0), bytes));
    } catch (error) {
      if (error !== ARENA_FULL) throw error;
    }
  }
}

/** A new block; when there is none, frees two others (0: none) before it throws. */
function allocOrFree(arena: Arena, bytes: number, first: number, second: number): number {
  try {
    return arena.alloc(bytes);
  } catch (error) {
    arena.free(first);
    if (second !== 0) arena.free(second);
    throw error;
  }
}

/** The fingerprint of a hash: its top byte, 1 to 255. */
function fingerprint(hash: number): number {
  const top = hash >>> 24;
  return top === 0 ? 1 : top;
}
