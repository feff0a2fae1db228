/**
 * Turn: one round of the event loop, as the server sees it.
 *
 * A turn begins with the first bytes that arrive (or a timer), serves every client that is ready, and ends
 * in a microtask behind them all, or when a transport that serves them all in one call says so. What belongs to the
 * end, in this order: clients that were unblocked go on with their input (the `beforeEnd` hook), the last commands'
 * time is accounted, what persistence must write is written (its `beforeWrite` hook), and then each client with
 * replies gets one write. Redis calls the place `beforeSleep`.
 *
 * Reading the clock costs 35 to 90 ns (base/clock.ts), a pipelined GET 300. So time is read at both ends
 * of a turn, and in between once per group of GROUP_MAX fast commands, whose time is shared out evenly among
 * them; a command that may take long is timed on its own. Commands that come in a row are counted, not listed.
 *
 * Slow ones among the fast (SLOWLOG) are found without more readings. A fast command takes long because its request
 * or its reply is large, which is seen from the bytes, and those are timed on their own (call.ts). If a group as a
 * whole took as long as one slow command, something else went on: the next SUSPECTS_MAX commands are timed each on
 * its own, so that one of them that is slow again finds itself in the log. Mostly it was the machine, which gave the
 * processor to somebody else, so what the suspicion costs is bounded by what raised it: 0.2 ms for every 10. (When it
 * lasted for ten seconds, a busy machine never came out of it, and all pipelined commands took twice as long: LPUSH
 * 420 ns instead of 220.) Each command is timed also as long as the threshold is below GROUP_SLOW_MIN_US or the
 * latency monitor is on.
 *
 * A script's commands that aren't fast ones are in the group with the script and its others, for mostly they are
 * quick. The clock is read once behind each, and if the group is late they are taken out of it (`closeLast`).
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../base/clock.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { Command } from "./command.ts";
import { latencyBucket } from "./latency_histogram.ts";
import type { Stats } from "./stats.ts";

/** Someone with replies to send at the end of the turn. */
export interface Flushable {
  flush(): void;
  /** Its replies must not be sent: it is disconnected. */
  abandon(): void;
}

const GROUP_MAX = 64;
/** From this threshold on groups are timed as a whole, in microseconds. */
const GROUP_SLOW_MIN_US = 2000;
/** When a group is late in which there is a script's slow command, in microseconds; and what its others are given. */
const LATE_US = 20;
const LATE_EACH_US = 4;
const OTHERS_EACH_US = 1;
/** How many commands are timed one by one after a slow group. */
const SUSPECTS_MAX = 1000;
/** How often the wall clock is read again to follow it when it is set, in microseconds. */
const RESYNC_US = 100_000;

export class Turn {
  /** The longest turn since the statistics were reset, in microseconds. */
  longestUs = 0;
  /** Turns so far, and their time in microseconds. */
  count = 0;
  totalUs = 0;
  /** Time of commands so far, in microseconds. What runs as a part of another one is in the other's. */
  commandUs = 0;
  /** What it was when the statistics were reset. */
  commandUsBefore = 0;
  /** The most commands in a turn. */
  mostCommands = 0;
  /** Monotonic time of the last reading of the clock. */
  nowUs = 0;
  /** The same as unix time; it stands still with the keyspace's. */
  unixUs = 0;
  /** How late timers may be at present, in ms. */
  patienceMs = 10;
  /** Commands so far whose time was accounted to them alone. */
  timedAlone = 0;
  /** When the time began that is not accounted yet. */
  groupStartUs = 0;
  /** Called first at the end: more commands may run (blocking.ts). It doesn't throw. */
  beforeEnd: (() => void) | null = null;
  /** Called before clients are written to, if it is set (appending.ts). Returns whether that may be done. */
  beforeWrite: (() => boolean) | null = null;
  /** Called at the end, when all commands have run, if it is set (tracking.ts). It doesn't throw. */
  broadcast: (() => void) | null = null;

  /** Whether fast commands are timed one by one, too. */
  timesEach = false;

  /** While a transaction is executed the keyspace's time stands still: nothing expires half-way. */
  isFrozen = false;

  /** Whether sockets are served in calls of their own, with microtasks in between (core/net/transport.ts). */
  servesApart = false;
  /** Whether a turn then waits for all sockets that are ready, because its end is dear: one fsync for all of them. */
  gathers = false;

  private readonly clock: Clock;
  private readonly keyspace: Keyspace;
  private readonly stats: Stats;
  /** Commands that had been processed when the last turn ended. */
  private commandsBefore = 0;
  private active = false;
  /** A transport has said `enter` and not yet `leave`. */
  private entered = false;
  /** What is slow, in microseconds, and how many commands are still under suspicion. */
  private slowUs = Infinity;
  private timesAll = false;
  private suspects = 0;
  private startUs = 0;
  /** Unix time minus monotonic time, in microseconds. */
  private offsetUs = 0;
  private resyncAtUs = 0;
  /**
   * The fast commands since the group began, how many times in a row each of them, and how many entries that are. The
   * array keeps its length: one that is emptied and filled anew allocates (a tenth of a short transaction's time).
   */
  private readonly group: (Command | null)[] = new Array(GROUP_MAX).fill(null);
  private readonly repeats = new Int32Array(GROUP_MAX);
  private entries = 0;
  /** How many shares of the group's time each took: more than one has a whole: a script, a transaction. */
  private readonly shares = new Int32Array(GROUP_MAX).fill(1);
  private grouped = 0;
  private pending: Flushable[] = [];
  private flushing: Flushable[] = [];
  private readonly endLater = () => {
    if (this.active && !this.entered) this.end();
  };

  constructor(clock: Clock, keyspace: Keyspace, stats: Stats) {
    this.clock = clock;
    this.keyspace = keyspace;
    this.stats = stats;
    this.readClock();
  }

  /** Sets what is slow, in microseconds; `exact` if single commands matter at any price. */
  setSlow(slowUs: number, exact: boolean): void {
    this.slowUs = slowUs;
    this.timesAll = exact || slowUs < GROUP_SLOW_MIN_US;
    this.timesEach = this.timesAll;
    this.suspects = 0;
  }

  /** Begins a turn unless one is under way. */
  begin(): void {
    if (this.active) return;
    this.active = true;
    this.readClock();
    this.startUs = this.nowUs;
    this.groupStartUs = this.nowUs;
    if (this.entered) return;
    if (this.gathers && this.servesApart) setImmediate(this.endLater);
    else queueMicrotask(this.endLater);
  }

  /** Everything up to `leave` is one turn. */
  enter(): void {
    this.entered = true;
  }

  /** Ends the turn, if anything has happened in it. */
  leave(): void {
    this.entered = false;
    if (this.active) this.end();
  }

  /** Registers a client to be written to at the end of this turn; once per turn is enough. */
  flushAtEnd(who: Flushable): void {
    this.pending.push(who);
  }

  /** A fast command is about to run. */
  noteFast(command: Command): void {
    if (this.grouped === GROUP_MAX) this.closeGroup();
    this.grouped++;
    const { group, repeats } = this;
    const last = this.entries - 1;
    if (last >= 0 && group[last] === command && this.shares[last] === 1) {
      repeats[last]++;
      return;
    }
    this.entries = last + 2;
    group[last + 1] = command;
    repeats[last + 1] = 1;
  }

  /** A script or a transaction has run quickly; its commands, of which there were so many, have been noted. */
  noteWhole(command: Command, commands: number): void {
    if (this.grouped === GROUP_MAX) this.closeGroup();
    this.grouped++;
    const last = this.entries++;
    this.group[last] = command;
    this.repeats[last] = 1;
    this.shares[last] = commands + 1;
  }

  /** Accounts the time since the group began to its commands, and reads the clock. */
  closeGroup(): void {
    this.readClock();
    if (this.grouped > 0) {
      const took = this.nowUs - this.groupStartUs;
      if (took >= this.slowUs) this.suspect();
      this.share(took);
    }
    this.groupStartUs = this.nowUs;
  }

  /** Whether the group has taken longer than fast commands take. */
  get isGroupLate(): boolean {
    return this.clock.monotonicUs() - this.groupStartUs >= LATE_US + this.grouped * LATE_EACH_US;
  }

  /**
   * The group is late, and its last command is one that may take long: closes the group, and accounts all time to that
   * command but for a guess at the others'. Returns it, in microseconds.
   */
  closeLast(command: Command): number {
    this.readClock();
    const last = this.entries - 1;
    if (--this.repeats[last] === 0) this.entries = last;
    this.grouped--;
    const all = this.nowUs - this.groupStartUs;
    const others = this.grouped * OTHERS_EACH_US;
    if (this.grouped > 0) this.share(others);
    this.groupStartUs = this.nowUs;
    const took = all - others;
    this.commandUs += took;
    command.addTime(took, latencyBucket(took), 1);
    this.timedAlone++;
    return took;
  }

  /** Shares a time among the commands of the group, which is empty then. */
  private share(took: number): void {
    const { group, repeats, shares, entries } = this;
    this.commandUs += took;
    const share = took / this.grouped;
    const bucket = latencyBucket(share);
    for (let i = 0; i < entries; i++) {
      const command = group[i]!;
      if (shares[i] === 1) command.addTime(share, bucket, repeats[i]);
      else {
        const us = share * shares[i];
        command.addTime(us, latencyBucket(us), 1);
        shares[i] = 1;
      }
    }
    this.entries = 0;
    this.grouped = 0;
  }

  /** The time since `closeGroup` or the last `lap`, in microseconds; it is not accounted. */
  lap(): number {
    const before = this.groupStartUs;
    this.readClock();
    this.groupStartUs = this.nowUs;
    return this.nowUs - before;
  }

  /**
   * Accounts the time since `startUs`, when `closeGroup` was called and `commandUs` was `before`, and some of earlier,
   * to one command. Commands that ran as parts of it have their own time accounted, too. Returns it, in microseconds.
   */
  closeSlow(command: Command, startUs: number, before: number, earlierUs = 0): number {
    if (this.grouped > 0) this.closeGroup();
    else this.lap();
    const took = this.nowUs - startUs + earlierUs;
    this.commandUs = before + took;
    command.addTime(took, latencyBucket(took), 1);
    this.timedAlone++;
    if (this.suspects > 0 && --this.suspects === 0) this.timesEach = this.timesAll;
    return took;
  }

  /** A group was slow: one of the next commands may be, too. */
  private suspect(): void {
    this.suspects = SUSPECTS_MAX;
    this.timesEach = true;
  }

  /** Reads the clock and moves the keyspace's time. */
  readClock(): void {
    const now = this.clock.monotonicUs();
    this.nowUs = now;
    if (now >= this.resyncAtUs) {
      this.offsetUs = this.clock.nowUs() - now;
      this.resyncAtUs = now + RESYNC_US;
    }
    if (this.isFrozen) return;
    this.unixUs = now + this.offsetUs;
    const ms = Math.floor(this.unixUs / 1000);
    if (ms !== this.keyspace.nowMs) this.keyspace.setTime(ms);
  }

  private end(): void {
    if (this.beforeEnd !== null) this.beforeEnd();
    if (this.broadcast !== null) this.broadcast();
    this.closeGroup();
    const maySend = this.beforeWrite === null || this.beforeWrite();
    const flushing = this.pending;
    this.pending = this.flushing;
    this.flushing = flushing;
    for (let i = 0; i < flushing.length; i++) {
      if (maySend) flushing[i].flush();
      else flushing[i].abandon();
    }
    flushing.length = 0;
    const took = this.nowUs - this.startUs;
    this.count++;
    this.totalUs += took;
    if (took > this.longestUs) this.longestUs = took;
    const { commandsProcessed } = this.stats;
    const commands = commandsProcessed - this.commandsBefore;
    this.commandsBefore = commandsProcessed;
    if (commands > this.mostCommands) this.mostCommands = commands;
    this.active = false;
  }
}
