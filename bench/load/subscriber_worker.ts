/**
 * The thread of the subscribers: connections that are subscribed to a channel and read what comes, without looking.
 *
 * They share the machine with the server they measure, so many of them are lazy: what has come is left to the kernel,
 * and read twenty times a second, many messages at once. The server notices nothing of it as long as the kernel's
 * buffers do not fill up, which those of a few would.
 *
 * A message from outside asks how many bytes have come since the last one.
 */
import { connect, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

/** Whom to subscribe to, and to what. */
export interface SubscriberPlan {
  host: string;
  port: number;
  count: number;
  channel: string;
}

const READ_EVERY_MS = 50;
/** From so many subscribers on they are lazy. */
const LAZY_MIN = 50;

let received = 0;
const paused: Socket[] = [];

function subscribe({ host, port, channel, count }: SubscriberPlan): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => {
      socket.write(`*2\r\n$9\r\nSUBSCRIBE\r\n$${channel.length}\r\n${channel}\r\n`);
    });
    socket.once("error", reject);
    socket.once("data", () => {
      socket.on("data", (chunk) => {
        received += (chunk as Uint8Array).length;
        if (count < LAZY_MIN) return;
        socket.pause();
        paused.push(socket);
      });
      resolve();
    });
  });
}

async function main(plan: SubscriberPlan): Promise<void> {
  for (let i = 0; i < plan.count; i++) await subscribe(plan);
  setInterval(() => {
    for (const socket of paused.splice(0)) socket.resume();
  }, READ_EVERY_MS);
  parentPort?.on("message", () => {
    parentPort?.postMessage(received);
    received = 0;
  });
  parentPort?.postMessage("ready");
}

main(workerData as SubscriberPlan).catch((error) => {
  parentPort?.postMessage({ failed: String(error) });
});
