/**
 * The lint rules about size: a function fits on a screen, a file in a head.
 *
 * A function's lines are those between its braces, blank lines and comments included, nested
 * functions too. A callback of `describe` is a list of tests, not a function, and has no limit.
 */

type Context = Deno.lint.RuleContext;

/** Most lines between the braces of a function. */
export const FUNCTION_LINES_MAX = 70;
/** Most lines of a file. */
export const FILE_LINES_MAX = 800;

type AnyFunction =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

export const functionLines: Deno.lint.Rule = {
  create(ctx: Context) {
    const check = (node: AnyFunction) => {
      const body = node.body;
      if (body === null || body === undefined || isDescribeCallback(node)) return;
      const lines = Math.max(0, countNewlines(ctx.sourceCode.getText(body)) - 1);
      if (lines <= FUNCTION_LINES_MAX) return;
      ctx.report({
        // The first line marks the place; the whole body would fill the terminal.
        range: [node.range[0], Math.min(node.range[1], node.range[0] + 60)],
        message: `The function has ${lines} lines; ${FUNCTION_LINES_MAX} is the most.`,
      });
    };
    return {
      FunctionDeclaration: check,
      FunctionExpression: check,
      ArrowFunctionExpression: check,
    };
  },
};

export const fileLines: Deno.lint.Rule = {
  create(ctx: Context) {
    return {
      Program() {
        const lines = countNewlines(ctx.sourceCode.text);
        if (lines <= FILE_LINES_MAX) return;
        ctx.report({
          range: [0, 1],
          message: `The file has ${lines} lines; ${FILE_LINES_MAX} is the most.`,
        });
      },
    };
  },
};

function isDescribeCallback(node: AnyFunction): boolean {
  const parent = node.parent;
  return parent.type === "CallExpression" && parent.callee.type === "Identifier" &&
    parent.callee.name === "describe";
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
