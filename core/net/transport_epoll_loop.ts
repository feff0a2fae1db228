/**
 * The event loop of the epoll transport, and how it shares the one thread with the runtime's.
 *
 *     slice    epoll_wait; one read per ready socket, its commands; one write per client with replies; again,
 *              until patienceMs are over or the runtime has something to do
 *     pass     the runtime's event loop goes round once: timers, signals, files, messages of workers
 *     idle     after EMPTY_SLICES_MAX slices without events another thread waits, and this one is the runtime's
 *              until it is told that a socket is ready
 *
 * A slice is one call from the runtime, so requests cost no promises: a batch takes one recv, one send and its share
 * of an epoll_wait, as in Redis. What a command leaves for later (a microtask, a timer) comes after the slice.
 *
 * When it ends. The runtime waits by an epoll of its own, and an epoll can be watched like a socket: ours wakes as
 * soon as the runtime has bytes, a signal, or a result of one of its threads to look at. Only its timers can't
 * be seen from outside; for them a slice ends after `patienceMs`, which is 10 unless timers are what the server is
 * busy with (core/server/cron.ts). Where the runtime's epoll isn't found slices are BLIND_SLICE_MS short.
 *
 * The end is a timerfd among the sockets, set once per slice, and epoll_wait has no timeout. With a timeout the
 * kernel sets and cancels a timer for each wait, which costs a virtual machine 0.5 us per request: 7 of 100.
 *
 * A pass goes by a socket (transport_epoll_relay.ts) and takes 6 us. Measured alternatives: an FFI call on
 * another thread 8 us when that thread is awake and 35 when it isn't; setImmediate and MessageChannel 1 to 2
 * us, but the runtime then looks at its own sockets only once per 61 rounds.
 *
 * Idle. The wait on another thread is an FFI call that doesn't block. A request that ends it costs two more thread
 * switches, so a server with a hundred requests per second spends 0.2 ms on each, twice as much as with the
 * runtime's sockets; from a thousand on it costs less, and what nobody talks to costs nothing.
 *
 * Fairness. One read per socket and round; listening sockets come last in a round.
 */
import { latin1 } from "../base/bytes.ts";
import type { Rounds } from "./transport.ts";
import { openRelay, type Relay } from "./transport_epoll_relay.ts";
import {
  cBytes,
  CLOCK_MONOTONIC,
  EFD_CLOEXEC,
  EINTR,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  errno,
  EVENT_FD,
  EVENT_WORDS,
  granted,
  lastError,
  libc,
  pinned,
  sizeOf,
  TFD_NONBLOCK_CLOEXEC,
} from "./transport_epoll_libc.ts";

/** Most events taken from the kernel at once. */
const EVENTS_MAX = 256;
/** Longest slice when nothing would tell that the runtime has something to do, in ms. */
const BLIND_SLICE_MS = 2;
/** Slices in a row that bring nothing before the wait is left to another thread. */
const EMPTY_SLICES_MAX = 3;
/** Where to look for the runtime's epoll, which is among the first things it opens. */
const LOW_FDS = 64;

/** A connected socket, as the loop sees it. */
export interface Pollable {
  readonly rounds: Rounds;
  /** The kernel has these events for it. */
  ready(events: number): void;
}

/** A listening socket, as the loop sees it. */
export interface Doorway {
  readonly rounds: Rounds;
  /** Somebody is at the door. */
  ready(): void;
}

export class EpollLoop {
  private readonly epoll: number;
  /** Ends a slice. */
  private readonly timer: number;
  /** Always readable; the other thread is woken by asking for its events. */
  private readonly bell: number;
  /** The runtime's own epoll; -1 while it is not known. */
  private runtime = -1;
  private relay: Relay | null = null;
  /** By file descriptor. */
  private readonly sockets: (Pollable | undefined)[] = [];
  private readonly doorways = new Map<number, Doorway>();
  private count = 0;
  /** Those that are ready in this round. */
  private readonly due: Doorway[] = [];
  /** Slices in a row that brought nothing. */
  private emptySlices = 0;
  /** The runtime has this thread and will call `resume`. */
  private isPaused = false;
  /** It will when something is ready. */
  private isIdle = false;
  private readonly resumed = () => this.resume();
  private readonly relayLost = () => {
    this.relay = null;
    this.resume();
  };
  private readonly sliceTime = new BigInt64Array(pinned(32).buffer);
  private readonly events = new Int32Array(pinned(EVENTS_MAX * EVENT_WORDS * 4).buffer);
  private readonly eventAside = new Int32Array(pinned(EVENT_WORDS * 4).buffer);
  private readonly event = new Int32Array(pinned(EVENT_WORDS * 4).buffer);

  /** Throws when the kernel grants no epoll. */
  constructor() {
    this.epoll = granted(libc.epoll_create1(EPOLL_CLOEXEC));
    this.timer = granted(libc.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK_CLOEXEC));
    this.bell = granted(libc.eventfd(1, EFD_CLOEXEC));
    this.control(EPOLL_CTL_ADD, this.timer, EPOLLIN);
    this.control(EPOLL_CTL_ADD, this.bell, 0);
    addEventListener("unload", () => this.closeAll());
  }

  addSocket(fd: number, socket: Pollable): void {
    this.control(EPOLL_CTL_ADD, fd, EPOLLIN);
    this.sockets[fd] = socket;
    if (++this.count === 1) this.start();
  }

  addDoorway(fd: number, doorway: Doorway): void {
    this.control(EPOLL_CTL_ADD, fd, EPOLLIN);
    this.doorways.set(fd, doorway);
    if (++this.count === 1) this.start();
  }

  /** Changes which events are asked for. */
  change(fd: number, events: number): void {
    this.control(EPOLL_CTL_MOD, fd, events);
  }

  /** Forgets a descriptor, before it is closed. */
  remove(fd: number): void {
    if (this.sockets[fd] !== undefined) this.sockets[fd] = undefined;
    else if (!this.doorways.delete(fd)) return;
    this.control(EPOLL_CTL_DEL, fd, 0);
    if (--this.count === 0 && this.isIdle) this.control(EPOLL_CTL_MOD, this.bell, EPOLLIN);
  }

  /** The program ends, or begins anew in this process as with `deno run --watch`, which would keep descriptors. */
  private closeAll(): void {
    for (const fd of this.doorways.keys()) libc.close(fd);
    this.sockets.forEach((socket, fd) => socket !== undefined && libc.close(fd));
    this.control(EPOLL_CTL_MOD, this.bell, EPOLLIN);
  }

  private control(operation: number, fd: number, events: number): void {
    this.event[0] = events;
    this.event[EVENT_FD] = fd;
    granted(libc.epoll_ctl(this.epoll, operation, fd, this.event));
  }

  private start(): void {
    this.emptySlices = 0;
    if (this.isPaused) return;
    if (this.relay !== null) return this.pause();
    this.isPaused = true;
    openRelay().then((relay) => {
      this.relay = relay;
      this.findRuntime();
    }, this.resumed);
  }

  /** Pauses for the first time, and looks which epoll of this process learns of the relay's byte. */
  private findRuntime(): void {
    const probe = granted(libc.epoll_create1(EPOLL_CLOEXEC));
    for (const fd of lowEpolls()) {
      if (fd === this.epoll || fd === probe) continue;
      this.event[0] = EPOLLIN;
      this.event[EVENT_FD] = fd;
      libc.epoll_ctl(probe, EPOLL_CTL_ADD, fd, this.event);
    }
    const before = this.readyOf(probe);
    this.pause();
    const found = this.readyOf(probe).filter((fd) => !before.includes(fd));
    libc.close(probe);
    if (found.length === 0) return;
    this.runtime = found[0];
    this.control(EPOLL_CTL_ADD, this.runtime, EPOLLIN);
  }

  private readyOf(epoll: number): number[] {
    const count = Math.max(0, libc.epoll_wait(epoll, this.events, EVENTS_MAX, 0));
    return Array.from({ length: count }, (_, i) => this.events[i * EVENT_WORDS + EVENT_FD]);
  }

  /** Leaves this thread to the runtime, for one round of its event loop or until something is ready. */
  private pause(): void {
    this.isPaused = true;
    this.isIdle = this.emptySlices >= EMPTY_SLICES_MAX;
    if (!this.isIdle && this.relay !== null) {
      this.relay.pass().then(this.resumed, this.relayLost);
      return;
    }
    if (this.isIdle) {
      this.setTimer(0);
      if (this.runtime >= 0) this.control(EPOLL_CTL_MOD, this.runtime, 0);
    }
    const timeout = this.isIdle ? -1 : 0;
    libc.epollWaitAsync(this.epoll, this.eventAside, 1, timeout).then(this.resumed);
  }

  private resume(): void {
    this.isPaused = false;
    if (this.isIdle) {
      this.isIdle = false;
      this.emptySlices = 0;
      this.control(EPOLL_CTL_MOD, this.bell, 0);
      if (this.runtime >= 0) this.control(EPOLL_CTL_MOD, this.runtime, EPOLLIN);
    }
    if (this.count === 0) return;
    this.emptySlices++;
    try {
      this.slice();
    } finally {
      if (this.count > 0) this.pause();
    }
  }

  /** Serves until the time is up or the runtime has something to do. */
  private slice(): void {
    this.setTimer(this.sliceMs());
    while (this.count > 0) {
      const ready = libc.epoll_wait(this.epoll, this.events, EVENTS_MAX, -1);
      if (ready < 0 && errno() !== EINTR) throw lastError();
      if (this.serve(ready)) return;
    }
  }

  private setTimer(ms: number): void {
    this.sliceTime[3] = BigInt(ms * 1_000_000);
    granted(libc.timerfd_settime(this.timer, 0, this.sliceTime, null));
  }

  private sliceMs(): number {
    let ms = this.runtime < 0 ? BLIND_SLICE_MS : Infinity;
    for (const { rounds } of this.doorways.values()) ms = Math.min(ms, rounds.patienceMs);
    return ms === Infinity ? BLIND_SLICE_MS : Math.max(Math.floor(ms), 1);
  }

  /** One read per socket that has something. Returns whether the slice is over. */
  private serve(ready: number): boolean {
    const { events, sockets } = this;
    let rounds: Rounds | null = null;
    let isOver = false;
    for (let i = 0; i < ready; i++) {
      const at = i * EVENT_WORDS;
      const fd = events[at + EVENT_FD];
      const socket = sockets[fd];
      if (socket === undefined) {
        if (this.knock(fd)) continue;
        isOver = fd === this.timer || fd === this.runtime || isOver;
        continue;
      }
      if (socket.rounds !== rounds) {
        rounds?.leave();
        rounds = socket.rounds;
        rounds.enter();
        this.emptySlices = 0;
      }
      socket.ready(events[at]);
    }
    rounds?.leave();
    // Last, so that a new socket never has the number of one whose events are still to come.
    while (this.due.length > 0) this.due.pop()!.ready();
    return isOver;
  }

  /** Has a listening socket served at the end of the round. Returns whether it is one. */
  private knock(fd: number): boolean {
    const doorway = this.doorways.get(fd);
    if (doorway === undefined) return false;
    this.due.push(doorway);
    this.emptySlices = 0;
    return true;
  }
}

/** The epolls among the first descriptors of this process, where the runtime's own is. */
function lowEpolls(): number[] {
  const target = pinned(64);
  const found: number[] = [];
  for (let fd = 0; fd < LOW_FDS; fd++) {
    const length = libc.readlink(cBytes(`/proc/self/fd/${fd}`), target, sizeOf(target.length));
    if (length > 0 && latin1(target, 0, length) === "anon_inode:[eventpoll]") found.push(fd);
  }
  return found;
}
