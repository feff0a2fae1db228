/**
 * Transport over `Deno.listen`.
 *
 * Reads and writes are `conn.read` and `conn.write`, without web streams: one promise each per batch of
 * commands. A write is offered to the kernel at once, but its result comes back through the event loop, so
 * `write` always says 0 and `onSent` follows.
 *
 * A read is nearly always under way while the connection is open; it fails when the connection is closed here,
 * which is no error.
 *
 * Fairness. When bytes are there already a read is fulfilled in a microtask, and so is the next: one client that sends
 * without pause kept all others waiting for up to 1.8 s. So when much has been read, a mark is set for the next
 * round of the event loop, and when as much again is read before the round has begun, further reads wait for
 * it. With that the others wait 3 ms at most; a mark per 32 KiB costs nothing one can measure.
 * Deno has no setting for the interval of keep-alive probes: `tcp-keepalive` switches them on and off,
 * and the operating system's interval applies.
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

/**
 * Deno's own reads and writes, which `conn.read` and `conn.write` wrap in an async function and a set of
 * pending promises each. Without the wrapping a request costs 0.6 us less, of 2.3 us that are Deno's. They
 * are internals, so a version without them gets the public ones.
 */
interface DirectIo {
  read(rid: number, buf: Uint8Array): Promise<number>;
  write(rid: number, buf: Uint8Array): Promise<number>;
}

/** Where the bytes go that a peer sends after the end. */
const DISCARD = new Uint8Array(16 * 1024);
/** What a read counts for besides its bytes. */
const READ_WEIGHT = 256;
/** After this much a mark is set, and after twice as much reads wait for it. */
const BURST_WEIGHT = 32 * 1024;
/** Errors of connections that went before they were accepted. */
const GONE = /not connected|ConnectionAborted|ConnectionReset/;
/** Pause after a failed accept, so that a lack of file descriptors does not spin, in ms. */
const ACCEPT_PAUSE_MS = 10;

/** What has been read since the last mark, in bytes and READ_WEIGHTs. */
let burst = 0;
let isMarked = false;
/** Sockets whose next read waits for the mark. */
let waiting: DenoSocket[] = [];

/** Counts a read. */
function noteRead(bytes: number): void {
  burst += bytes + READ_WEIGHT;
  if (isMarked || burst < BURST_WEIGHT) return;
  isMarked = true;
  setImmediate(passMark);
}

/** A round of the event loop has begun: everybody may read again. */
function passMark(): void {
  burst = 0;
  isMarked = false;
  if (waiting.length === 0) return;
  const sockets = waiting;
  waiting = [];
  for (const socket of sockets) socket.read();
}

class DenoSocket implements Socket {
  readonly addr: string;
  readonly laddr: string;
  readonly fd: number;
  private readonly conn: Deno.Conn;
  /** The resource's number for `directIo`; -1: use the public functions. */
  private readonly rid: number;
  private owner: SocketOwner | null = null;
  private reading = false;
  private lingering = false;
  /** The peer has ended its half. */
  private peerEnded = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly onRead = (n: number | null) => this.gotRead(n);
  private readonly onWritten = (n: number) => this.gotWritten(n);
  private readonly onError = () => this.close();

  constructor(conn: Deno.Conn) {
    this.conn = conn;
    this.fd = internalNumber(conn, "fd");
    this.rid = directIo === null ? -1 : internalNumber(conn, "rid");
    this.addr = peerText(conn);
    this.laddr = localText(conn);
  }

  start(owner: SocketOwner): void {
    this.owner = owner;
    this.read();
  }

  write(buf: Uint8Array, off: number, len: number): number {
    const bytes = off === 0 && len === buf.length ? buf : buf.subarray(off, off + len);
    const written = this.rid < 0 ? this.conn.write(bytes) : directIo!.write(this.rid, bytes);
    written.then(this.onWritten, this.onError);
    return 0;
  }

  end(): void {
    if (this.lingering) return;
    if (this.peerEnded) return this.close();
    this.lingering = true;
    this.leaveOwner();
    this.conn.closeWrite().catch(this.onError);
    this.timer = setTimeout(this.onError, LINGER_MS);
    this.timer.unref();
    this.read();
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.lingering = false;
    try {
      this.conn.close();
    } catch {
      // It is closed already, here or by the runtime.
    }
    this.leaveOwner();
  }

  private leaveOwner(): void {
    const owner = this.owner;
    this.owner = null;
    owner?.onClosed();
  }

  read(): void {
    if (this.reading || this.peerEnded) return;
    if (burst >= 2 * BURST_WEIGHT) {
      waiting.push(this);
      return;
    }
    const target = this.owner !== null ? this.readTarget() : this.lingering ? DISCARD : null;
    if (target === null) return;
    this.reading = true;
    if (this.rid < 0) this.conn.read(target).then(this.onRead, this.onError);
    else directIo!.read(this.rid, target).then(this.onRead, this.onError);
  }

  /** The owner's buffer, or null when there is no memory for it: then the connection is closed. */
  private readTarget(): Uint8Array | null {
    const { owner } = this;
    try {
      return owner!.readTarget();
    } catch (error) {
      owner!.onFault(error);
      return null;
    }
  }

  /** `n` bytes were read; none, or null, at the end. */
  private gotRead(n: number | null): void {
    this.reading = false;
    if (n === null || n === 0) {
      this.peerEnded = true;
      if (this.owner === null) this.close();
      else this.owner.onEnd();
      return;
    }
    noteRead(n);
    this.owner?.onRead(n);
    this.read();
  }

  private gotWritten(n: number): void {
    const { owner } = this;
    if (owner === null) return;
    try {
      owner.onSent(n);
    } catch (error) {
      owner.onFault(error);
    }
  }
}

export const denoTransport: Transport = {
  name: "deno",
  isDualStack: true,
  servesApart: false,

  listen(options: TcpListenOptions, accept: Acceptor): Listening {
    const { hostname, port, backlog } = options;
    const listener = Deno.listen({ hostname, port, tcpBacklog: backlog });
    acceptAll(listener, options.acceptFailed, (conn) => {
      const tcp = conn as Deno.TcpConn;
      tcp.setNoDelay(true);
      tcp.setKeepAlive(options.keepAliveSeconds() > 0);
      return accept;
    });
    return listener;
  },

  listenUnix(path: string, _options: ListenOptions, accept: Acceptor): Listening {
    const listener = Deno.listen({ transport: "unix", path });
    acceptAll(listener, () => {}, () => accept);
    return listener;
  },
};

async function acceptAll(
  listener: Deno.Listener,
  failed: (reason: string) => void,
  prepare: (conn: Deno.Conn) => Acceptor,
): Promise<void> {
  for (;;) {
    let conn: Deno.Conn;
    try {
      conn = await listener.accept();
    } catch (error) {
      // The listener was closed, before or while it waited.
      if (error instanceof Deno.errors.BadResource) return;
      if (error instanceof Deno.errors.Interrupted) return;
      if (GONE.test(String(error))) continue;
      failed(error instanceof Error ? error.message : String(error));
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      continue;
    }
    let accepted = false;
    try {
      const accept = prepare(conn);
      const socket = new DenoSocket(conn);
      const owner = accept(socket, conn.localAddr.transport === "unix");
      accepted = true;
      if (owner !== null) socket.start(owner);
    } catch (error) {
      // The peer may leave between the kernel's accept and here.
      if (accepted) failed(error instanceof Error ? error.message : String(error));
      try {
        conn.close();
      } catch { /* Closed already. */ }
    }
  }
}

/** A number that Deno keeps under a symbol of its own, "fd" or "rid". -1 when a version doesn't. */
function internalNumber(conn: Deno.Conn, name: string): number {
  for (let owner: object | null = conn; owner !== null; owner = Object.getPrototypeOf(owner)) {
    for (const key of Object.getOwnPropertySymbols(owner)) {
      if (key.description !== `Deno.internal.${name}`) continue;
      const value: unknown = Reflect.get(conn, key);
      if (typeof value === "number") return value;
    }
  }
  return -1;
}

const directIo: DirectIo | null = findDirectIo();

function findDirectIo(): DirectIo | null {
  if (!("Deno" in globalThis)) return null; // Bun loads this file too.
  const key: unknown = Reflect.get(Deno, "internal");
  if (typeof key !== "symbol") return null;
  const core: unknown = Reflect.get(Deno, key)?.core;
  if (typeof core !== "object" || core === null) return null;
  const io = core as Partial<DirectIo>;
  return typeof io.read === "function" && typeof io.write === "function" ? io as DirectIo : null;
}

function peerText(conn: Deno.Conn): string {
  const { remoteAddr, localAddr } = conn;
  if (remoteAddr.transport !== "tcp") return `${(localAddr as Deno.UnixAddr).path}:0`;
  return addressText(remoteAddr.hostname, remoteAddr.port);
}

function localText(conn: Deno.Conn): string {
  const { localAddr } = conn;
  if (localAddr.transport !== "tcp") return `${(localAddr as Deno.UnixAddr).path}:0`;
  return addressText(localAddr.hostname, localAddr.port);
}
