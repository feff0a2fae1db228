/**
 * ZsetScan: going through a sorted set with ZSCAN. See ScanSource.
 */
import { GENERAL_TEXT_LEN_MAX, writeGeneral } from "../base/general_double.ts";
import { RefList } from "../base/ref_list.ts";
import type { Arena } from "../memory/arena.ts";
import { ListpackValue } from "../structures/listpack_entry.ts";
import { type ScanSource, scanTable } from "./scan_source.ts";
import { ByteRange } from "./t_string.ts";
import type { ZSets } from "./t_zset.ts";
import { ZsetCursor } from "./zset_cursor.ts";
import { zlReadScore } from "./zset_listpack.ts";

/** Digits of a score of a large set: C's "%.17g", unlike everywhere else. */
const DIGITS = 17;

const scoreText = new Uint8Array(GENERAL_TEXT_LEN_MAX);
const scoreValue = new ListpackValue();

export class ZsetScan implements ScanSource {
  /** See ScanSource. What belongs to a member is the text of its score. */
  readonly scanned = new ByteRange();
  readonly scannedPair = new ByteRange();

  private readonly arena: Arena;
  private readonly zsets: ZSets;
  /** Where the pairs of the batch are, and how many of them were told. */
  private readonly places = new RefList();
  private at = 0;
  private readonly cursor = new ZsetCursor();

  constructor(arena: Arena, zsets: ZSets) {
    this.arena = arena;
    this.zsets = zsets;
  }

  beginScan(ref: number, cursor: number, count: number): number {
    const { zsets, cursor: pair, places } = this;
    places.clear();
    this.at = 0;
    zsets.seekFirst(ref, pair);
    const table = zsets.tableOf(ref);
    if (table !== null) return scanTable(table, cursor, count, places);
    for (; pair.at !== 0; zsets.next(pair)) places.push(pair.at);
    return 0;
  }

  rewindScan(): void {
    this.at = 0;
  }

  nextScanned(): boolean {
    const { cursor, places, scanned, scannedPair } = this;
    if (this.at === places.length) return false;
    cursor.at = places.refs[this.at++];
    this.zsets.read(cursor);
    scanned.set(cursor.buf, cursor.off, cursor.len);
    if (cursor.isSmall) {
      zlReadScore(this.arena, cursor.block, cursor.at, scoreValue);
      scoreValue.toText();
      scannedPair.set(scoreValue.buf, scoreValue.off, scoreValue.len);
    } else scannedPair.set(scoreText, 0, writeGeneral(scoreText, 0, cursor.score, DIGITS));
    return true;
  }
}
