/**
 * All commands, by group.
 */
import type { CommandSpec } from "../server/command.ts";
import { connectionCommands } from "./connection.ts";
import { keyCommands } from "./keys.ts";
import { stringCommands } from "./string.ts";

export const allCommands: readonly CommandSpec[] = [
  ...connectionCommands,
  ...keyCommands,
  ...stringCommands,
];
