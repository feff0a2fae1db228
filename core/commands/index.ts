/**
 * All commands, by group.
 */
import type { CommandSpec } from "../server/command.ts";
import { connectionCommands } from "./connection.ts";
import { stringCommands } from "./string.ts";

export const allCommands: readonly CommandSpec[] = [...connectionCommands, ...stringCommands];
