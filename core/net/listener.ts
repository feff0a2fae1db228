/**
 * Listener: opens the configured addresses and makes a connection of each socket that comes.
 */
import { ascii } from "../base/bytes.ts";
import type { Server } from "../server/server.ts";
import { Connection } from "./connection.ts";
import type { Acceptor, Listening, Socket, Transport } from "./transport.ts";

const MAX_CLIENTS_ERROR = ascii("-ERR max number of clients reached\r\n");

export class Listener {
  private readonly server: Server;
  private readonly transport: Transport;
  private readonly open: Listening[] = [];
  private readonly accept: Acceptor = (socket, isUnix) => this.accepted(socket, isUnix);

  constructor(server: Server, transport: Transport) {
    this.server = server;
    this.transport = transport;
  }

  /**
   * Opens everything the configuration names. Returns null, or one line that says what could not be
   * opened and why; then nothing stays open.
   */
  listen(): string | null {
    const { config } = this.server;
    const port = config.num("port");
    const backlog = config.num("tcp-backlog");
    const keepAliveSeconds = () => config.num("tcp-keepalive");
    let opened = 0;
    const addresses = port === 0 ? [] : bindAddresses(config.list("bind"));
    for (const { hostname, optional } of addresses) {
      try {
        const options = { hostname, port, backlog, keepAliveSeconds };
        this.open.push(this.transport.listen(options, this.accept));
        opened++;
      } catch (error) {
        if (optional && !isAddressInUse(error)) continue;
        this.close();
        return `Could not create server TCP listening socket ${hostname}:${port}: bind: ${
          reason(error)
        }`;
      }
    }
    if (port !== 0 && opened === 0) return `Failed listening on port ${port} (tcp), aborting.`;
    const path = config.path("unixsocket");
    if (path === "") return null;
    try {
      this.open.push(this.transport.listenUnix(path, this.accept));
      return null;
    } catch (error) {
      this.close();
      return `Failed opening Unix socket: bind: ${reason(error)}`;
    }
  }

  /** Stops listening; connections stay. */
  close(): void {
    for (const listening of this.open.splice(0)) listening.close();
  }

  private accepted(socket: Socket, isUnix: boolean): Connection | null {
    const { server } = this;
    if (server.clients.count >= server.maxClients) {
      socket.write(MAX_CLIENTS_ERROR, 0, MAX_CLIENTS_ERROR.length);
      socket.close();
      server.stats.rejectedConnections++;
      return null;
    }
    server.turn.readClock();
    server.stats.connectionsReceived++;
    const connection = new Connection(server, socket, isUnix);
    server.log.verbose(`Accepted ${socket.addr}`);
    return connection;
  }
}

/** `bind`'s words: "-" before an address makes it optional, "*" is every address, "-::*" every IPv6 one. */
function bindAddresses(words: readonly string[]): { hostname: string; optional: boolean }[] {
  const list = words.length === 0 ? ["*", "-::*"] : words;
  return list.map((word) => {
    const optional = word.startsWith("-");
    const name = optional ? word.slice(1) : word;
    const hostname = name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name;
    return { hostname, optional };
  });
}

function isAddressInUse(error: unknown): boolean {
  return /in use|EADDRINUSE/i.test(String(error));
}

function reason(error: unknown): string {
  if (isAddressInUse(error)) return "Address already in use";
  return error instanceof Error ? error.message : String(error);
}
