/**
 * Blocking: clients that wait, for keys or only for time.
 *
 * What a handler does. It tries to answer; when there is nothing to answer with, it says what it waits for and
 * returns without a reply:
 *
 *     const timeoutMs = getTimeoutOrReply(c, c.argc - 1, false);    all arguments are checked first
 *     if (Number.isNaN(timeoutMs)) return;
 *     ... reply and return if one of the keys has something ...
 *     if (canBlock(c)) blockOnKeys(c, 1, c.argc - 2, timeoutMs, TYPE_LIST);
 *     else c.reply.addNullArray();                                  in a transaction, in a script
 *
 * When one of the keys has become a value of that type, the same handler is called again, from the start, with a
 * copy of the request. Again it replies, and with that the client is unblocked; or it calls `blockOnKeys` as
 * before, and the client keeps its place and its deadline. So a handler needs to know nothing of all this, but
 * whatever must be the same the second time has to be in the arguments: `rewriteBlockedArg` changes one (XREAD
 * puts an ID for `$`). A blocking command needs the BLOCKING flag in its spec.
 *
 * What makes a key ready. The keyspace tells of every key that is added or replaced, whichever command did
 * it; a command that adds to a value where there was one already says so itself (`signalKeyReady`; a list or a
 * sorted set is never empty, so only streams need it). With `onNoKey` a client is also called when one of its
 * keys is deleted, replaced or expires (XREADGROUP, whose group is then gone).
 *
 *     a command runs                 keys become ready and are queued, each once
 *     dispatch, after it             serveReadyKeys: for each key its clients in order of arrival, as long as
 *                                    the key has what they wait for; keys that become ready by that are
 *                                    queued behind, until no key is left
 *     the end of the turn            unblocked clients' input is executed, and everybody's replies are sent
 *
 * A transaction or a script is one command here: its clients are served at its end. Keys that expire by
 * the clock are seen to at the end of that turn.
 *
 * A request that may not be executed again now, because of CLIENT PAUSE, waits for the end of the pause like a new one.
 * Meanwhile its client is among nobody's waiting ones, and its time doesn't end. Afterwards it may block anew.
 *
 * Deadlines are a heap with one timer for the nearest. The timer is left alone when the nearest client is
 * served, and looked after by the cron, so that clients that block and are served again and again don't set and
 * clear a timer each time. Ten thousand blocked clients are ten thousand objects and nothing that runs.
 *
 * Statistics count a blocking command when it is answered, once, with the time of all its executions, as Redis
 * does from 7.2 on. The scheme (execution from the start, places per key) is Redis 7.2's too, except that there a
 * client that blocks again goes to the end of the queue.
 */
import { assert } from "../base/assert.ts";
import { parseLongDouble } from "../base/long_double.ts";
import { BIG, parseDouble } from "../base/numbers.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import { objectType } from "../types/object.ts";
import { argBigInt, argInteger } from "./args.ts";
import { type BlockedKey, BlockedKeys } from "./blocked_keys.ts";
import {
  answerThrown,
  dispatch,
  dropsReply,
  GATE_PUSHES,
  GATE_REPLY,
  GATE_TRACKING,
  noteSlowLog,
} from "./call.ts";
import {
  type Client,
  CLIENT_BLOCKED,
  CLIENT_CLOSED,
  CLIENT_DENY_BLOCKING,
  CLIENT_PENDING,
  CLIENT_POSTPONED,
  CLIENT_UNBLOCKED,
} from "./client.ts";
import { addPushes } from "./deliver.ts";
import { endCaching } from "./tracking.ts";
import { Deadlines } from "./deadlines.ts";
import { latencyBucket } from "./latency_histogram.ts";
import type { Server } from "./server.ts";
import { addNullArray, Wait } from "./wait.ts";

const INT64_MAX = 2 ** 63;
/** The longest time that a timer can be set to, in ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** How near to a whole number of ms a product of seconds counts as one. */
const MS_EPSILON = 1e-6;

// For handlers.

/** Whether the client may block: not in a transaction or a script, where waiting ends at once. */
export function canBlock(c: Client): boolean {
  return (c.flags & CLIENT_DENY_BLOCKING) === 0;
}

/**
 * A timeout argument, in ms from now; 0 means for ever. `inMilliseconds`: the argument is a whole number of
 * them, otherwise seconds with a fraction, which is rounded up. NaN after an error reply.
 */
export function getTimeoutOrReply(c: Client, index: number, inMilliseconds: boolean): number {
  const timeoutMs = inMilliseconds ? argMilliseconds(c, index) : argSeconds(c, index);
  const error = Number.isNaN(timeoutMs)
    ? `ERR timeout is not ${inMilliseconds ? "an integer" : "a float"} or out of range`
    : timeoutMs < 0
    ? "ERR timeout is negative"
    : timeoutMs >= INT64_MAX - c.server.keyspace.nowMs
    ? "ERR timeout is out of range"
    : "";
  if (error === "") return timeoutMs;
  c.reply.addError(error);
  return NaN;
}

/**
 * Blocks the client until one of `count` keys, the arguments from `first` on, is a value of that type (or, with
 * `onNoKey`, is gone or replaced). The handler returns without a reply, see the design comment. Once the time is
 * over the client gets a null array.
 */
export function blockOnKeys(
  c: Client,
  first: number,
  count: number,
  timeoutMs: number,
  type: number,
  onNoKey = false,
): void {
  c.server.blocking.blockOnKeys(c, first, count, timeoutMs, type, onNoKey);
}

/** Blocks the client until the time is over, when `onTimeout` replies, or until somebody unblocks it. */
export function blockUntil(c: Client, timeoutMs: number, onTimeout: (c: Client) => void): void {
  c.server.blocking.blockUntil(c, timeoutMs, onTimeout);
}

/** Changes an argument for the next execution. Called after `blockOnKeys`; the text has one char per byte. */
export function rewriteBlockedArg(c: Client, index: number, text: string): void {
  assert(c.wait !== null && c.wait.isActive, "only a blocked client has a copy of its request");
  c.wait.argv.set(index, text);
}

/** The value of the key in argument `index`, which was there already, has something new for those who wait. */
export function signalKeyReady(c: Client, index: number): void {
  const { buf, off, len } = c.argv;
  c.server.blocking.keys.signal(c.db, buf, off[index], len[index]);
}

export class Blocking {
  readonly keys: BlockedKeys;
  readonly deadlines = new Deadlines<Wait>();
  /** Clients that are blocked. */
  count = 0;
  /** Nobody is served for now: what makes keys ready has not ended yet. */
  isHeld = false;

  private readonly server: Server;
  private serving = false;
  /** Unblocked clients whose input waits for the end of the turn. */
  private readonly resuming: Client[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private timerAtUs = 0;
  private readonly onTimer = () => this.timerFired();

  constructor(server: Server) {
    this.server = server;
    this.keys = new BlockedKeys(server.keyspace);
    server.turn.beforeEnd = () => this.endOfTurn();
  }

  // Blocking.

  /** See the function of that name. */
  blockOnKeys(
    c: Client,
    first: number,
    count: number,
    timeoutMs: number,
    type: number,
    onNoKey: boolean,
  ): void {
    const wait = c.wait ??= new Wait(c);
    if (wait.isRetrying) {
      c.flags |= CLIENT_BLOCKED;
      if (wait.places.length > 0) return;
      this.addPlaces(wait, first, count);
      this.addDeadline(wait);
      return;
    }
    wait.type = type;
    wait.onNoKey = onNoKey;
    wait.onTimeout = addNullArray;
    this.addPlaces(wait, first, count);
    this.block(wait, timeoutMs);
  }

  private addPlaces(wait: Wait, first: number, count: number): void {
    const { argv, db } = wait.client;
    for (let i = first; i < first + count; i++) {
      this.keys.add(wait, db, argv.buf, argv.off[i], argv.len[i]);
    }
  }

  /** See the function of that name. */
  blockUntil(c: Client, timeoutMs: number, onTimeout: (c: Client) => void): void {
    const wait = c.wait ??= new Wait(c);
    wait.type = -1;
    wait.onNoKey = false;
    wait.onTimeout = onTimeout;
    this.block(wait, timeoutMs);
  }

  private block(wait: Wait, timeoutMs: number): void {
    const { client } = wait;
    assert(!wait.isActive, "a blocked client executes nothing");
    wait.isActive = true;
    wait.command = client.lastCommand;
    wait.argv.copy(client.argv);
    wait.argvBytes = client.argvBytes;
    // What CLIENT LIST shows of the request.
    client.argv = wait.argv;
    client.flags |= CLIENT_BLOCKED;
    this.count++;
    const { nowUs } = this.server.turn;
    wait.deadlineUs = timeoutMs === 0 ? Infinity : nowUs + timeoutMs * 1000;
    this.addDeadline(wait);
  }

  private addDeadline(wait: Wait): void {
    if (wait.deadlineUs === Infinity) return;
    this.deadlines.add(wait);
    this.setTimer();
  }

  // Serving.

  /** Whether `serveReadyKeys` has something to do. */
  get hasReadyKeys(): boolean {
    return this.keys.hasReady && !this.isHeld;
  }

  /** Serves the clients whose keys are ready. Called after each command; a transaction or a script is one. */
  serveReadyKeys(): void {
    // A command that is executed for a blocked client ends here too.
    if (this.serving) return;
    this.serving = true;
    try {
      for (let key = this.keys.takeReady(); key !== null; key = this.keys.takeReady()) {
        this.serveKey(key);
      }
    } finally {
      this.serving = false;
    }
  }

  /** Serves a key's clients in order, as long as it has what they wait for. */
  private serveKey(key: BlockedKey): void {
    const { keyspace, arena } = this.server;
    const end = this.keys.endNumber;
    for (
      let place = key.head;
      place !== null && place.number < end;
      place = key.cursor
    ) {
      key.cursor = place.next;
      keyspace.clearHints();
      const ref = find(keyspace, key);
      const type = ref === 0 ? -1 : objectType(arena, ref);
      if (key.onNoKey === 0 && (ref === 0 || (key.types & 1 << type) === 0)) break;
      if (place.wait.type === type || place.wait.onNoKey) this.retry(place.wait);
    }
    key.cursor = null;
  }

  /** Executes a blocked client's request again. */
  private retry(wait: Wait): void {
    const { client } = wait;
    const mark = client.reply.bytes;
    const { executing } = this.server;
    this.server.executing = client;
    client.flags &= ~CLIENT_BLOCKED;
    client.argv = wait.argv;
    client.argvBytes = wait.argvBytes;
    wait.isRetrying = true;
    try {
      dispatch(client, wait.command);
    } catch (error) {
      answerThrown(client, error, mark);
      client.flags &= ~CLIENT_BLOCKED;
    } finally {
      wait.isRetrying = false;
      this.server.executing = executing;
    }
    // It may be blocked again, or closed by what it did.
    if (wait.isActive && (client.flags & CLIENT_BLOCKED) === 0) this.finish(wait, mark);
  }

  // Pauses.

  /** A blocked client whose key is ready must wait for the end of a pause: it gives up its places and its deadline. */
  postpone(wait: Wait): void {
    this.keys.removeAll(wait);
    this.deadlines.remove(wait);
  }

  /** The pause is over for such a client. */
  retryLater(wait: Wait): void {
    wait.client.flags |= CLIENT_PENDING;
    this.resumeLater(wait.client);
  }

  /** Executes the request of such a client again. */
  private retryPending(wait: Wait): void {
    wait.client.flags &= ~CLIENT_PENDING;
    this.count++;
    this.server.keyspace.clearHints();
    this.retry(wait);
  }

  // Unblocking.

  /** Answers a blocked client as if its time was over, or because what it waited for is done. */
  unblockOnTimeout(c: Client): void {
    const wait = waitOf(c);
    const { reply } = c;
    const mark = reply.bytes;
    const { errors } = reply;
    wait.onTimeout(c);
    if (reply.errors !== errors) {
      this.server.stats.countError(reply.lastError);
      wait.command!.failedCalls++;
    }
    this.countAnswer(wait);
    this.finish(wait, mark);
  }

  /** The same where it took so long, in microseconds, what the client's command began to do. */
  unblockWhenDone(c: Client, us: number): void {
    waitOf(c).usedUs += us;
    this.server.latency.add("command-unblocking", us);
    this.unblockOnTimeout(c);
  }

  /** Answers a blocked client with an error. */
  unblockOnError(c: Client, error: string): void {
    const wait = waitOf(c);
    const mark = c.reply.bytes;
    c.reply.addError(error);
    this.server.stats.countError(error);
    wait.command!.failedCalls++;
    this.countAnswer(wait);
    this.finish(wait, mark);
  }

  /** Forgets a client that is going: it gets nothing more. No-op unless it is blocked. */
  forget(c: Client): void {
    if (c.wait === null || !c.wait.isActive) return;
    this.release(c.wait);
    this.tidy();
  }

  /** Counts an execution that ended without another call of the handler. */
  private countAnswer(wait: Wait): void {
    const { stats } = this.server;
    const command = wait.command!;
    command.calls++;
    stats.commandsProcessed++;
    wait.client.commandsProcessed++;
    command.addTime(wait.usedUs, latencyBucket(wait.usedUs), 1);
    this.server.turn.commandUs += wait.usedUs;
    noteSlowLog(wait.client, command, wait.usedUs);
  }

  /** The client has its reply, behind `mark`: it waits no more, and goes on with the rest of its input. */
  private finish(wait: Wait, mark: number): void {
    const { client } = wait;
    this.release(wait);
    if ((client.gates & GATE_REPLY) !== 0 && dropsReply(client)) client.reply.truncate(mark);
    if ((client.gates & GATE_PUSHES) !== 0) addPushes(client);
    if ((client.gates & GATE_TRACKING) !== 0) endCaching(client);
    // Whoever unblocked it may do so outside of any turn.
    this.server.turn.begin();
    client.port.replied();
    this.resumeLater(client);
  }

  /** Has a client go on with its input at the end of the turn. */
  resumeLater(c: Client): void {
    this.server.turn.begin();
    if ((c.flags & CLIENT_UNBLOCKED) !== 0) return;
    c.flags |= CLIENT_UNBLOCKED;
    this.resuming.push(c);
  }

  private release(wait: Wait): void {
    const { client } = wait;
    this.keys.removeAll(wait);
    this.deadlines.remove(wait);
    wait.isActive = false;
    wait.argv.clear();
    wait.command = null;
    wait.usedUs = 0;
    if ((client.flags & CLIENT_PENDING) === 0) this.count--;
    client.flags &= ~(CLIENT_BLOCKED | CLIENT_POSTPONED | CLIENT_PENDING);
    client.resetArgv();
  }

  // Time.

  /** What is done at the end of a turn, before replies are sent. */
  private endOfTurn(): void {
    try {
      if (this.hasReadyKeys) this.serveReadyKeys();
      const { resuming } = this;
      // It grows while it is worked through: what one client sends may unblock others.
      for (let i = 0; i < resuming.length; i++) {
        const client = resuming[i];
        client.flags &= ~CLIENT_UNBLOCKED;
        if ((client.flags & CLIENT_PENDING) !== 0) this.retryPending(client.wait!);
        if ((client.flags & (CLIENT_BLOCKED | CLIENT_CLOSED)) === 0) client.port.resume();
      }
      resuming.length = 0;
    } catch (error) {
      this.server.logBug("the serving of blocked clients", error);
    }
  }

  /** Unblocks all whose time is over. */
  expireDeadlines(): void {
    const { turn } = this.server;
    turn.begin();
    turn.readClock();
    let next = this.deadlines.first;
    while (next !== null && next.deadlineUs <= turn.nowUs) {
      this.deadlines.remove(next);
      this.unblockOnTimeout(next.client);
      next = this.deadlines.first;
    }
  }

  /** Ends a timer that nobody needs any more. The cron calls this too. */
  tidy(): void {
    if (this.deadlines.count === 0) this.stop();
  }

  /** Stops the timer. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private timerFired(): void {
    this.timer = null;
    try {
      this.expireDeadlines();
    } catch (error) {
      this.server.logBug("the deadlines of blocked clients", error);
    }
    this.setTimer();
  }

  /** Sees to it that the timer fires no later than the nearest deadline. */
  private setTimer(): void {
    const { first } = this.deadlines;
    if (first === null) return;
    const { nowUs } = this.server.turn;
    if (this.timer !== null) {
      if (this.timerAtUs <= first.deadlineUs) return;
      clearTimeout(this.timer);
    }
    const ms = Math.ceil((first.deadlineUs - nowUs) / 1000);
    const delayMs = Math.min(Math.max(ms, 0), TIMER_MAX_MS);
    this.timerAtUs = nowUs + delayMs * 1000;
    this.timer = setTimeout(this.onTimer, delayMs);
  }
}

/** The entry of a key, or 0. One whose time is over stays, as with Redis, until somebody uses the key. */
function find(keyspace: Keyspace, { db, bytes }: BlockedKey): number {
  const ref = db.keys.find(keyspace.hashKey(bytes, 0, bytes.length), bytes, 0, bytes.length);
  return ref === 0 || keyspace.isExpired(ref) ? 0 : ref;
}

/** The wait of a client that is blocked. */
function waitOf(c: Client): Wait {
  const { wait } = c;
  assert(wait !== null && wait.isActive, "only a blocked client can be unblocked");
  return wait;
}

/** NaN when it is no integer, and for what doesn't fit 64 bits. */
function argMilliseconds(c: Client, index: number): number {
  const ms = argInteger(c, index);
  return ms === BIG ? Number(argBigInt(c, index)) : ms;
}

/** Seconds as a float, in ms rounded up. Redis reads a long double, whose range is wider. */
function argSeconds(c: Client, index: number): number {
  const { buf, off, len } = c.argv;
  let seconds = parseDouble(buf, off[index], len[index]);
  if (Number.isNaN(seconds)) {
    const wide = parseLongDouble(buf, off[index], len[index]);
    if (wide === null) return NaN;
    seconds = wide.kind !== "finite" || wide.exponent > 0 ? Infinity : Number.MIN_VALUE;
    if (wide.negative) seconds = -seconds;
  }
  const ms = seconds * 1000;
  const whole = Math.round(ms);
  // 1.1 * 1000 is a little more than 1100; but what is left of a ms is a ms, or it would be for ever.
  const isWhole = whole !== 0 && Math.abs(ms - whole) < MS_EPSILON;
  // The sum makes no negative zero.
  return (isWhole ? whole : Math.ceil(ms)) + 0;
}
