/**
 * Broadcast: clients that want to know of every changed key that begins with a prefix (CLIENT TRACKING with BCAST).
 *
 *     prefix -> the clients that asked for it, and the keys that have changed in this turn, each with who changed it last
 *
 * Nothing is remembered of what these clients have read. Keys are gathered while the turn lasts and
 * sent at its end, one message per prefix, so a key that changes a hundred times is told once. Keys
 * and prefixes are strings with one char per byte: few clients broadcast, and a Map of strings
 * sorts as Redis's radix tree does.
 *
 * Prefixes of the same length are found by one look-up of the key's beginning, so a thousand clients with a prefix
 * each cost as many look-ups per key as their prefixes have lengths.
 */
import { ascii, latin1, type ReadonlyBytes } from "../base/bytes.ts";
import { type Client, CLIENT_TRACKING_NOLOOP } from "./client.ts";

/** Bytes of a message's elements: an array of keys. */
type Keys = Uint8Array;

/** A prefix that somebody has asked for. */
class Prefix {
  readonly clients = new Set<Client>();
  /** Keys that have changed, and who changed each last: null, if it was the server itself. */
  readonly changed = new Map<string, Client | null>();
}

export class Broadcast {
  private readonly prefixes = new Map<string, Prefix>();
  /** Lengths of the prefixes, ascending, and how many there are of each. */
  private lengths: number[] = [];
  private readonly lengthCounts = new Map<number, number>();
  /** Prefixes for which something has changed. */
  private readonly changed = new Set<string>();

  /** Prefixes that somebody has asked for. */
  get count(): number {
    return this.prefixes.size;
  }

  /** The client wants to know of keys with this prefix, as it may already. */
  add(c: Client, prefix: string): void {
    let entry = this.prefixes.get(prefix);
    if (entry === undefined) {
      this.prefixes.set(prefix, entry = new Prefix());
      this.countLength(prefix.length, 1);
    }
    entry.clients.add(c);
  }

  /** The client doesn't want to know any more. */
  remove(c: Client, prefix: string): void {
    const entry = this.prefixes.get(prefix);
    if (entry === undefined || !entry.clients.delete(c) || entry.clients.size > 0) return;
    this.prefixes.delete(prefix);
    this.changed.delete(prefix);
    this.countLength(prefix.length, -1);
  }

  /** A key was changed, by that client or by the server itself. Returns whether anybody wants to know. */
  note(key: ReadonlyBytes, off: number, len: number, by: Client | null): boolean {
    const name = latin1(key, off, len);
    let isWanted = false;
    for (const length of this.lengths) {
      if (length > len) break;
      const prefix = name.slice(0, length);
      const entry = this.prefixes.get(prefix);
      if (entry === undefined) continue;
      entry.changed.set(name, by);
      this.changed.add(prefix);
      isWanted = true;
    }
    return isWanted;
  }

  /** Takes what has changed: calls `send` for each client and prefix. */
  take(send: (c: Client, keys: Keys) => void): void {
    const prefixes = [...this.changed].sort();
    this.changed.clear();
    for (const prefix of prefixes) {
      // Whoever is sent to may be closed by that.
      const entry = this.prefixes.get(prefix);
      if (entry === undefined) continue;
      const changed = [...entry.changed].sort(([a], [b]) => a < b ? -1 : 1);
      entry.changed.clear();
      const all = keysOf(changed);
      for (const client of [...entry.clients]) {
        if ((client.flags & CLIENT_TRACKING_NOLOOP) === 0) send(client, all);
        else {
          const others = changed.filter(([, by]) => by !== client);
          if (others.length > 0) send(client, keysOf(others));
        }
      }
    }
  }

  private countLength(length: number, more: number): void {
    const count = (this.lengthCounts.get(length) ?? 0) + more;
    if (count === 0) this.lengthCounts.delete(length);
    else this.lengthCounts.set(length, count);
    this.lengths = [...this.lengthCounts.keys()].sort((a, b) => a - b);
  }
}

function keysOf(changed: readonly (readonly [string, unknown])[]): Keys {
  const bulks = changed.map(([key]) => `$${key.length}\r\n${key}\r\n`);
  return ascii(`*${changed.length}\r\n${bulks.join("")}`);
}
