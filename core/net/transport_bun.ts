/**
 * Transport over `Bun.listen`.
 *
 * Bun brings its own read buffers and writes at once, telling how many bytes the kernel took; the rest is
 * tried again after its `drain`.
 */
import type {
  Acceptor,
  Listening,
  ListenOptions,
  Socket,
  SocketOwner,
  Transport,
} from "./transport.ts";

/** The part of Bun's API used here. */
interface BunTcpSocket {
  data: BunSocket | null;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  write(data: Uint8Array, byteOffset: number, byteLength: number): number;
  end(): void;
  terminate(): void;
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

declare const Bun: {
  listen(
    options: { hostname?: string; port?: number; unix?: string; socket: BunHandlers },
  ): { stop(closeActive?: boolean): void };
};

class BunSocket implements Socket {
  readonly addr: string;
  readonly laddr: string;
  readonly fd = -1;
  owner: SocketOwner | null = null;
  private readonly socket: BunTcpSocket;
  private closed = false;

  constructor(socket: BunTcpSocket, unixPath: string | null) {
    this.socket = socket;
    this.addr = unixPath !== null
      ? `${unixPath}:0`
      : hostPort(socket.remoteAddress, socket.remotePort);
    this.laddr = unixPath !== null
      ? `${unixPath}:0`
      : hostPort(socket.localAddress, socket.localPort);
  }

  write(buf: Uint8Array, off: number, len: number): number {
    const sent = this.socket.write(buf, off, len);
    if (sent >= 0) return sent;
    this.close();
    return len;
  }

  close(): void {
    if (this.closed) return;
    this.socket.end();
    this.gone();
  }

  /** The socket is closed, by either side. */
  gone(): void {
    if (this.closed) return;
    this.closed = true;
    const owner = this.owner;
    this.owner = null;
    owner?.onClosed();
  }
}

export const bunTransport: Transport = {
  name: "bun",

  listen(options: ListenOptions, accept: Acceptor): Listening {
    const { hostname, port, keepAliveSeconds } = options;
    const socket = handlers(null, accept, keepAliveSeconds);
    return stopper(Bun.listen({ hostname, port, socket }));
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
      socket.data?.owner?.onSent(0);
    },
    close(socket) {
      socket.data?.gone();
    },
    error(socket) {
      socket.data?.close();
    },
  };
}

function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
