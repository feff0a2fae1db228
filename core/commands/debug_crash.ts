/**
 * DEBUG SEGFAULT, PANIC and ASSERT: ways to see what a crash leaves in the log.
 */
import type { Client } from "../server/client.ts";
import { crash } from "../server/crash_report.ts";

export function debugSegfault(c: Client): void {
  crash(c.server, "SIGSEGV");
}

export function debugPanic(c: Client): void {
  crash(c.server, "SIGABRT", ["Guru Meditation: DEBUG PANIC was called"]);
}

export function debugAssert(c: Client): void {
  crash(c.server, "SIGABRT", [
    "=== ASSERTION FAILED ===",
    "==> DEBUG ASSERT: '1 == 2' is not true",
  ]);
}
