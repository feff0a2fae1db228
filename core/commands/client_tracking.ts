/**
 * CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR: what a client wants to be told of keys that it keeps copies of
 * (core/server/tracking.ts).
 */
import { ascii } from "../base/bytes.ts";
import { argIs, argString, getIntegerOrReply, SYNTAX_ERROR } from "../server/args.ts";
import {
  type Client,
  CLIENT_TRACKING,
  CLIENT_TRACKING_BCAST,
  CLIENT_TRACKING_BROKEN,
  CLIENT_TRACKING_CACHING,
  CLIENT_TRACKING_NOLOOP,
  CLIENT_TRACKING_OPTIN,
  CLIENT_TRACKING_OPTOUT,
} from "../server/client.ts";
import { redirectOf } from "../server/client_info.ts";

const ON = ascii("on");
const OFF = ascii("off");
const YES = ascii("yes");
const NO = ascii("no");
const REDIRECT = ascii("redirect");
const PREFIX = ascii("prefix");
/** Words that are flags by themselves. */
const MODES: readonly (readonly [word: Uint8Array, flag: number])[] = [
  [ascii("bcast"), CLIENT_TRACKING_BCAST],
  [ascii("optin"), CLIENT_TRACKING_OPTIN],
  [ascii("optout"), CLIENT_TRACKING_OPTOUT],
  [ascii("noloop"), CLIENT_TRACKING_NOLOOP],
];
const SWITCH_ERROR = (what: string) =>
  `ERR You can't switch ${what} before disabling tracking for this client, and then re-enabling it ` +
  "with a different mode.";

/** What CLIENT TRACKING was asked for. */
interface Options {
  mode: number;
  redirect: number;
  readonly prefixes: string[];
}

export function clientTrackingCommand(c: Client): void {
  const options = getOptionsOrReply(c);
  if (options === null) return;
  const { tracking } = c.server;
  if (argIs(c, 2, OFF)) tracking.disable(c);
  else {
    const error = argIs(c, 2, ON) ? errorOf(c, options) : SYNTAX_ERROR;
    if (error !== null) {
      c.reply.addError(error);
      return;
    }
    tracking.enable(c, options.mode, options.redirect, options.prefixes);
  }
  c.reply.addOk();
}

/** The options behind ON or OFF; null after an error reply. */
function getOptionsOrReply(c: Client): Options | null {
  const options: Options = { mode: 0, redirect: 0, prefixes: [] };
  for (let i = 3; i < c.argc; i++) {
    const mode = MODES.find(([word]) => argIs(c, i, word));
    const hasMore = i < c.argc - 1;
    if (mode !== undefined) options.mode |= mode[1];
    else if (hasMore && argIs(c, i, PREFIX)) options.prefixes.push(argString(c, ++i));
    else if (hasMore && argIs(c, i, REDIRECT)) {
      if (options.redirect !== 0) {
        c.reply.addError("ERR A client can only redirect to a single other client");
        return null;
      }
      const id = getIntegerOrReply(c, ++i);
      if (Number.isNaN(id)) return null;
      if (!c.server.clients.byId.has(id)) {
        c.reply.addError("ERR The client ID you want redirect to does not exist");
        return null;
      }
      options.redirect = id;
    } else {
      c.reply.addError(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}

/** Why a client can't begin to track like that, or null. */
function errorOf(c: Client, { mode, prefixes }: Options): string | null {
  const { flags } = c;
  const choice = mode & (CLIENT_TRACKING_OPTIN | CLIENT_TRACKING_OPTOUT);
  const isOn = (flags & CLIENT_TRACKING) !== 0;
  const broadcasts = (mode & CLIENT_TRACKING_BCAST) !== 0;
  if (!broadcasts && prefixes.length > 0) {
    return "ERR PREFIX option requires BCAST mode to be enabled";
  }
  if (isOn && ((flags ^ mode) & CLIENT_TRACKING_BCAST) !== 0) {
    return SWITCH_ERROR("BCAST mode on/off");
  }
  if (broadcasts && choice !== 0) return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  if (choice === (CLIENT_TRACKING_OPTIN | CLIENT_TRACKING_OPTOUT)) {
    return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  }
  const had = flags & (CLIENT_TRACKING_OPTIN | CLIENT_TRACKING_OPTOUT);
  if (had !== 0 && choice !== 0 && had !== choice) return SWITCH_ERROR("OPTIN/OPTOUT mode");
  return overlapError(c, prefixes);
}

/** A key must not have two of a client's prefixes: the error if one could, or null. */
function overlapError(c: Client, prefixes: readonly string[]): string | null {
  const existing = [...c.tracking?.prefixes ?? []].sort();
  for (const [i, prefix] of prefixes.entries()) {
    const old = existing.find((other) => doOverlap(prefix, other));
    if (old !== undefined) return overlap(prefix, `an existing prefix '${old}'`);
    const other = prefixes.find((other, at) => at > i && doOverlap(prefix, other));
    if (other !== undefined) return overlap(prefix, `another provided prefix '${other}'`);
  }
  return null;
}

function doOverlap(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function overlap(prefix: string, other: string): string {
  return `ERR Prefix '${prefix}' overlaps with ${other}. Prefixes for a single client must not overlap.`;
}

export function clientCachingCommand(c: Client): void {
  const yes = argIs(c, 2, YES);
  const error = (c.flags & CLIENT_TRACKING) === 0
    ? "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or " +
      "OPTOUT mode enabled"
    : !yes && !argIs(c, 2, NO)
    ? SYNTAX_ERROR
    : (c.flags & (yes ? CLIENT_TRACKING_OPTIN : CLIENT_TRACKING_OPTOUT)) !== 0
    ? null
    : `ERR CLIENT CACHING ${yes ? "YES" : "NO"} is only valid when tracking is enabled in ` +
      `${yes ? "OPTIN" : "OPTOUT"} mode.`;
  if (error !== null) {
    c.reply.addError(error);
    return;
  }
  c.flags |= CLIENT_TRACKING_CACHING;
  c.reply.addOk();
}

export function clientGetRedirCommand(c: Client): void {
  c.reply.addInteger(redirectOf(c));
}

export function clientTrackingInfoCommand(c: Client): void {
  const { reply, flags } = c;
  const caching = (flags & CLIENT_TRACKING_CACHING) !== 0;
  const words: [flag: number, word: string][] = [
    [CLIENT_TRACKING_BCAST, "bcast"],
    [CLIENT_TRACKING_OPTIN, "optin"],
    [caching ? CLIENT_TRACKING_OPTIN : 0, "caching-yes"],
    [CLIENT_TRACKING_OPTOUT, "optout"],
    [caching ? CLIENT_TRACKING_OPTOUT : 0, "caching-no"],
    [CLIENT_TRACKING_NOLOOP, "noloop"],
    [CLIENT_TRACKING_BROKEN, "broken_redirect"],
  ];
  const set = words.filter(([flag]) => (flags & flag) !== 0);
  reply.addMap(3);
  reply.addBulkString("flags");
  reply.addSet(set.length + 1);
  reply.addBulkString((flags & CLIENT_TRACKING) !== 0 ? "on" : "off");
  for (const [, word] of set) reply.addBulkString(word);
  reply.addBulkString("redirect");
  reply.addInteger(redirectOf(c));
  reply.addBulkString("prefixes");
  const prefixes = [...c.tracking?.prefixes ?? []].sort();
  reply.addArray(prefixes.length);
  for (const prefix of prefixes) reply.addBulkString(prefix);
}
