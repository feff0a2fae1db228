/**
 * What the tests of sorted set commands share: replies as they are expected, and both encodings.
 */
import { array, bulk, OK, type RawCase, rawCases, type Want } from "../support/raw_cases.ts";
import type { Target } from "../support/server.ts";

/** Runs cases once with small sets and once with large ones. */
export function bothEncodings(server: Target, name: string, cases: readonly RawCase[]): void {
  for (const [encoding, limit] of [["listpack", "128"], ["skiplist", "0"]]) {
    rawCases(server, `${name}, ${encoding}`, [
      [`CONFIG SET zset-max-listpack-entries ${limit}`, OK],
      ...cases,
      ["CONFIG SET zset-max-listpack-entries 128", OK],
    ], { resp: "both" });
  }
}

/** A score. */
export function score(text: string): Want {
  return { resp2: bulk(text), resp3: `,${text}\r\n` };
}

/** An array of scores. */
export function scores(...texts: string[]): Want {
  return {
    resp2: array(...texts.map(bulk)),
    resp3: array(...texts.map((text) => `,${text}\r\n`)),
  };
}

/** An array of members. */
export function members(...texts: string[]): string {
  return array(...texts.map(bulk));
}

/** Members with their scores, each given as "member score": flat in RESP2, pairs in RESP3. */
export function pairs(...texts: string[]): Want {
  const split = texts.map((text) => text.split(" "));
  return {
    resp2: array(...split.flat().map(bulk)),
    resp3: array(...split.map(([member, score]) => array(bulk(member), `,${score}\r\n`))),
  };
}

/** Members with their scores in one flat array, whatever the protocol. */
export function flatPairs(...texts: string[]): Want {
  const split = texts.map((text) => text.split(" "));
  return {
    resp2: array(...split.flat().map(bulk)),
    resp3: array(...split.flatMap(([member, score]) => [bulk(member), `,${score}\r\n`])),
  };
}

/** A key, and members with their scores as pairs, as ZMPOP replies. */
export function popped(key: string, ...texts: string[]): Want {
  const split = texts.map((text) => text.split(" "));
  const of = (tell: (score: string) => string) =>
    array(
      bulk(key),
      array(...split.map(([member, score]) => array(bulk(member), tell(score)))),
    );
  return { resp2: of(bulk), resp3: of((score) => `,${score}\r\n`) };
}
