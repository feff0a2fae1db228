/**
 * Propagation: what a change to the data set looks like to whoever repeats it, which is the append-only file.
 *
 * Commands are written as requests in RESP, in the order in which they took effect, with SELECT where the database
 * changes. What one execution unit writes is one piece: a command, EXEC with what it executes, a script, a key that
 * is removed because its time is over. A unit of several commands is put between MULTI and EXEC, so that it is
 * repeated as a whole or not at all; not so that of a command which comes across keys at random (RANDOMKEY, SCAN).
 *
 *     enter(command)                  call.ts, for each command while `isOn`
 *       the handler                   may write commands: begin, then each argument
 *     leave(c, ...)                   the command itself is written if it changed `server.dirty`;
 *                                     the outermost one ends the unit
 *     handOver()                      at the end of the turn, before anybody gets a reply: the sink takes all units
 *
 * For the author of a handler. Nothing need be done if the request says by itself what was done, and `server.dirty`
 * grows with it. Otherwise, where `propagation.isOn`:
 *
 *     propagation.instead(c, 3);      in place of the request: a command of three arguments, in the client's database
 *     propagation.text("SREM");       `text`, `arg`, `bytes`, `integer` add one argument each
 *     propagation.arg(c, 1);
 *     propagation.bytes(buf, off, len);
 *
 *     propagation.begin(c.db, n)      a command besides the request, before it in the order
 *     propagation.skip()              the request isn't written, though it changed something
 *     propagation.force()             it is written, though it changed nothing that counts
 *
 * Between `begin` and the last argument no key may be looked up: one whose time is over would be written in between.
 * A command that runs others as its parts (EXEC, EVAL) calls `skip`, as each part is written on its own. Times have
 * to be absolute and choices made: what is written is repeated later, by a server that knows no chance.
 *
 * What the keyspace removes of its own accord (expired keys and fields, evicted keys) is written as DEL, UNLINK or
 * HDEL, before the command that came across it.
 *
 * Cost. Off, nothing: `isOn` follows a gate bit that other gates share. On, bytes are copied once,
 * into a buffer that is kept. A request that came as Redis would write it is taken as it lies, and
 * requests of a pipeline that lie one after the other are taken in one piece when the batch is over
 * (`beginBatch`): a pipelined SET goes from 171 ns in process to 199 on Deno, and to 267 if each is
 * written argument by argument.
 *
 * The order, the rewritten forms and where MULTI stands are those of Redis 7.4.
 */
import { ascii, copyBytes, type ReadonlyBytes, writeLatin1 } from "../base/bytes.ts";
import { formatInteger, INT64_MAX, INTEGER_TEXT_LEN_MAX, integerDigits } from "../base/numbers.ts";
import type { Db } from "../keyspace/db.ts";
import type { KeyRemovals } from "../keyspace/key_events.ts";
import { ByteRange } from "../types/t_string.ts";
import { GATE_PROPAGATION } from "./call.ts";
import type { Client } from "./client.ts";
import { type Command, TOUCHES_ARBITRARY_KEYS } from "./command.ts";
import type { Server } from "./server.ts";

/** Who keeps what is propagated. */
export interface PropagationSink {
  /** One or more whole execution units, the first `len` bytes of an array that is reused afterwards. */
  append(bytes: Uint8Array, len: number): void;
}

/** Room to begin with, and kept from one turn to the next. */
const ROOM_BYTES: number = 64 * 1024;
const ROOM_KEPT_BYTES: number = 1024 * 1024;
/** From here on the sink gets what there is without waiting for the turn's end. */
const HAND_OVER_BYTES: number = 256 * 1024;
/** A type byte, the longest integer and CRLF. */
const HEADER_BYTES: number = INTEGER_TEXT_LEN_MAX + 3;

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const MULTI = ascii("*1\r\n$5\r\nMULTI\r\n");
const EXEC = ascii("*1\r\n$4\r\nEXEC\r\n");

// What is written of the command that is executed.
const AS_IT_CAME = 0;
const SKIPPED = 1;
const FORCED = 2;

export class Propagation implements KeyRemovals {
  /** Whether anything is propagated. */
  isOn = false;

  /** Whether what the server itself removes is written as UNLINK: lazyfree-lazy-expire, -eviction, -server-del. */
  lazyExpire = false;
  lazyEviction = false;
  lazyServerDel = false;

  private readonly server: Server;
  private readonly key = new ByteRange();
  private sink: PropagationSink | null = null;
  private buf = new Uint8Array(ROOM_BYTES);
  private used = 0;
  /** The database of the command written last; -1: the next one is preceded by SELECT. */
  private dbId = -1;
  /** How many units are nested at present. */
  private depth = 0;
  /** Where the present unit begins, its commands so far, and whether they are put between MULTI and EXEC. */
  private unitStart = 0;
  private unitCount = 0;
  private isAtomic = true;
  /** Requests that are yet to be copied: bytes [heldFrom, heldTo) of `heldBuf`, which go to `heldAt`. */
  private heldBuf: ReadonlyBytes | null = null;
  private heldFrom = 0;
  private heldTo = 0;
  private heldAt = 0;
  /** Whose bytes stay where they are until `endBatch`. */
  private batchBuf: ReadonlyBytes | null = null;
  /** What the present command's handler said. */
  private manner = AS_IT_CAME;

  constructor(server: Server) {
    this.server = server;
  }

  // For who keeps it.

  /** From now on `sink` gets what changes, beginning with a SELECT. */
  attach(sink: PropagationSink): void {
    this.sink = sink;
    this.isOn = true;
    this.dbId = -1;
    this.server.gates |= GATE_PROPAGATION;
    this.server.keyspace.removals = this;
  }

  /** Nothing is propagated any more. What was written before goes to the sink first. */
  detach(): void {
    this.handOver();
    this.sink = null;
    this.isOn = false;
    this.server.gates &= ~GATE_PROPAGATION;
    this.server.keyspace.removals = null;
  }

  /** The next command is preceded by a SELECT: it is the first one of a file. */
  forgetDb(): void {
    this.dbId = -1;
  }

  /** Gives the sink the units that are complete. To be called before replies are sent. */
  handOver(): void {
    this.settle();
    const len = this.depth === 0 ? this.used : this.unitStart;
    if (len === 0) return;
    this.sink!.append(this.buf, len);
    if (len < this.used) this.buf.copyWithin(0, len, this.used);
    this.used -= len;
    this.unitStart = 0;
    if (this.buf.length > ROOM_KEPT_BYTES && this.used <= ROOM_BYTES) {
      this.buf = this.buf.slice(0, ROOM_BYTES);
    }
  }

  // For who executes requests.

  /** The requests to come lie in `buf`, and will until `endBatch`. */
  beginBatch(buf: ReadonlyBytes): void {
    this.batchBuf = buf;
  }

  endBatch(): void {
    this.settle();
    this.batchBuf = null;
  }

  // Units.

  /** Begins a unit, or a part of the one that is under way. Each `enter` has its `leave`. */
  enter(): void {
    if (this.depth++ > 0) return;
    this.unitStart = this.used;
    this.unitCount = 0;
    this.isAtomic = true;
  }

  /** The outermost one ends the unit. */
  leave(): void {
    if (--this.depth > 0) return;
    if (this.unitCount > 1 && this.isAtomic) this.raw(EXEC);
    if (this.used >= HAND_OVER_BYTES) this.handOver();
  }

  /** Begins a command, a unit of its own or a part of one. Returns what `leaveCommand` wants back. */
  enterCommand(command: Command): number {
    const { manner } = this;
    this.manner = AS_IT_CAME;
    this.enter();
    if (this.depth === 1 && (command.flags & TOUCHES_ARBITRARY_KEYS) !== 0) this.isAtomic = false;
    return manner;
  }

  /** The client's command is over: writes it unless its handler said otherwise. */
  leaveCommand(c: Client, changed: boolean, outer: number): void {
    if (changed ? this.manner !== SKIPPED : this.manner === FORCED) this.request(c);
    this.manner = outer;
    this.leave();
  }

  /** What follows in this unit belongs together no more than by chance: no MULTI. No-op when it has begun. */
  separate(): void {
    if (this.unitCount < 2) this.isAtomic = false;
  }

  // For the keyspace: each is a unit of its own unless a command is being executed.

  expired(db: Db, ref: number): void {
    this.removal(db, ref, this.lazyExpire);
  }

  evicted(db: Db, ref: number): void {
    this.removal(db, ref, this.lazyEviction);
  }

  fieldExpired(db: Db, ref: number, field: ReadonlyBytes, off: number, len: number): void {
    this.enter();
    this.begin(db, 3);
    this.text("HDEL");
    this.keyOf(ref);
    this.bytes(field, off, len);
    this.leave();
  }

  private removal(db: Db, ref: number, isLazy: boolean): void {
    this.enter();
    this.begin(db, 2);
    this.text(isLazy ? "UNLINK" : "DEL");
    this.keyOf(ref);
    this.leave();
  }

  private keyOf(ref: number): void {
    const { key } = this;
    this.server.keyspace.readKey(ref, key);
    this.bytes(key.buf, key.off, key.len);
  }

  // For handlers.

  /** The request isn't written. */
  skip(): void {
    this.manner = SKIPPED;
  }

  /** The request is written whether or not it changed anything. */
  force(): void {
    this.manner = FORCED;
  }

  /** Begins a command of `argc` arguments that stands for the request. */
  instead(c: Client, argc: number): void {
    this.manner = SKIPPED;
    this.begin(c.db, argc);
  }

  /** The request stands there with another name, up to but not including argument `end`. */
  insteadNamed(c: Client, name: string, end: number): void {
    this.instead(c, end);
    this.text(name);
    this.args(c, 1, end);
  }

  /** In place of the request: `name`, the key in argument `index`, and a count unless it is -1. */
  insteadPop(c: Client, name: string, index: number, count: number): void {
    this.instead(c, count < 0 ? 2 : 3);
    this.text(name);
    this.arg(c, index);
    if (count >= 0) this.integer(count);
  }

  /** In place of the request: the key in argument 1 lives until `atMs`. Arguments from 3 up to `end` stay. */
  insteadExpiry(c: Client, atMs: number, end: number): void {
    this.instead(c, end);
    this.text("PEXPIREAT");
    this.arg(c, 1);
    this.integer(atMs);
    this.args(c, 3, end);
  }

  /** In place of the request: the key in argument `index` is deleted. */
  insteadDel(c: Client, index: number, isLazy: boolean): void {
    this.instead(c, 2);
    this.text(isLazy ? "UNLINK" : "DEL");
    this.arg(c, index);
  }

  /** Begins a command of `argc` arguments, in a database. All of them have to follow at once. */
  begin(db: Db, argc: number): void {
    this.beginCommand(db);
    this.header(STAR, argc);
  }

  /** An argument of the client's request. */
  arg(c: Client, index: number): void {
    const { buf, off, len } = c.argv;
    this.bytes(buf, off[index], len[index]);
  }

  /** The client's arguments from `first` up to but not including `end`. */
  args(c: Client, first: number, end: number): void {
    const { buf, off, len } = c.argv;
    for (let i = first; i < end; i++) this.bytes(buf, off[i], len[i]);
  }

  /** An argument that lies anywhere, in the arena too. */
  bytes(src: ReadonlyBytes, off: number, len: number): void {
    this.header(DOLLAR, len);
    this.reserve(len + 2);
    copyBytes(this.buf, this.used, src, off, len);
    this.endArg(this.used + len);
  }

  /** An argument with one char per byte. */
  text(s: string): void {
    const { length } = s;
    this.header(DOLLAR, length);
    this.reserve(length + 2);
    this.endArg(writeLatin1(this.buf, this.used, s));
  }

  /** An integer as an argument. */
  integer(n: number): void {
    if (!Number.isSafeInteger(n)) return this.text(bigText(n));
    this.header(DOLLAR, integerDigits(n));
    this.reserve(HEADER_BYTES);
    this.endArg(formatInteger(this.buf, this.used, n));
  }

  // Writing.

  /** The client's request as it came. */
  private request(c: Client): void {
    const { argv } = c;
    this.beginCommand(c.db);
    const from = argv.buf === this.batchBuf ? requestStart(c) : -1;
    if (from >= 0) return this.take(argv.buf, from, from + c.argvBytes);
    this.header(STAR, argv.argc);
    this.args(c, 0, argv.argc);
  }

  private beginCommand(db: Db): void {
    if (++this.unitCount === 2 && this.isAtomic) this.insertMulti();
    if (db.id !== this.dbId) this.select(db.id);
  }

  /** Takes a request of the batch as it is, when that is over, together with those around it. */
  private take(buf: ReadonlyBytes, from: number, to: number): void {
    const at = this.used;
    this.reserve(to - from);
    this.used = at + to - from;
    if (
      from !== this.heldTo || at - this.heldAt !== from - this.heldFrom || this.heldBuf === null
    ) {
      this.settle();
      this.heldBuf = buf;
      this.heldFrom = from;
      this.heldAt = at;
    }
    this.heldTo = to;
  }

  /** Copies what is held. */
  private settle(): void {
    const { heldBuf, heldFrom } = this;
    if (heldBuf === null) return;
    copyBytes(this.buf, this.heldAt, heldBuf, heldFrom, this.heldTo - heldFrom);
    this.heldBuf = null;
  }

  private select(id: number): void {
    this.dbId = id;
    this.header(STAR, 2);
    this.text("SELECT");
    this.integer(id);
  }

  /** A unit has a second command: MULTI comes before the first. */
  private insertMulti(): void {
    this.settle();
    this.reserve(MULTI.length);
    const { buf, unitStart } = this;
    buf.copyWithin(unitStart + MULTI.length, unitStart, this.used);
    copyBytes(buf, unitStart, MULTI, 0, MULTI.length);
    this.used += MULTI.length;
  }

  private raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    copyBytes(this.buf, this.used, bytes, 0, bytes.length);
    this.used += bytes.length;
  }

  private header(type: number, n: number): void {
    this.reserve(HEADER_BYTES);
    const { buf } = this;
    let at = this.used;
    buf[at++] = type;
    if (n < 10) buf[at++] = ZERO + n;
    else at = formatInteger(buf, at, n);
    this.endArg(at);
  }

  private endArg(at: number): void {
    this.buf[at] = CR;
    this.buf[at + 1] = LF;
    this.used = at + 2;
  }

  private reserve(bytes: number): void {
    const needed = this.used + bytes;
    if (needed <= this.buf.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buf.length * 2));
    grown.set(this.buf.subarray(0, this.used));
    this.buf = grown;
  }
}

/** A double beyond 2^53 as a 64-bit integer: the nearest to the largest one is one too large. */
function bigText(n: number): string {
  const big = BigInt(n);
  return (big > INT64_MAX ? INT64_MAX : big).toString();
}

/**
 * Where the client's request begins in its buffer, if it lies there as it would be written, otherwise -1. It is one
 * that was read from a connection: the parser has seen that numbers are right, and in their shortest form if there are
 * not too many bytes, but it doesn't look at line feeds.
 */
function requestStart(c: Client): number {
  const { argc, buf, len, off } = c.argv;
  const first = headerBytes(argc);
  let bytes = first;
  let end = 0;
  for (let i = 0; i < argc; i++) {
    const at = off[i];
    const size = len[i];
    end = at + size + 2;
    if (buf[at - 1] !== LF || buf[end - 2] !== CR || buf[end - 1] !== LF) return -1;
    bytes += headerBytes(size) + size + 2;
  }
  const start = end - bytes;
  return bytes === c.argvBytes && buf[start] === STAR && buf[start + first - 1] === LF ? start : -1;
}

/** Bytes of `*3\r\n` and the like. */
function headerBytes(n: number): number {
  return n < 10 ? 4 : n < 100 ? 5 : integerDigits(n) + 3;
}
