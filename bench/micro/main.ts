/**
 * All micro benchmarks but that of Lua (lua.ts): `deno task bench [pattern]`; the pattern chooses by
 * name.
 *
 * Each imported file registers its benchmarks as it is loaded.
 */

import process from "node:process";
import { run } from "mitata";
import "./arena.ts";
import "./base.ts";
import "./dict.ts";
import "./resp_parser.ts";
import "./listpack.ts";
import "./skiplist.ts";

const pattern = process.argv[2];
await run(pattern === undefined ? {} : { filter: new RegExp(pattern) });
