/** The lint plugin finds what it should and nothing else. Runs on Deno, which has `runPlugin`. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import plugin from "./plugin.ts";
import { importFault, repositoryPath } from "./layers.ts";
import { FILE_LINES_MAX, FUNCTION_LINES_MAX } from "./rules_sizes.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Ids of the rules that speak, in order, without the plugin's name. */
function lint(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, ROOT + path, source).map((found) =>
    found.id.replace("larder/", "")
  );
}

function assertFound(path: string, source: string, ...rules: string[]) {
  assert.deepEqual(lint(path, source), rules, `${path}: ${source.slice(0, 120)}`);
}

describe("layers", () => {
  test("imports go down or stay in the folder", () => {
    for (
      const [path, specifier] of [
        ["main.ts", "./core/net/listener.ts"],
        ["main.ts", "./persistence/rdb.ts"],
        ["core/commands/string.ts", "../types/t_string.ts"],
        ["core/commands/string.ts", "./reply.ts"],
        ["core/scripting/lua/lexer.ts", "../api.ts"],
        ["core/server/client.ts", "../base/bytes.ts"],
        ["core/structures/dict.ts", "../memory/arena.ts"],
        ["persistence/rdb.ts", "../core/keyspace/db.ts"],
        ["core/base/log.ts", "node:process"],
        ["tests/unit/a.test.ts", "../../main.ts"],
        ["bench/load/main.ts", "mitata"],
      ]
    ) {
      assert.equal(importFault(path, specifier), null, `${path} may import ${specifier}`);
    }
  });

  test("everything else is refused", () => {
    for (
      const [path, specifier, reason] of [
        ["core/base/bytes.ts", "../memory/arena.ts", /imports go down/],
        ["core/server/call.ts", "../commands/string.ts", /imports go down/],
        ["core/server/call.ts", "../../persistence/rdb.ts", /same rank/],
        ["core/net/listener.ts", "../commands/string.ts", /same rank/],
        ["core/memory/arena.ts", "../protocol/resp.ts", /same rank/],
        ["core/commands/string.ts", "../structures/dict.ts", /core\/types/],
        ["core/commands/string.ts", "../../main.ts", /imports go down/],
        ["core/commands/string.ts", "../../tests/support/gen.ts", /in no layer/],
        ["core/novel/thing.ts", "../base/bytes.ts", /in no layer/],
        ["core/base/bytes.ts", "./numbers", /\.ts/],
        ["core/base/bytes.ts", "npm:left-pad", /runtime dependency/],
        ["core/net/transport_deno.ts", "ioredis", /runtime dependency/],
        ["main.ts", "https://example.com/x.ts", /runtime dependency/],
      ] as const
    ) {
      assert.match(importFault(path, specifier) ?? "", reason, `${path} imports ${specifier}`);
    }
  });

  test("every way to name a module counts", () => {
    const at = "core/base/x.ts";
    assertFound(at, `import { a } from "../types/t.ts"; a();`, "layers");
    assertFound(at, `import type { A } from "../types/t.ts"; export const a: A = 1;`, "layers");
    assertFound(at, `export { a } from "../types/t.ts";`, "layers");
    assertFound(at, `export * from "../types/t.ts";`, "layers");
    assertFound(at, `await import("../types/t.ts");`, "layers");
    assertFound(at, `export let a: import("../types/t.ts").A;`, "layers");
    assertFound(at, `new Worker(new URL("../types/t.ts", import.meta.url));`, "layers");
    assertFound(at, `new URL("http://127.0.0.1/"); export const a = 1;`);
    assertFound(at, `import { a } from "./y.ts"; a();`);
  });

  test("paths are seen from the repository", () => {
    assert.equal(repositoryPath(`${ROOT}core/base/x.ts`), "core/base/x.ts");
    assert.equal(repositoryPath(`file://${ROOT}main.ts`), "main.ts");
    assert.equal(repositoryPath("./core/base/x.ts"), "core/base/x.ts");
  });
});

describe("arena-stores", () => {
  const rule = "arena-stores";

  test("stores and casts are found outside core/memory", () => {
    const at = "core/types/t.ts";
    assertFound(at, "arena.u8[0][5] = 1;", rule);
    assertFound(at, "this.arena.i32[seg][off] += 1;", rule);
    assertFound(at, "this.#arena.u32[off]++;", rule);
    assertFound(at, "arena.u8[0].fill(0, 1, 2);", rule);
    assertFound(at, "db.arena.f64.set(other);", rule);
    assertFound(at, "f(view as Uint8Array);", rule);
    assertFound(at, "f(view as Int32Array[]);", rule);
    assertFound(at, "f(view as Uint8Array<ArrayBuffer>);", rule);
    assertFound(at, "f(view as unknown as { x: number });", rule);
    assertFound(at, "f(<Uint32Array> view);", rule);
  });

  test("reads, other buffers and the memory folder are left alone", () => {
    assertFound("core/types/t.ts", "f(arena.u8[0][5]); out[3] = arena.u8[0][5]; x.u8[1] = 2;");
    assertFound("core/types/t.ts", "f(x as Thing); arena.set(1); arena.u8[0].indexOf(3);");
    assertFound("core/memory/arena.ts", "this.arena.u8[0][1] = 2; f(v as unknown as Uint8Array);");
    assertFound("tests/unit/a.test.ts", "f(v as unknown as Uint8Array);");
  });
});

describe("sizes", () => {
  const body = (lines: number) => "{\n" + "  f();\n".repeat(lines) + "}";

  test("a function has a limit", () => {
    for (const head of ["function g()", "const g = () =>", "const g = function ()"]) {
      assertFound("core/base/x.ts", `${head} ${body(FUNCTION_LINES_MAX)}`);
      assertFound("core/base/x.ts", `${head} ${body(FUNCTION_LINES_MAX + 1)}`, "function-lines");
    }
    const method = `class A { m() ${body(FUNCTION_LINES_MAX + 1)} }`;
    assertFound("core/base/x.ts", method, "function-lines");
  });

  test("describe has none, test has", () => {
    assertFound("tests/a.test.ts", `describe("x", () => ${body(FUNCTION_LINES_MAX + 1)});`);
    const long = `test("x", () => ${body(FUNCTION_LINES_MAX + 1)});`;
    assertFound("tests/a.test.ts", long, "function-lines");
  });

  test("a file has a limit", () => {
    assertFound("core/base/x.ts", "f();\n".repeat(FILE_LINES_MAX));
    assertFound("core/base/x.ts", "f();\n".repeat(FILE_LINES_MAX + 1), "file-lines");
  });
});

describe("bans", () => {
  test("what can't be erased, and any", () => {
    assertFound("core/base/x.ts", "enum A { B }", "erasable");
    assertFound("core/base/x.ts", "declare const enum A { B }", "erasable");
    assertFound("tests/x.ts", "namespace N { f(); }", "erasable");
    assertFound("tests/x.ts", "export let a: any;", "erasable");
    assertFound("core/base/x.ts", "declare global { interface A { b: 1 } }");
  });

  test("console, clock and randomness are the server's own", () => {
    const at = "core/server/x.ts";
    assertFound(at, "console.log(1);", "console");
    assertFound("persistence/x.ts", "console.error(1);", "console");
    assertFound(at, "Date.now();", "clock");
    assertFound(at, "const f = performance.now;", "clock");
    assertFound(at, "new Date();", "clock");
    assertFound(at, "new Date(ms); clock.now(); now();");
    assertFound(at, "Math.random();", "random");
    const all = "console.log(Date.now(), new Date(), performance.now(), Math.random());";
    assertFound("tests/support/x.ts", all);
    assertFound("bench/load/x.ts", all);
    assertFound("core/base/clock.ts", "Date.now(); performance.now();");
    assertFound("core/base/log.ts", "new Date();");
    assertFound("main.ts", "console.error(1);");
  });

  test("runtime globals stay at the edge", () => {
    const rule = "runtime-global";
    const at = "core/server/x.ts";
    assertFound(at, "Deno.exit(1);", rule);
    assertFound(at, "if (typeof Bun !== 'undefined') f();", rule);
    assertFound(at, "globalThis.Deno;", rule);
    assertFound(at, "export let c: Deno.Conn;", rule);
    assertFound(at, "const o = { k: Deno };", rule);
    assertFound(at, "const o = { Deno: 1, Bun: 2 }; o.Deno; const t = 'Deno.exit';");
    for (const path of ["core/net/transport_deno.ts", "persistence/low_priority.ts", "main.ts"]) {
      assertFound(path, "Deno.exit(1); Bun.gc();");
    }
    assertFound("core/net/listener.ts", "Deno.exit(1);", rule);
  });

  test("work left over", () => {
    assertFound("core/base/x.ts", "// TODO: more\nf();", "unfinished");
    assertFound("tests/x.ts", "f(); /* FIXME */ // XXX", "unfinished", "unfinished");
    assertFound("core/base/x.ts", 'mkdtemp("larder-XXXXXX"); todo(); // XX and NX');
  });

  test("all tests run", () => {
    const rule = "whole-suite";
    assertFound("tests/a.test.ts", 'test.skip("x", f);', rule);
    assertFound("tests/a.test.ts", 'describe.only("x", f);', rule);
    assertFound("tests/a.test.ts", 'it.todo("x");', rule);
    assertFound("tests/a.test.ts", 'Deno.test("x", f);', rule);
    assertFound("tests/a.test.ts", 'test("x", { skip: "no redis-server" }, f); list.skip(2);');
  });
});
