/**
 * SetScan: going through a set with SSCAN. See ScanSource.
 */
import { RefList } from "../base/ref_list.ts";
import { type ScanSource, scanTable } from "./scan_source.ts";
import type { Sets } from "./t_set.ts";
import { ByteRange } from "./t_string.ts";

export class SetScan implements ScanSource {
  /** See ScanSource. Members have nothing that belongs to them. */
  readonly scanned = new ByteRange();
  readonly scannedPair = new ByteRange();

  private readonly sets: Sets;
  /** The set, the places of the batch, and how many of them were told. */
  private ref = 0;
  private readonly places = new RefList();
  private at = 0;

  constructor(sets: Sets) {
    this.sets = sets;
  }

  beginScan(ref: number, cursor: number, count: number): number {
    const { sets, places } = this;
    places.clear();
    this.ref = ref;
    this.at = 0;
    const table = sets.tableOf(ref);
    if (table !== null) return scanTable(table, cursor, count, places);
    sets.places(ref, places);
    return 0;
  }

  rewindScan(): void {
    this.at = 0;
  }

  nextScanned(): boolean {
    if (this.at === this.places.length) return false;
    this.sets.readPlace(this.ref, this.places.refs[this.at++], this.scanned);
    return true;
  }
}
