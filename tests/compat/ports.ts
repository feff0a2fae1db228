// Ranges of ports for the runs of a suite that go on at the same time.
//
// The suite counts its ports from a base and takes those that it finds free, but it doesn't notice who
// listens on 127.0.0.1 only, as long as [::] is free: a second run with the same base ended at its
// start. So who uses a range holds the last port of it, for as long as it runs.

import { once } from "node:events";
import { createServer } from "node:net";

const RANGE_MIN = 11_200;
const RANGE_PORTS = 400;
const RANGES = 20;
/** Below the base port the suite takes one of these for itself. */
const CONTROL_PORTS = 32;

/** Ports that no other run uses before they are released. */
export interface Ports {
  /** The first port for servers. */
  base: number;
  /** Number of ports for servers. */
  count: number;
  release(): Promise<void>;
}

/** Takes a range that nobody holds, from a random one on. Throws if all are held. */
export async function reservePorts(): Promise<Ports> {
  const first = Math.floor(Math.random() * RANGES);
  for (let i = 0; i < RANGES; i++) {
    const ports = await tryRange(RANGE_MIN + ((first + i) % RANGES) * RANGE_PORTS);
    if (ports !== null) return ports;
  }
  throw new Error(`${RANGES} runs are using all ports from ${RANGE_MIN} on`);
}

async function tryRange(base: number): Promise<Ports | null> {
  const count = RANGE_PORTS - CONTROL_PORTS - 1;
  const holder = createServer().listen(base + count, "127.0.0.1");
  try {
    await once(holder, "listening");
  } catch {
    return null;
  }
  const release = async () => {
    holder.close();
    await once(holder, "close");
  };
  return { base, count, release };
}
