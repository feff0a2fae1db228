/**
 * RdbFileSource: the bytes of a file for an RdbReader, a megabyte at a time, and the checksum of those it has read.
 *
 * The buffer grows only for a string that is longer, and never beyond what the file still has.
 */
import { copyBytes } from "../core/base/bytes.ts";
import { Crc64 } from "../core/base/crc64.ts";
import type { DiskFile } from "./disk.ts";
import type { RdbReader, RdbSource } from "./rdb_format.ts";

const BUFFER_BYTES: number = 1 << 20;

export class RdbFileSource implements RdbSource {
  /** Bytes of the file that the reader hasn't been given yet. */
  remaining: number;
  /** Bytes of the file. */
  readonly size: number;
  readonly crc = new Crc64();
  /** rdbchecksum: whether the checksum is computed. */
  checksum = true;

  private readonly file: DiskFile;
  private readonly reader: RdbReader;
  private buf = new Uint8Array(BUFFER_BYTES);
  /** Up to where in `buf` the checksum goes. */
  private summed = 0;

  /** Makes the reader read the file, from where it is. */
  constructor(file: DiskFile, reader: RdbReader, size: number) {
    this.file = file;
    this.reader = reader;
    this.size = size;
    this.remaining = size;
    reader.reset(this.buf, 0, 0);
    reader.source = this;
  }

  /** How far in the file the reader is. */
  get offset(): number {
    return this.size - this.reader.left;
  }

  fill(reader: RdbReader, needed: number): boolean {
    const kept = reader.end - reader.pos;
    if (needed - kept > this.remaining) return false;
    this.sum(reader.pos);
    const wanted = needed > BUFFER_BYTES ? needed : BUFFER_BYTES;
    const to = wanted === this.buf.length ? this.buf : new Uint8Array(wanted);
    if (to === this.buf) to.copyWithin(0, reader.pos, reader.end);
    else copyBytes(to, 0, this.buf, reader.pos, kept);
    let end = kept;
    while (end < to.length && this.remaining > 0) {
      const got = this.file.read(to, end, to.length - end);
      if (got === 0) this.remaining = 0; // Somebody cut the file meanwhile.
      else this.remaining = Math.max(0, this.remaining - got);
      end += got;
    }
    this.buf = to;
    this.summed = 0;
    reader.buf = to;
    reader.pos = 0;
    reader.end = end;
    return end >= needed;
  }

  /** Brings the checksum up to where the reader is. */
  finishSum(): void {
    this.sum(this.reader.pos);
  }

  private sum(to: number): void {
    if (this.checksum) this.crc.update(this.buf, this.summed, to - this.summed);
    this.summed = to;
  }
}
