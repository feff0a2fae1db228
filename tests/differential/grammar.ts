/**
 * Random commands from templates.
 *
 *     ZADD k:z [NX|XX] [GT|LT] [CH] {score m}
 *
 *     UPPER      the word, sometimes in lower case
 *     lower      a part, see PARTS; `k:x` is a key that mostly holds a value of type x
 *     [a b]      there or not
 *     (a | b)    one of them; also inside brackets
 *     {a b}      once to four times
 *     =word      the word as it is
 *
 * Parts come from small pools, so that commands meet the same keys, fields and members, and now and then are what
 * no command accepts.
 */
import type { Prng } from "../../core/base/prng.ts";
import { oneIn, pick, randomInt, randomIntText, randomValue } from "../support/gen.ts";
import { latin1 } from "../support/resp_reply.ts";

/** A command's words, one char per byte. */
export type Words = string[];

type Node =
  | { kind: "word"; text: string }
  | { kind: "part"; name: string }
  | { kind: "all"; nodes: Node[] }
  | { kind: "maybe"; node: Node }
  | { kind: "one"; nodes: Node[] }
  | { kind: "some"; node: Node };

const KEYS_PER_TYPE = 6;
const MEMBERS = 60;
/** How many of something that is random when it isn't all. */
const ALL = "100000";
/** Far enough to be the same for both servers. */
const FAR_SECONDS = 4_000_000_000;

/** What the parts of a template may be. */
const PARTS: Record<string, (prng: Prng) => string> = {
  v: (prng) => latin1(randomValue(prng, oneIn(prng, 30) ? 5000 : 80)),
  m: member,
  i: (prng) => oneIn(prng, 12) ? randomIntText(prng) : String(randomInt(prng, -12, 12)),
  // For LSET, whose index wraps around at 32 bits in Redis and doesn't here.
  small: (prng) =>
    oneIn(prng, 12) ? pick(prng, ["", "x", "2147483647"]) : String(randomInt(prng, -12, 12)),
  n: (prng) => oneIn(prng, 20) ? randomIntText(prng) : String(prng.nextBelow(12)),
  big: (prng) => oneIn(prng, 3) ? randomIntText(prng) : String(randomInt(prng, -1000, 1000)),
  score,
  min: (prng) => scoreLimit(prng, "-inf"),
  max: (prng) => scoreLimit(prng, "+inf"),
  lexmin: (prng) => lexLimit(prng, "-"),
  lexmax: (prng) => lexLimit(prng, "+"),
  float: (prng) =>
    oneIn(prng, 10)
      ? pick(prng, ["inf", "nan", "x", "", "1e400"])
      : String(randomInt(prng, -500, 500) / 8),
  bit: (prng) => oneIn(prng, 20) ? "2" : String(prng.nextBelow(2)),
  offset: (prng) => oneIn(prng, 30) ? randomIntText(prng).slice(0, 4) : String(prng.nextBelow(300)),
  bits: (prng) => `${pick(prng, ["i", "u", "i", "u", "x"])}${randomInt(prng, 0, 65)}`,
  fieldoffset: (prng) => `${oneIn(prng, 3) ? "#" : ""}${prng.nextBelow(40)}`,
  id: (prng) =>
    oneIn(prng, 15)
      ? pick(prng, ["0-0", "x", "1-2-3", "18446744073709551615-1", "-1", "5-x"])
      : streamId(prng),
  ids: (prng) =>
    oneIn(prng, 4) ? pick(prng, ["-", "+"]) : `${oneIn(prng, 5) ? "(" : ""}${streamId(prng)}`,
  newid: (prng) => oneIn(prng, 4) ? `${randomInt(prng, 1, 60)}-*` : streamId(prng),
  lon: (prng) => oneIn(prng, 25) ? "181" : String(randomInt(prng, -1790, 1790) / 10),
  lat: (prng) => oneIn(prng, 25) ? "86" : String(randomInt(prng, -800, 800) / 10),
  radius: (prng) => oneIn(prng, 20) ? "-1" : String(randomInt(prng, 1, 9000)),
  at: (prng) => oneIn(prng, 15) ? "1000" : String(FAR_SECONDS + prng.nextBelow(1000)),
  atms: (prng) => oneIn(prng, 15) ? "1000" : String((FAR_SECONDS + prng.nextBelow(1000)) * 1000),
  group: (prng) => `g${prng.nextBelow(3)}`,
  consumer: (prng) => `c${prng.nextBelow(3)}`,
  pattern: (prng) => pick(prng, ["*", "m*", "*1*", "[a-m]*", "nothing", "member:?"]),
};

/** A random command from one of the templates. */
export function randomCommand(prng: Prng, templates: readonly Template[]): Words {
  const words: Words = [];
  pick(prng, templates).write(prng, words);
  // Now and then a word too few or too many.
  const last = words[words.length - 1];
  if (oneIn(prng, 60) && last !== ALL) words.length = Math.max(1, words.length - 1);
  else if (oneIn(prng, 60)) words.push("extra");
  return words;
}

/** One parsed template. */
export class Template {
  readonly name: string;
  private readonly root: Node;

  constructor(text: string) {
    const tokens: string[] = text.match(/[[\](){}|]|[^\s[\](){}|]+/g) ?? [];
    this.name = text.split(" ")[0].toLowerCase();
    const parser = new Parser(tokens);
    this.root = parser.sequence();
  }

  write(prng: Prng, out: Words): void {
    write(prng, this.root, out);
  }
}

class Parser {
  private at = 0;
  private readonly tokens: string[];

  constructor(tokens: string[]) {
    this.tokens = tokens;
  }

  /** Alternatives, up to a closing bracket or the end. */
  sequence(): Node {
    const options: Node[][] = [[]];
    while (this.at < this.tokens.length && !"])}".includes(this.tokens[this.at])) {
      const token = this.tokens[this.at++];
      if (token === "|") options.push([]);
      else options[options.length - 1].push(this.node(token));
    }
    const nodes = options.map((option): Node => ({ kind: "all", nodes: option }));
    return nodes.length === 1 ? nodes[0] : { kind: "one", nodes };
  }

  private node(token: string): Node {
    if (token === "[") return { kind: "maybe", node: this.bracketed() };
    if (token === "{") return { kind: "some", node: this.bracketed() };
    if (token === "(") return this.bracketed();
    if (token.startsWith("=")) return { kind: "word", text: token.slice(1) };
    if (/^[A-Z]/.test(token)) return { kind: "word", text: token };
    if (/^[a-z]/.test(token)) return { kind: "part", name: token };
    return { kind: "word", text: token };
  }

  private bracketed(): Node {
    const node = this.sequence();
    this.at++;
    return node;
  }
}

function write(prng: Prng, node: Node, out: Words): void {
  switch (node.kind) {
    case "word":
      out.push(oneIn(prng, 8) ? node.text.toLowerCase() : node.text);
      break;
    case "part":
      out.push(node.name.startsWith("k:") ? key(prng, node.name.slice(2)) : part(prng, node.name));
      break;
    case "all":
      for (const child of node.nodes) write(prng, child, out);
      break;
    case "maybe":
      if (oneIn(prng, 2)) write(prng, node.node, out);
      break;
    case "one":
      write(prng, pick(prng, node.nodes), out);
      break;
    case "some":
      for (let i = randomInt(prng, 1, 4); i > 0; i--) write(prng, node.node, out);
  }
}

function part(prng: Prng, name: string): string {
  const make = PARTS[name];
  if (make === undefined) throw new Error(`there is no part ${name}`);
  return make(prng);
}

/**
 * Sorted sets with equal scores, HyperLogLogs and places on the earth: nothing but their own
 * commands touches them. What becomes of a sketch whose bytes SETRANGE has changed is not defined,
 * nor where a score of infinity lies.
 */
const OWN_TYPES = new Set(["e", "p", "g"]);
const TYPES = ["t", "l", "s", "h", "z", "x", "b"];

function key(prng: Prng, type: string): string {
  const isAny = type === "any" || !OWN_TYPES.has(type) && oneIn(prng, 25);
  const of = isAny ? pick(prng, TYPES) : type;
  return `${of}${prng.nextBelow(KEYS_PER_TYPE)}`;
}

function member(prng: Prng): string {
  const n = prng.nextBelow(MEMBERS);
  if (oneIn(prng, 50)) return latin1(randomValue(prng, 200));
  return n % 3 === 0 ? String(n * 37 - 500) : `member:${n}`;
}

function score(prng: Prng): string {
  if (oneIn(prng, 15)) {
    return pick(prng, ["inf", "-inf", "nan", "1e5", "0x10", "x", "", "1e-320", "3.0"]);
  }
  return oneIn(prng, 3) ? String(randomInt(prng, -4000, 4000) / 16) : String(prng.nextBelow(20));
}

function scoreLimit(prng: Prng, infinity: string): string {
  if (oneIn(prng, 3)) return infinity;
  return `${oneIn(prng, 4) ? "(" : ""}${score(prng)}`;
}

function lexLimit(prng: Prng, infinity: string): string {
  if (oneIn(prng, 3)) return infinity;
  return oneIn(prng, 30) ? "x" : `${pick(prng, ["[", "("])}${member(prng)}`;
}

function streamId(prng: Prng): string {
  const ms = randomInt(prng, 0, 60);
  return oneIn(prng, 4) ? String(ms) : `${ms}-${prng.nextBelow(6)}`;
}
