/**
 * Transport: what a runtime's sockets look like to core/net.
 *
 * A transport pushes: bytes arrived, bytes went out, the socket closed. Each call is synchronous and may
 * lead to calls of the other side before it returns. All policy (buffers, partial writes, limits,
 * closing) lives in connection.ts, so a transport is a page of glue.
 */

/** One socket, implemented by a transport. */
export interface Socket {
  /** "ip:port" of the peer and of this end; "path:0" for a unix socket. */
  readonly addr: string;
  readonly laddr: string;
  readonly fd: number;
  /**
   * Sends a stretch of `buf`. Returns how many bytes are gone already. If that is less than `len`, the
   * socket keeps `buf` or is full, and calls `onSent` exactly once: with the number of further bytes that
   * went, after which the rest may be tried again.
   */
  write(buf: Uint8Array, off: number, len: number): number;
  /** Closes; `onClosed` follows unless it was called before. */
  close(): void;
}

/** The owner of a socket, implemented by Connection. */
export interface SocketOwner {
  /** For transports that read into a given buffer: where to put the next bytes. */
  readTarget(): Uint8Array;
  /** `len` bytes were put there. */
  onRead(len: number): void;
  /** For transports that bring their own buffer; valid until this returns. */
  onBytes(bytes: Uint8Array): void;
  /** See `Socket.write`. */
  onSent(len: number): void;
  /** The socket is gone. Called once. */
  onClosed(): void;
}

/** Makes the owner of a new socket; null refuses it (the acceptor has closed it then). */
export type Acceptor = (socket: Socket, isUnix: boolean) => SocketOwner | null;

export interface ListenOptions {
  hostname: string;
  port: number;
  backlog: number;
  keepAliveSeconds: () => number;
}

/** A listening socket. */
export interface Listening {
  close(): void;
}

/** One of the runtimes. `listen` and `listenUnix` throw when the address can't be had. */
export interface Transport {
  readonly name: string;
  listen(options: ListenOptions, accept: Acceptor): Listening;
  listenUnix(path: string, accept: Acceptor): Listening;
}
