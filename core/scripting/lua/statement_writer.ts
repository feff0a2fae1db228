/**
 * Statements and functions to JavaScript statements and functions.
 *
 * A Lua block is a JavaScript block and a local variable is a `let` in it, so closures get a fresh
 * variable per iteration as Lua wants it.
 *
 * Every back-edge counts `$n` down, a variable of the function itself, and calls `tick` when it
 * reaches zero; every function counts `$S.calls` down when it is entered. See state.ts.
 */

import type { Expression, FunctionNode, Local, Statement } from "./ast.ts";
import {
  args,
  call,
  condition,
  isLate,
  isNumber,
  isOpen,
  nameOf,
  openList,
  value,
} from "./expression_writer.ts";
import { type ChunkWriter, FunctionWriter, literal } from "./function_writer.ts";

/** Code of a function expression. */
export function writeFunction(chunk: ChunkWriter, node: FunctionNode): string {
  const w = new FunctionWriter(node, chunk);
  const params = node.params.map((p) => `L${p.id}`);
  if (node.isVararg) params.push("...V");
  let body = block(w, node.body);
  if (node.argLocal !== null) {
    const init = node.usesDots ? "" : "=argTable(V)";
    body = `let L${node.argLocal.id}${init};\n${body}`;
  }
  const last = node.body[node.body.length - 1];
  if (last === undefined || last.kind !== "return") body += "return NOTHING;\n";
  const names = ["$l=0"];
  if (w.hasLoops) names.push("$n=$S.loops");
  for (let i = 1; i <= w.temporaryCount; i++) names.push(`t${i}`);
  let head = `let ${names.join(",")};\n`;
  if (chunk.hasEnvironments) head += "const $F={env:$E,up:running.frame};\n";
  const pause = chunk.isResumable ? "if($S.isPausing)yield PAUSE;" : "";
  const enter = `if(--$S.calls<0){$S.enter();${pause}}\n`;
  const text = w.hasSites
    ? `${head}try{\n${enter}${body}}catch($e){throw resolveError($C,$e,$l);}\n`
    : `${head}${enter}${body}`;
  const star = chunk.isResumable ? "*" : "";
  let code = `function${star}(${params.join(",")}){\n${text}}`;
  if (chunk.isResumable) code = `resumable(${code})`;
  if (chunk.hasEnvironments) code = `withEnvironment($E.table,($E)=>${code})`;
  return node.parent === null ? code : `(${code})`;
}

function block(w: FunctionWriter, list: Statement[]): string {
  let out = "";
  for (const s of list) out += statement(w, s);
  return out;
}

function statement(w: FunctionWriter, s: Statement): string {
  switch (s.kind) {
    case "local":
      return localStatement(w, s.locals, s.values);
    case "localFunction":
      return `let L${s.local.id};L${s.local.id}=${writeFunction(w.chunk, s.body)};\n`;
    case "assign":
      return s.targets.length === 1 && s.values.length === 1 &&
          !isAnyLate(s.targets[0], s.values[0])
        ? assignOne(w, s.targets[0], value(w, s.values[0])) + ";\n"
        : assignMany(w, s.targets, s.values);
    case "call":
      return `done(${call(w, s.call, false)});\n`;
    case "do":
      return `{\n${block(w, s.body)}}\n`;
    case "while": {
      const test = s.condition.kind === "true" ? "" : `if(!(${condition(w, s.condition)}))break;\n`;
      return `for(;;){\n${test}${block(w, s.body)}${tick(w)}}\n`;
    }
    case "repeat": {
      // A body that leaves at its end never comes to the condition.
      const body = block(w, s.body);
      return `for(;;){\n${body}if(${condition(w, s.condition)})break;\n${tick(w)}}\n`;
    }
    case "if":
      return ifStatement(w, s);
    case "numericFor":
      return numericFor(w, s);
    case "genericFor":
      return genericFor(w, s);
    case "return":
      return returnStatement(w, s.values);
    case "break":
      return "break;\n";
  }
}

/** What stands at a back-edge. */
function tick(w: FunctionWriter): string {
  w.hasLoops = true;
  const pause = w.chunk.isResumable ? "if($S.isPausing)yield PAUSE;" : "";
  return `if(--$n<0){$n=$S.tick();${pause}}\n`;
}

function localStatement(w: FunctionWriter, locals: Local[], values: Expression[]): string {
  if (values.length === 0) return `let ${locals.map((l) => `L${l.id}`).join(",")};\n`;
  if (locals.length === 1 && values.length === 1) {
    return `let L${locals[0].id}=${value(w, values[0])};\n`;
  }
  const { before, codes, temporaries } = adjusted(w, values, locals.length, false);
  let out = before;
  locals.forEach((l, i) => {
    out += `let L${l.id}=${codes[i]};\n`;
  });
  for (const t of temporaries) w.release(t);
  return out;
}

interface Adjusted {
  /** Statements that come first. */
  before: string;
  /** As many values as were asked for. */
  codes: string[];
  temporaries: string[];
}

/**
 * A list of expressions as `count` values. With `isKept` all go to temporaries, so that assignments
 * don't disturb them; without, the code is to be used in order, each once, and only an open last
 * expression needs a temporary.
 */
function adjusted(
  w: FunctionWriter,
  values: Expression[],
  count: number,
  isKept: boolean,
): Adjusted {
  const out: Adjusted = { before: "", codes: [], temporaries: [] };
  const isLastOpen = isOpen(values[values.length - 1]) && values.length <= count;
  const isAllKept = isKept || isLastOpen || values.length > count;
  values.forEach((e, i) => {
    const isRest = isLastOpen && i === values.length - 1 && count > values.length;
    const code = isRest ? openList(w, e) : value(w, e);
    if (!isAllKept && i < count) {
      out.codes.push(code);
      return;
    }
    const t = w.temporary();
    out.temporaries.push(t);
    out.before += `${t}=${code};\n`;
    if (!isRest) {
      if (i < count) out.codes.push(t);
      return;
    }
    for (let j = 0; out.codes.length < count; j++) out.codes.push(`${t}[${j}]`);
  });
  while (out.codes.length < count) out.codes.push("undefined");
  return out;
}

function assignOne(w: FunctionWriter, target: Expression, code: string): string {
  if (target.kind === "local") return `L${target.local.id}=${code}`;
  if (target.kind === "global") {
    const site = w.site(target.line);
    return `setField($E.table,${literal(target.name)},${code},$H,${w.chunk.hint()},${site})`;
  }
  if (target.kind !== "index") return code;
  const site = w.site(target.line, nameOf(target.object));
  const o = value(w, target.object);
  if (target.key.kind === "string") {
    return `setField(${o},${literal(target.key.value)},${code},$H,${w.chunk.hint()},${site})`;
  }
  return `setIndex(${o},${value(w, target.key)},${code},${site})`;
}

/** An assignment that must not read its table before the rest is evaluated. */
function isAnyLate(target: Expression, v: Expression): boolean {
  if (target.kind !== "index") return false;
  return isLate(target.object, v) || isLate(target.object, target.key);
}

/** Tables and keys first, then the values, then the assignments from right to left. */
function assignMany(w: FunctionWriter, targets: Expression[], values: Expression[]): string {
  let out = "";
  const temporaries: string[] = [];
  const keep = (code: string): string => {
    const t = w.temporary();
    temporaries.push(t);
    out += `${t}=${code};\n`;
    return t;
  };
  const places = targets.map((target) => {
    if (target.kind !== "index") return { o: "", k: "" };
    const { object } = target;
    const isRead = object.kind !== "local" || object.isUpvalue || targets.length > 1;
    const o = isRead ? keep(value(w, object)) : value(w, object);
    return { o, k: target.key.kind === "string" ? "" : keep(value(w, target.key)) };
  });
  const list = adjusted(w, values, targets.length, true);
  out += list.before;
  for (let i = targets.length - 1; i >= 0; i--) {
    const target = targets[i];
    const { o, k } = places[i];
    const v = list.codes[i];
    if (target.kind !== "index") out += assignOne(w, target, v);
    else {
      const site = w.site(target.line, nameOf(target.object));
      out += target.key.kind === "string"
        ? `setField(${o},${literal(target.key.value)},${v},$H,${w.chunk.hint()},${site})`
        : `setIndex(${o},${k},${v},${site})`;
    }
    out += ";\n";
  }
  for (const t of temporaries) w.release(t);
  for (const t of list.temporaries) w.release(t);
  return out;
}

function ifStatement(w: FunctionWriter, s: Extract<Statement, { kind: "if" }>): string {
  let out = "";
  for (const { condition: test, body } of s.branches) {
    out += `${out === "" ? "" : "else "}if(${condition(w, test)}){\n${block(w, body)}}\n`;
  }
  if (s.otherwise !== null) out += `else{\n${block(w, s.otherwise)}}\n`;
  return out;
}

function numericFor(w: FunctionWriter, s: Extract<Statement, { kind: "numericFor" }>): string {
  const { local, start, limit, step } = s;
  const id = local.id;
  const site = () => w.site(s.line);
  const number = (e: Expression, part: number) =>
    isNumber(w, e) ? value(w, e) : `forNumber(${value(w, e)},${part},${site()})`;
  // All three are evaluated before any is checked; a constant needs no check.
  const parts = step === null ? [start, limit] : [start, limit, step];
  let head: string;
  if (parts.every((e) => isNumber(w, e) || e.kind !== "call")) {
    head = `const I${id}=${number(start, 0)},M${id}=${number(limit, 1)}` +
      (step === null ? "" : `,S${id}=${number(step, 2)}`) + ";\n";
  } else {
    head = parts.map((e, i) => `const ${"IMS"[i]}v${id}=${value(w, e)};\n`).join("");
    head += parts.map((_, i) => {
      return `const ${"IMS"[i]}${id}=forNumber(${"IMS"[i]}v${id},${i},${site()});\n`;
    }).join("");
  }
  let test = `i${id}<=M${id}`;
  let advance = `i${id}++`;
  if (step !== null) {
    advance = `i${id}+=S${id}`;
    const isConstant = step.kind === "number" && step.value !== 0;
    if (!isConstant) test = `(S${id}>0?i${id}<=M${id}:i${id}>=M${id})`;
    else if (step.value < 0) test = `i${id}>=M${id}`;
  }
  const body = block(w, s.body);
  return `{\n${head}for(let i${id}=I${id};${test};${advance}){\nlet L${id}=i${id};\n${body}${
    tick(w)
  }}}\n`;
}

/**
 * The iterators of `pairs` and `ipairs` are recognised when the loop starts; then no call is made and
 * nothing allocated per iteration. `p` is the position in the table, or -1 for any other iterator.
 */
function genericFor(w: FunctionWriter, s: Extract<Statement, { kind: "genericFor" }>): string {
  const [k, ...rest] = s.locals;
  const id = k.id;
  const list = adjusted(w, s.values, 3, false);
  let out = `{\n${list.before}let f${id}=${list.codes[0]},s${id}=${list.codes[1]},c${id}=${
    list.codes[2]
  };\n`;
  for (const t of list.temporaries) w.release(t);
  const site = w.site(s.line, "local '(for generator)'");
  const unnamed = w.site(s.line);
  const [v] = rest;
  out += `let p${id}=traversal(f${id},s${id},c${id});\n`;
  out += `if(p${id}<0&&typeof f${id}!=="function")f${id}=callable(f${id},${unnamed});\n`;
  out += `for(;;){\nlet ${s.locals.map((l) => `L${l.id}`).join(",")};\n`;
  const value1 = v === undefined ? "" : `L${v.id}=s${id}.valueAt(p${id});`;
  out += `if(p${id}>=0){if(f${id}===next){p${id}=s${id}.nextPosition(p${id});if(p${id}<0)break;`;
  out += `L${id}=s${id}.keyAt(p${id});${value1}}\n`;
  const t = w.temporary();
  const item = v === undefined ? t : `L${v.id}`;
  out += `else{${item}=s${id}.getNumber(++p${id});if(${item}===undefined)break;L${id}=p${id};}}\n`;
  const frame = w.chunk.hasEnvironments ? "running.frame=$F;" : "";
  out += `else{$l=${site};${frame}${t}=f${id}(s${id},c${id});\n`;
  if (rest.length === 0) out += `L${id}=first(${t});`;
  else {
    out += `if(Array.isArray(${t})){${t}=list(${t});`;
    out += s.locals.map((l, i) => `L${l.id}=${t}[${i}];`).join("");
    out += `}else L${id}=${t};`;
  }
  w.release(t);
  out += `if(L${id}===undefined)break;c${id}=L${id};}\n`;
  return `${out}${block(w, s.body)}${tick(w)}}}\n`;
}

function returnStatement(w: FunctionWriter, values: Expression[]): string {
  if (values.length === 0) return "return NOTHING;\n";
  if (values.length > 1) return `return [${args(w, values)}];\n`;
  const [only] = values;
  if (only.kind === "call") return `return ${call(w, only, true)};\n`;
  if (only.kind === "dots") return "return V;\n";
  return `return ${value(w, only)};\n`;
}
