/**
 * Room: knowing before the first change that the last one will have memory.
 *
 * A command that changes one key allocates first and replaces afterwards, and running out of memory leaves
 * the key as it was. A command that changes many can't undo the first when the last one fails, so it
 * asks for the room of all of them beforehand. The sum of the free pages is no answer, as they
 * may lie in pieces of which none is large enough. One stretch of free pages as long as everything that will be
 * allocated is: whatever the order, the rest of the stretch always holds the next piece. So a stretch
 * is taken and given back, which touches none of its bytes.
 */
import { type Arena, ARENA_FULL, SEGMENT_BYTES_MAX } from "../memory/arena.ts";
import { PAGE_BYTES } from "../memory/extents.ts";
import { CLASS_COUNT, RUN_BYTES } from "../memory/size_classes.ts";
import type { Db } from "./db.ts";
import type { Keyspace } from "./keyspace.ts";

/** What a string may take beyond its key and value: head, length, alignment, at worst a child bucket. */
const PER_STRING_BYTES = 112;
/** log2 of the table's bytes per byte of room: the dict's directory may be copied as it doubles. */
const DIRECTORY_SHIFT = 7;
/** Classes that strings of equal lengths may use: as an integer, inline, with a block; each its neighbour. */
const CLASSES_OF_ONE = 8;
/** Runs that the dict may open: buckets, their chunk, the directory. */
const DICT_RUNS = 3;
/** Longest stretch asked for in one piece. The longest string takes half of it. */
const STRETCH_BYTES_MAX: number = SEGMENT_BYTES_MAX - RUN_BYTES;
/** What each of several such stretches is good for: at its end a string may not fit any more. */
const STRETCH_BYTES_USABLE: number = STRETCH_BYTES_MAX - 513 * 1024 * 1024;

/**
 * Throws ArenaFull, before anything has changed, unless strings can be set in `db` whose keys and values have
 * the lengths in places [from, to) of `lens`, by turns. Strings longer than 512 MB may still run out of
 * memory later.
 */
export function assureRoomForStrings(
  keyspace: Keyspace,
  db: Db,
  lens: Int32Array,
  from: number,
  to: number,
): void {
  let bytes = 0;
  let keyLenMin = lens[from];
  let keyLenMax = keyLenMin;
  let lenMin = keyLenMin + lens[from + 1];
  let lenMax = lenMin;
  for (let i = from; i < to; i += 2) {
    const keyLen = lens[i];
    const len = keyLen + lens[i + 1];
    bytes += len;
    if (keyLen < keyLenMin) keyLenMin = keyLen;
    else if (keyLen > keyLenMax) keyLenMax = keyLen;
    if (len < lenMin) lenMin = len;
    else if (len > lenMax) lenMax = len;
  }
  // A run may have to be begun for every size class in use, and lengths that are near share classes: the
  // class of an entry follows from the key's length alone or both lengths, that of a value from its own.
  const classes = ((keyLenMax - keyLenMin + lenMax - lenMin) >>> 2) + CLASSES_OF_ONE;
  const runs = Math.min(classes, CLASS_COUNT, to - from) + DICT_RUNS;
  // A quarter more for what size classes and pages round up.
  const needed = bytes * 1.25 + ((to - from) >>> 1) * PER_STRING_BYTES + runs * RUN_BYTES +
    db.keys.tableBytes / (1 << DIRECTORY_SHIFT);
  if (hasRoom(keyspace.arena, needed)) return;
  keyspace.lazyFree.drain();
  if (!hasRoom(keyspace.arena, needed)) throw ARENA_FULL;
}

function hasRoom(arena: Arena, bytes: number): boolean {
  if (bytes <= STRETCH_BYTES_USABLE) return hasStretches(arena, 1, bytes);
  return hasStretches(arena, Math.ceil(bytes / STRETCH_BYTES_USABLE), STRETCH_BYTES_MAX);
}

/** Whether there are `count` stretches of free pages, each of `bytes` bytes. */
function hasStretches(arena: Arena, count: number, bytes: number): boolean {
  let stretch = 0;
  try {
    stretch = arena.allocPages(Math.ceil(bytes / PAGE_BYTES));
  } catch (error) {
    if (error !== ARENA_FULL) throw error;
    return false;
  }
  const found = count === 1 || hasStretches(arena, count - 1, bytes);
  arena.freePages(stretch);
  return found;
}
