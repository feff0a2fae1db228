/**
 * Subscribers of a channel (subscriber_worker.ts), as measurements see them: they are there until
 * `stop`, and count what they get.
 */
import { Worker } from "node:worker_threads";
import type { SubscriberPlan } from "./subscriber_worker.ts";

const ASK_AGAIN_MS = 20;
/** How long the last messages may take. */
const PATIENCE_MS = 60_000;

export class Subscribers {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Opens the connections and subscribes them all. */
  static start(plan: SubscriberPlan): Promise<Subscribers> {
    const url = new URL("./subscriber_worker.ts", import.meta.url);
    const worker = new Worker(url, { workerData: plan });
    return new Promise((resolve, reject) => {
      worker.once("error", reject);
      worker.once("message", (message: "ready" | { failed: string }) => {
        if (message === "ready") resolve(new Subscribers(worker));
        else reject(new Error(message.failed));
      });
    });
  }

  /** Waits until so many bytes have come since the start or the last call. Throws if they don't. */
  async got(bytes: number): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    let sum = 0;
    while (sum < bytes) {
      if (performance.now() > deadline) throw new Error(`subscribers got ${sum} of ${bytes} bytes`);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      sum += await this.#ask();
    }
    if (sum > bytes) throw new Error(`subscribers got ${sum} bytes instead of ${bytes}`);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(): Promise<number> {
    return new Promise((resolve) => {
      this.#worker.once("message", resolve);
      this.#worker.postMessage("how many?");
    });
  }
}
