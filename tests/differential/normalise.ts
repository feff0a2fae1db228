/**
 * What of a reply is compared: not the order where there is none, nor what depends on the clock or on how a server is
 * made.
 */
import { latin1, type Reply, ReplyError } from "../support/resp_reply.ts";

const UNORDERED = new Set(
  "smembers sunion sinter sdiff hkeys hvals keys spop srandmember".split(" "),
);
const PAIRS = new Set(["hgetall", "hrandfield", "zrandmember"]);
const SCANS = new Set(["hscan", "sscan", "zscan", "scan"]);
/** Fields of XINFO that hold a time or a figure of Redis's own radix trees. */
const OWN_FIELDS = new Set([
  ...["idle", "inactive", "seen-time", "active-time", "radix-tree-keys", "radix-tree-nodes"],
]);

/** A text that is the same for replies that say the same. */
export function normalise(words: readonly string[], reply: Reply): string {
  const name = words[0].toLowerCase();
  if (reply instanceof ReplyError || !Array.isArray(reply)) return show(reply);
  if (UNORDERED.has(name)) return show(sorted(reply));
  if (PAIRS.has(name)) {
    const withPairs = name === "hgetall" || /^with/i.test(words[words.length - 1]);
    return show(withPairs ? sorted(pairs(reply)) : sorted(reply));
  }
  if (SCANS.has(name)) {
    const items = reply[1] as Reply[];
    const isPlain = name === "sscan" || name === "scan" ||
      words.some((word) => /^novalues$/i.test(word));
    return show([reply[0], sorted(isPlain ? items : pairs(items))]);
  }
  if (name === "xpending") return show(reply.map(withoutIdle));
  if (name === "xinfo") return show(withoutOwn(reply));
  return show(reply);
}

function pairs(items: Reply[]): Reply[] {
  const found: Reply[] = [];
  for (let i = 0; i < items.length; i += 2) found.push([items[i], items[i + 1] ?? null]);
  return found;
}

function sorted(items: Reply[]): Reply[] {
  return items.map((item) => ({ item, text: show(item) }))
    .sort((a, b) => a.text < b.text ? -1 : a.text > b.text ? 1 : 0)
    .map(({ item }) => item);
}

/** An entry of XPENDING's long form is [id, consumer, idle, deliveries]. */
function withoutIdle(entry: Reply): Reply {
  return Array.isArray(entry) && entry.length === 4 && typeof entry[2] === "number"
    ? [entry[0], entry[1], "idle", entry[3]]
    : entry;
}

function withoutOwn(items: Reply[]): Reply[] {
  return items.map((item, i) => {
    if (i > 0 && OWN_FIELDS.has(String(items[i - 1]))) return "own";
    // A pending entry of FULL: id, (consumer,) delivery time, deliveries.
    if (typeof item === "number" && item > 1e12) return "time";
    return Array.isArray(item) ? withoutOwn(item) : item;
  });
}

/** The reply as text. */
export function show(reply: Reply): string {
  if (reply instanceof ReplyError) return `-${reply.message}`;
  if (reply instanceof Uint8Array) return latin1(reply);
  if (Array.isArray(reply)) return `[${reply.map(show).join(", ")}]`;
  if (reply instanceof Map) return show([...reply].flat());
  if (reply instanceof Set) return show([...reply]);
  return typeof reply === "bigint" ? `${reply}` : JSON.stringify(reply);
}
