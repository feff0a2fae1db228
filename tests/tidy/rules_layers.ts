/**
 * The lint rules about who sees what: layers, and who stores into the arena.
 *
 * `layers` looks at every way to name a module: static imports and re-exports (types too, a type is
 * knowledge), `import()`, import types and `new URL("./x.ts", import.meta.url)`, which is how a
 * worker is named. `arena-stores` guards the read-only view types: outside core/memory a cast to a
 * typed array, or through `unknown`, would turn a view back into something one can store to.
 */

import { importFault, isOutside, repositoryPath } from "./layers.ts";

type Context = Deno.lint.RuleContext;
type Node = Deno.lint.Node;

const TYPED_ARRAY =
  /\b(?:Uint8|Uint8Clamped|Int8|Uint16|Int16|Uint32|Int32|Float32|Float64|BigInt64|BigUint64)Array\b/;
/** Makes views that have no stores. */
const READONLY_VIEW = "core/base/readonly_view.ts";
const ARENA_VIEW = /(?:^|[.#\s])arena[?!]?\.(?:u8|i8|u16|i16|u32|i32|f64)\b/i;
const MUTATORS: ReadonlySet<string> = new Set(["set", "fill", "copyWithin", "sort", "reverse"]);

/** Imports go strictly downwards. */
export const layers: Deno.lint.Rule = {
  create(ctx: Context) {
    const path = repositoryPath(ctx.filename);
    const check = (node: Node, source: Node | null | undefined) => {
      const specifier = stringOf(source);
      const fault = specifier === null ? null : importFault(path, specifier);
      if (fault !== null) ctx.report({ node, message: fault });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      TSImportType(node) {
        const argument = node.argument;
        check(node, argument.type === "TSLiteralType" ? argument.literal : null);
      },
      NewExpression(node) {
        if (node.callee.type !== "Identifier" || node.callee.name !== "URL") return;
        const base = node.arguments[1];
        if (base === undefined || ctx.sourceCode.getText(base) !== "import.meta.url") return;
        if (stringOf(node.arguments[0])?.endsWith(".ts")) check(node, node.arguments[0]);
      },
    };
  },
};

/** Nobody but core/memory stores into arena bytes, or casts a read-only view to be able to. */
export const arenaStores: Deno.lint.Rule = {
  create(ctx: Context) {
    const path = repositoryPath(ctx.filename);
    if (path.startsWith("core/memory/") || path === READONLY_VIEW || isOutside(path)) return {};
    const checkStore = (node: Node, target: Node) => {
      if (target.type !== "MemberExpression") return;
      if (!ARENA_VIEW.test(ctx.sourceCode.getText(target))) return;
      ctx.report({ node, message: "Only core/memory stores into the arena; call its writers." });
    };
    const checkCast = (node: Deno.lint.TSAsExpression | Deno.lint.TSTypeAssertion) => {
      const inner = node.expression;
      if (
        inner.type === "TSAsExpression" && inner.typeAnnotation.type === "TSUnknownKeyword" ||
        TYPED_ARRAY.test(ctx.sourceCode.getText(node.typeAnnotation))
      ) {
        ctx.report({
          node,
          message: "This cast could make arena bytes writable.",
          hint: CAST_HINT,
        });
      }
    };
    return {
      AssignmentExpression: (node) => checkStore(node, node.left),
      UpdateExpression: (node) => checkStore(node, node.argument),
      CallExpression(node) {
        const callee = node.callee;
        if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
        if (MUTATORS.has(callee.property.name)) checkStore(node, callee.object);
      },
      TSAsExpression: checkCast,
      TSTypeAssertion: checkCast,
    };
  },
};

const CAST_HINT = "Take the read-only view type, or let the value be declared with the right type.";

/** The value of a string literal or of a template without holes; null for anything else. */
function stringOf(node: Node | null | undefined): string | null {
  if (node === null || node === undefined) return null;
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : null;
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) {
    return node.quasis[0]?.cooked ?? null;
  }
  return null;
}
