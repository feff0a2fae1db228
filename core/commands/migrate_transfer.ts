/**
 * Transfer: keys on their way to another server, for MIGRATE.
 *
 * All requests are written at once (AUTH, SELECT, a RESTORE per key) and the replies, a line each, are counted. What
 * the other server has taken is deleted here, by a DEL like any other. The client is blocked meanwhile and everybody
 * else is served, where Redis stands still: so a key whose value has changed under way is kept, and the client
 * is told, because then the other server has an older one.
 */
import { connect, type Socket } from "node:net";
import { ascii, latin1 } from "../base/bytes.ts";
import type { Db } from "../keyspace/db.ts";
import { processCommand } from "../server/call.ts";
import type { Client } from "../server/client.ts";
import { blockUntil } from "../server/blocking.ts";
import { createLocalClient } from "../server/local_client.ts";
import { dumpOf } from "./dump.ts";

const DEL = ascii("del");
const OK = "OK";
const LINE_END = "\r\n";

/** A key, and what DUMP said of it when it was sent. */
export interface SentKey {
  readonly name: Uint8Array;
  readonly dump: Uint8Array;
}

/** What is to be sent where. */
export interface TransferOrder {
  readonly host: string;
  readonly port: number;
  /** How long the other server may say nothing, in ms. */
  readonly timeoutMs: number;
  /** The requests, as they go out. */
  readonly requests: readonly Uint8Array[];
  /** How many of them come before those of the keys. */
  readonly preludes: number;
  readonly keys: readonly SentKey[];
  /** The keys stay here, too. */
  readonly isCopy: boolean;
}

export class Transfer {
  private readonly client: Client;
  private readonly db: Db;
  private readonly order: TransferOrder;
  private socket: Socket | null = null;
  private isWritten = false;
  private isWaiting = true;
  private received = "";
  private readonly replies: string[] = [];
  /** What the client is told: OK, an error, or "" while nothing is known. */
  private outcome = "";

  /** Blocks the client and begins. */
  constructor(c: Client, order: TransferOrder) {
    this.client = c;
    this.db = c.db;
    this.order = order;
    blockUntil(c, 0, (client) => this.reply(client));
    this.start();
  }

  private start(): void {
    const { host, port, timeoutMs, requests } = this.order;
    const failed = () => this.finish();
    try {
      const socket = connect({ host, port });
      this.socket = socket;
      socket.setTimeout(timeoutMs, failed);
      socket.on("error", failed);
      socket.on("close", failed);
      socket.on("connect", () => {
        for (const request of requests) socket.write(request);
        socket.write("", () => this.isWritten = true);
      });
      socket.on("data", (bytes) => this.receive(bytes.toString("latin1")));
    } catch {
      // A port that can't be one.
      setTimeout(failed, 0);
    }
  }

  private receive(text: string): void {
    this.isWritten = true;
    const lines = (this.received + text).split(LINE_END);
    this.received = lines.pop() as string;
    this.replies.push(...lines);
    if (this.replies.length >= this.order.preludes + this.order.keys.length) this.finish();
  }

  /** All replies are there, or there will be no more. */
  private finish(): void {
    const { socket, client } = this;
    if (socket !== null) {
      this.socket = null;
      socket.removeAllListeners();
      socket.on("error", () => {});
      socket.destroy();
    }
    if (this.outcome !== "") return;
    client.server.turn.begin();
    const { preludes, keys, isCopy } = this.order;
    const refusal = this.replies.slice(0, preludes).find(isError);
    const answers = this.replies.slice(preludes);
    const taken = refusal === undefined ? keys.filter((_, i) => isTaken(answers[i])) : [];
    const firstError = refusal ?? answers.find(isError);
    const kept = isCopy ? 0 : this.deleteAll(taken);
    if (firstError !== undefined) {
      this.outcome = `ERR Target instance replied with error: ${firstError.slice(1)}`;
    } else if (answers.length < keys.length) {
      const step = this.isWritten ? "reading from" : "writing to";
      this.outcome = `IOERR error or timeout ${step} target instance`;
    } else if (kept > 0) {
      this.outcome = `ERR ${kept} of the keys changed during the transfer and were kept`;
    } else this.outcome = OK;
    if (this.isWaiting && client.wait?.isActive) client.server.blocking.unblockOnTimeout(client);
  }

  /** The client waits no more, because this is over or because somebody unblocked it. */
  private reply(c: Client): void {
    this.isWaiting = false;
    if (this.outcome === OK) c.reply.addOk();
    else c.reply.addError(this.outcome || "IOERR error or timeout reading from target instance");
  }

  /** Deletes what hasn't changed. Returns how many have. */
  private deleteAll(keys: readonly SentKey[]): number {
    const same = keys.filter((key) => this.isUnchanged(key));
    if (same.length > 0) this.execute([DEL, ...same.map(({ name }) => name)]);
    return keys.length - same.length;
  }

  private isUnchanged({ name, dump }: SentKey): boolean {
    const { server } = this.client;
    const ref = server.keyspace.lookupKeyPeek(this.db, name, 0, name.length);
    if (ref === 0) return true;
    const now = dumpOf(server, ref);
    return now.length === dump.length &&
      latin1(now, 0, now.length) === latin1(dump, 0, dump.length);
  }

  /** Executes a command in the database that the keys came from. */
  private execute(args: readonly Uint8Array[]): void {
    const local = createLocalClient(this.client.server);
    const len = Int32Array.from(args, (arg) => arg.length);
    const off = new Int32Array(args.length);
    for (let i = 1; i < args.length; i++) off[i] = off[i - 1] + len[i - 1];
    const buf = new Uint8Array(off[args.length - 1] + len[args.length - 1]);
    args.forEach((arg, i) => buf.set(arg, off[i]));
    local.db = this.db;
    local.argv = { argc: args.length, off, len, buf };
    processCommand(local);
    local.reply.clear();
  }
}

function isError(line: string): boolean {
  return line.startsWith("-");
}

function isTaken(line: string | undefined): boolean {
  return line !== undefined && !isError(line);
}
