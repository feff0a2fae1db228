/**
 * Expressions to JavaScript expressions.
 *
 * Each method gives back code. Order of evaluation is Lua's; what must be looked at twice goes
 * through a temporary, except a local variable of the function itself, which Lua too reads only when
 * the operation takes place.
 *
 *     value      code for exactly one value                       f() + 1
 *     raw        code for a call's result as it comes             return f()
 *     condition  code for a JavaScript boolean                    if a < b
 *     args       code for a list of arguments, last one open      f(a, g())
 *
 * A call notes its site in `$l` after its arguments were evaluated and before it is made, for the
 * arguments may be calls themselves: `f((t1 = g(), $l = 7, t1))`.
 */

import type { CallExpression, Expression, TableExpression } from "./ast.ts";
import { type FunctionWriter, literal } from "./function_writer.ts";
import { isNumber as isNumberGiven } from "./number_locals.ts";
import { modNumbers, powNumbers } from "./runtime.ts";
import { writeFunction } from "./statement_writer.ts";

type Binary = Extract<Expression, { kind: "binary" }>;

/** Operators of numbers: JavaScript's own where it has the same, and the slow way's name. */
const ARITHMETIC: ReadonlyMap<string, string> = new Map([
  ["+", "add"],
  ["-", "sub"],
  ["*", "mul"],
  ["/", "div"],
]);

const COMPARISONS: ReadonlySet<string> = new Set(["<", "<=", ">", ">=", "==", "~="]);

/**
 * Strips what leaves no trace in Lua's own code, and so not in the names that errors give: brackets,
 * and constants before `and` and `or` that can't be the result.
 */
export function bare(e: Expression): Expression {
  for (;;) {
    if (e.kind === "paren") e = e.inner;
    else if (e.kind === "binary" && isPassed(e.op, e.left)) e = e.right;
    else return e;
  }
}

/** Whether a left side is passed, of those that have sides of their own: in long chains they are asked for often. */
const passed = new WeakMap<Expression, boolean>();

function isPassed(op: string, left: Expression): boolean {
  if (op !== "and" && op !== "or") return false;
  if (left.kind !== "binary" && left.kind !== "paren") return isPassedBare(op, left);
  let known = passed.get(left);
  if (known === undefined) passed.set(left, known = isPassedBare(op, bare(left)));
  return known;
}

function isPassedBare(op: string, e: Expression): boolean {
  if (op === "or") return e.kind === "nil" || e.kind === "false";
  return e.kind === "true" || e.kind === "number" || e.kind === "string" || isComputed(e);
}

/** Whether the expression may have any number of values. */
export function isOpen(e: Expression): boolean {
  return e.kind === "call" || e.kind === "dots";
}

/** What errors call the value of an expression. */
export function nameOf(e: Expression): string {
  e = bare(e);
  switch (e.kind) {
    case "local":
      return `${e.isUpvalue ? "upvalue" : "local"} '${cText(e.local.name)}'`;
    case "global":
      return `global '${e.name}'`;
    case "index":
      return fieldName(e.key);
    case "binary":
      return isNamedByRight(e.op, e.left) ? nameOf(e.right) : "";
    default:
      return "";
  }
}

/**
 * Whether `left and x`, or with `or`, has the name of x. Lua finds names by following its own code up to the error,
 * and takes each jump on the way: x is what it saw last if the first jump out of `left` leads there.
 */
function isNamedByRight(op: string, left: Expression): boolean {
  return op === "and" ? exitOf(left, true) : op === "or" && !exitOf(left, false);
}

/**
 * Where whoever takes each jump leaves a condition: where it is true or where it is false. The code goes on behind it
 * if it is as in `through`, and jumps otherwise; for constants there is no jump, or always one.
 */
function exitOf(e: Expression, through: boolean): boolean {
  switch (e.kind) {
    case "paren":
      return exitOf(e.inner, through);
    case "nil":
    case "false":
      return false;
    case "true":
    case "number":
    case "string":
      return true;
    case "unary":
      return e.op === "not" ? !exitOf(e.operand, !through) : isComputed(e) || !through;
    case "binary":
      if (e.op !== "and" && e.op !== "or") return isComputed(e) || !through;
      return isNamedByRight(e.op, e.left) ? exitOf(e.right, through) : e.op === "or";
    default:
      return !through;
  }
}

function fieldName(key: Expression): string {
  const bareKey = bare(key);
  return bareKey.kind === "string" ? `field '${cText(bareKey.value)}'` : "field '?'";
}

function cText(s: string): string {
  const at = s.indexOf("\0");
  return at < 0 ? s : s.slice(0, at);
}

/** Whether reading the expression twice, or later, makes no difference. */
function isStill(e: Expression): boolean {
  switch (e.kind) {
    case "nil":
    case "true":
    case "false":
    case "number":
    case "string":
      return true;
    case "local":
      return !e.isUpvalue || !e.local.assigned;
    case "paren":
      return isStill(e.inner);
    default:
      return false;
  }
}

/**
 * Whether `object` is a local that evaluating `other` may assign to: Lua reads it only when the
 * operation takes place.
 */
export function isLate(object: Expression, other: Expression): boolean {
  return object.kind === "local" && !object.isUpvalue && object.local.assigned && mayCall(other);
}

/** Whether evaluating the expression can make a call, which would note its own site. */
function mayCall(e: Expression): boolean {
  switch (e.kind) {
    case "call":
      return true;
    case "paren":
      return mayCall(e.inner);
    case "index":
      return mayCall(e.object) || mayCall(e.key);
    case "binary":
      return mayCall(e.left) || mayCall(e.right);
    case "unary":
      return mayCall(e.operand);
    case "table":
      return e.items.some((item) =>
        mayCall(item.value) || (item.key !== null && mayCall(item.key))
      );
    default:
      return false;
  }
}

/** Whether the value is surely a number. */
export function isNumber(w: FunctionWriter, e: Expression): boolean {
  return isNumberGiven(w.chunk.numbers, e);
}

function isBoolean(e: Expression): boolean {
  e = bare(e);
  if (e.kind === "true" || e.kind === "false") return true;
  if (e.kind === "unary") return e.op === "not";
  if (e.kind !== "binary") return false;
  if (COMPARISONS.has(e.op)) return true;
  return (e.op === "and" || e.op === "or") && isBoolean(e.right) && isBoolean(e.left);
}

/** Code for exactly one value. */
export function value(w: FunctionWriter, e: Expression): string {
  switch (e.kind) {
    case "nil":
      return "undefined";
    case "true":
    case "false":
      return e.kind;
    case "number":
      return w.number(e.value);
    case "string":
      return literal(e.value);
    case "dots":
      return "V[0]";
    case "function":
      return writeFunction(w.chunk, e.body);
    case "local":
      return `L${e.local.id}`;
    case "global": {
      const site = w.site(e.line);
      return `field($E.table,${literal(e.name)},$H,${w.chunk.hint()},${site})`;
    }
    case "index":
      return indexValue(w, e.object, e.key, e.line);
    case "call":
      return `first(${raw(w, e)})`;
    case "paren":
      return value(w, e.inner);
    case "binary":
      return binaryValue(w, e);
    case "unary":
      return unaryValue(w, e.op, e.operand, e.line);
    case "table":
      return table(w, e);
  }
}

/** Code for a call's result as it comes, or for the dots' values. */
export function raw(w: FunctionWriter, e: Expression): string {
  if (e.kind === "dots") return "V";
  return e.kind === "call" ? call(w, e, false) : value(w, e);
}

/** Code for an array of the values of an open expression. */
export function openList(w: FunctionWriter, e: Expression): string {
  return e.kind === "dots" ? "V" : `list(${raw(w, e)})`;
}

/** Code for a list of values, separated by commas; an open last one is spread. */
export function args(w: FunctionWriter, list: Expression[]): string {
  return list.map((e, i) => {
    return i === list.length - 1 && isOpen(e) ? `...${openList(w, e)}` : value(w, e);
  }).join(",");
}

function indexValue(w: FunctionWriter, object: Expression, key: Expression, line: number): string {
  const o = value(w, object);
  const site = () => w.site(line, nameOf(object));
  if (key.kind === "string") {
    return `field(${o},${literal(key.value)},$H,${w.chunk.hint()},${site()})`;
  }
  if (!isLate(object, key)) return `index(${o},${value(w, key)},${site()})`;
  const t = w.temporary();
  const code = `(${t}=${value(w, key)},index(${o},${t},${site()}))`;
  w.release(t);
  return code;
}

// Calls

/** Code that makes a call; a tail call may come back as one still to be made. */
export function call(w: FunctionWriter, e: CallExpression, isTail: boolean): string {
  const t = w.temporary();
  let self: string | null = null;
  let callee: string;
  let name: string;
  let before = "";
  if (e.method !== null) {
    self = w.temporary();
    name = `method '${e.method}'`;
    before = `${self}=${value(w, e.callee)},`;
    const site = w.site(e.line, nameOf(e.callee));
    callee = `field(${self},${literal(e.method)},$H,${w.chunk.hint()},${site})`;
  } else {
    name = nameOf(e.callee);
    callee = value(w, e.callee);
  }
  const site = w.site(e.line, name, "", isTail);
  const isPlain = e.callee.kind === "local" && e.method === null;
  const f = isPlain ? callee : t;
  const test = isPlain ? `typeof ${f}==="function"` : `typeof(${t}=${callee})==="function"`;
  const target = `${before}${test}?${f}:callable(${f},${site})`;
  const out = w.chunk.isResumable
    ? resumableCall(w, e, target, self, site, isTail)
    : plainCall(w, e, target, self, site, isTail, t);
  w.release(t);
  w.release(self);
  return out;
}

function plainCall(
  w: FunctionWriter,
  e: CallExpression,
  target: string,
  self: string | null,
  site: number,
  isTail: boolean,
  t: string,
): string {
  let note = `$l=${site}`;
  if (w.chunk.hasEnvironments) note += ",running.frame=$F";
  if (isTail) target = `${t}=(${target}),--running.tails<0?tailOf(${t}):${t}`;
  const list = e.args;
  if (!list.some(mayCall)) {
    const code = args(w, list);
    const all = self === null ? code : code === "" ? self : `${self},${code}`;
    return `(${note},${target})(${all})`;
  }
  // A method's object may be evaluated again into the same temporary by a nested call.
  const parts = list.slice(0, -1).map((a) => value(w, a));
  const last = list[list.length - 1];
  const l = w.temporary();
  const lastCode = isOpen(last) ? openList(w, last) : value(w, last);
  parts.push(`${isOpen(last) ? "..." : ""}(${l}=${lastCode},${note},${l})`);
  w.release(l);
  if (self !== null) parts.unshift(self);
  return `(${target})(${parts.join(",")})`;
}

/** In a resumable chunk a call goes through `callResumable`, which passes yields on. */
function resumableCall(
  w: FunctionWriter,
  e: CallExpression,
  target: string,
  self: string | null,
  site: number,
  isTail: boolean,
): string {
  const f = w.temporary();
  const list = w.temporary();
  const code = args(w, e.args);
  const all = self === null ? code : code === "" ? self : `${self},${code}`;
  let note = `$l=${site}`;
  if (w.chunk.hasEnvironments) note += ",running.frame=$F";
  w.release(f);
  w.release(list);
  const made = isTail
    ? `${f}.resumable===undefined?${f}(...${list}):[TAIL,${f},...${list}]`
    : `${f}.resumable===undefined?${f}(...${list}):yield*callResumable(${f},${list})`;
  return `(${f}=(${target}),${list}=[${all}],${note},${made})`;
}

// Operators

/** An operand that is looked at twice: `set` evaluates it, `get` is it. */
interface Operand {
  set: string;
  get: string;
  temporary: string | null;
}

function operand(w: FunctionWriter, e: Expression, other: Expression | null): Operand {
  const inner = bare(e);
  if (isStill(inner) || (inner.kind === "local" && (other === null || isStill(bare(other))))) {
    return { set: "", get: value(w, inner), temporary: null };
  }
  const code = value(w, e);
  const t = w.temporary();
  return { set: `${t}=${code},`, get: t, temporary: t };
}

function bothNumbers(w: FunctionWriter, e: Binary, a: string, b: string): string {
  const tests: string[] = [];
  if (!isNumber(w, e.left)) tests.push(`typeof ${a}==="number"`);
  if (!isNumber(w, e.right)) tests.push(`typeof ${b}==="number"`);
  return tests.join("&&");
}

function binaryValue(w: FunctionWriter, e: Binary): string {
  if (e.op === "and" || e.op === "or") return logical(w, e);
  if (COMPARISONS.has(e.op)) return condition(w, e);
  const folded = fold(w, e);
  if (folded !== null) return folded;
  if (e.op !== ".." && isNumber(w, e.left) && isNumber(w, e.right)) {
    const a = value(w, e.left);
    const b = value(w, e.right);
    if (e.op === "%") return `modNumbers(${a},${b})`;
    if (e.op === "^") return `powNumbers(${a},${b})`;
    return `(${a}${e.op} ${b})`;
  }
  const slow = ARITHMETIC.get(e.op);
  if (slow === undefined) {
    const f = e.op === "%" ? "mod" : e.op === "^" ? "pow" : "concat";
    const a = value(w, e.left);
    const b = value(w, e.right);
    return `${f}(${a},${b},${w.site(e.line, nameOf(e.left), nameOf(e.right))})`;
  }
  const a = operand(w, e.left, e.right);
  const b = operand(w, e.right, null);
  const site = w.site(e.line, nameOf(e.left), nameOf(e.right));
  w.release(a.temporary);
  w.release(b.temporary);
  const test = bothNumbers(w, e, a.get, b.get);
  return `(${a.set}${b.set}${test}?${a.get}${e.op} ${b.get}:${slow}(${a.get},${b.get},${site}))`;
}

/** Lua 5.1 computes constants when it compiles, unless that divides by zero. */
function fold(w: FunctionWriter, e: Binary): string | null {
  const v = constant(e);
  return v === null ? null : w.number(v);
}

/** Whether it is an operation on constants, not a choice of one. */
function isComputed(e: Expression): boolean {
  if (e.kind !== "unary" && (e.kind !== "binary" || e.op === "and" || e.op === "or")) return false;
  return constant(e) !== null;
}

function constant(e: Expression): number | null {
  e = bare(e);
  if (e.kind === "number") return e.value;
  if (e.kind === "unary" && e.op === "-") {
    const v = constant(e.operand);
    return v === null ? null : -v;
  }
  if (e.kind !== "binary") return null;
  if (!ARITHMETIC.has(e.op) && e.op !== "%" && e.op !== "^") return null;
  const a = constant(e.left);
  const b = a === null ? null : constant(e.right);
  if (a === null || b === null || ((e.op === "/" || e.op === "%") && b === 0)) return null;
  const v = computed(e.op, a, b);
  return v === v ? v : null;
}

function computed(op: string, a: number, b: number): number {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return modNumbers(a, b);
    default:
      return powNumbers(a, b);
  }
}

function logical(w: FunctionWriter, e: Binary): string {
  if (isBoolean(e.left)) {
    const test = condition(w, e.left);
    const right = value(w, e.right);
    return e.op === "and" ? `(${test}?${right}:false)` : `(${test}?true:${right})`;
  }
  const t = w.temporary();
  const left = value(w, e.left);
  w.release(t);
  const right = value(w, e.right);
  const test = `(${t}=${left})===undefined||${t}===false`;
  return e.op === "and" ? `(${test}?${t}:${right})` : `(${test}?${right}:${t})`;
}

function unaryValue(w: FunctionWriter, op: string, e: Expression, line: number): string {
  if (op === "not") return `!(${condition(w, e)})`;
  if (op === "#") return `len(${value(w, e)},${w.site(line, nameOf(e))})`;
  const v = constant(e);
  if (v !== null) return w.number(-v);
  if (isNumber(w, e)) return `(-${value(w, e)})`;
  const a = operand(w, e, null);
  w.release(a.temporary);
  const site = w.site(line, nameOf(e), nameOf(e));
  return `(${a.set}typeof ${a.get}==="number"?-${a.get}:neg(${a.get},${site}))`;
}

/** Code for a JavaScript boolean: whether the expression is neither nil nor false. */
export function condition(w: FunctionWriter, e: Expression): string {
  e = bare(e);
  if (e.kind === "unary" && e.op === "not") return `!(${condition(w, e.operand)})`;
  if (e.kind === "binary") {
    if (e.op === "and") return `(${condition(w, e.left)}&&${condition(w, e.right)})`;
    if (e.op === "or") return `(${condition(w, e.left)}||${condition(w, e.right)})`;
    if (e.op === "==" || e.op === "~=") return equality(w, e);
    if (COMPARISONS.has(e.op)) return comparison(w, e);
  }
  if (e.kind === "true" || e.kind === "number" || e.kind === "string") return "true";
  if (e.kind === "false" || e.kind === "nil") return "false";
  const a = operand(w, e, null);
  w.release(a.temporary);
  return `(${a.set}${a.get}!==undefined&&${a.get}!==false)`;
}

function equality(w: FunctionWriter, e: Binary): string {
  const isEqual = e.op === "==";
  const isSimple = [e.left, e.right].some((side) => {
    const { kind } = bare(side);
    return kind !== "local" && kind !== "index" && kind !== "call" && kind !== "global" &&
      kind !== "dots" && kind !== "binary" && kind !== "unary" && kind !== "table";
  });
  if (isSimple) return `(${value(w, e.left)}${isEqual ? "===" : "!=="}${value(w, e.right)})`;
  const a = operand(w, e.left, e.right);
  const b = operand(w, e.right, null);
  w.release(a.temporary);
  w.release(b.temporary);
  w.hasSites = true;
  const code = `(${a.set}${b.set}${a.get}===${b.get}||equals(${a.get},${b.get}))`;
  return isEqual ? code : `!${code}`;
}

function comparison(w: FunctionWriter, e: Binary): string {
  if (isNumber(w, e.left) && isNumber(w, e.right)) {
    return `(${value(w, e.left)}${e.op} ${value(w, e.right)})`;
  }
  const a = operand(w, e.left, e.right);
  const b = operand(w, e.right, null);
  w.release(a.temporary);
  w.release(b.temporary);
  const site = w.site(e.line);
  const test = bothNumbers(w, e, a.get, b.get);
  const slow = e.op.length === 1 ? "lt" : "le";
  const isTurned = e.op[0] === ">";
  const list = isTurned ? `${b.get},${a.get}` : `${a.get},${b.get}`;
  return `(${a.set}${b.set}${test}?${a.get}${e.op} ${b.get}:${slow}(${list},${site}))`;
}

// Constructors

function table(w: FunctionWriter, e: TableExpression): string {
  const { items } = e;
  if (items.length === 0) return "new LuaTable()";
  if (items.every((item) => item.key === null)) {
    return `LuaTable.fromList([${args(w, items.map((item) => item.value))}])`;
  }
  const names = new Set<string>();
  for (const { key } of items) if (key !== null && key.kind === "string") names.add(key.value);
  if (names.size === items.length) {
    const at = w.chunk.keyLists.push([...names]) - 1;
    return `record($K[${at}],[${items.map((item) => value(w, item.value)).join(",")}])`;
  }
  const last = items[items.length - 1];
  const hasRest = last.key === null && isOpen(last.value);
  const parts: string[] = [];
  let listed = 0;
  for (const item of hasRest ? items.slice(0, -1) : items) {
    if (item.key === null) listed++;
    parts.push(item.key === null ? "TAIL" : value(w, item.key), value(w, item.value));
  }
  const rest = hasRest ? openList(w, last.value) : "[]";
  const counts = `[${listed},${items.length - listed - (hasRest ? 1 : 0)}]`;
  return `mixed([${parts.join(",")}],${rest},${counts},${w.site(e.line)})`;
}
