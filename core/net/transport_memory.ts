/**
 * Transport in memory: both ends of every connection are in this process, for tests.
 *
 *     const transport = new MemoryTransport();
 *     new Listener(server, transport).listen();
 *     const peer = transport.connect(6379);
 *     peer.send("PING\r\n");
 *     await turnEnd();
 *     peer.take();                          // "+PONG\r\n"
 *
 * It can be as awkward as a network: `readMax` splits what the server reads, `writeMax` what it writes, `stall`
 * fills the socket, `asyncWrites` lets writes succeed only when `pump` says so. It behaves like Deno's
 * transport (a read into one of the server's buffers is always under way), with `bringsBuffers` like Bun's, or
 * with `sharesBuffer` like the one over epoll. Nothing happens by itself and nothing takes time, so a test
 * decides the order of everything.
 *
 * Strings are binary strings, a character per byte.
 */
import { ascii, latin1 } from "../base/bytes.ts";
import type {
  Acceptor,
  Listening,
  ListenOptions,
  Socket,
  SocketOwner,
  TcpListenOptions,
  Transport,
} from "./transport.ts";

export interface PeerOptions {
  /** Address that the server sees; 127.0.0.1 and a port of its own unless given. */
  readonly addr?: string;
  /** Most bytes that the server reads or writes at once. */
  readonly readMax?: number;
  readonly writeMax?: number;
  /** Whether writes wait for `pump`. */
  readonly asyncWrites?: boolean;
  /** Whether received bytes come in buffers of the transport. */
  readonly bringsBuffers?: boolean;
  /** Whether only the rest of an unfinished request is read into the server's buffer. */
  readonly sharesBuffer?: boolean;
}

/** What all connections that share a buffer read into. */
const SHARED = new Uint8Array(4096);

const FIRST_PORT = 40_000;

export class MemoryTransport implements Transport {
  readonly name = "memory";
  readonly isDualStack = false;
  readonly servesApart = false;
  /** Hosts that can't be listened on, as if this machine did not have them. */
  readonly unavailable = new Set<string>();
  private readonly listeners = new Map<string, Acceptor>();
  private nextPort = FIRST_PORT;

  listen(options: TcpListenOptions, accept: Acceptor): Listening {
    const { hostname, port } = options;
    if (this.unavailable.has(hostname)) throw systemError("EADDRNOTAVAIL");
    return this.add(`${hostname}:${port}`, accept);
  }

  listenUnix(path: string, _options: ListenOptions, accept: Acceptor): Listening {
    return this.add(path, accept);
  }

  /** The addresses somebody listens on. */
  addresses(): string[] {
    return [...this.listeners.keys()];
  }

  /** Connects to 127.0.0.1 and a port, or to a unix socket's path. */
  connect(to: number | string, options: PeerOptions = {}): MemoryPeer {
    const isUnix = typeof to === "string";
    const laddr = isUnix ? `${to}:0` : `127.0.0.1:${to}`;
    const accept = this.listeners.get(isUnix ? to : laddr);
    if (accept === undefined) throw systemError("ECONNREFUSED");
    const addr = isUnix ? laddr : options.addr ?? `127.0.0.1:${this.nextPort++}`;
    const peer = new MemoryPeer(addr, laddr, options);
    peer.attach(accept(peer.socket, isUnix));
    return peer;
  }

  private add(address: string, accept: Acceptor): Listening {
    if (this.listeners.has(address)) throw systemError("EADDRINUSE");
    this.listeners.set(address, accept);
    return { close: () => this.listeners.delete(address) };
  }
}

/** The client's end of a connection. */
export class MemoryPeer {
  readonly socket: Socket;
  /** Most bytes that the server reads or writes at once. */
  readMax: number;
  writeMax: number;
  /** The server has ended or closed the connection. */
  ended = false;
  /** How often the server has written. */
  writes = 0;
  private readonly asyncWrites: boolean;
  private readonly bringsBuffers: boolean;
  private readonly sharesBuffer: boolean;
  private owner: SocketOwner | null = null;
  /** Where the read under way puts its bytes. */
  private target: Uint8Array = new Uint8Array(0);
  private received = "";
  private stalled = false;
  /** The write that waits for `pump`, or for room. */
  private waiting: Uint8Array | null = null;

  constructor(addr: string, laddr: string, options: PeerOptions) {
    this.readMax = options.readMax ?? Infinity;
    this.writeMax = options.writeMax ?? Infinity;
    this.asyncWrites = options.asyncWrites ?? false;
    this.bringsBuffers = options.bringsBuffers ?? false;
    this.sharesBuffer = options.sharesBuffer ?? false;
    this.socket = {
      addr,
      laddr,
      fd: -1,
      write: (buf, off, len) => this.written(buf.subarray(off, off + len)),
      end: () => this.closedByServer(),
      close: () => this.closedByServer(),
    };
  }

  attach(owner: SocketOwner | null): void {
    this.owner = owner;
    this.readAhead();
  }

  /** Sends bytes; the server has read them all when this returns, unless it closed the connection. */
  send(bytes: Uint8Array | string): void {
    const all = typeof bytes === "string" ? ascii(bytes) : bytes;
    for (let at = 0; at < all.length && this.owner !== null;) {
      at += this.deliver(all.subarray(at, at + Math.min(this.readMax, all.length - at)));
    }
  }

  /** Everything received since the last call. */
  take(): string {
    const text = this.received;
    this.received = "";
    return text;
  }

  /** Stops reading: the socket is full for the server. */
  stall(): void {
    this.stalled = true;
  }

  /** Reads again: what the server could not write goes out. */
  resume(): void {
    this.stalled = false;
    this.pump();
  }

  /** Lets a waiting write succeed, `writeMax` bytes of it at most. Returns whether there was one. */
  pump(): boolean {
    const { waiting } = this;
    if (waiting === null || this.stalled) return false;
    this.waiting = null;
    const len = this.asyncWrites ? this.receive(waiting) : 0;
    this.owner?.onSent(len);
    return true;
  }

  /** Pumps until nothing waits. */
  pumpAll(): void {
    while (this.pump());
  }

  /** Sends nothing more, but goes on reading. */
  end(): void {
    this.owner?.onEnd();
  }

  /** Ends the connection. */
  close(): void {
    const { owner } = this;
    this.owner = null;
    owner?.onClosed();
  }

  private deliver(bytes: Uint8Array): number {
    const owner = this.owner!;
    if (this.bringsBuffers) {
      owner.onBytes(bytes.slice(), bytes.length);
      return bytes.length;
    }
    const rest = this.sharesBuffer ? owner.restTarget() : this.target;
    const target = rest ?? SHARED;
    if (target.length === 0) throw new Error("the server reads into an empty buffer");
    const len = Math.min(target.length, bytes.length);
    target.set(bytes.subarray(0, len));
    if (rest === null) owner.onBytes(SHARED, len);
    else owner.onRead(len);
    this.readAhead();
    return len;
  }

  /** Begins the next read, which is under way until the peer sends something. */
  private readAhead(): void {
    if (this.bringsBuffers || this.sharesBuffer || this.owner === null) return;
    this.target = this.owner.readTarget();
  }

  /** The server writes. */
  private written(bytes: Uint8Array): number {
    if (this.waiting !== null) throw new Error("the server writes before onSent");
    if (this.ended) throw new Error("the server writes after it closed the connection");
    this.writes++;
    const len = this.asyncWrites || this.stalled ? 0 : this.receive(bytes);
    if (len < bytes.length) this.waiting = bytes;
    return len;
  }

  private receive(bytes: Uint8Array): number {
    const len = Math.min(bytes.length, this.writeMax);
    this.received += latin1(bytes, 0, len);
    return len;
  }

  private closedByServer(): void {
    this.ended = true;
    this.close();
  }
}

/** Fulfilled when the turn that is under way has ended: replies are written. */
export function turnEnd(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(resolve));
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
