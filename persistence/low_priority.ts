/**
 * The priority of a thread that must not be in the way of the one that serves clients. Linux only: elsewhere priorities
 * are the whole process's.
 *
 * Being nice gives it a tenth of the share of a thread that wants the same processor. That alone doesn't keep the scheduler
 * from running it at once when it wakes, for a whole slice: one in fifteen cuts waited 2 to 5 ms for the worker that it had
 * just woken. A thread with the policy for batch processing never takes the processor from another when it wakes.
 */
import os from "node:os";
import process from "node:process";

const NICE = 10;
/** See sched(7). */
const SCHED_BATCH = 3;
const LIBC = "libc.so.6";

/** `sched_setscheduler(2)`: a thread, 0 for this one, a policy, and its parameters, an int32 that is 0 for most. */
type SetScheduler = (thread: number, policy: number, parameters: Int32Array) => number;

/** The part of Bun's API used here. */
interface BunFfi {
  dlopen(
    path: string,
    functions: { sched_setscheduler: { args: readonly string[]; returns: string } },
  ): { symbols: { sched_setscheduler: SetScheduler } };
}

/** Lowers that of this thread as far as it may be done; without the permission it competes with the others. */
export function lowerPriority(): void {
  if (process.platform !== "linux") return;
  attempt(() => os.setPriority(0, NICE));
  attempt(() => findSetScheduler()?.(0, SCHED_BATCH, new Int32Array(1)));
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // There is no need for it to succeed.
  }
}

/** Finds the function in the C library; null if that may not be used. */
function findSetScheduler(): SetScheduler | null {
  if (!("Deno" in globalThis)) {
    const ffi = process.getBuiltinModule("bun:ffi") as BunFfi | undefined;
    const type = { args: ["i32", "i32", "ptr"], returns: "i32" };
    return ffi?.dlopen(LIBC, { sched_setscheduler: type }).symbols.sched_setscheduler ?? null;
  }
  // Asks nobody.
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
  const { symbols } = Deno.dlopen(LIBC, {
    sched_setscheduler: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  });
  return symbols.sched_setscheduler;
}
