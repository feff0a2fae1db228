/**
 * Transport over `Bun.listen`.
 *
 * Bun brings its own read buffers, up to 512 KiB, and writes at once, telling how many bytes the kernel took; the
 * rest is tried again after its `drain`. When the peer ends its half of a connection Bun closes the other
 * half behind what was written so far, which is what Redis does.
 *
 * `backlog` is Bun's own, 512; it binds exclusively, so that a port in use is an error.
 */
import {
  type Acceptor,
  addressText,
  LINGER_MS,
  type Listening,
  type ListenOptions,
  type Socket,
  type SocketOwner,
  type Transport,
} from "./transport.ts";

/** The part of Bun's API used here. */
interface BunTcpSocket {
  data: BunSocket | null;
  readonly fd: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  write(data: Uint8Array, byteOffset: number, byteLength: number): number;
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
  close(socket: BunTcpSocket): void;
  error(socket: BunTcpSocket, error: Error): void;
}

interface BunListenOptions {
  hostname?: string;
  port?: number;
  unix?: string;
  exclusive?: boolean;
  ipv6Only?: boolean;
  socket: BunHandlers;
}

declare const Bun: {
  listen(options: BunListenOptions): { stop(closeActive?: boolean): void };
};

class BunSocket implements Socket {
  readonly addr: string;
  readonly laddr: string;
  readonly fd: number;
  owner: SocketOwner | null = null;
  private readonly socket: BunTcpSocket;
  /** Part of a write is with nobody: `drain` will ask for it. */
  private isFull = false;
  private closed = false;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(socket: BunTcpSocket, unixPath: string | null) {
    this.socket = socket;
    this.fd = socket.fd;
    if (unixPath === null) {
      this.addr = addressText(socket.remoteAddress, socket.remotePort);
      this.laddr = addressText(socket.localAddress, socket.localPort);
    } else {
      this.addr = `${unixPath}:0`;
      this.laddr = this.addr;
    }
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

  end(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => this.close(), LINGER_MS);
    this.timer.unref();
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

  listen(options: ListenOptions, accept: Acceptor): Listening {
    const { hostname, port, keepAliveSeconds } = options;
    const socket = handlers(null, accept, keepAliveSeconds);
    return stopper(Bun.listen({ hostname, port, exclusive: true, ipv6Only: true, socket }));
  },

  listenUnix(path: string, accept: Acceptor): Listening {
    return stopper(Bun.listen({ unix: path, socket: handlers(path, accept, () => 0) }));
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
        socket.setNoDelay(true);
        const seconds = keepAliveSeconds();
        if (seconds > 0) socket.setKeepAlive(true, seconds * 1000);
      }
      const wrapped = new BunSocket(socket, unixPath);
      socket.data = wrapped;
      wrapped.owner = accept(wrapped, unixPath !== null);
    },
    data(socket, bytes) {
      socket.data?.owner?.onBytes(bytes);
    },
    drain(socket) {
      socket.data?.drained();
    },
    close(socket) {
      socket.data?.gone();
    },
    // Errors of the system, which have a code, and what a handler above has thrown.
    error(socket, error) {
      const wrapped = socket.data;
      if (wrapped === null) socket.end();
      else if (wrapped.owner === null || "code" in error) wrapped.close();
      else wrapped.owner.onFault(error);
    },
  };
}
