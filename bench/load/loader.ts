/**
 * Sends very many pipelined requests over one connection.
 *
 * Requests go out in batches; at most two batches are unanswered, so the server always has work and
 * never a queue that another client would have to wait behind for long. The two batch buffers take
 * turns: a batch is written over only after all its replies have come, hence after the socket let go
 * of it.
 */

import { connect, type Socket } from "node:net";
import { ReplyCounter } from "./reply_counter.ts";
import type { RequestTemplate } from "./request_template.ts";

/** How a load is sent. */
export interface LoadPlan {
  template: RequestTemplate;
  count: number;
  /** Requests per write. Small batches keep the server's turns short, large ones are faster. */
  batch: number;
  /** Index written into request number `i`; itself when absent. */
  indexOf?: (i: number) => number;
  /** Number written into request number `i`; 0 when absent. */
  numberOf?: (i: number) => number;
}

/** What came back. */
export interface LoadResult {
  seconds: number;
  errors: number;
  firstError: string;
}

/** One loading connection; one load at a time. */
export class Loader {
  readonly #socket: Socket;
  #onData: (chunk: Uint8Array) => void = () => {};
  #onEnd: (error: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#onData(chunk as Uint8Array));
    socket.on("error", (error) => this.#onEnd(error));
    socket.on("close", () => this.#onEnd(new Error("the server closed the loading connection")));
  }

  static open(host: string, port: number): Promise<Loader> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Loader(socket));
      });
    });
  }

  /** Sends the plan's requests and waits for every reply. Rejects when the connection is lost. */
  run(plan: LoadPlan): Promise<LoadResult> {
    const replies = new ReplyCounter();
    const started = performance.now();
    const buffers = [0, 1].map(() => new Uint8Array(plan.batch * plan.template.len));
    let sent = 0;
    let turn = 0;
    const fill = () => {
      while (sent < plan.count && sent - replies.replies <= plan.batch) {
        const buf = buffers[turn];
        turn ^= 1;
        const until = Math.min(plan.count, sent + plan.batch);
        const end = writeBatch(plan, buf, sent, until);
        sent = until;
        this.#socket.write(buf.subarray(0, end));
      }
    };
    return new Promise((resolve, reject) => {
      this.#onEnd = reject;
      this.#onData = (chunk) => {
        replies.feed(chunk);
        if (replies.replies < plan.count) return fill();
        this.#onEnd = () => {};
        resolve({
          seconds: (performance.now() - started) / 1000,
          errors: replies.errors,
          firstError: replies.firstError,
        });
      };
      fill();
    });
  }

  close(): void {
    this.#onEnd = () => {};
    this.#socket.destroy();
  }
}

/** Runs one plan over a connection of its own; throws when any reply was an error. */
export async function load(host: string, port: number, plan: LoadPlan): Promise<LoadResult> {
  const loader = await Loader.open(host, port);
  try {
    const result = await loader.run(plan);
    if (result.errors > 0) throw new Error(`${result.errors} error replies: ${result.firstError}`);
    return result;
  } finally {
    loader.close();
  }
}

/**
 * A stride that visits every index below `count` once, in an order that looks random to a cache:
 * near the golden section of `count` and without a common divisor.
 */
export function scatterStride(count: number): number {
  let stride = Math.max(1, Math.floor(count * 0.6180339887));
  while (greatestCommonDivisor(stride, count) !== 1) stride++;
  return stride;
}

function writeBatch(plan: LoadPlan, buf: Uint8Array, from: number, until: number): number {
  let off = 0;
  for (let i = from; i < until; i++) {
    const index = plan.indexOf === undefined ? i : plan.indexOf(i);
    const number = plan.numberOf === undefined ? 0 : plan.numberOf(i);
    off = plan.template.write(buf, off, index, number);
  }
  return off;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
