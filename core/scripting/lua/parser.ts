/**
 * Parser: a chunk's source to its tree, by recursive descent, with Lua 5.1's error texts and limits
 * (200 local variables and 60 upvalues per function, 200 levels of nesting).
 *
 * The level limit also bounds the recursion here and in the generator. What isn't nested but long
 * (`1+1+1+...`) makes a deep tree nevertheless; `compile` turns the engine's complaint into an error.
 */

import type {
  CallExpression,
  Expression,
  FunctionNode,
  Local,
  Statement,
  TableExpression,
} from "./ast.ts";
import { Lexer } from "./lexer.ts";
import type { LuaError } from "./value.ts";

const LEVELS_MAX = 200;
const LOCALS_MAX = 200;
const UPVALUES_MAX = 60;

/** Left and right priority of the operators; right below left makes one right associative. */
const PRIORITY: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["+", [6, 6]],
  ["-", [6, 6]],
  ["*", [7, 7]],
  ["/", [7, 7]],
  ["%", [7, 7]],
  ["^", [10, 9]],
  ["..", [5, 4]],
  ["~=", [3, 3]],
  ["==", [3, 3]],
  ["<", [3, 3]],
  ["<=", [3, 3]],
  [">", [3, 3]],
  [">=", [3, 3]],
  ["and", [2, 2]],
  ["or", [1, 1]],
]);

const UNARY_PRIORITY = 8;

/** What is known of a function while it is parsed. */
interface Scope {
  node: FunctionNode;
  parent: Scope | null;
  /** Visible locals, innermost last. */
  active: Local[];
  /** Locals of enclosing functions that are used. */
  upvalues: Set<Local>;
  /** Loops around the current statement. */
  loops: number;
}

/** A chunk's tree, and all its locals. */
export interface ParsedChunk {
  node: FunctionNode;
  locals: Local[];
}

/** The tree of a chunk. Throws a LuaError. `name` is the chunk's, as errors show it. */
export function parse(source: string, name: string): ParsedChunk {
  return new Parser(source, name).chunk();
}

class Parser {
  private readonly lexer: Lexer;
  private scope: Scope;
  private levels = 0;
  private localCount = 0;
  private readonly locals: Local[] = [];

  constructor(source: string, name: string) {
    this.lexer = new Lexer(source, name);
    this.scope = this.openScope(0);
    this.scope.node.isVararg = true;
  }

  chunk(): ParsedChunk {
    this.lexer.next();
    const { node } = this.scope;
    node.body = this.block();
    this.check("<eof>");
    return { node, locals: this.locals };
  }

  // Tokens

  private accept(kind: string): boolean {
    if (this.lexer.kind !== kind) return false;
    this.lexer.next();
    return true;
  }

  private isAt(kind: string): boolean {
    return this.lexer.kind === kind;
  }

  private check(kind: string): void {
    if (this.lexer.kind !== kind) throw this.lexer.errorNear(`'${kind}' expected`);
  }

  private expect(kind: string): void {
    this.check(kind);
    this.lexer.next();
  }

  /** Expects what closes the construct `open` of a line. */
  private expectClose(kind: string, open: string, line: number): void {
    if (this.accept(kind)) return;
    if (line === this.lexer.line) throw this.lexer.errorNear(`'${kind}' expected`);
    throw this.lexer.errorNear(`'${kind}' expected (to close '${open}' at line ${line})`);
  }

  private expectName(): string {
    this.check("<name>");
    const { text } = this.lexer;
    this.lexer.next();
    return text;
  }

  private enter(): void {
    if (++this.levels > LEVELS_MAX) throw this.limitError("chunk has too many syntax levels");
  }

  private limitError(message: string): LuaError {
    return this.lexer.error(message, this.lexer.line);
  }

  // Scopes

  private openScope(line: number): Scope {
    const parent = this.scope ?? null;
    const node: FunctionNode = {
      parent: parent === null ? null : parent.node,
      params: [],
      isVararg: false,
      argLocal: null,
      usesDots: false,
      body: [],
      line,
    };
    return { node, parent, active: [], upvalues: new Set(), loops: 0 };
  }

  private functionName(scope: Scope): string {
    return scope.parent === null ? "main function" : `function at line ${scope.node.line}`;
  }

  private declare(name: string): Local {
    const { node } = this.scope;
    const local: Local = { name, id: this.localCount++, owner: node, assigned: false, sources: [] };
    this.locals.push(local);
    return local;
  }

  /** Notes what the locals among the targets get. */
  private noteSources(targets: (Expression | Local)[], values: Expression[]): void {
    targets.forEach((target, i) => {
      const source = i < values.length && (i < values.length - 1 || targets.length <= values.length)
        ? values[i]
        : null;
      if (!("kind" in target)) target.sources.push(source);
      else if (target.kind === "local") target.local.sources.push(source);
    });
  }

  private activate(local: Local): void {
    this.scope.active.push(local);
  }

  /** `hidden` locals are those that a loop keeps for itself. */
  private checkLocals(added: number): void {
    if (this.scope.active.length + added > LOCALS_MAX) {
      const name = this.functionName(this.scope);
      throw this.limitError(`${name} has more than ${LOCALS_MAX} local variables`);
    }
  }

  private resolve(name: string, line: number): Expression {
    for (let scope: Scope | null = this.scope; scope !== null; scope = scope.parent) {
      for (let i = scope.active.length - 1; i >= 0; i--) {
        const local = scope.active[i];
        if (local.name !== name) continue;
        if (scope === this.scope) return { kind: "local", local, isUpvalue: false, line };
        this.noteUpvalue(local, scope);
        return { kind: "local", local, isUpvalue: true, line };
      }
    }
    return { kind: "global", name, line };
  }

  private noteUpvalue(local: Local, owner: Scope): void {
    for (let scope: Scope | null = this.scope; scope !== owner; scope = scope!.parent) {
      scope!.upvalues.add(local);
      if (scope!.upvalues.size > UPVALUES_MAX) {
        const name = this.functionName(scope!);
        throw this.limitError(`${name} has more than ${UPVALUES_MAX} upvalues`);
      }
    }
  }

  // Statements

  private blockEnds(): boolean {
    const { kind } = this.lexer;
    return kind === "<eof>" || kind === "end" || kind === "else" || kind === "elseif" ||
      kind === "until";
  }

  /** Statements up to what ends the block; their locals are gone afterwards. */
  private block(): Statement[] {
    const depth = this.scope.active.length;
    const body = this.statements();
    this.scope.active.length = depth;
    return body;
  }

  private statements(): Statement[] {
    const list: Statement[] = [];
    this.enter();
    while (!this.blockEnds()) {
      const statement = this.statement();
      list.push(statement);
      this.accept(";");
      if (statement.kind === "return" || statement.kind === "break") break;
    }
    this.levels--;
    return list;
  }

  private statement(): Statement {
    const { line, kind } = this.lexer;
    switch (kind) {
      case "if":
        return this.ifStatement(line);
      case "while":
        return this.whileStatement(line);
      case "do": {
        this.lexer.next();
        const body = this.block();
        this.expectClose("end", "do", line);
        return { kind: "do", body, line };
      }
      case "for":
        return this.forStatement(line);
      case "repeat":
        return this.repeatStatement(line);
      case "function":
        return this.functionStatement(line);
      case "local":
        this.lexer.next();
        return this.accept("function") ? this.localFunction(line) : this.localStatement(line);
      case "return":
        return this.returnStatement(line);
      case "break":
        this.lexer.next();
        if (this.scope.loops === 0) throw this.lexer.errorNear("no loop to break");
        return { kind: "break", line };
      default:
        return this.expressionStatement(line);
    }
  }

  private ifStatement(line: number): Statement {
    const branches: { condition: Expression; body: Statement[] }[] = [];
    let otherwise: Statement[] | null = null;
    do {
      this.lexer.next();
      const condition = this.expression();
      this.expect("then");
      branches.push({ condition, body: this.block() });
    } while (this.lexer.kind === "elseif");
    if (this.accept("else")) otherwise = this.block();
    this.expectClose("end", "if", line);
    return { kind: "if", branches, otherwise, line };
  }

  private whileStatement(line: number): Statement {
    this.lexer.next();
    const condition = this.expression();
    this.expect("do");
    const body = this.loopBody();
    this.expectClose("end", "while", line);
    return { kind: "while", condition, body, line };
  }

  private loopBody(): Statement[] {
    this.scope.loops++;
    const body = this.block();
    this.scope.loops--;
    return body;
  }

  private repeatStatement(line: number): Statement {
    this.lexer.next();
    const depth = this.scope.active.length;
    this.scope.loops++;
    const body = this.statements();
    this.scope.loops--;
    this.expectClose("until", "repeat", line);
    const condition = this.expression();
    this.scope.active.length = depth;
    return { kind: "repeat", condition, body, line };
  }

  private forStatement(line: number): Statement {
    this.lexer.next();
    const name = this.expectName();
    const { kind } = this.lexer;
    if (kind === "=") return this.numericFor(name, line);
    if (kind === "," || kind === "in") return this.genericFor(name, line);
    throw this.lexer.errorNear("'=' or 'in' expected");
  }

  private numericFor(name: string, line: number): Statement {
    this.checkLocals(4);
    this.lexer.next();
    const start = this.expression();
    this.expect(",");
    const limit = this.expression();
    const step = this.accept(",") ? this.expression() : null;
    const local = this.declare(name);
    const body = this.forBody([local], line);
    return { kind: "numericFor", local, start, limit, step, body, line };
  }

  private genericFor(first: string, line: number): Statement {
    const names = [first];
    while (this.accept(",")) names.push(this.expectName());
    this.checkLocals(3 + names.length);
    this.expect("in");
    const values = this.expressions();
    const locals = names.map((name) => this.declare(name));
    this.noteSources(locals, []);
    const body = this.forBody(locals, line);
    return { kind: "genericFor", locals, values, body, line };
  }

  private forBody(locals: Local[], line: number): Statement[] {
    this.expect("do");
    const depth = this.scope.active.length;
    // The loop's own three variables count for the limit.
    const hidden = this.declare("(");
    hidden.sources.push(null);
    for (let i = 0; i < 3; i++) this.activate(hidden);
    for (const local of locals) this.activate(local);
    const body = this.loopBody();
    this.scope.active.length = depth;
    this.expectClose("end", "for", line);
    return body;
  }

  private functionStatement(line: number): Statement {
    this.lexer.next();
    let target = this.resolve(this.expectName(), line);
    let isMethod = false;
    while (this.lexer.kind === "." || this.lexer.kind === ":") {
      isMethod = this.lexer.kind === ":";
      this.lexer.next();
      const key: Expression = { kind: "string", value: this.expectName(), line };
      target = { kind: "index", object: target, key, line };
      if (isMethod) break;
    }
    const value: Expression = { kind: "function", body: this.functionBody(isMethod, line), line };
    if (target.kind === "local") target.local.assigned = true;
    this.noteSources([target], [value]);
    return { kind: "assign", targets: [target], values: [value], line };
  }

  private localFunction(line: number): Statement {
    const name = this.expectName();
    this.checkLocals(1);
    const local = this.declare(name);
    local.sources.push(null);
    this.activate(local);
    const body = this.functionBody(false, this.lexer.line);
    return { kind: "localFunction", local, body, line };
  }

  private localStatement(line: number): Statement {
    const names: string[] = [];
    do {
      names.push(this.expectName());
      this.checkLocals(names.length);
    } while (this.accept(","));
    const values = this.accept("=") ? this.expressions() : [];
    const locals = names.map((name) => this.declare(name));
    this.noteSources(locals, values);
    for (const local of locals) this.activate(local);
    return { kind: "local", locals, values, line };
  }

  private returnStatement(line: number): Statement {
    this.lexer.next();
    const values = this.blockEnds() || this.lexer.kind === ";" ? [] : this.expressions();
    return { kind: "return", values, line };
  }

  private expressionStatement(line: number): Statement {
    const first = this.primary();
    if (first.kind === "call") return { kind: "call", call: first, line };
    const targets = [this.assignable(first)];
    while (this.accept(",")) {
      targets.push(this.assignable(this.primary()));
      if (targets.length > LEVELS_MAX) {
        throw this.limitError(
          `${this.functionName(this.scope)} has more than 200 variables in assignment`,
        );
      }
    }
    this.expect("=");
    const values = this.expressions();
    this.noteSources(targets, values);
    return { kind: "assign", targets, values, line };
  }

  private assignable(e: Expression): Expression {
    if (e.kind === "local") e.local.assigned = true;
    else if (e.kind !== "global" && e.kind !== "index") throw this.lexer.errorNear("syntax error");
    return e;
  }

  private functionBody(isMethod: boolean, line: number): FunctionNode {
    this.scope = this.openScope(line);
    const { node } = this.scope;
    if (isMethod) this.parameter("self");
    this.expect("(");
    if (this.lexer.kind !== ")") {
      do {
        if (this.lexer.kind === "<name>") this.parameter(this.expectName());
        else if (this.accept("...")) node.isVararg = true;
        else throw this.lexer.errorNear("<name> or '...' expected");
      } while (!node.isVararg && this.accept(","));
    }
    if (node.isVararg) {
      node.argLocal = this.declare("arg");
      node.argLocal.sources.push(null);
      this.activate(node.argLocal);
    }
    this.expect(")");
    node.body = this.block();
    this.expectClose("end", "function", line);
    this.scope = this.scope.parent!;
    return node;
  }

  private parameter(name: string): void {
    this.checkLocals(1);
    const local = this.declare(name);
    local.sources.push(null);
    this.scope.node.params.push(local);
    this.activate(local);
  }

  // Expressions

  private expressions(): Expression[] {
    const list = [this.expression()];
    while (this.accept(",")) list.push(this.expression());
    return list;
  }

  private expression(): Expression {
    return this.binary(0);
  }

  /** An expression whose operators all bind tighter than `limit`. */
  private binary(limit: number): Expression {
    this.enter();
    let left = this.operand();
    for (;;) {
      const op = this.lexer.kind;
      const priority = PRIORITY.get(op);
      if (priority === undefined || priority[0] <= limit) break;
      this.lexer.next();
      const right = this.binary(priority[1]);
      left = { kind: "binary", op, left, right, line: this.lexer.lastLine };
    }
    this.levels--;
    return left;
  }

  private operand(): Expression {
    const op = this.lexer.kind;
    if (op !== "not" && op !== "-" && op !== "#") return this.simple();
    this.lexer.next();
    const operand = this.binary(UNARY_PRIORITY);
    const { lastLine } = this.lexer;
    if (op === "-" && operand.kind === "number") {
      return { kind: "number", value: -operand.value, line: lastLine };
    }
    return { kind: "unary", op, operand, line: lastLine };
  }

  private simple(): Expression {
    const { lexer } = this;
    const { kind, line } = lexer;
    let e: Expression;
    switch (kind) {
      case "<number>":
        e = { kind: "number", value: lexer.number, line };
        break;
      case "<string>":
        e = { kind: "string", value: lexer.text, line };
        break;
      case "nil":
      case "true":
      case "false":
        e = { kind, line };
        break;
      case "...":
        if (!this.scope.node.isVararg) {
          throw lexer.errorNear("cannot use '...' outside a vararg function");
        }
        this.scope.node.usesDots = true;
        e = { kind: "dots", line };
        break;
      case "{":
        return this.table();
      case "function":
        lexer.next();
        return { kind: "function", body: this.functionBody(false, line), line };
      default:
        return this.primary();
    }
    lexer.next();
    return e;
  }

  private table(): TableExpression {
    const { line } = this.lexer;
    const items: TableExpression["items"] = [];
    this.expect("{");
    while (this.lexer.kind !== "}") {
      items.push(this.tableItem());
      if (!this.accept(",") && !this.accept(";")) break;
    }
    this.expectClose("}", "{", line);
    return { kind: "table", items, line };
  }

  private tableItem(): { key: Expression | null; value: Expression } {
    const { lexer } = this;
    if (lexer.kind === "<name>" && lexer.peek() === "=") {
      const key: Expression = { kind: "string", value: lexer.text, line: lexer.line };
      lexer.next();
      lexer.next();
      return { key, value: this.expression() };
    }
    if (!this.accept("[")) return { key: null, value: this.expression() };
    const key = this.expression();
    this.expect("]");
    this.expect("=");
    return { key, value: this.expression() };
  }

  /** A name or a bracketed expression with all its fields and calls. */
  private primary(): Expression {
    const { lexer } = this;
    let e = this.prefix();
    for (;;) {
      switch (lexer.kind) {
        case ".": {
          lexer.next();
          const key: Expression = { kind: "string", value: "", line: lexer.line };
          key.value = this.expectName();
          e = { kind: "index", object: e, key, line: lexer.lastLine };
          break;
        }
        case "[": {
          lexer.next();
          const key = this.expression();
          this.expect("]");
          e = { kind: "index", object: e, key, line: lexer.lastLine };
          break;
        }
        case ":": {
          lexer.next();
          const method = this.expectName();
          e = this.call(e, method);
          break;
        }
        case "(":
        case "<string>":
        case "{":
          e = this.call(e, null);
          break;
        default:
          return e;
      }
    }
  }

  private prefix(): Expression {
    const { lexer } = this;
    const { line } = lexer;
    if (lexer.kind === "<name>") {
      const name = this.expectName();
      return this.resolve(name, line);
    }
    if (lexer.kind !== "(") throw lexer.errorNear("unexpected symbol");
    lexer.next();
    const inner = this.expression();
    this.expectClose(")", "(", line);
    return { kind: "paren", inner, line };
  }

  private call(callee: Expression, method: string | null): CallExpression {
    const { lexer } = this;
    const { line } = lexer;
    let args: Expression[] = [];
    if (lexer.kind === "(") {
      if (line !== lexer.lastLine) {
        throw lexer.errorNear("ambiguous syntax (function call x new statement)");
      }
      lexer.next();
      if (!this.isAt(")")) args = this.expressions();
      this.expectClose(")", "(", line);
    } else if (lexer.kind === "<string>") {
      args = [{ kind: "string", value: lexer.text, line }];
      lexer.next();
    } else if (lexer.kind === "{") args = [this.table()];
    else throw lexer.errorNear("function arguments expected");
    return { kind: "call", callee, method, args, line };
  }
}
