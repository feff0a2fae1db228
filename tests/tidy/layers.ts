/**
 * The layers: which folder may import which.
 *
 * Every source folder has a rank. An import goes to a lower rank or stays in its own folder; two
 * folders of one rank do not see each other. Command handlers reach the data structures through
 * the types above them, never directly. Tests and benchmarks look at everything and are looked at
 * by nothing. Only `node:` built-ins come from outside.
 *
 * The table is the whole rule: a new folder gets its line here, or every import in it is refused.
 */

/** Folder (or file) of the repository and its rank; higher ranks import lower ones. */
export const RANKS: ReadonlyArray<readonly [string, number]> = [
  ["main.ts", 7],
  ["core/commands", 6],
  ["core/net", 6],
  ["core/server", 5],
  ["core/scripting", 5],
  ["persistence", 5],
  ["core/keyspace", 4],
  ["core/types", 3],
  ["core/structures", 2],
  ["core/memory", 1],
  ["core/protocol", 1],
  ["core/base", 0],
];

/** Folders the product never imports, and to which the product's own rules do not apply. */
const OUTSIDE_FOLDERS = ["tests", "bench", ".ci"];

const RUNTIME_SPECIFIC =
  /^(core\/net\/(transport_[a-z0-9_]+|runtime)|persistence\/low_priority)\.ts$/;

/** Repository root as a path that ends in a slash. */
const ROOT: string = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** Path of a file relative to the repository, with forward slashes. */
export function repositoryPath(filename: string): string {
  const path = filename.replace(/^file:\/\//, "").replaceAll("\\", "/");
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^\.?\//, "");
}

/** True for tests, benchmarks and CI scripts: they are not part of the server. */
export function isOutside(path: string): boolean {
  return OUTSIDE_FOLDERS.some((folder) => path.startsWith(`${folder}/`));
}

/** True for the few files that may name a runtime's own global. */
export function mayNameRuntime(path: string): boolean {
  return path === "main.ts" || RUNTIME_SPECIFIC.test(path) || isOutside(path);
}

/** The layer a file belongs to, or null when the table has no line for it. */
export function layerOf(path: string): readonly [string, number] | null {
  for (const layer of RANKS) {
    if (path === layer[0] || path.startsWith(`${layer[0]}/`)) return layer;
  }
  return null;
}

/**
 * Why a file may not import a module, or null when it may.
 *
 * @param path the importing file, relative to the repository
 * @param specifier the text between the import's quotes
 */
export function importFault(path: string, specifier: string): string | null {
  if (isOutside(path)) return null;
  if (!/^\.{0,2}\//.test(specifier)) {
    if (specifier.startsWith("node:")) return null;
    return `"${specifier}" is a runtime dependency; the server has none but node: built-ins.`;
  }
  const target = resolve(path, specifier);
  if (!target.endsWith(".ts")) return `"${specifier}" does not end in .ts.`;
  const from = layerOf(path);
  if (from === null) return `${path} is in no layer; give its folder a rank in layers.ts.`;
  const to = layerOf(target);
  if (to === null) return `${target} is in no layer; the server can't import it.`;
  if (from[0] === to[0]) return null;
  if (from[1] === to[1]) {
    return `${from[0]} and ${to[0]} have the same rank (${from[1]}) and do not see each other.`;
  }
  if (from[1] < to[1]) {
    return `${from[0]} (rank ${from[1]}) can't import ${to[0]} (rank ${to[1]}); imports go down.`;
  }
  if (from[0] === "core/commands" && to[0] === "core/structures") {
    return "Handlers reach data through core/types, never through core/structures.";
  }
  return null;
}

/** Joins a relative specifier to the folder of the importing file. */
function resolve(path: string, specifier: string): string {
  return decodeURIComponent(new URL(specifier, `file:///${path}`).pathname).slice(1);
}
