/**
 * What must be said of a configuration before the server starts: directives that can't be obeyed, and a machine
 * that won't let them.
 *
 *     refused      the server would do something else than it was told, which someone would notice too late:
 *                  it does not start (cluster, replication, modules)
 *     warned of    the server is useful without it, but whoever relies on it must know (daemonize)
 *     no effect    accepted for compatibility; named on one line of the log
 *
 * The same holds for CONFIG SET: what would be refused at start is refused there too.
 */
import { readFileSync } from "node:fs";
import type { Config } from "./config.ts";
import type { Server } from "./server.ts";

/** A directive that is refused, and the reason. */
interface Refusal {
  readonly name: string;
  readonly isAsked: (config: Config) => boolean;
  readonly reason: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    name: "cluster-enabled",
    isAsked: (config) => config.bool("cluster-enabled"),
    reason: "cluster mode is not offered; set cluster-enabled to no",
  },
  {
    name: "replicaof",
    isAsked: (config) => config.replicaOf() !== null,
    reason: "replication is not offered by this version; remove replicaof",
  },
];

/** Descriptors the process needs besides those of clients, as Redis reckons. */
const RESERVED_FILES = 32;
const MAXMEMORY_SMALL: number = 1 << 20;

/** Statements of redis.conf that can't be carried out: each makes reading the file fail. */
export function refuseStatements(config: Config): void {
  config.onStatement("loadmodule", () => "Modules are not offered: remove the loadmodule line");
}

/** Why the server must not start with this configuration, or null. */
export function refusal(config: Config): string | null {
  const refused = REFUSALS.find(({ isAsked }) => isAsked(config));
  return refused === undefined ? null : `${refused.name}: ${refused.reason}.`;
}

/** Has CONFIG SET refuse what can't be done either. */
export function refuseChanges(server: Server): void {
  const { config } = server;
  for (const { name, isAsked, reason } of REFUSALS) {
    config.onChange(name, () => isAsked(config) ? reason : null);
  }
  config.onChange("maxclients", () => {
    const possible = filesLimit() - RESERVED_FILES;
    return config.num("maxclients") <= possible
      ? null
      : "The operating system is not able to handle the specified number of clients, try with " +
        possible;
  });
  config.onChange("maxmemory", () => {
    const limit = config.num("maxmemory");
    const { usedBytes } = server.memory;
    if (limit !== 0 && limit < usedBytes) {
      server.log.warning(
        `WARNING: the new maxmemory value set via CONFIG SET (${limit}) is smaller than the current ` +
          `memory usage (${usedBytes}). Keys will be evicted, or commands that need memory refused, as ` +
          "maxmemory-policy says.",
      );
    }
    return null;
  });
}

/** Says in the log what of the configuration has no effect. */
export function warnOfConfig(server: Server): void {
  const { config, log } = server;
  if (config.bool("daemonize")) {
    log.warning(
      "WARNING: daemonize is yes, but the server stays in the foreground. Start it in the background " +
        "with a service manager or the shell's &.",
    );
  }
  const names = config.ignored().filter((name) => name !== "daemonize");
  if (names.length > 0) log.warning(`No effect in this version: ${names.join(", ")}.`);
  const limit = config.num("maxmemory");
  if (limit > 0 && limit < MAXMEMORY_SMALL) {
    log.warning(
      "WARNING: You specified a maxmemory value that is less than 1MB " +
        `(current value is ${limit} bytes). Are you sure this is what you really want?`,
    );
  }
}

/**
 * Compares the configuration with what the machine allows. Returns why the server can't start, or null; lesser
 * trouble goes to the log.
 */
export function checkMachine(server: Server): string | null {
  const { config, log } = server;
  const backlog = config.num("tcp-backlog");
  const backlogMax = numberFrom("/proc/sys/net/core/somaxconn", /^(\d+)/);
  if (backlogMax < backlog) {
    log.warning(
      `WARNING: The TCP backlog setting of ${backlog} cannot be enforced because ` +
        `/proc/sys/net/core/somaxconn is set to the lower value of ${backlogMax}.`,
    );
  }
  const wanted = config.num("maxclients");
  const files = filesLimit();
  const needed = wanted + RESERVED_FILES;
  if (files >= needed) return null;
  if (files <= RESERVED_FILES) {
    return `Your current 'ulimit -n' of ${files} is not enough for the server to start. ` +
      `Please increase your open file limit to at least ${needed}. Exiting.`;
  }
  const possible = files - RESERVED_FILES;
  config.set([["maxclients", String(possible)]]);
  log.warning(
    `You requested maxclients of ${wanted} requiring at least ${needed} max file descriptors.`,
  );
  log.warning(
    `Current maximum open files is ${files}. maxclients has been reduced to ${possible} to ` +
      "compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
  );
  return null;
}

/** How many files the process may open; Infinity where the system doesn't tell. */
function filesLimit(): number {
  return numberFrom("/proc/self/limits", /^Max open files\s+(\d+)/m);
}

/** A number in a file of the system, Infinity when there is none to be had. */
function numberFrom(path: string, pattern: RegExp): number {
  try {
    const match = pattern.exec(readFileSync(path, "latin1"));
    return match === null ? Infinity : Number(match[1]);
  } catch {
    return Infinity;
  }
}
