/**
 * The house rules that need the whole tree: what the lint plugin can't see from inside one file.
 *
 * Every fault of a rule is listed, not only the first, so that one run shows all there is to do.
 */

import { test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { layerOf } from "./layers.ts";
import { FILE_LINES_MAX } from "./rules_sizes.ts";

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** Folders that hold what was built, measured or downloaded. */
const NOT_SOURCE: ReadonlySet<string> = new Set([".git", "node_modules", "dist", "coverage"]);
const TEXT = /\.(?:ts|md|json|sh|tcl|txt|conf|yml|yaml)$|(?:^|\/)(?:run|LICENSE|\.gitignore)$/;
const UNFINISHED = /\b(?:TODO|FIXME|XXX)\b/;

const files = sourceFiles("");
const texts = new Map(
  files.filter((path) => TEXT.test(path)).map((path) => [path, readFileSync(ROOT + path, "utf8")]),
);

test("the tree was found", () => {
  assert.ok(texts.has("deno.json"), `no deno.json among the ${files.length} files of ${ROOT}`);
});

test("no source file is longer than its limit", () => {
  assertNone(faults((path, text) => {
    const lines = text.split("\n").length - 1;
    if (!/\.(?:ts|md|sh|tcl)$/.test(path) || lines <= FILE_LINES_MAX) return null;
    return `${lines} lines; ${FILE_LINES_MAX} is the most`;
  }));
});

test("text files end in one newline and hold no stray blanks", () => {
  assertNone(faults((path, text) => {
    if (path.startsWith("bench/results/") || text === "") return null;
    if (text.includes("\r\n")) return "lines end in CR LF";
    if (!text.endsWith("\n")) return "does not end in a newline";
    if (text.endsWith("\n\n")) return "ends in an empty line";
    const line = text.split("\n").findIndex((each) => /[ \t]$/.test(each));
    return line < 0 ? null : `line ${line + 1} ends in a blank`;
  }));
});

test("documents and scripts leave no work over", () => {
  assertNone(faults((path, text) => {
    // The lint plugin reads the .ts files; LICENSE and the lock file are not ours to word.
    if (path.endsWith(".ts") || path === "LICENSE" || path === "deno.lock") return null;
    const found = UNFINISHED.exec(text);
    return found === null ? null : `says ${found[0]}: finish it or file an issue`;
  }));
});

test("source files have snake_case names", () => {
  assertNone(files.flatMap((path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return name.endsWith(".ts") && !/^[a-z0-9_]+(?:\.test)?\.ts$/.test(name) ? [path] : [];
  }));
});

test("every source folder has a README.md", () => {
  const folders = new Set<string>();
  for (const path of files) {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (!path.endsWith(".ts")) continue;
    if (/^(?:core|persistence)\b/.test(folder)) folders.add(folder);
    else if (/^(?:tests|bench)\b/.test(folder)) folders.add(folder.split("/")[0]);
  }
  if (folders.size > 0) folders.add("core");
  assertNone(
    [...folders].sort().filter((folder) => !texts.has(`${folder}/README.md`)).map(
      (folder) => `${folder}/ has no README.md`,
    ),
  );
});

test("every source file of the server is in a layer", () => {
  assertNone(files.filter((path) => {
    return path.endsWith(".ts") && !/^(?:tests|bench|\.ci)\//.test(path) && layerOf(path) === null;
  }));
});

test("tests are where the test tasks look for them", () => {
  assertNone(files.filter((path) => path.endsWith(".test.ts") && !path.startsWith("tests/")));
});

test("a server starts without the packages of the tests", () => {
  const config = JSON.parse(texts.get("deno.json") ?? "{}");
  // `deno task` fetches all that these two name before it runs anything, the server included.
  assert.equal(config.imports, undefined, "packages belong into tests/packages.json");
  assert.equal(config.lock, false, "tasks that need packages name the lock file themselves");
});

/** All files of the tree, relative to the root, in order. */
function sourceFiles(folder: string): string[] {
  const found: string[] = [];
  const entries = readdirSync(ROOT + folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!NOT_SOURCE.has(entry.name)) found.push(...sourceFiles(path));
    } else if (entry.isFile()) {
      found.push(path);
    }
  }
  return found;
}

/** One line per text file that the rule finds fault with. */
function faults(rule: (path: string, text: string) => string | null): string[] {
  const found: string[] = [];
  for (const [path, text] of texts) {
    const fault = rule(path, text);
    if (fault !== null) found.push(`${path}: ${fault}`);
  }
  return found;
}

function assertNone(found: string[]) {
  assert.equal(found.length, 0, `\n  ${found.join("\n  ")}`);
}
