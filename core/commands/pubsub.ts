/**
 * Pub/sub: subscribing to channels and patterns, publishing to them, and asking who is there.
 *
 * The commands that subscribe and unsubscribe answer with one push per name, and with no reply besides. Shard
 * channels are channels of their own here, as on a Redis that is no cluster.
 */
import { ascii, type ReadonlyBytes } from "../base/bytes.ts";
import { globMatch } from "../base/glob.ts";
import { type Client, CLIENT_DENY_BLOCKING, CLIENT_MULTI } from "../server/client.ts";
import {
  ANSWERS_PUSH,
  type CommandSpec,
  FAST,
  FOR_SUBSCRIBERS,
  KEY_NOT_KEY,
  LOADING,
  MAY_REPLICATE,
  NOSCRIPT,
  PUBSUB,
  STALE,
} from "../server/command.ts";
import { addHelp, addUsageError } from "../server/help.ts";
import { countOf, shardCountOf, type TopicKind } from "../server/pubsub.ts";

/** The words of the pushes that answer. */
interface Words {
  readonly subscribed: Uint8Array;
  readonly unsubscribed: Uint8Array;
}

const WORDS: Readonly<Record<TopicKind, Words>> = {
  channels: { subscribed: ascii("subscribe"), unsubscribed: ascii("unsubscribe") },
  patterns: { subscribed: ascii("psubscribe"), unsubscribed: ascii("punsubscribe") },
  shardChannels: { subscribed: ascii("ssubscribe"), unsubscribed: ascii("sunsubscribe") },
};

const HELP: readonly string[] = [
  "CHANNELS [<pattern>]",
  "    Lists the channels that have subscribers, all of them or those that match <pattern>.",
  "NUMPAT",
  "    Counts the patterns that somebody is subscribed to.",
  "NUMSUB [<channel> ...]",
  "    Counts the subscribers of each channel. Those of patterns don't count.",
  "SHARDCHANNELS [<pattern>]",
  "    Lists the shard channels that have subscribers, all of them or those that match <pattern>.",
  "SHARDNUMSUB [<shardchannel> ...]",
  "    Counts the subscribers of each shard channel.",
];

function subscribeCommand(c: Client): void {
  subscribe(c, "channels", "SUBSCRIBE");
}

function psubscribeCommand(c: Client): void {
  subscribe(c, "patterns", "PSUBSCRIBE");
}

function ssubscribeCommand(c: Client): void {
  subscribe(c, "shardChannels", "SSUBSCRIBE");
}

function subscribe(c: Client, kind: TopicKind, name: string): void {
  // Who expects one reply per command can't have this, except that transactions always could.
  const inTransaction = kind !== "shardChannels" && (c.flags & CLIENT_MULTI) !== 0;
  if ((c.flags & CLIENT_DENY_BLOCKING) !== 0 && !inTransaction) {
    c.reply.addError(`ERR ${name} isn't allowed for a DENY BLOCKING client`);
    return;
  }
  const { buf, off, len, argc } = c.argv;
  for (let i = 1; i < argc; i++) {
    c.server.pubsub.subscribe(c, kind, buf, off[i], len[i]);
    addPush(c, kind, WORDS[kind].subscribed, buf, off[i], len[i]);
  }
}

function unsubscribeCommand(c: Client): void {
  unsubscribe(c, "channels");
}

function punsubscribeCommand(c: Client): void {
  unsubscribe(c, "patterns");
}

function sunsubscribeCommand(c: Client): void {
  unsubscribe(c, "shardChannels");
}

function unsubscribe(c: Client, kind: TopicKind): void {
  const { pubsub } = c.server;
  const { buf, off, len, argc } = c.argv;
  const word = WORDS[kind].unsubscribed;
  for (let i = 1; i < argc; i++) {
    pubsub.unsubscribe(c, kind, buf, off[i], len[i]);
    addPush(c, kind, word, buf, off[i], len[i]);
  }
  if (argc === 1) unsubscribeAll(c, kind, word);
  pubsub.unmarkIfNone(c);
}

/** Ends all subscriptions of a kind, with one push each, and one if there are none. */
function unsubscribeAll(c: Client, kind: TopicKind, word: Uint8Array): void {
  const topics = c.subscriptions === null ? [] : [...c.subscriptions[kind].keys()];
  for (const topic of topics) {
    c.server.pubsub.leave(c, kind, topic);
    addPush(c, kind, word, topic.bytes, 0, topic.bytes.length);
  }
  if (topics.length > 0) return;
  c.reply.addPush(3);
  c.reply.addBulk(word, 0, word.length);
  c.reply.addNull();
  c.reply.addInteger(kind === "shardChannels" ? shardCountOf(c) : countOf(c));
}

function addPush(
  c: Client,
  kind: TopicKind,
  word: Uint8Array,
  buf: ReadonlyBytes,
  off: number,
  len: number,
): void {
  const { reply } = c;
  reply.addPush(3);
  reply.addBulk(word, 0, word.length);
  reply.addBulk(buf, off, len);
  reply.addInteger(kind === "shardChannels" ? shardCountOf(c) : countOf(c));
}

function publishCommand(c: Client): void {
  const { buf, off, len } = c.argv;
  c.reply.addInteger(c.server.pubsub.publish(buf, off[1], len[1], buf, off[2], len[2]));
}

function spublishCommand(c: Client): void {
  const { buf, off, len } = c.argv;
  c.reply.addInteger(c.server.pubsub.publishShard(buf, off[1], len[1], buf, off[2], len[2]));
}

function channelsCommand(c: Client): void {
  listChannels(c, "channels");
}

function shardchannelsCommand(c: Client): void {
  listChannels(c, "shardChannels");
}

/** The names of channels with subscribers, those that match argument 2 if it is there. */
function listChannels(c: Client, kind: TopicKind): void {
  if (c.argc > 3) return addUsageError(c);
  const { buf, off, len } = c.argv;
  const mark = c.reply.beginDeferred();
  let count = 0;
  for (const { bytes } of c.server.pubsub[kind].all()) {
    if (c.argc === 3 && !globMatch(buf, off[2], len[2], bytes, 0, bytes.length, false)) continue;
    c.reply.addBulk(bytes, 0, bytes.length);
    count++;
  }
  c.reply.endDeferredArray(mark, count);
}

function numsubCommand(c: Client): void {
  countSubscribers(c, "channels");
}

function shardnumsubCommand(c: Client): void {
  countSubscribers(c, "shardChannels");
}

function countSubscribers(c: Client, kind: TopicKind): void {
  const { keyspace, pubsub } = c.server;
  const { buf, off, len, argc } = c.argv;
  c.reply.addArray((argc - 2) * 2);
  for (let i = 2; i < argc; i++) {
    const topic = pubsub[kind].find(keyspace.hashKey(buf, off[i], len[i]), buf, off[i], len[i]);
    c.reply.addBulk(buf, off[i], len[i]);
    c.reply.addInteger(topic === null ? 0 : topic.clients.length);
  }
}

function numpatCommand(c: Client): void {
  c.reply.addInteger(c.server.pubsub.patterns.count);
}

function helpCommand(c: Client): void {
  addHelp(c, HELP);
}

const SUBSCRIBING = PUBSUB | NOSCRIPT | LOADING | STALE | FOR_SUBSCRIBERS | ANSWERS_PUSH;
const ASKING = PUBSUB | LOADING | STALE;
const PUBLISHING = PUBSUB | LOADING | STALE | FAST | MAY_REPLICATE;

/** One of the six commands that subscribe and unsubscribe; the latter may do without names. */
function subscriber(
  name: string,
  argName: string,
  summary: string,
  handler: CommandSpec["handler"],
): CommandSpec {
  const isShard = argName === "shardchannel";
  const ends = name.includes("unsub");
  return {
    name,
    arity: ends ? -1 : -2,
    flags: SUBSCRIBING,
    since: isShard ? "7.0.0" : "2.0.0",
    group: "pubsub",
    complexity: `O(N) where N is the number of names given${ends ? ", or of subscriptions" : ""}`,
    summary,
    keys: isShard ? [{ flags: KEY_NOT_KEY, begin: 1, last: -1, step: 1 }] : undefined,
    channels: ends ? undefined : argName === "pattern" ? "patterns" : "all",
    args: [{
      name: argName,
      type: argName === "pattern" ? "pattern" : "string",
      optional: ends ? true : undefined,
      multiple: true,
    }],
    handler,
  };
}

/** One of the subcommands of PUBSUB that tell of channels. */
function asker(
  name: string,
  argName: string,
  summary: string,
  handler: CommandSpec["handler"],
): CommandSpec {
  const isPattern = argName === "pattern";
  return {
    name,
    arity: -2,
    flags: ASKING,
    since: name.startsWith("shard") ? "7.0.0" : "2.8.0",
    group: "pubsub",
    complexity: isPattern
      ? "O(N) where N is the number of channels that have subscribers"
      : "O(N) where N is the number of channels given",
    summary,
    args: [{
      name: argName,
      type: isPattern ? "pattern" : "string",
      optional: true,
      multiple: isPattern ? undefined : true,
    }],
    handler,
  };
}

const pubsubSubcommands: CommandSpec[] = [
  asker(
    "channels",
    "pattern",
    "Lists the channels that have subscribers.",
    channelsCommand,
  ),
  {
    name: "help",
    arity: 2,
    flags: LOADING | STALE,
    since: "6.2.0",
    group: "pubsub",
    complexity: "O(1)",
    summary: "Says what the subcommands do.",
    handler: helpCommand,
  },
  {
    name: "numpat",
    arity: 2,
    flags: ASKING,
    since: "2.8.0",
    group: "pubsub",
    complexity: "O(1)",
    summary: "Counts the patterns that somebody is subscribed to.",
    handler: numpatCommand,
  },
  asker("numsub", "channel", "Counts the subscribers of channels.", numsubCommand),
  asker(
    "shardchannels",
    "pattern",
    "Lists the shard channels that have subscribers.",
    shardchannelsCommand,
  ),
  asker(
    "shardnumsub",
    "shardchannel",
    "Counts the subscribers of shard channels.",
    shardnumsubCommand,
  ),
];

export const pubsubCommands: CommandSpec[] = [
  subscriber("subscribe", "channel", "Listens to channels.", subscribeCommand),
  subscriber("unsubscribe", "channel", "Listens to channels no more.", unsubscribeCommand),
  subscriber(
    "psubscribe",
    "pattern",
    "Listens to the channels that match patterns.",
    psubscribeCommand,
  ),
  subscriber(
    "punsubscribe",
    "pattern",
    "Listens to the channels that match patterns no more.",
    punsubscribeCommand,
  ),
  subscriber("ssubscribe", "shardchannel", "Listens to shard channels.", ssubscribeCommand),
  subscriber(
    "sunsubscribe",
    "shardchannel",
    "Listens to shard channels no more.",
    sunsubscribeCommand,
  ),
  {
    name: "publish",
    arity: 3,
    flags: PUBLISHING,
    since: "2.0.0",
    group: "pubsub",
    complexity:
      "O(N+M) where N is the number of the channel's subscribers and M that of all patterns",
    summary: "Sends a message to a channel and counts who gets it.",
    channels: "first",
    args: [{ name: "channel", type: "string" }, { name: "message", type: "string" }],
    handler: publishCommand,
  },
  {
    name: "spublish",
    arity: 3,
    flags: PUBLISHING,
    since: "7.0.0",
    group: "pubsub",
    complexity: "O(N) where N is the number of the shard channel's subscribers",
    summary: "Sends a message to a shard channel and counts who gets it.",
    keys: [{ flags: KEY_NOT_KEY, begin: 1, last: 0, step: 1 }],
    channels: "first",
    args: [{ name: "shardchannel", type: "string" }, { name: "message", type: "string" }],
    handler: spublishCommand,
  },
  {
    name: "pubsub",
    arity: -2,
    flags: 0,
    since: "2.8.0",
    group: "pubsub",
    complexity: "That of the subcommand",
    summary: "Tells who listens to what.",
    subcommands: pubsubSubcommands,
  },
];
