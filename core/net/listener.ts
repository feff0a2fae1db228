/**
 * Listener: opens the configured addresses and makes a connection of each socket that comes.
 *
 * `bind` and `port` can be changed while the server runs: the new addresses are opened, then the old ones closed,
 * and if that fails everything stays as it was. Only where a new address can't be opened beside an old one of the
 * same port, as a wildcard can't, the old one is closed first.
 */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { ascii } from "../base/bytes.ts";
import { closeIdle } from "../server/clients.ts";
import type { NetPort, Server } from "../server/server.ts";
import { ANY_4, ANY_6, type BindAddress, bindAddresses } from "./bind_addresses.ts";
import { Connection } from "./connection.ts";
import { TlsListener } from "./tls_listener.ts";
import type { Acceptor, Listening, ListenOptions, Socket, Transport } from "./transport.ts";

const MAX_CLIENTS_ERROR = ascii("-ERR max number of clients reached\r\n");
const PROTECTED_ERROR = ascii(
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password " +
    "is set for the default user. In this mode connections are only accepted from the loopback " +
    "interface. To connect from other computers, set a password (requirepass), or switch the " +
    "protected mode off: 'CONFIG SET protected-mode no' from this machine, then CONFIG REWRITE to " +
    "keep it; or protected-mode no in the configuration file; or --protected-mode no on the command " +
    "line. Make sure first that strangers can't reach the server.\r\n",
);

/** Errors as the runtimes tell them, and what C's strerror says. */
const REASONS: readonly (readonly [code: string, deno: string, text: string])[] = [
  ["EADDRINUSE", "AddrInUse", "Address already in use"],
  ["EADDRNOTAVAIL", "AddrNotAvailable", "Cannot assign requested address"],
  ["EAFNOSUPPORT", "", "Address family not supported by protocol"],
  ["EACCES", "PermissionDenied", "Permission denied"],
  ["ENOENT", "NotFound", "No such file or directory"],
];
const IN_USE = REASONS[0][2];
const MISSING = REASONS[1][2];
const UNSUPPORTED = REASONS[2][2];

/** How long a closed address may still be in use, in ms. */
const RELEASE_MS = 1000;

export class Listener implements NetPort {
  readonly server: Server;
  private readonly transport: Transport;
  private readonly tls: TlsListener;
  /** What is open, by `keyOf` its address. */
  private readonly open = new Map<string, Listening>();
  /** Ports of addresses that were closed a moment ago. */
  private readonly releasing = new Set<number>();
  private unix: Listening | null = null;
  private unixPath = "";
  private isListening = false;
  private readonly accept: Acceptor = (socket, isUnix) => this.accepted(socket, isUnix);

  constructor(server: Server, transport: Transport) {
    this.server = server;
    this.transport = transport;
    this.tls = new TlsListener(server, this.accept, (hostname, port) => this.probe(hostname, port));
    server.cron.onClient.push(closeIdle);
    server.turn.servesApart = transport.servesApart;
    const { config } = server;
    config.onChange("bind", () => this.change("Failed to bind to specified addresses.", true));
    config.onChange("port", () => this.change("Unable to listen on this port. Check server logs."));
  }

  /**
   * Opens everything the configuration names. Returns null, or one line that says what could not be
   * opened and why; then nothing stays open.
   */
  listen(): string | null {
    const error = this.listenTcp() ?? this.tls.listen() ?? this.listenUnix();
    const count = this.open.size + this.tls.count;
    const isNothing = error === null && count === 0 && this.unix === null;
    if (error !== null || isNothing) {
      this.stop();
      return error ?? "Configured to not listen anywhere, exiting.";
    }
    this.isListening = true;
    this.server.net = this;
    return null;
  }

  /** Calls `then` when clients get in everywhere, which may be at once. */
  whenOpen(then: () => void): void {
    this.tls.whenOpen(then);
  }

  /** Stops listening and closes every connection. */
  close(): Promise<void> {
    this.stop();
    for (const client of this.server.clients.byId.values()) client.port.close();
    return Promise.resolve();
  }

  /** Stops listening; connections stay. */
  stop(): void {
    this.isListening = false;
    for (const listening of this.open.values()) listening.close();
    this.open.clear();
    this.tls.close();
    if (this.unix === null) return;
    this.unix.close();
    this.unix = null;
    this.server.log.notice("Removing the unix socket file.");
    removeSocketFile(this.unixPath);
  }

  /** CONFIG SET of an address. */
  private change(error: string, concernsTls = false): string | null {
    if (!this.isListening) return null;
    const reason = this.listenTcp() ?? (concernsTls ? this.tls.rebind() : null);
    if (reason === null) return null;
    this.server.log.warning(reason);
    return error;
  }

  /** Opens what `bind` and `port` say and closes what they no longer say. Returns why it can't. */
  private listenTcp(): string | null {
    const opened: string[] = [];
    const wanted = this.wantedKeys();
    for (const { hostname, port, optional } of this.wanted()) {
      const key = keyOf(hostname, port);
      if (this.open.has(key)) continue;
      const reason = this.openAddress(hostname, port) && this.openInstead(hostname, port, wanted);
      if (reason === null) {
        opened.push(key);
        continue;
      }
      const failure = couldNot(hostname, port, reason);
      if (reason !== UNSUPPORTED && !(optional && reason === MISSING)) {
        for (const key of opened) this.closeAddress(key);
        return failure;
      }
      this.server.log.warning(`Warning: ${failure}`);
    }
    for (const key of [...this.open.keys()]) {
      if (!wanted.includes(key)) this.closeAddress(key);
    }
    return null;
  }

  /** What the configuration asks for. */
  private wanted(): BindAddress[] {
    const { config } = this.server;
    const port = config.num("port");
    return port === 0 ? [] : bindAddresses(config.list("bind"), port);
  }

  private wantedKeys(): string[] {
    return this.wanted().map(({ hostname, port }) => keyOf(hostname, port));
  }

  private closeAddress(key: string): void {
    this.open.get(key)?.close();
    if (!this.open.delete(key)) return;
    this.releasing.add(portOf(key));
    setTimeout(() => this.releasing.delete(portOf(key)), RELEASE_MS).unref();
  }

  /** Opens an address in place of those of the same port that are no longer wanted. */
  private openInstead(hostname: string, port: number, wanted: readonly string[]): string | null {
    for (const key of [...this.open.keys()]) {
      if (portOf(key) === port && !wanted.includes(key)) this.closeAddress(key);
    }
    const reason = this.openAddress(hostname, port);
    if (reason !== IN_USE || !this.releasing.has(port)) return reason;
    this.openSoon(hostname, port);
    return null;
  }

  /** Returns null when the address is open, or the reason why it isn't. */
  private openAddress(hostname: string, port: number): string | null {
    const key = keyOf(hostname, port);
    if (this.open.has(key)) return null;
    if (this.transport.isDualStack && hostname === ANY_4) {
      const any6 = keyOf(ANY_6, port);
      if (this.open.has(any6) && this.wantedKeys().includes(any6)) return null;
    }
    try {
      this.open.set(key, this.openListening(hostname, port));
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  private openListening(hostname: string, port: number): Listening {
    const keepAliveSeconds = () => this.server.config.num("tcp-keepalive");
    const options = { hostname, port, keepAliveSeconds, ...this.options() };
    return this.transport.listen(options, this.accept);
  }

  /** Opens an address and closes it again. Returns why it can't be opened, or null. */
  private probe(hostname: string, port: number): string | null {
    if (this.releasing.has(port)) return null;
    try {
      this.openListening(hostname, port).close();
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }

  /** Deno gives the port of a closed listener back a moment later. */
  private openSoon(hostname: string, port: number): void {
    setTimeout(() => {
      const key = keyOf(hostname, port);
      if (!this.isListening || this.open.has(key) || !this.wantedKeys().includes(key)) return;
      const reason = this.openAddress(hostname, port);
      if (reason === IN_USE && this.releasing.has(port)) this.openSoon(hostname, port);
      else if (reason !== null) this.server.log.warning(couldNot(hostname, port, reason));
    }, 0);
  }

  private listenUnix(): string | null {
    const { config } = this.server;
    const path = config.path("unixsocket");
    if (path === "") return null;
    try {
      // The file of a server that was killed is in the way; nothing else is removed.
      removeSocketFile(path);
      this.unix = this.transport.listenUnix(path, this.options(), this.accept);
      this.unixPath = path;
      const mode = config.num("unixsocketperm");
      if (mode !== 0) chmodSync(path, mode);
      return null;
    } catch (error) {
      return `Failed opening Unix socket: bind: ${reasonOf(error)}`;
    }
  }

  private options(): ListenOptions {
    const { config, log, turn } = this.server;
    return {
      backlog: config.num("tcp-backlog"),
      rounds: turn,
      acceptFailed: (reason) => log.warning(`Accepting client connection: ${reason}`),
    };
  }

  private accepted(socket: Socket, isUnix: boolean): Connection | null {
    const { server } = this;
    const { acl, clients, config, log, stats, turn } = server;
    const refusal = clients.count >= server.maxClients
      ? MAX_CLIENTS_ERROR
      : !isUnix && !isLoopback(socket.addr) && acl.defaultUser.noPass &&
          config.bool("protected-mode")
      ? PROTECTED_ERROR
      : null;
    if (refusal !== null) {
      socket.write(refusal, 0, refusal.length);
      socket.end();
      stats.rejectedConnections++;
      return null;
    }
    turn.readClock();
    stats.connectionsReceived++;
    const connection = new Connection(server, socket, isUnix);
    log.verbose(`Accepted ${socket.addr}`);
    return connection;
  }
}

function keyOf(hostname: string, port: number): string {
  return `${hostname} ${port}`;
}

function portOf(key: string): number {
  return Number(key.slice(key.indexOf(" ") + 1));
}

function couldNot(hostname: string, port: number, reason: string): string {
  return `Could not create server TCP listening socket ${hostname}:${port}: bind: ${reason}`;
}

function reasonOf(error: unknown): string {
  const { code, name, message } = error as { code?: string; name?: string; message?: string };
  for (const [known, denoName, text] of REASONS) {
    if (code === known || name === denoName || message?.includes(text)) return text;
  }
  return message ?? String(error);
}

function isLoopback(addr: string): boolean {
  return addr.startsWith("127.") || addr.startsWith("[::1]:");
}

function removeSocketFile(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch {
    // There is none, or binding to it will say what is wrong.
  }
}
