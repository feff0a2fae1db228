/**
 * ACL log: what has been denied to whom, for ACL LOG, and how often, for INFO.
 *
 * Denials that are alike and not a minute apart are one entry with a count. `acllog-max-len` entries are kept.
 */
import { type Client, CLIENT_MULTI } from "./client.ts";
import { clientInfo } from "./client_info.ts";
import type { Config } from "./config.ts";
import { DENIED_CHANNEL, DENIED_COMMAND, DENIED_KEY } from "./acl_selector.ts";

/** The client gave a wrong name or password. */
export const DENIED_AUTH = 4;

export type AclContext = "toplevel" | "multi" | "lua";

/** How far apart denials may be to be one entry. */
const GROUPING_MS = 60_000;
/** How many of the latest entries are looked through for one that is alike. */
const GROUPING_ENTRIES = 10;

export interface AclLogEntry {
  readonly id: number;
  readonly reason: number;
  readonly context: AclContext;
  /** Command, key or channel; the name of the command for a wrong password. */
  readonly object: string;
  readonly username: string;
  readonly createdMs: number;
  count: number;
  updatedMs: number;
  clientInfo: string;
}

export class AclLog {
  /** From the oldest to the latest. */
  readonly entries: AclLogEntry[] = [];
  /** Denials, by reason. */
  readonly counts = new Map<number, number>();
  private readonly config: Config;
  private nextId = 0;

  constructor(config: Config) {
    this.config = config;
  }

  add(c: Client, reason: number, object: string, username: string, context = contextOf(c)): void {
    this.counts.set(reason, this.count(reason) + 1);
    const { executing, keyspace } = c.server;
    const { entries } = this;
    const entriesMax = this.config.num("acllog-max-len");
    const nowMs = keyspace.nowMs;
    const info = clientInfo(executing ?? c);
    const oldest = Math.max(0, entries.length - GROUPING_ENTRIES);
    for (let i = entries.length - 1; i >= oldest && entriesMax > 0; i--) {
      const entry = entries[i];
      if (
        entry.reason !== reason || entry.context !== context || entry.object !== object ||
        entry.username !== username || Math.abs(nowMs - entry.updatedMs) > GROUPING_MS
      ) continue;
      entry.count++;
      entry.updatedMs = nowMs;
      entry.clientInfo = info;
      entries.push(...entries.splice(i, 1));
      return;
    }
    if (entriesMax > 0) {
      const id = this.nextId++;
      const times = { createdMs: nowMs, updatedMs: nowMs };
      entries.push({ id, reason, context, object, username, count: 1, clientInfo: info, ...times });
    }
    if (entries.length > entriesMax) entries.splice(0, entries.length - entriesMax);
  }

  count(reason: number): number {
    return this.counts.get(reason) ?? 0;
  }
}

/** What ACL LOG calls a reason. */
export function reasonName(reason: number): string {
  return reason === DENIED_COMMAND
    ? "command"
    : reason === DENIED_KEY
    ? "key"
    : reason === DENIED_CHANNEL
    ? "channel"
    : "auth";
}

function contextOf(c: Client): AclContext {
  return (c.flags & CLIENT_MULTI) !== 0 ? "multi" : "toplevel";
}
