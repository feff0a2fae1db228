/**
 * The best transport there is: epoll on Linux where Deno may use FFI, otherwise the runtime's own sockets.
 */
import type { Transport } from "./transport.ts";
import { bunTransport } from "./transport_bun.ts";
import { denoTransport } from "./transport_deno.ts";
import { epollTransport } from "./transport_epoll.ts";

/** The transport to use here. */
export function runtimeTransport(): Transport {
  return "Deno" in globalThis ? epollTransport() ?? denoTransport : bunTransport;
}
