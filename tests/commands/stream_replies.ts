/** How the replies of the stream commands look, in both protocols. */
import { array, bulk, type Want } from "../support/raw_cases.ts";

/** An entry: its id, and fields and values in turn. */
export function entry(id: string, ...parts: string[]): string {
  return array(bulk(id), array(...parts.map(bulk)));
}

/** An array of ids. */
export function idList(...ids: string[]): string {
  return array(...ids.map(bulk));
}

/** An integer, or an unknown one. */
type Count = number | string | null;

/** A protocol's way to write what the other one writes differently. */
export class Replies {
  readonly nil: string;
  readonly nilArray: string;
  private readonly resp: number;

  constructor(resp: number) {
    this.resp = resp;
    this.nil = resp === 2 ? "$-1\r\n" : "_\r\n";
    this.nilArray = resp === 2 ? "*-1\r\n" : "_\r\n";
  }

  /** Keys and values in turn. */
  map(...parts: string[]): string {
    return this.resp === 2 ? array(...parts) : `%${parts.length / 2}\r\n${parts.join("")}`;
  }

  /** What XREAD replies: keys and arrays of entries in turn, in RESP2 an array of pairs. */
  reads(...parts: string[]): string {
    if (this.resp === 3) return this.map(...parts);
    const pairs: string[] = [];
    for (let i = 0; i < parts.length; i += 2) pairs.push(array(parts[i], parts[i + 1]));
    return array(...pairs);
  }

  count(value: Count): string {
    return value === null ? this.nil : `:${value}\r\n`;
  }

  /** A group as XINFO GROUPS shows it. */
  group(
    name: string,
    consumers: number,
    pending: number,
    lastId: string,
    read: Count,
    lag: Count,
  ): string {
    return this.map(
      bulk("name"),
      bulk(name),
      bulk("consumers"),
      this.count(consumers),
      bulk("pending"),
      this.count(pending),
      bulk("last-delivered-id"),
      bulk(lastId),
      bulk("entries-read"),
      this.count(read),
      bulk("lag"),
      this.count(lag),
    );
  }

  /**
   * What XINFO STREAM replies: length, keys and nodes of the radix tree, last id, largest deleted id, entries added,
   * first id, number of groups; then the first and the last entry.
   */
  stream(values: readonly (number | string)[], first: string, last: string): string {
    const names = [
      "length",
      "radix-tree-keys",
      "radix-tree-nodes",
      "last-generated-id",
      "max-deleted-entry-id",
      "entries-added",
      "recorded-first-entry-id",
      "groups",
    ];
    const isId = (name: string) => name.endsWith("-id");
    return this.map(
      ...names.flatMap((name, i) => [
        bulk(name),
        isId(name) ? bulk(String(values[i])) : this.count(values[i]),
      ]),
      bulk("first-entry"),
      first,
      bulk("last-entry"),
      last,
    );
  }
}

/** The same reply in both protocols. */
export function both(make: (r: Replies) => string): Want {
  return { resp2: make(new Replies(2)), resp3: make(new Replies(3)) };
}
