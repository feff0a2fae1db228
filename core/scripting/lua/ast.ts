/**
 * The tree between parser and generator. Names are resolved: a variable is a Local object or a
 * global's name, so the generator never looks a name up.
 */

/** A local variable. */
export interface Local {
  readonly name: string;
  /** Unique within the chunk. */
  readonly id: number;
  /** The function that declares it. */
  readonly owner: FunctionNode;
  /** Whether it gets a value after its declaration. */
  assigned: boolean;
  /** All that is ever assigned to it; null stands for what can't be told, as a parameter's value. */
  sources: (Expression | null)[];
}

export type Expression =
  | { kind: "nil" | "true" | "false" | "dots"; line: number }
  | { kind: "number"; value: number; line: number }
  | { kind: "string"; value: string; line: number }
  | { kind: "function"; body: FunctionNode; line: number }
  | { kind: "local"; local: Local; isUpvalue: boolean; line: number }
  | { kind: "global"; name: string; line: number }
  | { kind: "index"; object: Expression; key: Expression; line: number }
  | CallExpression
  | { kind: "paren"; inner: Expression; line: number }
  | { kind: "binary"; op: string; left: Expression; right: Expression; line: number }
  | { kind: "unary"; op: string; operand: Expression; line: number }
  | TableExpression;

/** `callee(args)`, or `callee:method(args)` where there is a method. */
export interface CallExpression {
  kind: "call";
  callee: Expression;
  method: string | null;
  args: Expression[];
  line: number;
}

/** A constructor: the values of 1, 2, ... and the pairs. Items are in the order of the source. */
export interface TableExpression {
  kind: "table";
  /** Null keys are those of the list. */
  items: { key: Expression | null; value: Expression }[];
  line: number;
}

export type Statement =
  | { kind: "local"; locals: Local[]; values: Expression[]; line: number }
  | { kind: "localFunction"; local: Local; body: FunctionNode; line: number }
  | { kind: "assign"; targets: Expression[]; values: Expression[]; line: number }
  | { kind: "call"; call: CallExpression; line: number }
  | { kind: "do"; body: Statement[]; line: number }
  | { kind: "while"; condition: Expression; body: Statement[]; line: number }
  | { kind: "repeat"; condition: Expression; body: Statement[]; line: number }
  | {
    kind: "if";
    branches: { condition: Expression; body: Statement[] }[];
    otherwise: Statement[] | null;
    line: number;
  }
  | {
    kind: "numericFor";
    local: Local;
    start: Expression;
    limit: Expression;
    step: Expression | null;
    body: Statement[];
    line: number;
  }
  | { kind: "genericFor"; locals: Local[]; values: Expression[]; body: Statement[]; line: number }
  | { kind: "return"; values: Expression[]; line: number }
  | { kind: "break"; line: number };

/** A function, or the chunk itself. */
export interface FunctionNode {
  readonly parent: FunctionNode | null;
  params: Local[];
  isVararg: boolean;
  /** `arg`, which a function with `...` has: a table of them if it doesn't use the dots, else nil. */
  argLocal: Local | null;
  usesDots: boolean;
  body: Statement[];
  /** Line of the word `function`; 0 for the chunk. */
  readonly line: number;
}
