/**
 * Replies that may differ from the oracle's, each with its reason. `until` is the version from which the oracle answers
 * as Larder does.
 */

export interface Difference {
  reason: string;
  /** Oracles older than this differ; "" for any. */
  until: string;
  /** Whether the pair of replies is this difference. */
  matches(words: readonly string[], ours: string, theirs: string): boolean;
}

const SET_ENCODINGS = new Set(['"intset"', '"listpack"', '"hashtable"']);

export const DIFFERENCES: readonly Difference[] = [
  {
    reason:
      "the encoding of a set made from others follows from the order in which members came, which is none",
    until: "",
    matches: (words, ours, theirs) =>
      /^object$/i.test(words[0]) && SET_ENCODINGS.has(ours) && SET_ENCODINGS.has(theirs),
  },
  {
    reason:
      "SORT ALPHA compares as strcoll does, up to a zero byte; what is equal then has no order",
    until: "",
    matches: (words, ours, theirs) =>
      /^sort/i.test(words[0]) && ours.length === theirs.length && ours.includes("\\u0000"),
  },
  {
    reason:
      "redis-server takes an overflow in an earlier command for one in SORT's (errno isn't reset)",
    until: "",
    matches: (words, _, theirs) =>
      /^sort/i.test(words[0]) &&
      theirs === "-ERR One or more scores can't be converted into double",
  },
];

/** A reply with the long numbers in it shortened to twelve digits. */
function roundedNumbers(text: string): string {
  return text.replace(/"\d+\.\d{6,}"/g, (number) => Number(number.slice(1, -1)).toPrecision(12));
}

/** The difference that explains a pair of replies, or null. */
export function explain(
  words: readonly string[],
  ours: string,
  theirs: string,
  version: string,
): Difference | null {
  return DIFFERENCES.find((difference) =>
    (difference.until === "" || isOlder(version, difference.until)) &&
    difference.matches(words, ours, theirs)
  ) ?? null;
}

/** Whether version a is before version b. */
export function isOlder(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => text.split(".").map(Number));
  for (let i = 0; i < 3; i++) {
    if ((x[i] ?? 0) !== (y[i] ?? 0)) return (x[i] ?? 0) < (y[i] ?? 0);
  }
  return false;
}
