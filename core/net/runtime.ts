/**
 * The transport of the runtime this is.
 */
import type { Transport } from "./transport.ts";
import { bunTransport } from "./transport_bun.ts";
import { denoTransport } from "./transport_deno.ts";

/** The transport of this runtime. */
export function runtimeTransport(): Transport {
  return "Deno" in globalThis ? denoTransport : bunTransport;
}
