/**
 * The pinging thread (probe_worker.ts), as measurements see it: it runs all the time, and each `takeFigures` gives what
 * it saw since the one before.
 */
import { Worker } from "node:worker_threads";
import type { ProbeFigures } from "./probe_worker.ts";

export class Probe {
  readonly #worker: Worker;
  #waiting: ((message: ProbeFigures | Error) => void) | null = null;
  #failure: Error | null = null;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("error", (error: unknown) => this.#fail(error as Error));
    worker.on("message", (message: ProbeFigures | { failed: string }) => {
      if ("failed" in message) this.#fail(new Error(message.failed));
      else this.#answer(message);
    });
  }

  static start(host: string, port: number): Promise<Probe> {
    const url = new URL("./probe_worker.ts", import.meta.url);
    const worker = new Worker(url, { workerData: { host, port } });
    return new Promise((resolve, reject) => {
      worker.once("error", reject);
      worker.once("message", (message: "ready" | { failed: string }) => {
        worker.off("error", reject);
        if (message === "ready") resolve(new Probe(worker));
        else reject(new Error(message.failed));
      });
    });
  }

  /** Figures since the last call. */
  takeFigures(): Promise<ProbeFigures> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#waiting = (found) => found instanceof Error ? reject(found) : resolve(found);
      this.#worker.postMessage("phase");
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#answer(error);
  }

  #answer(found: ProbeFigures | Error): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(found);
  }
}
