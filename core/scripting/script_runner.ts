/**
 * ScriptRunner: runs one script at a time, and watches over its time and memory.
 *
 * A script first runs plainly, as JavaScript functions that can't be left before they end. That is what nearly all do,
 * and nothing else can happen meanwhile, as in Redis. Generated code and redis.call look at a clock every so many
 * steps (`tick`), and when `busy-reply-threshold` is over the script has to give the thread back now and then, so that
 * other clients are told -BUSY and SCRIPT KILL is heard. So it is
 *
 *     1. ended from within, by an exception that no pcall catches;
 *     2. started again from the beginning in its resumable form, as generators (lua/state.ts), where redis.call
 *        executes nothing but gives the same replies as the first time, until all of these are used up;
 *     3. from there on continued in slices of SLICE_US, between which the server's event loop has its turn.
 *
 * The second run comes to where the first one was, for a script sees nothing but its arguments, the replies, a
 * random generator that is seeded alike and os.clock, which is repeated too. Writes are not executed twice, and
 * whether the script had written anything doesn't matter. What could make a difference is how deep recursion goes
 * before the stack ends, the addresses that tostring shows, and variables that a library's functions change; so the
 * lengths of all requests are summed up, and if the sums differ the script ends with an error.
 *
 * Where the replies come from: the buffer that commands write them to is not emptied before the script's end, and so
 * it is the record, at no cost but memory. That is bounded: a script whose replies take RECORD_BYTES_MAX is started
 * again then, however little time it took, and from there on nothing is kept. Measured, what remains is the tick
 * in every sixteenth redis.call (4 ns per call) and the comparison of two counters for the stack, below.
 *
 * Alternatives. Generators from the start make calls eight times slower. Serving the sockets from within the tick
 * is possible with one of four transports, and then timers and signals still wait.
 *
 * A loop inside a function that Lua itself calls (a metamethod, a comparison of table.sort, a replacement of
 * string.gsub) can't be left in either form, and meanwhile nobody is heard: no SCRIPT KILL, no signal. So a script
 * that stays in there for as long as `busy-reply-threshold` once more, and at least UNREACHABLE_US_MIN, is ended with
 * an error. One that has written, and could not be killed, gets WRITTEN_PATIENCE times as long; then it is ended
 * too, and what it has written stays, as with any error: a server that only SIGKILL reaches would lose more.
 *
 * Memory. Strings and tables are bounded by themselves; all of them together by the engine's heap,
 * which is looked at every HEAP_CHECK_US, for long strings count as many steps: a script during
 * which it grows by GROWTH_BYTES_MAX ends with "not enough memory".
 *
 * Stack. A command must not be interrupted by the end of the stack, so there has to be some left before it begins. To
 * make sure takes microseconds, so it is done only if more than ENTRIES_UNPROBED functions were entered since.
 */
import process from "node:process";
import { getHeapStatistics } from "node:v8";
import { LuaAbort, LuaError, type LuaFunction, type LuaValue } from "./lua/value.ts";
import { countBytes } from "./lua/runtime.ts";
import { assertStack, type LuaState, type Run } from "./lua/state.ts";
import type { ScriptHost } from "./port.ts";
import { ReplyReader } from "./reply_reader.ts";
import { ScriptArgv } from "./script_argv.ts";
import { failureOf, redisError, type ScriptFailure } from "./script_error.ts";

const RECORD_BYTES_MAX = 256 * 1024 * 1024;
/** Replies that are kept where no record is needed. */
const UNRECORDED_BYTES_MAX = 64 * 1024;
const SLICE_US = 10_000;
/** See above, about functions that can't be left. */
const UNREACHABLE_US_MIN = 1_000_000;
const WRITTEN_PATIENCE = 3;
/** Steps between two ticks, in the two forms. */
const PLAIN_STEPS = 20_000;
const RESUMABLE_STEPS = 100;
/** Commands between two ticks, a power of two. */
const TICK_CALLS = 16;
const HEAP_CHECK_US = 20_000;
/** By how much the heap may grow while a script runs, in bytes and as a part of the engine's own limit. */
const GROWTH_BYTES_MAX = 1024 * 1024 * 1024;
const GROWTH_SHARE = 0.4;
/** How much of the heap may be in use altogether. */
const HEAP_BYTES_MAX = 4 * 1024 * 1024 * 1024;
const HEAP_SHARE = 0.8;
const ENTRIES_UNPROBED = 64;

const KILLED = "Script killed by user with SCRIPT KILL...";
const UNREACHABLE =
  "Script ended: it took too long in a metamethod or a callback, where it can't be interrupted";
const LOAD_TIMEOUT = "FUNCTION LOAD timeout";
const DIVERGED = "Script took another course when it was started again after busy-reply-threshold";

/** Ends the plain form; never seen outside. */
const SUSPENSION = new LuaAbort("suspended");

let heapBytesMax = 0;
let growthBytesMax = 0;

// What the script that runs is.
const IDLE = 0;
const PLAIN = 1;
const RESUMABLE = 2;
const LOADING = 3;

/** Something that can be run. */
export interface Program {
  readonly state: LuaState;
  /** The name in error texts. */
  readonly name: string;
  readonly plain: LuaFunction;
  /** The same in its resumable form. Throws a LuaError. */
  resumable(): LuaFunction;
  /** Makes what the script gets ready, anew each time. Returns its arguments. */
  prepare(): LuaValue[];
}

export class ScriptRunner {
  readonly host: ScriptHost;
  /** The protocol in which the script gets replies. */
  resp = 2;
  /** What the last script gave back; or why it failed. */
  result: LuaValue = undefined;
  failure: ScriptFailure | null = null;

  private readonly argv = new ScriptArgv();
  private readonly reader = new ReplyReader();
  private mode = IDLE;
  private program: Program | null = null;
  private run: Run | null = null;
  private isKilled = false;
  /** When it began, how long it may run plainly (Infinity: for ever), and when its slice ends. */
  private startUs = 0;
  private limitUs = Infinity;
  private sliceEndUs = 0;
  private heapCheckUs = 0;
  /** The least that was in use since it began. */
  private heapBytes = 0;
  private calls = 0;
  private ticks = 0;
  /** The state's count of entries when there was enough stack. */
  private probed = 0;
  /** The replies that are repeated, and how far. */
  private record: Uint8Array | null = null;
  private recordPos = 0;
  /** Sums over the lengths of requests, of this run and of the first up to the end of the record. */
  private sum = 0;
  private recordSum = 0;
  /** Readings of os.clock, lines logged, and how many of both are repeated. */
  private readonly clocks: number[] = [];
  private clocksRead = 0;
  private logged = 0;
  private unlogged = 0;
  /** Where the random numbers were when it began. */
  private seed = 0;

  constructor(host: ScriptHost) {
    this.host = host;
  }

  /** Has the runner watch over what runs in a state. */
  watch(state: LuaState): void {
    state.onTick = () => this.tick();
    state.clock = () => this.clock();
  }

  /**
   * Runs a program that began at `startUs`. Returns true when it is done: `result` and `failure` tell how. False after
   * `limitUs`: it goes on with each `step`.
   */
  start(program: Program, startUs: number, limitUs: number): boolean {
    this.begin(PLAIN, program.state, startUs, limitUs);
    this.program = program;
    const { state } = program;
    try {
      const args = program.prepare();
      const results = args.length === 0
        ? state.run(program.plain)
        : state.run(program.plain, ...args);
      this.result = results[0];
      this.end();
      return true;
    } catch (e) {
      if (e !== SUSPENSION) return this.fail(e);
    }
    try {
      this.restart(program);
      return false;
    } catch (e) {
      return this.fail(e);
    }
  }

  /** Runs a suspended program for a slice. Returns true when it is done. */
  step(): boolean {
    this.sliceEndUs = this.host.nowUs() + SLICE_US;
    try {
      if (!this.run!.step()) return false;
      this.result = this.run!.results![0];
      this.end();
      return true;
    } catch (e) {
      return this.fail(e);
    }
  }

  /** Runs a library's main function, which must be done after `limitUs`. Returns why it failed, or null. */
  load(state: LuaState, main: LuaFunction, limitUs: number): ScriptFailure | null {
    const { mode, startUs, limitUs: outerLimitUs } = this;
    this.mode = LOADING;
    this.startUs = this.host.nowUs();
    this.limitUs = limitUs;
    try {
      state.run(main);
      return null;
    } catch (e) {
      if (e instanceof LuaError || e instanceof LuaAbort) {
        e.line = -1;
        return failureOf(e, "");
      }
      throw e;
    } finally {
      this.mode = mode;
      this.startUs = startUs;
      this.limitUs = outerLimitUs;
    }
  }

  /** Whether the last script was too short for a look at the clock. */
  get wasShort(): boolean {
    return this.ticks === 0;
  }

  /** Commands that the last script executed. */
  get commandCount(): number {
    return this.calls;
  }

  /** The script ends at its next step. */
  kill(): void {
    this.isKilled = true;
  }

  // For redis.*.

  /** Executes a command for the script. An error is thrown if it `raises`, and else given back like any value. */
  call(args: readonly LuaValue[], raises: boolean): LuaValue {
    const { argv } = this;
    const error = argv.set(args);
    if (error !== "") {
      const e = redisError(error);
      if (raises) throw e;
      return e.value;
    }
    this.sum = Math.imul(this.sum, 31) + argv.bytes | 0;
    if (this.record !== null) return this.repeat(raises);
    this.probe();
    const { reply } = this.host;
    const { fullBytes, pos } = reply;
    this.host.execute(argv);
    const isWhole = reply.fullBytes === fullBytes;
    const buf = isWhole ? reply.buf : gather(reply, fullBytes + pos);
    const at = isWhole ? pos : 0;
    const value = this.reader.read(buf, at);
    countBytes(reply.bytes - fullBytes - pos);
    if (reply.fullBytes > UNRECORDED_BYTES_MAX) this.bound();
    if ((++this.calls & TICK_CALLS - 1) === 0) this.tick();
    if (raises && buf[at] === 0x2d) throw new LuaError(value);
    return value;
  }

  /** Writes a line to the log, unless the first run did. */
  log(level: number, text: string): void {
    this.logged++;
    if (this.unlogged > 0) this.unlogged--;
    else this.host.log(level, text);
  }

  /** Whether the user may execute a command; throws if the arguments are none. */
  mayExecute(args: readonly LuaValue[]): boolean | null {
    const error = this.argv.set(args);
    if (error !== "") throw redisError(error);
    return this.host.mayExecute(this.argv);
  }

  setResp(resp: number): void {
    this.resp = resp;
    this.host.setResp(resp);
  }

  // Running.

  private begin(mode: number, state: LuaState, startUs: number, limitUs: number): void {
    this.mode = mode;
    this.startUs = startUs;
    this.limitUs = limitUs;
    this.heapCheckUs = startUs + HEAP_CHECK_US;
    this.heapBytes = Infinity;
    this.result = undefined;
    this.failure = null;
    this.isKilled = false;
    this.calls = 0;
    this.ticks = 0;
    this.sum = 0;
    this.logged = 0;
    this.unlogged = 0;
    if (this.clocks.length > 0) this.clocks.length = 0;
    this.clocksRead = 0;
    this.resp = 2;
    this.probed = PLAIN_STEPS;
    this.seed = state.random.state;
    state.loops = PLAIN_STEPS;
  }

  /** Makes the second run, of which nothing runs yet. */
  private restart(program: Program): void {
    const { reply } = this.host;
    this.record = reply.bytes === 0 ? null : gather(reply, 0);
    this.recordPos = 0;
    this.recordSum = this.sum;
    reply.truncate(0);
    this.sum = 0;
    this.unlogged = this.logged;
    this.mode = RESUMABLE;
    this.setResp(2);
    const { state } = program;
    state.random.state = this.seed;
    state.loops = RESUMABLE_STEPS;
    this.run = state.start(program.resumable(), ...program.prepare());
  }

  private end(): void {
    const { state } = this.program!;
    this.mode = IDLE;
    this.program = null;
    this.run = null;
    this.record = null;
    state.loops = PLAIN_STEPS;
    this.host.reply.truncate(0);
    this.argv.trim();
  }

  /** It ended with an exception; throws it on if it is a bug. Returns true, for it is done. */
  private fail(e: unknown): true {
    const { name } = this.program!;
    this.end();
    if (!(e instanceof LuaError || e instanceof LuaAbort)) throw e;
    this.failure = failureOf(e, name);
    return true;
  }

  private repeat(raises: boolean): LuaValue {
    const record = this.record!;
    const isError = record[this.recordPos] === 0x2d;
    const value = this.reader.read(record, this.recordPos);
    this.recordPos = this.reader.pos;
    if (this.recordPos >= record.length) {
      this.record = null;
      if (this.sum !== this.recordSum) throw new LuaAbort(DIVERGED);
    }
    if (raises && isError) throw new LuaError(value);
    return value;
  }

  /** The replies take much room: begins anew, or forgets them. */
  private bound(): void {
    const { reply } = this.host;
    if (this.mode !== PLAIN || this.limitUs === Infinity) reply.truncate(0);
    else if (reply.fullBytes > RECORD_BYTES_MAX) throw SUSPENSION;
  }

  private tick(): void {
    this.ticks++;
    const nowUs = this.host.nowUs();
    if (nowUs >= this.heapCheckUs) {
      this.heapCheckUs = nowUs + HEAP_CHECK_US;
      this.checkHeap();
    }
    switch (this.mode) {
      case PLAIN:
        if (nowUs - this.startUs >= this.limitUs) throw SUSPENSION;
        break;
      case LOADING:
        if (nowUs - this.startUs >= this.limitUs) throw new LuaAbort(LOAD_TIMEOUT);
        break;
      case RESUMABLE:
        if (this.isKilled) throw new LuaAbort(KILLED);
        if (nowUs < this.sliceEndUs) break;
        if (nowUs - this.sliceEndUs >= UNREACHABLE_US_MIN) this.checkPatience(nowUs);
        this.program!.state.pause();
    }
  }

  /** Throws if the script has left a pause unheeded for too long. */
  private checkPatience(nowUs: number): void {
    const patienceUs = Math.max(this.limitUs, UNREACHABLE_US_MIN) *
      (this.host.hasWritten ? WRITTEN_PATIENCE : 1);
    if (nowUs - this.sliceEndUs >= patienceUs) throw new LuaAbort(UNREACHABLE);
  }

  /**
   * Throws if the script has filled the engine's memory. What others left there, until it is
   * collected, isn't its own.
   */
  private checkHeap(): void {
    if (heapBytesMax === 0) {
      heapBytesMax = shareOfHeap(HEAP_SHARE);
      growthBytesMax = Math.min(GROWTH_BYTES_MAX, shareOfHeap(GROWTH_SHARE));
    }
    const used = process.memoryUsage().heapUsed;
    if (used < this.heapBytes) this.heapBytes = used;
    if (used - this.heapBytes > growthBytesMax || used > heapBytesMax) {
      throw new LuaError("not enough memory");
    }
  }

  /** Makes sure that there is stack for a command. */
  private probe(): void {
    const { state } = this.program!;
    const entries = this.probed - state.calls;
    if (entries >= 0 && entries <= ENTRIES_UNPROBED) return;
    assertStack();
    this.probed = state.calls;
  }

  private clock(): number {
    if (this.mode === RESUMABLE && this.clocksRead < this.clocks.length) {
      return this.clocks[this.clocksRead++];
    }
    const seconds = this.host.nowUs() / 1e6;
    if (this.mode === PLAIN) this.clocks.push(seconds);
    return seconds;
  }
}

/** Bytes of a reply from `from` on, in one piece. */
function gather(reply: ScriptHost["reply"], from: number): Uint8Array {
  const all = new Uint8Array(reply.bytes - from);
  const { full } = reply;
  let start = 0;
  for (let i = 0; i < full.length; i++) {
    const { buf, len } = full.get(i);
    if (start + len > from) {
      const skip = Math.max(0, from - start);
      all.set(buf.subarray(skip, len), start + skip - from);
    }
    start += len;
  }
  const skip = Math.max(0, from - start);
  all.set(reply.buf.subarray(skip, reply.pos), start + skip - from);
  return all;
}

/** A part of the engine's limit. Bun's engine has none of its own, though it tells one. */
function shareOfHeap(share: number): number {
  if (process.versions.bun !== undefined) return HEAP_BYTES_MAX;
  return getHeapStatistics().heap_size_limit * share;
}
