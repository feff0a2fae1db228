/**
 * Larder's lint plugin: the house rules that can be read off a syntax tree.
 *
 * `deno lint` loads it through `deno.json`. What needs more than one file at a time is checked by
 * tidy.test.ts. Types of the tree and of the plugin are Deno's own, so this folder runs on Deno only.
 */

import { arenaStores, layers } from "./rules_layers.ts";
import { fileLines, functionLines } from "./rules_sizes.ts";
import {
  clock,
  consoleCalls,
  erasable,
  random,
  runtimeGlobal,
  unfinished,
  wholeSuite,
} from "./rules_bans.ts";

const plugin: Deno.lint.Plugin = {
  name: "larder",
  rules: {
    "arena-stores": arenaStores,
    "clock": clock,
    "console": consoleCalls,
    "erasable": erasable,
    "file-lines": fileLines,
    "function-lines": functionLines,
    "layers": layers,
    "random": random,
    "runtime-global": runtimeGlobal,
    "unfinished": unfinished,
    "whole-suite": wholeSuite,
  },
};

export default plugin;
