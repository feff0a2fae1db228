/**
 * TlsListener: listens on `tls-port` at every address of `bind`, and makes sockets of the clients that get through
 * the handshake.
 *
 * New certificates are taken up by whoever connects from then on; a change of port, of addresses or of what clients
 * must show opens the port anew, which those who are connected don't notice.
 *
 * `node:tls` tells a moment later that a port is in use. So that the start and CONFIG SET can say so at once, each
 * address is tried with the runtime's own listener first.
 *
 * A handshake has ten seconds, and clients in the middle of one count for maxclients: who connects and says nothing
 * can't fill up the server.
 */
import { createServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import type { Socket as NetSocket } from "node:net";
import type { Server } from "../server/server.ts";
import { type BindAddress, bindAddresses } from "./bind_addresses.ts";
import { readTlsSettings, TLS_DIRECTIVES, TlsRefused, type TlsSettings } from "./tls_settings.ts";
import { TlsSocket } from "./tls_socket.ts";
import type { Acceptor } from "./transport.ts";

const HANDSHAKE_MS = 10_000;
/** How often, and how many ms apart, a port is tried again that was closed a moment ago. */
const TRIES_MAX = 50;
const RETRY_MS = 20;

const NOT_CONFIGURED = "Unable to update TLS configuration. Check server logs.";
const NOT_LISTENING = "Unable to listen on this port. Check server logs.";

export class TlsListener {
  private readonly server: Server;
  private readonly accept: Acceptor;
  /** Why the address can't be opened, or null. */
  private readonly probe: (hostname: string, port: number) => string | null;
  private settings: TlsSettings | null = null;
  private readonly open = new Map<string, TlsServer>();
  private isListening = false;
  /** Clients that have connected and are not through the handshake. */
  private shaking = 0;

  constructor(
    server: Server,
    accept: Acceptor,
    probe: (hostname: string, port: number) => string | null,
  ) {
    this.server = server;
    this.accept = accept;
    this.probe = probe;
    const { config } = server;
    // One function for all of them: a CONFIG SET of certificate and key is one change.
    const reconfigure = () => this.isListening ? this.reconfigure() : null;
    for (const name of TLS_DIRECTIVES) config.onChange(name, reconfigure);
    config.onChange("tls-port", () => this.change());
  }

  /** How many addresses are open. */
  get count(): number {
    return this.open.size;
  }

  /** Opens what the configuration names. Returns null, or one line that says what is wrong with it. */
  listen(): string | null {
    const reason = this.apply();
    this.isListening = reason === null;
    return reason;
  }

  /** Calls `then` when all addresses are open: a moment after `listen`, never if one can't be had after all. */
  whenOpen(then: () => void): void {
    let missing = 1;
    const one = () => {
      if (--missing === 0) then();
    };
    for (const listener of this.open.values()) {
      if (listener.listening) continue;
      missing++;
      listener.once("listening", one);
    }
    one();
  }

  close(): void {
    this.isListening = false;
    this.closeAll();
  }

  /** Opens the addresses after a change of `bind`. Returns why it can't. */
  rebind(): string | null {
    return this.isListening ? this.apply() : null;
  }

  /** CONFIG SET tls-port. */
  private change(): string | null {
    if (!this.isListening) return null;
    const reason = this.apply();
    if (reason === null) return null;
    this.server.log.warning(reason);
    return NOT_LISTENING;
  }

  /** CONFIG SET of certificates and the like. */
  private reconfigure(): string | null {
    if (this.server.config.num("tls-port") === 0) return null;
    const { settings } = this;
    try {
      this.settings = readTlsSettings(this.server.config);
    } catch (error) {
      this.server.log.warning(reasonOf(error));
      return NOT_CONFIGURED;
    }
    const { requestCert, rejectUnauthorized, honorCipherOrder } = this.settings;
    const isSameDemand = settings?.requestCert === requestCert &&
      settings.rejectUnauthorized === rejectUnauthorized &&
      settings.honorCipherOrder === honorCipherOrder;
    if (!isSameDemand) return this.apply() === null ? null : NOT_CONFIGURED;
    for (const listener of this.open.values()) listener.setSecureContext(this.settings);
    return null;
  }

  /** Opens anew what `bind` and `tls-port` say. Returns why it can't; then what was open stays. */
  private apply(): string | null {
    const { config } = this.server;
    const port = config.num("tls-port");
    if (port === 0) {
      this.closeAll();
      return null;
    }
    try {
      this.settings = readTlsSettings(config);
    } catch (error) {
      return reasonOf(error);
    }
    const addresses: BindAddress[] = [];
    for (const address of bindAddresses(config.list("bind"), port)) {
      const key = `${address.hostname} ${port}`;
      const reason = this.open.has(key) ? null : this.probe(address.hostname, port);
      if (reason === null) addresses.push(address);
      else if (!address.optional) return couldNot(address, reason);
    }
    this.closeAll();
    for (const address of addresses) this.openAddress(address, this.settings);
    return null;
  }

  private openAddress(address: BindAddress, settings: TlsSettings): void {
    const { hostname, port } = address;
    const { config, log } = this.server;
    const listener = createServer({ ...settings, handshakeTimeout: HANDSHAKE_MS });
    this.open.set(`${hostname} ${port}`, listener);
    listener.on("connection", (socket: NetSocket) => this.connected(socket));
    listener.on("secureConnection", (socket) => this.secured(socket));
    listener.on("tlsClientError", (error: Error, socket: TLSSocket) => this.failed(error, socket));
    const listen = () => {
      listener.listen({ host: hostname, port, backlog: config.num("tcp-backlog") });
    };
    let tries = 0;
    listener.on("error", (error: Error & { code?: string }) => {
      if (this.open.get(`${hostname} ${port}`) !== listener) return;
      if (error.code === "EADDRINUSE" && tries++ < TRIES_MAX) setTimeout(listen, RETRY_MS);
      else log.warning(couldNot(address, error.message));
    });
    listen();
  }

  private closeAll(): void {
    for (const listener of this.open.values()) listener.close();
    this.open.clear();
  }

  /** Somebody has connected and is about to say hello. `secured` or `failed` follows, once. */
  private connected(socket: NetSocket): void {
    const { clients, maxClients, stats } = this.server;
    this.shaking++;
    if (clients.count + this.shaking <= maxClients) return;
    stats.rejectedConnections++;
    socket.destroy();
  }

  private failed(error: Error, socket: TLSSocket): void {
    this.shaking--;
    this.server.log.verbose(`Error accepting a client connection: ${error.message}`);
    socket.destroy();
  }

  /** The handshake is over. */
  private secured(socket: TLSSocket): void {
    const { config, log } = this.server;
    this.shaking--;
    socket.on("error", () => socket.destroy());
    // Without `rejectUnauthorized` a certificate that doesn't convince is let through: see "optional".
    const isBad = this.settings?.requestCert === true && !socket.authorized && hasShown(socket);
    if (isBad || socket.destroyed || socket.remoteAddress === undefined) {
      if (isBad) {
        log.verbose(`Error accepting a client connection: ${String(socket.authorizationError)}`);
      }
      socket.destroy();
      return;
    }
    // From here on who has sent everything gets all replies. Set for the listener, it would keep Deno from
    // noticing that a client goes in the middle of a handshake.
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    const seconds = config.num("tcp-keepalive");
    if (seconds > 0) socket.setKeepAlive(true, seconds * 1000);
    const wrapped = new TlsSocket(socket);
    const owner = this.accept(wrapped, false);
    if (owner !== null) wrapped.start(owner);
  }
}

/** Whether the client has shown a certificate. */
function hasShown(socket: TLSSocket): boolean {
  const shown: object | null = socket.getPeerCertificate();
  return shown !== null && Object.keys(shown).length > 0;
}

function couldNot({ hostname, port }: BindAddress, reason: string): string {
  return `Could not create server TLS listening socket ${hostname}:${port}: bind: ${reason}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof TlsRefused) return error.message;
  return `Failed to configure TLS: ${error instanceof Error ? error.message : String(error)}`;
}
