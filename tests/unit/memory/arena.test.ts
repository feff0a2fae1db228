import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ascii, latin1 } from "../../../core/base/bytes.ts";
import {
  Arena,
  ARENA_FULL,
  ArenaFull,
  REF_OFFSET_MASK,
  refOffset,
  SEGMENT_BYTES_MAX,
} from "../../../core/memory/arena.ts";

const MIB = 1 << 20;

function small(segmentsMax = 2): Arena {
  return new Arena({ segmentBytes: MIB, segmentsMax, poison: true });
}

/** The first `len` bytes of a block as a string. */
function read(arena: Arena, ref: number, len: number): string {
  return latin1(arena.u8[ref >>> 27], refOffset(ref), len);
}

function isFull(error: unknown): boolean {
  return error === ARENA_FULL && error instanceof ArenaFull;
}

describe("blocks", () => {
  test("are aligned to 8 bytes, never null, and as large as they say", () => {
    const arena = small();
    for (const size of [1, 7, 8, 9, 1000, 1024, 1025, 16384, 16385, 100_000]) {
      const ref = arena.alloc(size);
      assert.notEqual(ref, 0);
      assert.ok(arena.usable(ref) >= size, `size ${size}`);
      assert.equal(arena.usable(ref), Arena.blockBytes(size), `size ${size}`);
    }
    arena.validateIntegrity();
  });

  test("are accounted for exactly", () => {
    const arena = small();
    const sizes = [1, 8, 24, 1000, 2000, 20_000, 4096 * 5];
    const refs = sizes.map((size) => arena.alloc(size));
    const sum = sizes.reduce((total, size) => total + Arena.blockBytes(size), 0);
    assert.equal(arena.usedBytes, sum);
    assert.equal(arena.peakBytes, sum);
    assert.equal(arena.liveBlocks, sizes.length);
    assert.deepEqual([...arena.liveRefs!].sort(), [...refs].sort());
    for (const ref of refs) arena.free(ref);
    assert.equal(arena.usedBytes, 0);
    assert.equal(arena.liveBlocks, 0);
    assert.equal(arena.peakBytes, sum);
    arena.validateIntegrity();
  });

  test("go where others were freed", () => {
    const arena = small();
    const refs = Array.from({ length: 1000 }, () => arena.alloc(40));
    const committed = arena.committedBytes;
    for (let round = 0; round < 20; round++) {
      for (let i = round % 3; i < refs.length; i += 3) arena.free(refs[i]);
      for (let i = round % 3; i < refs.length; i += 3) refs[i] = arena.alloc(40);
    }
    assert.equal(arena.committedBytes, committed);
  });

  test("give their run back for other sizes when all are freed", () => {
    const arena = small(1);
    const fillWith = (size: number): number[] => {
      const refs: number[] = [];
      try {
        for (;;) refs.push(arena.alloc(size));
      } catch (error) {
        assert.ok(isFull(error));
      }
      return refs;
    };
    for (const size of [16, 128, 1024, 16384, 65536, 16]) {
      const refs = fillWith(size);
      assert.ok(refs.length * Arena.blockBytes(size) > 0.8 * MIB, `size ${size} fills a segment`);
      for (const ref of refs) arena.free(ref);
      arena.validateIntegrity();
      // At most one run stays for each size that was in use.
      assert.ok(arena.committedBytes <= 4096 + 6 * 65536, `size ${size} leaves little behind`);
    }
  });
});

describe("a full arena", () => {
  test("throws ArenaFull and changes nothing", () => {
    const arena = small(1);
    const kept = arena.alloc(100);
    arena.copyIn(kept, 0, ascii("kept"), 0, 4);
    const refs: number[] = [];
    assert.throws(() => {
      for (;;) refs.push(arena.alloc(30_000));
    }, isFull);
    const { usedBytes, liveBlocks, committedBytes, headroomBytes } = arena;
    const last = refs[refs.length - 1];
    for (
      const attempt of [
        () => arena.alloc(200_000),
        () => arena.alloc(2 * SEGMENT_BYTES_MAX),
        () => arena.alloc(2 ** 45),
        () => arena.realloc(last, 500_000),
        () => arena.realloc(kept, 500_000),
      ]
    ) {
      assert.throws(attempt, isFull);
      assert.deepEqual(
        { usedBytes, liveBlocks, committedBytes, headroomBytes },
        {
          usedBytes: arena.usedBytes,
          liveBlocks: arena.liveBlocks,
          committedBytes: arena.committedBytes,
          headroomBytes: arena.headroomBytes,
        },
      );
      arena.validateIntegrity();
    }
    assert.equal(read(arena, kept, 4), "kept");
    arena.free(last);
    arena.free(arena.alloc(30_000));
  });

  test("says before how much room there is", () => {
    const arena = small(2);
    assert.equal(arena.headroomBytes, 2 * MIB - 4096);
    const ref = arena.alloc(100_000);
    assert.equal(arena.headroomBytes, 2 * MIB - 4096 - Arena.blockBytes(100_000));
    arena.free(ref);
    assert.equal(arena.headroomBytes, 2 * MIB - 4096);
  });
});

describe("segments", () => {
  test("are opened when the others are full", () => {
    const arena = small(4);
    const refs: number[] = [];
    while (arena.segmentCount < 4) refs.push(arena.alloc(50_000));
    assert.deepEqual([...new Set(refs.map((ref) => ref >>> 27))], [0, 1, 2, 3]);
    for (const ref of refs) arena.free(ref);
    assert.equal(arena.committedBytes, 4096);
    assert.equal(arena.alloc(50_000) >>> 27, 0, "the first one is used first");
  });

  test("are longer for a block that needs it", () => {
    const arena = small(3);
    const ref = arena.alloc(5 * MIB + 1);
    assert.equal(ref >>> 27, 1);
    assert.equal(arena.buffers[1].byteLength, 5 * MIB + 65536);
    arena.fill(ref, 0, 5 * MIB + 1, 0x61);
    assert.equal(read(arena, ref, 3), "aaa");
    assert.equal(arena.u8[1][refOffset(ref) + 5 * MIB], 0x61);
    arena.free(ref);
    arena.validateIntegrity();
    assert.equal(arena.usedBytes, 0);
  });

  test("reach up to 1 GiB, at the last ref there is", () => {
    const arena = new Arena({ segmentsMax: 2 });
    const all = arena.alloc(SEGMENT_BYTES_MAX);
    assert.equal(all >>> 27, 1);
    arena.storeU8(all, SEGMENT_BYTES_MAX - 1, 7);
    assert.equal(arena.u8[1][SEGMENT_BYTES_MAX - 1], 7);
    arena.free(all);
    const refs = Array.from({ length: 4 }, () => arena.alloc(SEGMENT_BYTES_MAX / 4 - 4096));
    for (const ref of refs) arena.storeI32(ref, 0, ref);
    for (const ref of refs) assert.equal(arena.i32[ref >>> 27][(ref & REF_OFFSET_MASK) << 1], ref);
    arena.validateIntegrity();
  });
});

describe("realloc", () => {
  test("keeps the block where its class has room", () => {
    const arena = small();
    const ref = arena.alloc(33);
    assert.equal(arena.realloc(ref, 40), ref);
    assert.notEqual(arena.realloc(ref, 41), ref);
  });

  test("grows and shrinks a large block where it lies", () => {
    const arena = small();
    const ref = arena.alloc(20_000);
    arena.copyIn(ref, 0, ascii("front"), 0, 5);
    assert.equal(arena.realloc(ref, 400_000), ref);
    assert.equal(arena.usedBytes, Arena.blockBytes(400_000));
    assert.equal(arena.peakBytes, Arena.blockBytes(400_000));
    assert.equal(arena.realloc(ref, 30_000), ref);
    assert.equal(arena.usedBytes, Arena.blockBytes(30_000));
    assert.equal(arena.committedBytes, 4096 + Arena.blockBytes(30_000));
    assert.equal(read(arena, ref, 5), "front");
    arena.validateIntegrity();
  });

  test("moves the contents where it can't", () => {
    const arena = small();
    for (const [from, to] of [[8, 5000], [5000, 8], [100, 50_000], [50_000, 100]]) {
      const ref = arena.alloc(from);
      arena.copyIn(ref, 0, ascii("contents"), 0, 8);
      const moved = arena.realloc(ref, to);
      assert.notEqual(moved, ref);
      assert.equal(read(arena, moved, 8), "contents");
      arena.free(moved);
    }
    const blocked = arena.alloc(20_000);
    arena.alloc(20_000);
    arena.copyIn(blocked, 19_992, ascii("contents"), 0, 8);
    const moved = arena.realloc(blocked, 60_000);
    assert.notEqual(moved, blocked);
    assert.equal(latin1(arena.u8[0], refOffset(moved) + 19_992, 8), "contents");
    assert.equal(arena.liveBlocks, 2);
  });
});

describe("poison", () => {
  const writes: [string, (arena: Arena, ref: number) => void][] = [
    ["storeU8", (arena, ref) => arena.storeU8(ref, 9, 1)],
    ["storeI32", (arena, ref) => arena.storeI32(ref, 12, 1)],
    ["storeF64", (arena, ref) => arena.storeF64(ref, 8, 1)],
    ["copyIn", (arena, ref) => arena.copyIn(ref, 5, ascii("x"), 0, 1)],
    ["fill", (arena, ref) => arena.fill(ref, 20, 4, 0)],
  ];
  for (const [name, write] of writes) {
    for (const size of [24, 2000, 20_000]) {
      test(`notices ${name} into a freed block of ${size} bytes`, () => {
        const arena = small();
        const [other, ref] = [arena.alloc(size), arena.alloc(size)];
        arena.free(ref);
        write(arena, ref);
        assert.throws(() => arena.alloc(size), /written after it is freed/);
        assert.notEqual(other, 0);
      });
    }
  }

  test("notices a store behind the new end of a block that shrank", () => {
    const arena = small();
    const ref = arena.alloc(50_000);
    arena.realloc(ref, 20_000);
    arena.storeU8(ref, 40_000, 1);
    assert.throws(() => arena.realloc(ref, 50_000), /written after it is freed/);
  });

  test("notices a store into a run that was closed", () => {
    const arena = small();
    const refs = Array.from({ length: 200 }, () => arena.alloc(1000));
    for (const ref of refs) arena.free(ref);
    arena.storeU8(refs[0], 500, 1);
    assert.throws(() => {
      for (let i = 0; i < 50; i++) arena.alloc(60_000);
    }, /written after it is freed/);
  });

  test("notices a block that is freed twice, before anything changes", () => {
    for (const size of [24, 2000, 20_000]) {
      const arena = small();
      const [ref, other] = [arena.alloc(size), arena.alloc(size)];
      arena.free(ref);
      assert.throws(() => arena.free(ref), /freed, and once/, `size ${size}`);
      arena.validateIntegrity();
      assert.equal(arena.usedBytes, Arena.blockBytes(size));
      arena.free(other);
      assert.throws(() => arena.free(other), /freed, and once/, `size ${size}`);
      assert.throws(() => arena.free(other + 1), /freed, and once/, `size ${size}`);
    }
  });

  test("is not needed to notice a large block that is freed twice", () => {
    const arena = new Arena({ segmentBytes: MIB });
    const refs = [arena.alloc(20_000), arena.alloc(20_000), arena.alloc(20_000)];
    arena.free(refs[0]);
    arena.free(refs[1]);
    assert.throws(() => arena.free(refs[1]), /begins a used extent/);
    assert.equal(arena.liveRefs, null);
  });
});

test("every writer stores what it says", () => {
  const arena = small();
  const ref = arena.alloc(64);
  arena.fill(ref, 0, 64, 0x2e);
  arena.copyIn(ref, 1, ascii("xabcx"), 1, 3);
  arena.storeU8(ref, 5, 0x1f0 + 0x51);
  arena.storeI32(ref, 8, -2);
  arena.storeF64(ref, 16, Math.PI);
  arena.move(ref, 26, 24, 30);
  arena.copyBlock(ref, 60, ref, 1, 3);
  assert.equal(read(arena, ref, 8), ".abc.A..");
  const word = refOffset(ref) >> 2;
  assert.equal(arena.i32[ref >>> 27][word + 2], -2);
  assert.equal(arena.f64[ref >>> 27][(word >> 1) + 2], Math.PI);
  assert.equal(latin1(arena.u8[0], refOffset(ref) + 60, 4), "abc.");
  arena.copyIn(ref, 30, ascii("0123456789"), 0, 10);
  arena.move(ref, 33, 30, 10);
  assert.equal(latin1(arena.u8[0], refOffset(ref) + 30, 13), "0120123456789");
  arena.move(ref, 30, 33, 10);
  assert.equal(latin1(arena.u8[0], refOffset(ref) + 30, 13), "0123456789789");
});
