/**
 * Transport over `Bun.listen`.
 *
 * Bun brings its own read buffers and writes at once, telling how many bytes the kernel took; the rest is tried
 * again after its `drain`.
 *
 * A read buffer of Bun's has up to 512 KiB, which may be 60,000 commands. It is passed on in slices, one per round
 * of the event loop, so that the others have their turn and replies leave in between; the socket is paused
 * meanwhile.
 *
 * `backlog` is Bun's own, 512; it binds exclusively, so that a port in use is an error.
 *
 * Garbage. To JavaScriptCore the arena's reserved gigabyte is a heap of that size, which need not be looked through
 * before it has doubled. What closed connections leave, 1.5 to 2.5 KB each, would pile up until then, so they are
 * counted, and a collection is made after CLOSED_PER_GC of them. It takes 25 ms, about 1 us per connection; with
 * connections that come and go all the time the process stays below 120 MB, instead of growing by 28 MB per 20,000.
 * (Asking for one in the background has no effect, and one of the young generation finds hardly any of it.)
 */
import {
  type Acceptor,
  addressText,
  LINGER_MS,
  type Listening,
  type ListenOptions,
  type Socket,
  type SocketOwner,
  type TcpListenOptions,
  type Transport,
} from "./transport.ts";

/** The part of Bun's API used here. */
interface BunTcpSocket {
  data: BunSocket | undefined;
  readonly fd: number;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  write(data: Uint8Array, byteOffset: number, byteLength: number): number;
  pause(): void;
  resume(): void;
  /** Closes the sending half. */
  shutdown(): void;
  /** Closes both, in order: what the kernel has goes out. */
  end(): void;
  setNoDelay(on: boolean): boolean;
  setKeepAlive(on: boolean, initialDelayMs: number): boolean;
}

interface BunHandlers {
  open(socket: BunTcpSocket): void;
  data(socket: BunTcpSocket, bytes: Uint8Array): void;
  drain(socket: BunTcpSocket): void;
  end(socket: BunTcpSocket): void;
  close(socket: BunTcpSocket): void;
  error(socket: BunTcpSocket, error: Error): void;
}

interface BunListenOptions {
  hostname?: string;
  port?: number;
  unix?: string;
  allowHalfOpen: true;
  exclusive?: boolean;
  ipv6Only?: boolean;
  socket: BunHandlers;
}

declare const Bun: {
  listen(options: BunListenOptions): { stop(closeActive?: boolean): void };
  /** Collects garbage, at once if `synchronous`. */
  gc(synchronous: boolean): void;
};

/** Bytes passed on at once; as many as Deno's transport reads. */
const SLICE_BYTES: number = 16 * 1024;

/** Connections closed from one collection to the next. */
const CLOSED_PER_GC = 20_000;
let closedSinceGc = 0;

/** A peer that has ended its half gets its replies all the same. */
const HALF_OPEN = { allowHalfOpen: true } as const;

class BunSocket implements Socket {
  readonly addr: string;
  readonly laddr: string;
  readonly fd: number;
  owner: SocketOwner | null = null;
  private readonly socket: BunTcpSocket;
  /** Part of a write is with nobody: `drain` will ask for it. */
  private isFull = false;
  private closed = false;
  /** The peer has ended its half. */
  private peerEnded = false;
  /** Bytes that wait for their round, and how far they are passed on. */
  private backlog: Uint8Array | null = null;
  private passed = 0;
  private readonly goOn = () => this.passSlice();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(socket: BunTcpSocket, unixPath: string | null) {
    this.socket = socket;
    this.fd = socket.fd;
    if (unixPath === null) {
      this.addr = addressText(socket.remoteAddress ?? "?", socket.remotePort);
      this.laddr = addressText(socket.localAddress, socket.localPort);
    } else {
      this.addr = `${unixPath}:0`;
      this.laddr = this.addr;
    }
  }

  /** Bytes have arrived; the buffer is ours. */
  received(bytes: Uint8Array): void {
    if (this.backlog !== null) {
      // What came before the pause took effect.
      this.backlog = joined(this.backlog.subarray(this.passed), bytes);
      this.passed = 0;
    } else if (bytes.length <= SLICE_BYTES) {
      this.owner?.onBytes(bytes, bytes.length);
    } else if (this.owner !== null) {
      this.backlog = bytes;
      this.passed = 0;
      this.socket.pause();
      this.passSlice();
    }
  }

  private passSlice(): void {
    const { backlog, owner } = this;
    if (backlog === null) return;
    if (owner === null) {
      this.backlog = null;
      return;
    }
    const end = Math.min(this.passed + SLICE_BYTES, backlog.length);
    const slice = backlog.subarray(this.passed, end);
    this.passed = end;
    owner.onBytes(slice, slice.length);
    if (end < backlog.length) {
      setImmediate(this.goOn);
      return;
    }
    this.backlog = null;
    if (!this.closed) this.socket.resume();
  }

  write(buf: Uint8Array, off: number, len: number): number {
    const sent = this.socket.write(buf, off, len);
    if (sent < 0) {
      // The peer is gone; nobody waits for the rest.
      this.close();
      return len;
    }
    this.isFull = sent < len;
    return sent;
  }

  /** There is room again. */
  drained(): void {
    if (!this.isFull) return;
    this.isFull = false;
    this.owner?.onSent(0);
  }

  /** The peer has ended its half. */
  peerEnd(): void {
    this.peerEnded = true;
    if (this.owner === null) this.close();
    else this.owner.onEnd();
  }

  end(): void {
    if (this.closed || this.timer !== null) return;
    if (this.peerEnded) return this.close();
    this.timer = setTimeout(() => this.close(), LINGER_MS);
    this.timer.unref();
    if (this.backlog !== null) this.socket.resume();
    this.socket.shutdown();
    this.leaveOwner();
  }

  close(): void {
    if (this.closed) return;
    this.gone();
    this.socket.end();
  }

  /** The socket is closed, by either side. */
  gone(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.leaveOwner();
  }

  private leaveOwner(): void {
    const owner = this.owner;
    this.owner = null;
    owner?.onClosed();
  }
}

export const bunTransport: Transport = {
  name: "bun",
  isDualStack: false,
  servesApart: true,

  listen(options: TcpListenOptions, accept: Acceptor): Listening {
    const { hostname, port, keepAliveSeconds } = options;
    const socket = handlers(null, accept, keepAliveSeconds);
    return stopper(
      Bun.listen({ ...HALF_OPEN, hostname, port, exclusive: true, ipv6Only: true, socket }),
    );
  },

  listenUnix(path: string, _options: ListenOptions, accept: Acceptor): Listening {
    return stopper(
      Bun.listen({ ...HALF_OPEN, unix: path, socket: handlers(path, accept, () => 0) }),
    );
  },
};

function stopper(server: { stop(closeActive?: boolean): void }): Listening {
  return { close: () => server.stop(false) };
}

function handlers(
  unixPath: string | null,
  accept: Acceptor,
  keepAliveSeconds: () => number,
): BunHandlers {
  return {
    open(socket) {
      if (unixPath === null) {
        // The peer has gone already: there is no address to be had.
        if (socket.remoteAddress === undefined) {
          socket.end();
          return;
        }
        socket.setNoDelay(true);
        const seconds = keepAliveSeconds();
        if (seconds > 0) socket.setKeepAlive(true, seconds * 1000);
      }
      const wrapped = new BunSocket(socket, unixPath);
      socket.data = wrapped;
      wrapped.owner = accept(wrapped, unixPath !== null);
    },
    data(socket, bytes) {
      socket.data?.received(bytes);
    },
    drain(socket) {
      socket.data?.drained();
    },
    end(socket) {
      if (socket.data === undefined) socket.end();
      else socket.data.peerEnd();
    },
    close(socket) {
      socket.data?.gone();
      if (++closedSinceGc < CLOSED_PER_GC) return;
      closedSinceGc = 0;
      Bun.gc(true);
    },
    // Errors of the system, which have a code, and what a handler above has thrown.
    error(socket, error) {
      const wrapped = socket.data;
      if (wrapped === undefined) socket.end();
      else if (wrapped.owner === null || "code" in error) wrapped.close();
      else wrapped.owner.onFault(error);
    },
  };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
