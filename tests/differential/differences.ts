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
  /** Whether the servers' data differ from then on. */
  remains?: true;
}

const SET_ENCODINGS = new Set(['"intset"', '"listpack"', '"hashtable"']);

const DIFFERENCES: readonly Difference[] = [
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
      /^sort/i.test(words[0]) && (ours + theirs).includes("\\u0000"),
  },
  {
    reason:
      "distances that STOREDIST keeps in full differ in the last digits: sines are the runtime's, not C's",
    until: "",
    matches: (words, ours, theirs) =>
      /^z/i.test(words[0]) && /^g\d$/.test(words[1]) &&
      roundedNumbers(ours) === roundedNumbers(theirs),
  },
  {
    reason:
      "redis-server takes an overflow in an earlier command for one in SORT's (errno isn't reset)",
    until: "",
    matches: (words, _, theirs) =>
      /^sort/i.test(words[0]) &&
      theirs === "-ERR One or more scores can't be converted into double",
  },
  {
    reason: "SORT leaves a small sorted set small; in Redis it makes it a large one for good",
    until: "",
    matches: (words, ours, theirs) =>
      /^object$/i.test(words[0]) && ours === '"listpack"' && theirs === '"skiplist"',
  },
  {
    reason: "the digest of distances that STOREDIST keeps, whose last digits differ",
    until: "",
    matches: (words) => words[1] === "DIGEST-VALUE" && /^g\d$/.test(words[2]),
  },
  {
    reason:
      "a score of minus zero is zero once it was in a listpack, which is up to when a set becomes large",
    until: "",
    matches: (words, ours, theirs) =>
      /^z/i.test(words[0]) && ours.replaceAll('"-0"', '"0"') === theirs.replaceAll('"-0"', '"0"'),
  },
  {
    reason:
      "a negative LIMIT offset counts from the other end in large sorted sets (since 7.4), and SORT makes them large in Redis",
    until: "",
    matches: (words) =>
      words.some((word, i) => /^limit$/i.test(word) && words[i + 1]?.startsWith("-")),
  },
  // What redis-server 7.0 does otherwise.
  {
    reason: "7.2 names the command that lacks an id",
    until: "7.2",
    matches: (_, ours, theirs) =>
      ours.includes("Unbalanced '") && theirs.includes("Unbalanced XREAD"),
  },
  {
    reason: "7.2 has ZRANK's WITHSCORE, so one more argument is a syntax error",
    until: "7.2",
    matches: (words, ours) => /^z(rev)?rank$/i.test(words[0]) && ours === "-ERR syntax error",
  },
  {
    reason: "7.2 keeps short lists and small sets of strings in listpacks",
    until: "7.2",
    matches: (words, ours, theirs) =>
      /^object$/i.test(words[0]) &&
      (theirs === '"quicklist"' || theirs === '"hashtable"') && ours === '"listpack"',
  },
  {
    reason: "7.2: XREADGROUP makes its consumer even if there is nothing to read; XINFO tells more",
    until: "7.2",
    matches: (words) => /^(xinfo|xgroup)$/i.test(words[0]),
  },
  {
    reason: "7.2 prints the shortest form of a double, 7.0 seventeen digits",
    until: "7.2",
    matches: (_, ours, theirs) => comparableNumbers(ours) === comparableNumbers(theirs),
  },
  {
    reason: "7.4 looks at the arguments of BITCOUNT and BITPOS before the key",
    until: "7.4",
    matches: (words, ours) => /^bit(count|pos)$/i.test(words[0]) && ours.startsWith("-ERR"),
  },
  {
    reason: "7.2 digests the shortest form of a score",
    until: "7.2",
    matches: (words) => words[1] === "DIGEST-VALUE" && /^[ztslhbx]\d$/.test(words[2]),
  },
  {
    reason: "7.4 refuses the smallest integer as LPOS's RANK",
    until: "7.4",
    matches: (words, ours) =>
      /^lpos$/i.test(words[0]) && ours.startsWith("-ERR value is out of range, value must between"),
  },
  {
    reason: "7.4 compares XSETID's id with the largest deleted one first",
    until: "7.4",
    matches: (words, ours) =>
      /^xsetid$/i.test(words[0]) && ours.includes("current max_deleted_entry_id"),
    remains: true,
  },
];

/** A reply with the long numbers in it shortened to twelve digits. */
function roundedNumbers(text: string): string {
  return text.replace(/"\d+\.\d{6,}"/g, (number) => Number(number.slice(1, -1)).toPrecision(12));
}

/** A reply in which equal numbers look equal. */
function comparableNumbers(text: string): string {
  return text.replace(/"[-\d.e+]+"/g, (number) => {
    const value = Number(number.slice(1, -1));
    return Number.isNaN(value) ? number : String(value);
  });
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
