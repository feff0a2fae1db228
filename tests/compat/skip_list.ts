// The lists of tests that are not run, in `skip/`: exact names, each with its reason.
//
//   [unit/expire]            section: a unit, of both suites
//   [unit/expire valkey]     or of one suite (valkey, redis)
//   # Needs lists.           reason: holds for the names below it, up to a blank line
//   EXPIRE - write on expire should work
//
// What a name's file says about it:
//
//   later.txt    needs replicas, which Larder doesn't have; the file only shrinks
//   differs.txt  asks for behaviour that differs from Redis 7.4, the reference
//   external.txt can't pass on a server the suite has not started itself
//   in_place.txt needs, with Larder in the place of the suite's server, what it doesn't have, such as
//                modules, replicas, a cluster; external mode leaves most of these out by their tags
//   oracle.txt   fails on Debian's redis-server 7.0.15; used with `--runtime redis` only

import { readFileSync } from "node:fs";

/** The files of `skip/`, by name. */
export const LISTS = ["later", "differs", "external", "in_place", "oracle"] as const;

/** One listed test. */
export interface SkipEntry {
  list: typeof LISTS[number];
  unit: string;
  /** "valkey", "redis", or "" for both. */
  suite: string;
  name: string;
  reason: string;
}

/** Reads every list. Throws where a line breaks the format, so that no name lacks its reason. */
export function loadSkipLists(): SkipEntry[] {
  return LISTS.flatMap((list) => {
    const file = new URL(`./skip/${list}.txt`, import.meta.url);
    return parseSkipList(list, readFileSync(file, "utf8"));
  });
}

/** Parses the text of one list; see the top of this file for the format. */
export function parseSkipList(list: SkipEntry["list"], text: string): SkipEntry[] {
  const entries: SkipEntry[] = [];
  let unit = "";
  let suite = "";
  let reason = "";
  let inReason = false;
  text.split("\n").forEach((line, index) => {
    const header = /^\[((?:unit|integration)\/\S+)(?: (valkey|redis))?\]$/.exec(line);
    if (header !== null) {
      [unit, suite, reason] = [header[1], header[2] ?? "", ""];
    } else if (line.startsWith("#")) {
      const words = line.slice(1).trim();
      reason = inReason ? `${reason} ${words}` : words;
    } else if (line.trim() === "") {
      reason = "";
    } else if (unit === "" || reason === "") {
      throw new Error(`skip/${list}.txt:${index + 1}: no section or no reason for: ${line}`);
    } else {
      entries.push({ list, unit, suite, name: line, reason });
    }
    inReason = line.startsWith("#");
  });
  return entries;
}

/** Names of the entries that are on one of these lists. */
export function namesOn(entries: SkipEntry[], lists: SkipEntry["list"][]): string[] {
  return entries.filter((e) => lists.includes(e.list)).map((e) => e.name);
}
