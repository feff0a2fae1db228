/**
 * Transport over Linux's epoll, through Deno's FFI.
 *
 * It is used where the program may use FFI (`-A`), and Deno's own sockets (transport_deno.ts) take its place where it
 * may not. The kernel is asked for the same as by Redis: nonblocking sockets, a read when bytes are there, a
 * write at once, and EPOLLOUT only while a socket is full. How it lives inside Deno is told in
 * transport_epoll_loop.ts.
 *
 * Memory. All sockets read into one buffer. Only the rest of an unfinished request goes into the client's own, large
 * arguments straight to where they are parsed. So an idle connection has no buffer at all: it takes 3.1 KB in all,
 * against 8.1 with Deno's sockets, where a read that waits owns its buffer.
 *
 * CPU time per request, medians of alternating runs of redis-benchmark with 50 clients, in us:
 *
 *                     pipeline 1          pipeline 16         pipeline 64
 *                     PING   GET   SET    PING   GET   SET    PING   GET   SET
 *     epoll           6.16  6.82  7.06    0.47  0.75  0.76    0.17  0.41  0.40
 *     Deno's sockets  7.45  8.13  8.27    0.55  0.80  0.82    0.18  0.42  0.42
 *     redis-server    6.15  7.02  7.23    0.55  1.06  1.23    0.26  0.80  0.90
 *
 * A descriptor that is closed may come back with the next accept. No event is ever taken for another socket's: the
 * sockets of a round are served before anybody is accepted, and closing makes the loop forget the number.
 */
import {
  type Acceptor,
  LINGER_MS,
  type Listening,
  type ListenOptions,
  type Rounds,
  type Socket,
  type SocketOwner,
  type TcpListenOptions,
  type Transport,
} from "./transport.ts";
import {
  ADDRESS_BYTES,
  familyOf,
  resolve,
  textOf,
  unixAddress,
} from "./transport_epoll_address.ts";
import { type Doorway, EpollLoop, type Pollable } from "./transport_epoll_loop.ts";
import {
  AF_INET6,
  EAGAIN,
  EINTR,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  errno,
  errorText,
  granted,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  libc,
  loadLibc,
  MSG_NOSIGNAL,
  pinned,
  SHUT_WR,
  sizeOf,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
} from "./transport_epoll_libc.ts";

/** Size of a read that doesn't go on with a request. */
const READ_BYTES: number = 16 * 1024;
/** Most connections accepted in a round. */
const ACCEPTS_MAX = 128;
/** Pause after a failed accept, so that a lack of file descriptors does not spin, in ms. */
const ACCEPT_PAUSE_MS = 10;
/** Unanswered probes until a connection is given up. */
const KEEPALIVE_PROBES = 3;
const SOCKET_KIND: number = SOCK_NONBLOCK | SOCK_CLOEXEC;

const readBuffer = pinned(READ_BYTES);
const option = new Int32Array(pinned(4).buffer);
const address = pinned(ADDRESS_BYTES);
const addressLength = new Uint32Array(pinned(4).buffer);

let loop: EpollLoop;

class EpollSocket implements Socket, Pollable {
  readonly fd: number;
  readonly addr: string;
  readonly laddr: string;
  readonly rounds: Rounds;
  owner: SocketOwner | null = null;
  /** Events asked for. */
  private interest = EPOLLIN;
  private closed = false;
  private lingering = false;
  /** The peer has ended its half. */
  private peerEnded = false;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(fd: number, addr: string, laddr: string, rounds: Rounds) {
    this.fd = fd;
    this.addr = addr;
    this.laddr = laddr;
    this.rounds = rounds;
  }

  ready(events: number): void {
    if ((events & EPOLLOUT) !== 0) this.writable();
    if (this.closed || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) === 0) return;
    if (!this.peerEnded) this.read();
    else if ((events & (EPOLLHUP | EPOLLERR)) !== 0) this.close();
  }

  write(buf: Uint8Array, off: number, len: number): number {
    const bytes = off === 0 ? buf : buf.subarray(off);
    if (len > bytes.length) throw new RangeError("a write beyond its buffer");
    const sent = libc.send(this.fd, bytes, sizeOf(len), MSG_NOSIGNAL);
    if (sent === len) return sent;
    if (sent < 0 && !isRetry(errno())) {
      // The peer is gone; nobody waits for the rest.
      this.close();
      return len;
    }
    this.want(this.interest | EPOLLOUT);
    return Math.max(sent, 0);
  }

  end(): void {
    if (this.closed || this.lingering) return;
    if (this.peerEnded || libc.shutdown(this.fd, SHUT_WR) < 0) return this.close();
    this.lingering = true;
    this.timer = setTimeout(() => this.close(), LINGER_MS);
    this.timer.unref();
    this.leaveOwner();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    loop.remove(this.fd);
    libc.close(this.fd);
    this.leaveOwner();
  }

  private leaveOwner(): void {
    const owner = this.owner;
    this.owner = null;
    owner?.onClosed();
  }

  private want(events: number): void {
    if (events === this.interest) return;
    this.interest = events;
    loop.change(this.fd, events);
  }

  private writable(): void {
    this.want(this.interest & ~EPOLLOUT);
    const { owner } = this;
    if (owner === null) return;
    try {
      owner.onSent(0);
    } catch (error) {
      owner.onFault(error);
    }
  }

  private read(): void {
    const { owner } = this;
    let target: Uint8Array | null = null;
    try {
      if (owner !== null) target = owner.restTarget();
    } catch (error) {
      owner!.onFault(error);
      return;
    }
    const buf = target ?? readBuffer;
    const got = libc.recv(this.fd, buf, sizeOf(buf.length), 0);
    if (got > 0) {
      if (owner === null) return;
      if (target === null) owner.onBytes(readBuffer, got);
      else owner.onRead(got);
    } else if (got === 0) {
      this.ended();
    } else if (!isRetry(errno())) this.close();
  }

  private ended(): void {
    this.peerEnded = true;
    this.want(this.interest & ~EPOLLIN);
    if (this.owner === null) this.close();
    else this.owner.onEnd();
  }
}

class EpollListener implements Listening, Doorway {
  readonly rounds: Rounds;
  private readonly fd: number;
  private readonly options: ListenOptions;
  private readonly accept: Acceptor;
  /** The path of a unix socket, or null. */
  private readonly path: string | null;
  private readonly keepAliveSeconds: () => number;
  /** The address of this end, as the last connection had it: nearly all share it. */
  private laddr = "";
  private closed = false;

  constructor(
    fd: number,
    options: ListenOptions,
    accept: Acceptor,
    path: string | null,
    keepAliveSeconds: () => number,
  ) {
    this.fd = fd;
    this.options = options;
    this.rounds = options.rounds;
    this.accept = accept;
    this.path = path;
    this.keepAliveSeconds = keepAliveSeconds;
    loop.addDoorway(fd, this);
  }

  ready(): void {
    for (let i = 0; i < ACCEPTS_MAX && !this.closed; i++) {
      addressLength[0] = ADDRESS_BYTES;
      const fd = libc.accept4(this.fd, address, addressLength, SOCKET_KIND);
      if (fd >= 0) {
        this.welcome(fd);
        continue;
      }
      const reason = errno();
      if (reason === EAGAIN) return;
      // Other errors are those of a connection that is gone already.
      if (isExhaustion(reason)) return this.pause(`accept: ${errorText(reason)}`);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    loop.remove(this.fd);
    libc.close(this.fd);
  }

  private welcome(fd: number): void {
    let socket: EpollSocket | null = null;
    try {
      socket = this.path === null ? this.tcpSocket(fd) : this.unixSocket(fd, this.path);
      loop.addSocket(fd, socket);
      socket.owner = this.accept(socket, this.path !== null);
    } catch (error) {
      this.options.acceptFailed(error instanceof Error ? error.message : String(error));
      if (socket === null) libc.close(fd);
      else socket.close();
    }
  }

  private tcpSocket(fd: number): EpollSocket {
    const addr = textOf(address);
    addressLength[0] = ADDRESS_BYTES;
    granted(libc.getsockname(fd, address, addressLength));
    setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    const seconds = this.keepAliveSeconds();
    if (seconds > 0) {
      setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
      setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
      setOption(
        fd,
        IPPROTO_TCP,
        TCP_KEEPINTVL,
        Math.max(Math.floor(seconds / KEEPALIVE_PROBES), 1),
      );
      setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    }
    const laddr = textOf(address);
    if (laddr !== this.laddr) this.laddr = laddr;
    return new EpollSocket(fd, addr, this.laddr, this.rounds);
  }

  private unixSocket(fd: number, path: string): EpollSocket {
    const text = `${path}:0`;
    return new EpollSocket(fd, text, text, this.rounds);
  }

  private pause(reason: string): void {
    this.options.acceptFailed(reason);
    loop.change(this.fd, 0);
    setTimeout(() => {
      if (!this.closed) loop.change(this.fd, EPOLLIN);
    }, ACCEPT_PAUSE_MS);
  }
}

const transport: Transport = {
  name: "epoll",
  isDualStack: false,
  servesApart: false,

  listen(options: TcpListenOptions, accept: Acceptor): Listening {
    const { hostname, port, keepAliveSeconds } = options;
    const fd = openListener(resolve(hostname, port), options.backlog);
    return new EpollListener(fd, options, accept, null, keepAliveSeconds);
  },

  listenUnix(path: string, options: ListenOptions, accept: Acceptor): Listening {
    const fd = openListener(unixAddress(path), options.backlog);
    return new EpollListener(fd, options, accept, path, () => 0);
  },
};

/** The transport, or null where it can't be had: elsewhere than on Linux, or without permission for FFI. */
export function epollTransport(): Transport | null {
  if (!loadLibc()) return null;
  try {
    loop ??= new EpollLoop();
    return transport;
  } catch {
    return null;
  }
}

/** Binds and listens. Throws when the address can't be had. */
function openListener(bindTo: Uint8Array, backlog: number): number {
  const family = familyOf(bindTo);
  const fd = granted(libc.socket(family, SOCK_STREAM | SOCKET_KIND, 0));
  try {
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    granted(libc.bind(fd, bindTo, bindTo.length));
    granted(libc.listen(fd, backlog));
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

/** Sets an option that is an int, if the socket is still there. */
function setOption(fd: number, level: number, name: number, value: number): void {
  option[0] = value;
  libc.setsockopt(fd, level, name, option, 4);
}

/** A call that would have blocked or was interrupted: it may be made again. */
function isRetry(error: number): boolean {
  return error === EAGAIN || error === EINTR;
}

/** Nobody can be accepted at present. */
function isExhaustion(error: number): boolean {
  return error === EMFILE || error === ENFILE || error === ENOBUFS || error === ENOMEM;
}
