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
  /**
   * Ends the connection in order: the peer gets all that was written, then the end of the stream. What the peer
   * still sends is thrown away until it ends the connection too, or for LINGER_MS: closing a socket with
   * unread bytes makes the kernel send a reset, which may overtake the last reply. `onClosed` is called at
   * once.
   */
  end(): void;
  /** Closes at once; `onClosed` follows unless it was called before. */
  close(): void;
}

/** How long an ended connection waits for its peer to end it too, in ms. */
export const LINGER_MS = 1000;

/** The owner of a socket, implemented by Connection. */
export interface SocketOwner {
  /** For transports that read into a given buffer: where to put the next bytes. */
  readTarget(): Uint8Array;
  /**
   * For transports with a buffer for everybody: where the rest of an unfinished request goes, or null when there is
   * none, so that the next bytes may come by `onBytes`.
   */
  restTarget(): Uint8Array | null;
  /** `len` bytes were put there. */
  onRead(len: number): void;
  /** For transports that bring their own buffer: its first `len` bytes, valid until this returns. */
  onBytes(bytes: Uint8Array, len: number): void;
  /** See `Socket.write`. */
  onSent(len: number): void;
  /** The peer will send nothing more; it may still read. */
  onEnd(): void;
  /** Something in this connection threw what it should not have. The connection is closed. */
  onFault(error: unknown): void;
  /** The socket is gone. Called once. */
  onClosed(): void;
}

/** Makes the owner of a new socket; null refuses it (the acceptor has closed it then). */
export type Acceptor = (socket: Socket, isUnix: boolean) => SocketOwner | null;

/**
 * What a transport that serves several sockets in one call says before the first and after the last; the others
 * say nothing, and a round ends with the microtasks.
 */
export interface Rounds {
  enter(): void;
  leave(): void;
  /** How late the runtime's timers may be, in ms. */
  readonly patienceMs: number;
}

export interface ListenOptions {
  backlog: number;
  rounds: Rounds;
  /** A connection could not be accepted; the listener goes on. */
  acceptFailed: (reason: string) => void;
}

export interface TcpListenOptions extends ListenOptions {
  hostname: string;
  port: number;
  /** Asked for each new connection; 0 is off. */
  keepAliveSeconds: () => number;
}

/** A listening socket. */
export interface Listening {
  close(): void;
}

/** One of the runtimes. `listen` and `listenUnix` throw when the address can't be had. */
export interface Transport {
  readonly name: string;
  /** Whether a listener on "::" takes IPv4 connections too, so that "0.0.0.0" is in use then. */
  readonly isDualStack: boolean;
  /** Whether each socket is served in a call of its own, whose microtasks come before the next socket's. */
  readonly servesApart: boolean;
  listen(options: TcpListenOptions, accept: Acceptor): Listening;
  listenUnix(path: string, options: ListenOptions, accept: Acceptor): Listening;
}

/** "ip:port" with brackets around an IPv6 address; an IPv4 address in IPv6 clothes is shown as what it is. */
export function addressText(host: string, port: number): string {
  const plain = host.startsWith("::ffff:") && host.includes(".") ? host.slice(7) : host;
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}
