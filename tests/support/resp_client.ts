/**
 * A RESP client for tests: it sends exactly what it is told and gives back exactly what came.
 *
 * It knows where replies end (resp_reply.ts) and nothing else: no handshake, no reconnect, no
 * queue of commands. Reads are answered in the order in which they were asked for, so pipelining
 * is `send` a few times and `readRaw` as often. Strings are binary strings, a character per byte.
 *
 * Every read has a time limit, so that a reply that never comes fails a test instead of hanging it.
 */

import { connect as connectSocket, type Socket } from "node:net";
import {
  decodeReply,
  escapeBytes,
  latin1,
  type Reply,
  ReplyScanner,
  toBytes,
} from "./resp_reply.ts";

/** One argument of a command; a string is binary, a number is printed in decimal. */
export type Arg = string | number | bigint | Uint8Array;

/** Where a server listens. */
export type Address =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

const READ_TIMEOUT_MS = 60_000;
const BUFFER_BYTES = 16 * 1024;

/** A read that has been asked for: how many bytes it can take now (-1: not yet), and for whom. */
interface Read {
  readonly size: () => number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** One connection. */
export class RespClient {
  /** The socket itself, for tests that pause it, half-close it or look at its counters. */
  readonly socket: Socket;
  /** Fulfilled when the connection is gone, whoever ended it and however. */
  readonly closed: Promise<void>;
  /** Limit of each read from now on, in milliseconds. */
  readTimeoutMs = READ_TIMEOUT_MS;

  #buf = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;
  #scanner = new ReplyScanner();
  #reads: Read[] = [];
  #firstRead = 0;
  #isClosed = false;
  #error: Error | null = null;

  /** Connects; rejects when nobody listens. */
  static connect(address: Address): Promise<RespClient> {
    return new Promise((resolve, reject) => {
      const socket = connectSocket(address);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        socket.setNoDelay(true);
        resolve(new RespClient(socket));
      });
    });
  }

  /** Takes over a connected socket. */
  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Uint8Array) => {
      this.#append(chunk);
      this.#serve();
    });
    // A reset is one way to be closed; the reads that were waiting are told about it.
    socket.on("error", (error: Error) => this.#error = error);
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#isClosed = true;
        this.#serve();
        resolve();
      });
    });
  }

  /** Sends a command as an array of bulk strings. Bytes alone are sent as they are. */
  send(command: Uint8Array | readonly Arg[]): void {
    this.raw(command instanceof Uint8Array ? command : encodeCommand(command));
  }

  /** Sends these bytes and nothing around them. */
  raw(bytes: Uint8Array | string): void {
    this.socket.write(typeof bytes === "string" ? toBytes(bytes) : bytes);
  }

  /** Sends a command and reads one reply. Error replies are values; see `ReplyError`. */
  command(...args: Arg[]): Promise<Reply> {
    this.send(args);
    return this.read();
  }

  /** The next reply, decoded. A push message is a reply like any other. */
  async read(): Promise<Reply> {
    return decodeReply(await this.#read(() => this.#replySize()));
  }

  /** The next whole reply as it came. */
  async readRaw(): Promise<string> {
    return latin1(await this.#read(() => this.#replySize()));
  }

  /** The next `len` bytes, replies or not. */
  async readExactly(len: number): Promise<string> {
    return latin1(await this.#read(() => this.#end - this.#start >= len ? len : -1));
  }

  /** Everything that comes until the connection ends. */
  async readUntilClosed(): Promise<string> {
    return latin1(await this.#read(() => this.#isClosed ? this.#end - this.#start : -1));
  }

  /** What has arrived and nobody has read, without taking it. */
  pending(): string {
    return latin1(this.#buf.subarray(this.#start, this.#end));
  }

  /** Fulfilled when everything sent so far has left for the operating system. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.socket.write(new Uint8Array(0), () => resolve()));
  }

  /** Ends the connection at once; reads that still wait are rejected. */
  close(): void {
    this.socket.destroy();
  }

  #replySize(): number {
    const len = this.#scanner.scan(this.#buf.subarray(0, this.#end), this.#start);
    if (len >= 0) this.#scanner.reset();
    return len;
  }

  #read(size: () => number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(`no answer within ${this.readTimeoutMs} ms`);
        // What comes later would be taken for the answer to another command.
        this.close();
      }, this.readTimeoutMs);
      this.#reads.push({ size, resolve, reject, timer });
      this.#serve();
    });
  }

  /** Answers the reads that can be answered, first come first served. */
  #serve(): void {
    while (this.#firstRead < this.#reads.length) {
      const read = this.#reads[this.#firstRead];
      let size: number;
      try {
        size = read.size();
      } catch (error) {
        return this.#fail(error instanceof Error ? error.message : String(error));
      }
      if (size < 0) {
        if (this.#isClosed) this.#fail(this.#error?.message ?? "the connection was closed");
        return;
      }
      this.#firstRead++;
      clearTimeout(read.timer);
      read.resolve(this.#take(size));
    }
    this.#reads = [];
    this.#firstRead = 0;
  }

  #fail(reason: string): void {
    const got = escapeBytes(this.pending().slice(0, 200));
    const waiting = this.#reads.slice(this.#firstRead);
    this.#reads = [];
    this.#firstRead = 0;
    for (const read of waiting) {
      clearTimeout(read.timer);
      read.reject(new Error(`${reason}; unread: ${got}`));
    }
  }

  #append(chunk: Uint8Array): void {
    const len = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buf.length) {
      const old = this.#buf;
      const needed = len + chunk.length;
      // Doubling keeps the copying of a large reply linear.
      if (needed > old.length / 2) this.#buf = new Uint8Array(needed * 2);
      this.#buf.set(old.subarray(this.#start, this.#end));
      this.#start = 0;
      this.#end = len;
    }
    this.#buf.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  #take(len: number): Uint8Array {
    const bytes = this.#buf.slice(this.#start, this.#start + len);
    this.#start += len;
    return bytes;
  }
}

/** A command as the wire has it. */
export function encodeCommand(args: readonly Arg[]): Uint8Array {
  const parts: Uint8Array[] = [toBytes(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? arg : toBytes(String(arg));
    parts.push(toBytes(`$${bytes.length}\r\n`), bytes, toBytes("\r\n"));
  }
  let len = 0;
  for (const part of parts) len += part.length;
  const out = new Uint8Array(len);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
