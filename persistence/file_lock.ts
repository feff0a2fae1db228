/**
 * FileLock: that a file is written by one server only.
 *
 * Beside the file lies a hidden one, `.dump.rdb.lock`, that says whose it is. A server that ends in
 * order removes it. One that was killed leaves it behind, and must be able to start again at once;
 * so what the file says is looked into:
 *
 *     place    where the process id means something: this boot of the machine, and the namespace of process ids
 *     pid      the process, and when it started, for ids are used again
 *
 * In the same place the answer is exact. Elsewhere (another container with the same volume, another machine) nobody can
 * be asked, so whoever has the lock touches its file once a second (`beat`), and who finds a strange one waits for
 * OBSERVE_MS whether that happens. Without /proc the process id alone is asked for, and then the beat decides too.
 *
 * Why not a lock of the system: neither runtime offers one. Sockets in the file system can't be taken over without a
 * race, and abstract ones end at the network namespace.
 *
 * The directory may be renamed while the server runs, and the lock with it: what it says is still this lock's, so it
 * is found again.
 *
 * A lock that is left behind is taken by renaming it, which succeeds for one only, and then a new one is made, which
 * again succeeds for one only.
 */
import * as fs from "node:fs";
import process from "node:process";
import type { Clock } from "../core/base/clock.ts";

const OBSERVE_MS = 3000;
const LOOK_EVERY_MS = 100;
const TRIES = 5;

/** How many locks this process has made. */
let made = 0;

/** Who has a lock. */
interface Owner {
  readonly place: string;
  readonly pid: number;
  readonly started: string;
}

export class FileLock {
  private readonly clock: Clock;
  private readonly observeMs: number;
  /** Tells the locks of one process apart. */
  private readonly number = ++made;
  private path: string | null = null;
  private text = "";

  constructor(clock: Clock, observeMs: number = OBSERVE_MS) {
    this.clock = clock;
    this.observeMs = observeMs;
  }

  /** Whether it is this file's lock that is held. */
  holds(path: string): boolean {
    return this.path === lockPath(path);
  }

  /** Takes the lock of a file, giving back that of another one. Returns null, or whose it is. */
  take(path: string): string | null {
    const lock = lockPath(path);
    if (this.path === lock) return null;
    this.release();
    this.text = `${textOf(thisProcess())}lock ${this.number}\n`;
    for (let i = 0; i < TRIES; i++) {
      try {
        fs.writeFileSync(lock, this.text, { flag: "wx", mode: 0o644 });
        this.path = lock;
        return null;
      } catch (error) {
        // Where nothing can be written nothing will be overwritten; who tries hears why.
        if ((error as { code?: string }).code !== "EEXIST") return null;
      }
      const found = read(lock);
      if (found === null) continue;
      if (found === this.text) {
        this.path = lock;
        return null;
      }
      const owner = ownerOf(found);
      if (isAlive(owner, lock, this.observeMs)) return describe(owner);
      takeAway(lock, found);
    }
    return "another server that starts at this moment";
  }

  /** Tells those who can't ask for this process that it is alive. Called once a second. */
  beat(): void {
    if (this.path === null) return;
    const now = this.clock.nowUs() / 1e6;
    try {
      fs.utimesSync(this.path, now, now);
    } catch {
      // Somebody removed it by hand.
    }
  }

  release(): void {
    const { path } = this;
    if (path === null) return;
    this.path = null;
    try {
      if (read(path) === this.text) fs.unlinkSync(path);
    } catch {
      // It is found to be stale, then.
    }
  }
}

function lockPath(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}.${path.slice(slash)}.lock`;
}

function thisProcess(): Owner {
  return { place: place(), pid: process.pid, started: startOf(process.pid) ?? "" };
}

function textOf({ place, pid, started }: Owner): string {
  return `pid ${pid}\nstarted ${started}\nplace ${place}\n`;
}

function ownerOf(text: string): Owner {
  const field = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1] ?? "";
  return { pid: Number(field("pid")) || 0, started: field("started"), place: field("place") };
}

function describe({ pid }: Owner): string {
  return pid === 0 ? "another server" : `another server, with process id ${pid}`;
}

/** Where process ids mean something; "" when that can't be told. */
function place(): string {
  try {
    const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${boot} ${fs.readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

/** When a process started, "" when there is none that runs, null when that can't be told. */
function startOf(pid: number): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in parentheses, may contain anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const isDead = /^[ZX]/.test(fields[0]);
    return isDead ? "" : fields[19];
  } catch (error) {
    return (error as { code?: string }).code === "ENOENT" && place() !== "" ? "" : null;
  }
}

function isAlive(owner: Owner, lock: string, observeMs: number): boolean {
  if (owner.place !== "" && owner.place === place()) {
    const started = startOf(owner.pid);
    if (started !== null) return started !== "" && started === owner.started;
  }
  return beats(lock, observeMs);
}

/** Whether somebody touches the lock within so many ms. */
function beats(lock: string, observeMs: number): boolean {
  const before = touched(lock);
  const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < observeMs; waited += LOOK_EVERY_MS) {
    Atomics.wait(nobodyWakes, 0, 0, LOOK_EVERY_MS);
    if (touched(lock) !== before) return true;
  }
  return false;
}

function touched(lock: string): number {
  try {
    return fs.statSync(lock).mtimeMs;
  } catch {
    return 0;
  }
}

function read(lock: string): string | null {
  try {
    return fs.readFileSync(lock, "latin1");
  } catch {
    return null;
  }
}

/** Takes a lock away that nobody has any more, unless somebody else has taken it meanwhile. */
function takeAway(lock: string, found: string): void {
  const aside = `${lock}.${process.pid}`;
  try {
    fs.renameSync(lock, aside);
    // It may be a new one, of somebody who was faster: back with it.
    if (read(aside) !== found) fs.linkSync(aside, lock);
    fs.unlinkSync(aside);
  } catch {
    // Somebody was faster.
  }
}
