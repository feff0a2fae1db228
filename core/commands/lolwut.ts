/**
 * LOLWUT: a picture and the version.
 *
 * The picture is the store room that the server is named after: shelves of jars, drawn from the server's
 * random numbers, so no two are alike. A jar is a value, its label the first letter of a type, how full it is
 * anybody's guess. Arguments are the number of shelves and of jars on each.
 */
import { ascii } from "../base/bytes.ts";
import type { Prng } from "../base/prng.ts";
import { argInteger, argIs, getIntegerOrReply, NOT_AN_INTEGER } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { type CommandSpec, FAST, READONLY } from "../server/command.ts";
import { REDIS_VERSION } from "../server/version.ts";

const VERSION = ascii("version");
const SHELVES = 2;
const JARS = 9;
const SHELVES_MAX = 12;
const JARS_MAX = 24;
const LABELS = "slhzx";
const FILLINGS = [" ", ".", ":", "%"];

function lolwutCommand(c: Client): void {
  let first = 1;
  // Which version's picture is wanted makes no difference: there is one.
  if (c.argc >= 3 && argIs(c, 1, VERSION)) {
    if (Number.isNaN(getIntegerOrReply(c, 2))) return;
    first = 3;
  }
  const shelves = size(c, first, SHELVES, SHELVES_MAX);
  const jars = size(c, first + 1, JARS, JARS_MAX);
  if (Number.isNaN(shelves) || Number.isNaN(jars)) {
    c.reply.addError(NOT_AN_INTEGER);
    return;
  }
  const picture = drawLarder(c.server.prng, shelves, jars);
  c.reply.addVerbatim(`${picture}\nRedis ver. ${REDIS_VERSION}\n`, "txt");
}

/** An argument brought into 1 to `max`, or what stands for a missing one; NaN when it is no integer. */
function size(c: Client, index: number, missing: number, max: number): number {
  if (index >= c.argc) return missing;
  return Math.min(Math.max(argInteger(c, index), 1), max);
}

function drawLarder(prng: Prng, shelves: number, jars: number): string {
  const width = jars * 6 + 1;
  let text = "";
  for (let i = 0; i < shelves; i++) text += drawShelf(prng, jars) + "=".repeat(width) + "\n";
  return `${text}  ||${" ".repeat(Math.max(0, width - 8))}||\n`;
}

/** A row of jars, four lines high; some places are empty. */
function drawShelf(prng: Prng, jars: number): string {
  const lines = [" ", " ", " ", " "];
  for (let i = 0; i < jars; i++) {
    if (prng.nextBelow(6) === 0) {
      lines.forEach((_, at) => lines[at] += "      ");
      continue;
    }
    const label = LABELS[prng.nextBelow(LABELS.length)];
    const filling = FILLINGS[prng.nextBelow(FILLINGS.length)].repeat(3);
    const above = prng.nextBelow(2) === 0 ? "   " : filling;
    lines[0] += " ___  ";
    lines[1] += `(${"_".repeat(3)}) `;
    lines[2] += `|${above}| `;
    lines[3] += `|${filling[0]}${label}${filling[0]}| `;
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

export const lolwutCommands: CommandSpec[] = [
  {
    name: "lolwut",
    arity: -1,
    flags: READONLY | FAST,
    since: "5.0.0",
    group: "server",
    summary: "Draws a picture and tells the version.",
    args: [{ name: "version", type: "integer", token: "VERSION", optional: true }],
    handler: lolwutCommand,
  },
];
