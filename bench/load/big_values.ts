/**
 * Values of a million elements, one of each type, and how they are filled. Every part of the benchmark that wants
 * large values takes them from here, so that its figures are about the same data.
 *
 * `%d` is the index of the element, 12 digits. A score or an id must not begin with zeros, hence "1%d".
 */

/** A key and the request that adds element number %d to it. */
export interface BigValue {
  type: string;
  key: string;
  words: string[];
}

/** Elements of each. */
export const BIG_COUNT = 1_000_000;

export const BIG_VALUES: readonly BigValue[] = [
  { type: "list", key: "big:list", words: ["RPUSH", "big:list", "element:%d"] },
  { type: "hash", key: "big:hash", words: ["HSET", "big:hash", "field:%d", "value:%d"] },
  { type: "set", key: "big:set", words: ["SADD", "big:set", "member:%d"] },
  { type: "zset", key: "big:zset", words: ["ZADD", "big:zset", "1%d", "member:%d"] },
  { type: "stream", key: "big:stream", words: ["XADD", "big:stream", "1%d-1", "field", "value"] },
];

/** The big value of a type. */
export function bigValue(type: string): BigValue {
  const found = BIG_VALUES.find((value) => value.type === type);
  if (found === undefined) throw new Error(`there is no big ${type}`);
  return found;
}
