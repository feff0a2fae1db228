/**
 * A disk in memory that fails as disks do, for tests.
 *
 * It knows for each file what has been synced, and for each directory which names have. `crash` gives the disk as
 * a power cut may leave it: of what wasn't synced, some of each file's bytes, in order, the last of them
 * perhaps torn, and some of the changes of names, in order. Paths are as they are given; there are no links.
 *
 *     crashAt      the operation (counted in `operations`) at which `Crash` is thrown, before it is done
 *     freeBytes    writes beyond it fail with ENOSPC, having written what fits
 *     failSync     syncs fail with EIO
 *
 * What is done later waits for `finishLater`; a crash before may find it done or not.
 */
import type { Prng } from "../core/base/prng.ts";
import { dirOf, type Disk, DiskError, type DiskFile } from "./disk.ts";

/** Thrown at the operation at which the disk was to crash, and at every one after it. */
export class Crash extends Error {
  override name = "Crash";
}

/** A file's bytes, and those that are safe. */
class Inode {
  readonly isDir: boolean;
  bytes = new Uint8Array(0);
  len = 0;
  synced: Uint8Array = new Uint8Array(0);

  constructor(isDir = false) {
    this.isDir = isDir;
  }

  append(buf: Uint8Array, off: number, len: number, at: number): void {
    if (at + len > this.bytes.length) {
      const grown = new Uint8Array((at + len) * 2);
      grown.set(this.bytes.subarray(0, this.len));
      this.bytes = grown;
    }
    this.bytes.set(buf.subarray(off, off + len), at);
    this.len = Math.max(this.len, at + len);
  }

  content(): Uint8Array {
    return this.bytes.slice(0, this.len);
  }
}

/** A change of a name: what it stands for from now on, null: nothing. */
interface NameChange {
  readonly path: string;
  readonly inode: Inode | null;
}

export class MemoryDisk implements Disk {
  /** Operations so far; reading is none. */
  operations = 0;
  crashAt = Infinity;
  freeBytes = Infinity;
  failSync = false;

  private readonly names = new Map<string, Inode>();
  private readonly syncedNames = new Map<string, Inode>();
  /** Changes of names since their directory was synced. A rename is one step, hence the lists. */
  private changes: NameChange[][] = [];
  private later: (() => void)[] = [];

  openRead(path: string): DiskFile {
    return new MemoryFile(this, this.find(path), 0, false);
  }

  create(path: string): DiskFile {
    this.step();
    const inode = this.names.get(path) ?? new Inode();
    inode.len = 0;
    this.change([{ path, inode }]);
    return new MemoryFile(this, inode, 0, true);
  }

  openAppend(path: string): DiskFile {
    this.step();
    const inode = this.names.get(path) ?? new Inode();
    if (!this.names.has(path)) this.change([{ path, inode }]);
    return new MemoryFile(this, inode, inode.len, true);
  }

  rename(from: string, to: string): void {
    this.step();
    this.change([{ path: to, inode: this.find(from) }, { path: from, inode: null }]);
  }

  remove(path: string): void {
    this.step();
    this.find(path);
    this.change([{ path, inode: null }]);
  }

  removeLater(path: string): void {
    this.later.push(() => {
      if (this.names.has(path)) this.remove(path);
    });
  }

  size(path: string): number {
    return this.find(path).len;
  }

  /** Does what was to be done later. */
  finishLater(): void {
    for (const action of this.later.splice(0)) action();
  }

  /** Keeps something for `finishLater`. */
  addLater(action: () => void): void {
    this.later.push(action);
  }

  exists(path: string): boolean {
    return this.names.has(path);
  }

  list(dir: string): string[] {
    const found = [...this.names].filter(([path, inode]) => dirOf(path) === dir && !inode.isDir)
      .map(([path]) => path);
    return found.map((path) => path.slice(path.lastIndexOf("/") + 1));
  }

  makeDir(dir: string): void {
    this.step();
    if (this.names.has(dir)) throw new DiskError("EEXIST", "File exists");
    this.change([{ path: dir, inode: new Inode(true) }]);
  }

  syncDir(dir: string): void {
    this.sync();
    const isHere = (step: NameChange[]) => step.some(({ path }) => dirOf(path) === dir);
    for (const step of this.changes.filter(isHere)) apply(this.syncedNames, step);
    this.changes = this.changes.filter((step) => !isHere(step));
  }

  /** Puts a file there that is safe. */
  put(path: string, content: Uint8Array): void {
    const inode = new Inode();
    inode.append(content, 0, content.length, 0);
    inode.synced = inode.content();
    this.names.set(path, inode);
    this.syncedNames.set(path, inode);
  }

  /** Makes a directory that is safe. */
  putDir(path: string): void {
    const inode = new Inode(true);
    this.names.set(path, inode);
    this.syncedNames.set(path, inode);
  }

  /** What a file holds, or null. */
  get(path: string): Uint8Array | null {
    return this.names.get(path)?.content() ?? null;
  }

  /** The disk after a power cut. */
  crash(prng: Prng): MemoryDisk {
    const after = new MemoryDisk();
    const names = new Map(this.syncedNames);
    const kept = prng.nextBelow(this.changes.length + 1);
    for (const step of this.changes.slice(0, kept)) apply(names, step);
    for (const [path, inode] of names) {
      const dir = dirOf(path);
      // What was in a directory went with it.
      if (dir !== "." && dir !== "/" && !names.has(dir)) continue;
      if (inode.isDir) after.putDir(path);
      else after.put(path, survivors(inode, prng));
    }
    return after;
  }

  /** Counts an operation, or is where the disk crashes. */
  step(): void {
    if (this.operations >= this.crashAt) throw new Crash("the disk crashed here");
    this.operations++;
  }

  sync(): void {
    this.step();
    if (this.failSync) throw new DiskError("EIO", "Input/output error");
  }

  private find(path: string): Inode {
    const inode = this.names.get(path);
    if (inode === undefined) throw new DiskError("ENOENT", "No such file or directory");
    return inode;
  }

  private change(step: NameChange[]): void {
    apply(this.names, step);
    this.changes.push(step);
  }
}

class MemoryFile implements DiskFile {
  private readonly disk: MemoryDisk;
  private readonly inode: Inode;
  private readonly writable: boolean;
  private at: number;

  constructor(disk: MemoryDisk, inode: Inode, at: number, writable: boolean) {
    this.disk = disk;
    this.inode = inode;
    this.at = at;
    this.writable = writable;
  }

  size(): number {
    return this.inode.len;
  }

  read(buf: Uint8Array, off: number, len: number): number {
    const count = Math.min(len, this.inode.len - this.at);
    buf.set(this.inode.bytes.subarray(this.at, this.at + count), off);
    this.at += count;
    return count;
  }

  write(buf: Uint8Array, off: number, len: number): void {
    if (!this.writable) throw new DiskError("EBADF", "Bad file descriptor");
    this.disk.step();
    const fits = Math.min(len, this.disk.freeBytes);
    this.disk.freeBytes -= fits;
    this.inode.append(buf, off, fits, this.at);
    this.at += fits;
    if (fits < len) throw new DiskError("ENOSPC", "No space left on device");
  }

  sync(): void {
    this.disk.sync();
    this.inode.synced = this.inode.content();
  }

  syncData(): void {
    this.sync();
  }

  syncLater(done: (error: DiskError | null) => void): void {
    const content = this.inode.content();
    this.disk.addLater(() => {
      let failure: DiskError | null = null;
      try {
        this.disk.sync();
        this.inode.synced = content;
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        failure = error;
      }
      done(failure);
    });
  }

  truncate(size: number): void {
    this.disk.step();
    this.inode.len = Math.min(size, this.inode.len);
    this.at = this.inode.len;
  }

  close(): void {}
}

function apply(names: Map<string, Inode>, step: readonly NameChange[]): void {
  for (const { path, inode } of step) {
    if (inode === null) names.delete(path);
    else names.set(path, inode);
  }
}

/** What is left of a file: the safe bytes, or the newer ones up to some place, or with a torn end. */
function survivors(inode: Inode, prng: Prng): Uint8Array {
  const now = inode.content();
  const { synced } = inode;
  let same = 0;
  while (same < now.length && same < synced.length && now[same] === synced[same]) same++;
  if (same === now.length && same === synced.length) return synced;
  if (prng.nextBelow(3) === 0) return synced;
  const cut = same + prng.nextBelow(now.length - same + 1);
  const left = now.slice(0, cut);
  if (cut > same && prng.nextBelow(3) === 0) {
    // The last sector was allocated but not written.
    left.fill(0, Math.max(same, cut - 1 - prng.nextBelow(512)));
  }
  return left;
}
