/**
 * The table of all directives: everything that Redis 7.4's redis.conf and CONFIG GET know, and one
 * of Larder's own, `rdb-version`.
 *
 * What: one spec per directive, grouped by subject in the three files put together here, and what
 * redis.conf may hold besides settings: statements, which do something, and directives of the past,
 * which do nothing any more. Parsing, CONFIG GET, SET and REWRITE are all derived from this table;
 * adding a directive is adding its line.
 *
 * The order of the table is the order in which CONFIG GET lists and CONFIG REWRITE appends.
 */

import { clusterDirectives } from "./config_table_cluster.ts";
import { dataDirectives } from "./config_table_data.ts";
import { serverDirectives } from "./config_table_server.ts";
import type { ConfigSpec } from "./config_types.ts";

/** Every directive, in order. Names and aliases are unique and in lower case. */
export const configTable: readonly ConfigSpec[] = [
  ...serverDirectives,
  ...dataDirectives,
  ...clusterDirectives,
];

/** What redis.conf may say that is not a setting. CONFIG REWRITE leaves such lines alone. */
export const statementNames: readonly string[] = [
  "include",
  "rename-command",
  "user",
  "loadmodule",
  "sentinel",
];

/** Directives that older servers had; with one argument they are accepted and ignored. */
export const retiredNames: readonly string[] = [
  "list-max-ziplist-entries",
  "list-max-ziplist-value",
  "lua-replicate-commands",
];
