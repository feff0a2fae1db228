/**
 * What the generator keeps while it writes one chunk and one function of it: sites, hints, constant
 * lists, temporaries.
 *
 * Every name in the generated code is made here or in the two generator files, from a letter or `$`
 * and a number; a script's own names and strings appear only as escaped literals (`literal`).
 *
 *     L<n>   local variable n of the chunk           $l   site of the call under way
 *     t<n>   temporary of the function               $n   back-edges left before the next tick
 *     V      the function's `...`                    $F   frame (only with environments per function)
 */

import type { FunctionNode, Local } from "./ast.ts";
import type { ChunkInfo } from "./value.ts";

/** What is shared by all functions of a chunk. */
export class ChunkWriter {
  readonly info: ChunkInfo;
  /** Lists of constant keys, for table constructors. */
  readonly keyLists: string[][] = [];
  /** How many places remember where a constant key was. */
  hintCount = 0;
  /** Functions are generators, which can yield and pause. */
  readonly isResumable: boolean;
  /** Every function has an environment of its own. */
  readonly hasEnvironments: boolean;
  /** Locals that only ever hold a number; see number_locals.ts. */
  readonly numbers: Set<Local>;

  constructor(
    source: string,
    name: string,
    isResumable: boolean,
    hasEnvironments: boolean,
    numbers: Set<Local>,
  ) {
    this.numbers = numbers;
    this.info = { source, name, lines: [], names: [], names2: [], tails: [] };
    this.isResumable = isResumable;
    this.hasEnvironments = hasEnvironments;
  }

  /** A new site. The names are those of the operands, or of the function called. */
  site(line: number, name = "", name2 = "", isTail = false): number {
    const { info } = this;
    info.names.push(name);
    info.names2.push(name2);
    info.tails.push(isTail);
    return info.lines.push(line) - 1;
  }

  hint(): number {
    return this.hintCount++;
  }
}

/** What belongs to one function. */
export class FunctionWriter {
  readonly node: FunctionNode;
  readonly chunk: ChunkWriter;
  /** Lua gives 0 and -0 one constant per function: the one that came first. */
  zero: number | null = null;
  hasLoops = false;
  hasSites = false;
  temporaryCount = 0;
  private readonly free: string[] = [];

  constructor(node: FunctionNode, chunk: ChunkWriter) {
    this.node = node;
    this.chunk = chunk;
  }

  /** A variable of the function that nobody else uses until it is released. */
  temporary(): string {
    return this.free.pop() ?? `t${++this.temporaryCount}`;
  }

  release(name: string | null): void {
    if (name !== null) this.free.push(name);
  }

  site(line: number, name = "", name2 = "", isTail = false): number {
    this.hasSites = true;
    return this.chunk.site(line, name, name2, isTail);
  }

  number(v: number): string {
    if (v === 0) {
      if (this.zero === null) this.zero = v;
      v = this.zero;
    }
    if (v !== v) return "NaN";
    if (v === 0) return 1 / v < 0 ? "-0" : "0";
    return v < 0 ? `(${v})` : `${v}`;
  }
}

/** A string as a JavaScript literal: letters, digits and a few signs stay, all else is escaped. */
export function literal(s: string): string {
  let out = '"';
  let start = 0;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    const isPlain = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) ||
      c === 32 || c === 95 || c === 46 || c === 58 || c === 45 || c === 44;
    if (isPlain) continue;
    out += s.slice(start, i) + "\\x" + (c < 16 ? "0" : "") + c.toString(16);
    start = i + 1;
  }
  return out + s.slice(start) + '"';
}
