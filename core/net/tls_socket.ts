/**
 * TlsSocket: a client that came through TLS, over `node:tls`, which both runtimes have.
 *
 * Why not their own interfaces: Deno's (`Deno.listenTls`) can't ask for a client's certificate, and doing so is
 * Redis's default. What is lost is little beside the encryption itself.
 *
 * A write keeps its buffer until it is done, as on Deno. Reads are pulled in slices, one per round of the event
 * loop, so that one client's long pipeline doesn't keep the others waiting.
 */
import type { TLSSocket } from "node:tls";
import { addressText, LINGER_MS, type Socket, type SocketOwner } from "./transport.ts";

/** Bytes passed on at once. */
const SLICE_BYTES: number = 16 * 1024;

export class TlsSocket implements Socket {
  readonly addr: string;
  readonly laddr: string;
  /** Not told by the runtimes. */
  readonly fd = -1;
  private readonly socket: TLSSocket;
  private owner: SocketOwner | null = null;
  private peerEnded = false;
  /** The rest of what has arrived waits for its round. */
  private isWaiting = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly goOn = () => {
    this.isWaiting = false;
    this.pull();
  };

  constructor(socket: TLSSocket) {
    this.socket = socket;
    this.addr = addressText(socket.remoteAddress ?? "?", socket.remotePort ?? 0);
    this.laddr = addressText(socket.localAddress ?? "?", socket.localPort ?? 0);
  }

  start(owner: SocketOwner): void {
    const { socket } = this;
    this.owner = owner;
    socket.on("readable", () => this.pull());
    socket.on("end", () => this.peerEnd());
    socket.on("error", () => this.close());
    socket.on("close", () => this.close());
  }

  write(buf: Uint8Array, off: number, len: number): number {
    this.socket.write(buf.subarray(off, off + len), (error?: Error | null) => {
      if (error) this.close();
      else this.sent(len);
    });
    return 0;
  }

  end(): void {
    if (this.timer !== null || this.socket.destroyed) return;
    if (this.peerEnded) return this.close();
    this.timer = setTimeout(() => this.close(), LINGER_MS);
    this.timer.unref();
    this.leaveOwner();
    this.socket.end();
    this.pull();
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    // What was written and is on its way goes out; nothing more is read.
    if (!this.socket.destroyed) this.socket.destroy();
    this.leaveOwner();
  }

  /** Passes on a slice; with nobody to take it, everything is thrown away. */
  private pull(): void {
    const { socket } = this;
    if (this.isWaiting || socket.destroyed) return;
    const len = this.owner === null ? socket.readableLength : SLICE_BYTES;
    // Asking for nothing more than there is lets the end be noticed.
    const bytes: Uint8Array | null = socket.read(Math.min(len, socket.readableLength) || undefined);
    if (bytes !== null) this.owner?.onBytes(bytes, bytes.length);
    if (socket.destroyed || socket.readableLength === 0) return;
    this.isWaiting = true;
    setImmediate(this.goOn);
  }

  private sent(len: number): void {
    const { owner } = this;
    if (owner === null) return;
    try {
      owner.onSent(len);
    } catch (error) {
      owner.onFault(error);
    }
  }

  private peerEnd(): void {
    this.peerEnded = true;
    if (this.owner === null) this.close();
    else this.owner.onEnd();
  }

  private leaveOwner(): void {
    const { owner } = this;
    this.owner = null;
    owner?.onClosed();
  }
}
