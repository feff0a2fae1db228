/**
 * Transport over `Deno.listen`.
 *
 * Reads and writes are `conn.read` and `conn.write`, without web streams: one promise each per batch of
 * commands. A write is offered to the kernel at once, but its result comes back through the event loop, so
 * `write` always says 0 and `onSent` follows.
 */
import type {
  Acceptor,
  Listening,
  ListenOptions,
  Socket,
  SocketOwner,
  Transport,
} from "./transport.ts";

class DenoSocket implements Socket {
  readonly addr: string;
  readonly laddr: string;
  readonly fd = -1;
  private readonly conn: Deno.Conn;
  private owner: SocketOwner | null = null;
  private closed = false;
  private readonly onRead = (n: number | null) => this.gotRead(n);
  private readonly onWritten = (n: number) => this.owner?.onSent(n);
  private readonly onError = () => this.close();

  constructor(conn: Deno.Conn) {
    this.conn = conn;
    this.addr = addressText(conn.remoteAddr, conn.localAddr);
    this.laddr = addressText(conn.localAddr, conn.localAddr);
  }

  start(owner: SocketOwner): void {
    this.owner = owner;
    this.read();
  }

  write(buf: Uint8Array, off: number, len: number): number {
    const bytes = off === 0 && len === buf.length ? buf : buf.subarray(off, off + len);
    this.conn.write(bytes).then(this.onWritten, this.onError);
    return 0;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const owner = this.owner;
    this.owner = null;
    try {
      this.conn.close();
    } catch {
      // The runtime closed it first.
    }
    owner?.onClosed();
  }

  private read(): void {
    if (this.owner === null) return;
    this.conn.read(this.owner.readTarget()).then(this.onRead, this.onError);
  }

  private gotRead(n: number | null): void {
    if (n === null) {
      this.close();
      return;
    }
    this.owner?.onRead(n);
    this.read();
  }
}

export const denoTransport: Transport = {
  name: "deno",

  listen(options: ListenOptions, accept: Acceptor): Listening {
    const { hostname, port, backlog } = options;
    const listener = Deno.listen({ hostname, port, tcpBacklog: backlog });
    acceptAll(listener, (conn) => {
      const tcp = conn as Deno.TcpConn;
      tcp.setNoDelay(true);
      tcp.setKeepAlive(options.keepAliveSeconds() > 0);
      return accept;
    });
    return listener;
  },

  listenUnix(path: string, accept: Acceptor): Listening {
    const listener = Deno.listen({ transport: "unix", path });
    acceptAll(listener, () => accept);
    return listener;
  },
};

async function acceptAll(
  listener: Deno.Listener,
  prepare: (conn: Deno.Conn) => Acceptor,
): Promise<void> {
  for (;;) {
    let conn: Deno.Conn;
    try {
      conn = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return; // The listener was closed.
      // Out of file descriptors, or the peer left at once: wait, so as not to spin, and go on.
      await new Promise((resolve) => setTimeout(resolve, 10));
      continue;
    }
    try {
      const accept = prepare(conn);
      const socket = new DenoSocket(conn);
      const owner = accept(socket, conn.localAddr.transport === "unix");
      if (owner !== null) socket.start(owner);
    } catch {
      // The peer left between the kernel's accept and here.
      try {
        conn.close();
      } catch { /* Closed already. */ }
    }
  }
}

function addressText(address: Deno.Addr, local: Deno.Addr): string {
  if (address.transport === "unix" || local.transport === "unix") {
    return `${(local as Deno.UnixAddr).path}:0`;
  }
  const { hostname, port } = address as Deno.NetAddr;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
