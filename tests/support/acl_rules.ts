/**
 * Random rules for ACL SETUSER: mostly sensible ones, and some that can't be or that only look like rules.
 */

import type { Prng } from "../../core/base/prng.ts";
import { oneIn, pick, randomInt } from "./gen.ts";

const WORDS = [
  "on",
  "off",
  "ON",
  "nopass",
  "resetpass",
  "reset",
  "allkeys",
  "~*",
  "resetkeys",
  "allchannels",
  "&*",
  "resetchannels",
  "allcommands",
  "+@all",
  "nocommands",
  "-@all",
  "clearselectors",
  "sanitize-payload",
  "skip-sanitize-payload",
];

const COMMANDS = [
  "get",
  "SET",
  "mget",
  "ping",
  "config",
  "config|get",
  "client|kill",
  "Client|List",
  "acl|whoami",
  "memory",
  "object|freq",
  "publish",
  "subscribe",
  "zunionstore",
  "nosuch",
  "config|nosuch",
  "get|a|b",
];

const FIRST_ARGS = ["select|0", "select|1", "debug|object", "GET|Key", "client|id", "config|get|a"];

const CATEGORIES = ["read", "WRITE", "string", "dangerous", "slow", "pubsub", "admin", "nosuch"];

const PATTERNS = ["*", "a*", "b:?", "key", "[a-c]*", "", "x\\*", "\xff*", "c d", "k\0"];

const HASH = "34344e4d60c2b6d639b7bd22e18f2b0b91bc34bf0ac5f9952744435093cfb4e6";

const PASSWORDS = [">one", ">two", ">", "<one", "<nosuch", `#${HASH}`, `!${HASH}`, "#abc", "!x"];

const ODD = ["", "+", "-", "@all", "%", "%X~a", "%RR~a", "(", ")", "()", "(+get", "+|x", "+get|"];

/** One rule, a binary string. */
export function randomRule(prng: Prng): string {
  const kind = prng.nextBelow(20);
  if (kind < 4) return pick(prng, WORDS);
  if (kind < 7) return pick(prng, ["+", "-"]) + pick(prng, COMMANDS);
  if (kind < 8) return `+${pick(prng, FIRST_ARGS)}`;
  if (kind < 11) return pick(prng, ["+@", "-@"]) + pick(prng, CATEGORIES);
  if (kind < 15) return pick(prng, ["~", "~", "%R~", "%w~", "%RW~", "%R"]) + pick(prng, PATTERNS);
  if (kind < 16) return `&${pick(prng, PATTERNS)}`;
  if (kind < 17) return pick(prng, PASSWORDS);
  if (kind < 19) return randomSelector(prng);
  return oneIn(prng, 3) ? randomText(prng) : pick(prng, ODD);
}

/** A few rules. */
export function randomRules(prng: Prng): string[] {
  return Array.from({ length: randomInt(prng, 0, 5) }, () => randomRule(prng));
}

/** A request that rules may be about. */
export function randomRequest(prng: Prng): string[] {
  const key = () => pick(prng, ["a", "ab", "b:1", "key", "c", "x*", "\xff1", "zz", ""]);
  return pick(prng, [
    ["GET", key()],
    ["SET", key(), "v"],
    ["SET", key(), "v", "GET"],
    ["MGET", key(), key(), key()],
    ["COPY", key(), key()],
    ["GETDEL", key()],
    ["ZUNIONSTORE", key(), "2", key(), key()],
    ["ZUNIONSTORE", key(), "9", key()],
    ["SORT", key(), "STORE", key()],
    ["BITFIELD", key(), "GET", "u8", "0"],
    ["BITFIELD", key(), "SET", "u8", "0", "1"],
    ["XREAD", "STREAMS", key(), "0"],
    ["OBJECT", "FREQ", key()],
    ["OBJECT", "HELP"],
    ["STRLEN", key()],
    ["SELECT", pick(prng, ["0", "1", "2"])],
    ["CONFIG", "GET", "a"],
    ["CLIENT", "ID"],
    ["PUBLISH", key(), "m"],
    ["SPUBLISH", key(), "m"],
    ["SUBSCRIBE", key(), key()],
    ["PSUBSCRIBE", pick(prng, PATTERNS)],
    ["UNSUBSCRIBE", key()],
    ["PING"],
    ["AUTH", "x"],
    ["EXISTS", key(), key()],
    ["DEBUG", "OBJECT", key()],
  ]);
}

function randomSelector(prng: Prng): string {
  const inner = Array.from({ length: randomInt(prng, 0, 3) }, () => {
    const rule = randomRule(prng);
    // Nested parentheses are an error like any other; quotes and blanks have a meaning there.
    return /["'\s\0]/.test(rule) ? "+get" : rule;
  });
  return `(${inner.join(" ")}${oneIn(prng, 12) ? "" : ")"}`;
}

function randomText(prng: Prng): string {
  let bytes = "";
  for (let n = randomInt(prng, 1, 12); n > 0; n--) {
    bytes += oneIn(prng, 2)
      ? pick(prng, ["+", "-", "@", "~", "&", "%", "(", ")", "|", '"', "'", " ", "\\", "#", ">"])
      : String.fromCharCode(prng.nextBelow(256));
  }
  return bytes;
}
