/**
 * Which runtime this is, and its transport.
 */
import type { Transport } from "./transport.ts";
import { bunTransport } from "./transport_bun.ts";
import { denoTransport } from "./transport_deno.ts";

/** "deno 2.9.6" or "bun 1.4.5". */
export function runtimeName(): string {
  const versions = (globalThis as { process?: { versions: Record<string, string> } }).process
    ?.versions;
  if ("Deno" in globalThis) return `deno ${Deno.version.deno}`;
  return `bun ${versions?.bun ?? "?"}`;
}

/** The transport of this runtime. */
export function runtimeTransport(): Transport {
  return "Deno" in globalThis ? denoTransport : bunTransport;
}
