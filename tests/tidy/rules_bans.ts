/**
 * The lint rules about words: what may not be written, and where.
 *
 * | rule           | what                                         | where it is allowed              |
 * | -------------- | -------------------------------------------- | -------------------------------- |
 * | erasable       | enum, namespace, any                         | nowhere                          |
 * | console        | console.                                     | main.ts, tests, bench            |
 * | clock          | Date.now, performance.now, new Date()        | core/base/{clock,log}.ts, tests, bench |
 * | random         | Math.random                                  | tests, bench                     |
 * | runtime-global | Deno, Bun                                    | core/net/transport_*.ts and runtime.ts, persistence/low_priority.ts, main.ts, tests, bench |
 * | unfinished     | the three words for work left over           | this folder, which must name them |
 * | whole-suite    | skip, only and todo on a test, Deno.test     | nowhere                          |
 *
 * A test that can't run on a machine says so with the option `{ skip: "the reason" }`, which the
 * report shows. `node:test` is the one test interface because both runtimes have it.
 */

import { isOutside, mayNameRuntime, repositoryPath } from "./layers.ts";

type Context = Deno.lint.RuleContext;
type Node = Deno.lint.Node;

const CLOCK_FILES: ReadonlySet<string> = new Set(["core/base/clock.ts", "core/base/log.ts"]);
const UNFINISHED = /\b(?:TODO|FIXME|XXX)\b/g;
const TEST_FUNCTIONS: ReadonlySet<string> = new Set(["test", "it", "describe", "suite"]);
const PARTIAL: ReadonlySet<string> = new Set(["skip", "only", "todo"]);

/** Only what can be erased to get JavaScript, and no hole in the types. */
export const erasable: Deno.lint.Rule = {
  create(ctx: Context) {
    return {
      TSEnumDeclaration: (node) => ctx.report({ node, message: "No enum: use constants." }),
      TSModuleDeclaration(node) {
        // `declare global` and `declare module "x"` describe what exists elsewhere.
        if (node.kind === "global" || node.id.type === "Literal") return;
        ctx.report({ node, message: "No namespace: a file is one." });
      },
      TSAnyKeyword: (node) => ctx.report({ node, message: "No any: say the type, or unknown." }),
    };
  },
};

/** The server speaks through core/base/log.ts. */
export const consoleCalls: Deno.lint.Rule = {
  create(ctx: Context) {
    const path = repositoryPath(ctx.filename);
    if (path === "main.ts" || isOutside(path)) return {};
    return {
      MemberExpression(node) {
        if (isNamed(node.object, "console")) {
          ctx.report({ node, message: "No console here: write to the log of core/base/log.ts." });
        }
      },
    };
  },
};

/** Time is injected, so that a test can replay it. */
export const clock: Deno.lint.Rule = {
  create(ctx: Context) {
    const path = repositoryPath(ctx.filename);
    if (CLOCK_FILES.has(path) || isOutside(path)) return {};
    const message = "Time comes from core/base/clock.ts.";
    return {
      MemberExpression(node) {
        if (!isNamed(node.property, "now")) return;
        if (isNamed(node.object, "Date") || isNamed(node.object, "performance")) {
          ctx.report({ node, message });
        }
      },
      NewExpression(node) {
        if (isNamed(node.callee, "Date") && node.arguments.length === 0) {
          ctx.report({ node, message });
        }
      },
      CallExpression(node) {
        if (isNamed(node.callee, "Date")) ctx.report({ node, message });
      },
    };
  },
};

/** Randomness is injected, so that a run can be repeated from its seed. */
export const random: Deno.lint.Rule = {
  create(ctx: Context) {
    if (isOutside(repositoryPath(ctx.filename))) return {};
    return {
      MemberExpression(node) {
        if (isNamed(node.object, "Math") && isNamed(node.property, "random")) {
          ctx.report({ node, message: "Random numbers come from core/base/prng.ts." });
        }
      },
    };
  },
};

/** One source, two runtimes: their globals stay where the difference is. */
export const runtimeGlobal: Deno.lint.Rule = {
  create(ctx: Context) {
    if (mayNameRuntime(repositoryPath(ctx.filename))) return {};
    return {
      Identifier(node) {
        if (node.name !== "Deno" && node.name !== "Bun") return;
        if (isOtherName(node)) return;
        ctx.report({ node, message: `${node.name} is named in files for the runtimes only.` });
      },
    };
  },
};

/** Work left over is an issue, not a comment. */
export const unfinished: Deno.lint.Rule = {
  create(ctx: Context) {
    if (repositoryPath(ctx.filename).startsWith("tests/tidy/")) return {};
    return {
      Program() {
        for (const match of ctx.sourceCode.text.matchAll(UNFINISHED)) {
          const range: Deno.lint.Range = [match.index, match.index + match[0].length];
          ctx.report({ range, message: `${match[0]}: finish it or file an issue.` });
        }
      },
    };
  },
};

/** All tests run, on both runtimes. */
export const wholeSuite: Deno.lint.Rule = {
  create(ctx: Context) {
    return {
      CallExpression(node) {
        const callee = node.callee;
        if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
        const object = callee.object;
        if (object.type !== "Identifier") return;
        const name = callee.property.name;
        if (TEST_FUNCTIONS.has(object.name) && PARTIAL.has(name)) {
          ctx.report({ node: callee, message: `No ${object.name}.${name}: all tests run.` });
        } else if (object.name === "Deno" && name === "test") {
          ctx.report({ node: callee, message: "Tests use node:test: both runtimes have it." });
        }
      },
    };
  },
};

function isNamed(node: Node, name: string): boolean {
  return node.type === "Identifier" && node.name === name;
}

/** True where the identifier is some other object's property or a key, and not the global. */
function isOtherName(node: Deno.lint.Identifier): boolean {
  const parent: Node = node.parent;
  if (parent.type === "MemberExpression") {
    return !parent.computed && isAt(parent.property, node) && !isNamed(parent.object, "globalThis");
  }
  if (parent.type === "Property" || parent.type === "PropertyDefinition") {
    return !parent.computed && isAt(parent.key, node) && !isAt(parent.value, node);
  }
  return parent.type === "TSPropertySignature";
}

/** Nodes are compared by place: two look-ups of one node need not give one object. */
function isAt(node: Node | null | undefined, other: Node): boolean {
  return node?.range[0] === other.range[0] && node.range[1] === other.range[1];
}
