/**
 * Lua's patterns, on strings of one char per byte.
 *
 * A backtracking matcher that follows the pattern as it stands: this is Lua's own way, down to the
 * errors of malformed patterns, which come up only when the matcher gets there. What it learns of an
 * item on the way (where it ends, which chars belong to it) is kept with the pattern, and the patterns
 * used lately are kept with their items, so that a set is looked through once per char and not once
 * per place in the subject: a word of ten letters out of a list takes 40 and 32 ns (Deno, Bun) and took
 * 95 and 70 without. JavaScript's regular expressions would be faster still, but nothing could
 * interrupt one that takes its time.
 *
 * The matcher works on one Match object, which holds the captures. Recursion is as deep as the
 * pattern has items that can repeat. Backtracking can take exponential time, so every step counts for
 * the host's ticks as a loop of the script would.
 *
 * Credit: the algorithm is that of Lua 5.1's lstrlib.
 */

import { countStep } from "./runtime.ts";
import { luaError, type LuaResult, type LuaValue } from "./value.ts";

const CAPTURES_MAX = 32;

/** Lengths of captures that aren't lengths. */
const POSITION = -2;
const UNCLOSED = -1;

const ESCAPE = 37; // '%'
const OPEN = 40;
const CLOSE = 41;
const STAR = 42;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const QUESTION = 63;
const SET_OPEN = 91;
const SET_CLOSE = 93;
const CARET = 94;
const DOLLAR = 36;

/** Chars that make a pattern more than plain text. */
const SPECIALS = /[\^$*+?.([%-]/;

/** Patterns that are kept, and how long they may be. */
const KEPT_MAX = 200;
const KEPT_LEN_MAX = 100;

/** What is known about a char and an item. */
const IS_IN = 1;
const IS_OUT = 2;

/** A single item of a pattern: what may be repeated. */
interface Item {
  /** Where in the pattern it ends. */
  readonly end: number;
  /** The char that it is; ANY, or SET for all others. */
  readonly char: number;
  /** For each char IS_IN, IS_OUT, or 0 where it isn't known yet. */
  readonly chars: Uint8Array;
}

const ANY = -1;
const SET = -2;
const NO_CHARS = new Uint8Array(0);

/** A pattern and what is known of it. */
export class Pattern {
  readonly text: string;
  /** Whether it is a text to be looked for as it is. */
  readonly isPlain: boolean;
  readonly isAnchored: boolean;
  /** The items that were met, each where it starts. */
  readonly items: (Item | undefined)[] = [];

  private constructor(text: string) {
    this.text = text;
    this.isPlain = !SPECIALS.test(text);
    this.isAnchored = text.charCodeAt(0) === CARET;
  }

  /** The pattern of a text. */
  static of(given: string): Pattern {
    const known = kept.get(given);
    if (known !== undefined) return known;
    // Patterns are C strings.
    const zero = given.indexOf("\0");
    const pattern = new Pattern(zero < 0 ? given : given.slice(0, zero));
    if (given.length > KEPT_LEN_MAX) return pattern;
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(given, pattern);
    return pattern;
  }
}

const kept = new Map<string, Pattern>();

/** One search of a pattern in a subject. */
export class Match {
  readonly subject: string;
  readonly pattern: string;
  /** Number of captures, closed or not. */
  level = 0;
  private readonly items: (Item | undefined)[];
  private readonly starts: number[] = [];
  private readonly lengths: number[] = [];

  constructor(subject: string, pattern: Pattern) {
    this.subject = subject;
    this.pattern = pattern.text;
    this.items = pattern.items;
  }

  /** Matches the pattern from `p` at position `s`; the end of the match, or -1. */
  at(s: number, p: number): number {
    this.level = 0;
    return this.match(s, p);
  }

  /** The captures as a call's result; the whole match [s, e) if there are none. */
  result(s: number, e: number): LuaResult {
    if (this.level === 0) return this.subject.slice(s, e);
    return this.level === 1 ? this.capture(0, s, e) : this.captures(s, e, true);
  }

  /** The values of the captures; the whole match [s, e) if there are none and `isWhole`. */
  captures(s: number, e: number, isWhole: boolean): LuaValue[] {
    const count = this.level === 0 && isWhole ? 1 : this.level;
    const values: LuaValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.capture(i, s, e));
    return values;
  }

  /** Capture `i` from 0, where 0 without any captures is the whole match. */
  capture(i: number, s: number, e: number): LuaValue {
    if (i >= this.level) {
      if (i === 0) return this.subject.slice(s, e);
      throw luaError("invalid capture index");
    }
    const length = this.lengths[i];
    if (length === UNCLOSED) throw luaError("unfinished capture");
    if (length === POSITION) return this.starts[i] + 1;
    return this.subject.slice(this.starts[i], this.starts[i] + length);
  }

  private match(s: number, p: number): number {
    countStep();
    const { subject, pattern } = this;
    while (p < pattern.length) {
      const c = pattern.charCodeAt(p);
      if (c === OPEN) {
        const isPosition = pattern.charCodeAt(p + 1) === CLOSE;
        return this.startCapture(s, p + (isPosition ? 2 : 1), isPosition ? POSITION : UNCLOSED);
      }
      if (c === CLOSE) return this.endCapture(s, p + 1);
      if (c === DOLLAR && p + 1 === pattern.length) return s === subject.length ? s : -1;
      if (c === ESCAPE) {
        const d = pattern.charCodeAt(p + 1);
        if (d === 98) { // 'b'
          s = this.balance(s, p + 2);
          if (s < 0) return -1;
          p += 4;
          continue;
        }
        if (d === 102) { // 'f'
          p = this.frontier(s, p + 2);
          if (p < 0) return -1;
          continue;
        }
        if (d >= 48 && d <= 57) {
          s = this.backReference(s, d);
          if (s < 0) return -1;
          p += 2;
          continue;
        }
      }
      const item = this.items[p] ?? this.meet(p);
      const { end } = item;
      const suffix = pattern.charCodeAt(end);
      if (suffix === QUESTION) {
        if (s < subject.length && this.single(s, p, item)) {
          const rest = this.match(s + 1, end + 1);
          if (rest >= 0) return rest;
        }
        p = end + 1;
      } else if (suffix === STAR) return this.expandMost(s, p, item, 0);
      else if (suffix === PLUS) return this.expandMost(s, p, item, 1);
      else if (suffix === MINUS) return this.expandLeast(s, p, item);
      else {
        if (s >= subject.length || !this.single(s, p, item)) return -1;
        s++;
        p = end;
      }
    }
    return s;
  }

  /** The pattern after a frontier's set at `p` if `s` is at its edge, or -1. */
  private frontier(s: number, p: number): number {
    const { subject } = this;
    if (this.pattern.charCodeAt(p) !== SET_OPEN) {
      throw luaError("missing '[' after '%f' in pattern");
    }
    const end = this.itemEnd(p);
    const before = s === 0 ? 0 : subject.charCodeAt(s - 1);
    const here = s < subject.length ? subject.charCodeAt(s) : 0;
    return !this.inSet(before, p, end - 1) && this.inSet(here, p, end - 1) ? end : -1;
  }

  /** Where the single item at `p` ends. */
  private itemEnd(p: number): number {
    const { pattern } = this;
    const c = pattern.charCodeAt(p++);
    if (c === ESCAPE) {
      if (p >= pattern.length) throw luaError("malformed pattern (ends with '%')");
      return p + 1;
    }
    if (c !== SET_OPEN) return p;
    if (pattern.charCodeAt(p) === CARET) p++;
    do {
      if (p >= pattern.length) throw luaError("malformed pattern (missing ']')");
      if (pattern.charCodeAt(p++) === ESCAPE && p < pattern.length) p++;
    } while (pattern.charCodeAt(p) !== SET_CLOSE);
    return p + 1;
  }

  /** The item at `p`, met for the first time. */
  private meet(p: number): Item {
    const end = this.itemEnd(p);
    const c = this.pattern.charCodeAt(p);
    const isSet = c === ESCAPE || c === SET_OPEN;
    const char = c === DOT ? ANY : isSet ? SET : c;
    return this.items[p] = { end, char, chars: isSet ? new Uint8Array(256) : NO_CHARS };
  }

  private single(s: number, p: number, item: Item): boolean {
    if (item.char === ANY) return true;
    const c = this.subject.charCodeAt(s);
    if (item.char !== SET) return item.char === c;
    const known = item.chars[c];
    return known === 0 ? this.learn(c, p, item) : known === IS_IN;
  }

  /** Finds out whether a char belongs to the class or set at `p`. */
  private learn(c: number, p: number, item: Item): boolean {
    const isIn = this.pattern.charCodeAt(p) === ESCAPE
      ? isInClass(c, this.pattern.charCodeAt(p + 1))
      : this.inSet(c, p, item.end - 1);
    item.chars[c] = isIn ? IS_IN : IS_OUT;
    return isIn;
  }

  /** Whether the char is in the set from `[` at `p` to `]` at `close`. */
  private inSet(c: number, p: number, close: number): boolean {
    const { pattern } = this;
    let isIn = true;
    if (pattern.charCodeAt(p + 1) === CARET) {
      isIn = false;
      p++;
    }
    while (++p < close) {
      const item = pattern.charCodeAt(p);
      if (item === ESCAPE) {
        p++;
        if (isInClass(c, pattern.charCodeAt(p))) return isIn;
      } else if (pattern.charCodeAt(p + 1) === MINUS && p + 2 < close) {
        p += 2;
        if (item <= c && c <= pattern.charCodeAt(p)) return isIn;
      } else if (item === c) return isIn;
    }
    return !isIn;
  }

  private balance(s: number, p: number): number {
    const { subject, pattern } = this;
    if (p + 1 >= pattern.length) throw luaError("unbalanced pattern");
    const open = pattern.charCodeAt(p);
    const close = pattern.charCodeAt(p + 1);
    if (s >= subject.length || subject.charCodeAt(s) !== open) return -1;
    let depth = 1;
    for (let i = s + 1; i < subject.length; i++) {
      const c = subject.charCodeAt(i);
      if (c === close) {
        if (--depth === 0) return i + 1;
      } else if (c === open) depth++;
    }
    return -1;
  }

  private expandMost(s: number, p: number, item: Item, least: number): number {
    const { subject } = this;
    let i = s;
    if (item.char === SET) {
      const { chars } = item;
      for (; i < subject.length; i++) {
        const c = subject.charCodeAt(i);
        const known = chars[c];
        if (known !== IS_IN && (known === IS_OUT || !this.learn(c, p, item))) break;
      }
    } else if (item.char === ANY) i = subject.length;
    else while (i < subject.length && subject.charCodeAt(i) === item.char) i++;
    let count = i - s;
    const next = item.end + 1;
    if (next === this.pattern.length && count >= least) return i;
    for (; count >= least; count--) {
      const rest = this.match(s + count, next);
      if (rest >= 0) return rest;
    }
    return -1;
  }

  private expandLeast(s: number, p: number, item: Item): number {
    for (;;) {
      const rest = this.match(s, item.end + 1);
      if (rest >= 0) return rest;
      if (s >= this.subject.length || !this.single(s, p, item)) return -1;
      s++;
    }
  }

  private startCapture(s: number, p: number, length: number): number {
    if (this.level >= CAPTURES_MAX) throw luaError("too many captures");
    this.starts[this.level] = s;
    this.lengths[this.level] = length;
    this.level++;
    const end = this.match(s, p);
    if (end < 0) this.level--;
    return end;
  }

  private endCapture(s: number, p: number): number {
    let i = this.level - 1;
    while (i >= 0 && this.lengths[i] !== UNCLOSED) i--;
    if (i < 0) throw luaError("invalid pattern capture");
    this.lengths[i] = s - this.starts[i];
    const end = this.match(s, p);
    if (end < 0) this.lengths[i] = UNCLOSED;
    return end;
  }

  private backReference(s: number, digit: number): number {
    const i = digit - 49;
    if (i < 0 || i >= this.level || this.lengths[i] === UNCLOSED) {
      throw luaError("invalid capture index");
    }
    const length = this.lengths[i];
    const text = this.subject.slice(this.starts[i], this.starts[i] + length);
    return length >= 0 && this.subject.startsWith(text, s) ? s + length : -1;
  }
}

/** Whether a char belongs to the class of a letter (upper case: to all others), or is the char. */
function isInClass(c: number, letter: number): boolean {
  const lower = letter | 32;
  let isIn: boolean;
  switch (lower) {
    case 97: // 'a'
      isIn = isAlpha(c);
      break;
    case 99: // 'c'
      isIn = c < 32 || c === 127;
      break;
    case 100: // 'd'
      isIn = isDigit(c);
      break;
    case 108: // 'l'
      isIn = c >= 97 && c <= 122;
      break;
    case 112: // 'p'
      isIn = c > 32 && c < 127 && !isAlpha(c) && !isDigit(c);
      break;
    case 115: // 's'
      isIn = c === 32 || (c >= 9 && c <= 13);
      break;
    case 117: // 'u'
      isIn = c >= 65 && c <= 90;
      break;
    case 119: // 'w'
      isIn = isAlpha(c) || isDigit(c);
      break;
    case 120: // 'x'
      isIn = isDigit(c) || ((c | 32) >= 97 && (c | 32) <= 102);
      break;
    case 122: // 'z'
      isIn = c === 0;
      break;
    default:
      return letter === c;
  }
  if (letter < 65 || letter > 122) return letter === c;
  return (letter & 32) !== 0 ? isIn : !isIn;
}

function isAlpha(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90);
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}
