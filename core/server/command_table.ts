/**
 * The command table: from the bytes of a name to its Command, without building a string.
 *
 * A small open-addressing table over a case-folding hash of the name; the names are known at start, so
 * it is built once and half empty. Subcommands have a table of their own in each container.
 */
import { ascii, latin1, type ReadonlyBytes, tokenEquals } from "../base/bytes.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { Command, type CommandSpec, type Handler } from "./command.ts";

/** Names to commands, for one level. */
class NameTable {
  private readonly mask: number;
  private readonly names: Uint8Array[];
  private readonly commands: (Command | null)[];

  constructor(commands: Command[]) {
    const size = 2 ** Math.ceil(Math.log2(commands.length * 2 + 2));
    this.mask = size - 1;
    this.names = new Array(size).fill(new Uint8Array(0));
    this.commands = new Array<Command | null>(size).fill(null);
    for (const command of commands) this.add(command);
  }

  find(buf: ReadonlyBytes, off: number, len: number): Command | null {
    let at = foldedHash(buf, off, len) & this.mask;
    for (;;) {
      const command = this.commands[at];
      if (command === null || tokenEquals(buf, off, len, this.names[at])) return command;
      at = (at + 1) & this.mask;
    }
  }

  private add(command: Command): void {
    const name = ascii(command.spec.name);
    let at = foldedHash(name, 0, name.length) & this.mask;
    for (; this.commands[at] !== null; at = (at + 1) & this.mask) {
      if (this.commands[at]!.spec.name === command.spec.name) {
        throw new Error(`Command ${command.fullName} is declared twice`);
      }
    }
    this.commands[at] = command;
    this.names[at] = name;
  }
}

export class CommandTable {
  /** All commands without subcommands, in order of declaration. */
  readonly commands: Command[];
  private readonly top: NameTable;
  private readonly subs = new Map<Command, NameTable>();

  /** `containerHandler` answers for a container called with an unknown subcommand or none. */
  constructor(specs: readonly CommandSpec[], containerHandler: Handler) {
    this.commands = specs.map((spec) => new Command(spec, null, containerHandler));
    this.top = new NameTable(this.commands);
    for (const command of this.commands) {
      const subs = command.spec.subcommands;
      if (subs === undefined) continue;
      command.subcommands = subs.map((spec) => new Command(spec, command, containerHandler));
      this.subs.set(command, new NameTable(command.subcommands));
    }
    this.commands.forEach(check);
  }

  /**
   * The command a request names, its subcommand where it has one and the request gives it; null when
   * there is no such command. A container is returned itself when its subcommand is missing or unknown.
   */
  lookup(argv: Argv): Command | null {
    const command = this.top.find(argv.buf, argv.off[0], argv.len[0]);
    if (command === null || command.subcommands.length === 0 || argv.argc < 2) return command;
    return this.subs.get(command)!.find(argv.buf, argv.off[1], argv.len[1]) ?? command;
  }

  /** A command by its name, "get" or "client|kill", in any case; null when there is none. */
  byName(name: string): Command | null {
    const [top, sub] = name.toLowerCase().split("|", 2);
    const command = this.top.find(ascii(top), 0, top.length);
    if (command === null || sub === undefined) return command;
    return command.subcommands.find((candidate) => candidate.spec.name === sub) ?? null;
  }

  /** All commands and subcommands. */
  *all(): Generator<Command> {
    for (const command of this.commands) {
      yield command;
      yield* command.subcommands;
    }
  }
}

/** What every declaration must hold to; run at start. */
function check(command: Command): void {
  const { spec } = command;
  const fail = (why: string) => {
    throw new Error(`Command ${command.fullName}: ${why}`);
  };
  if (spec.name !== spec.name.toLowerCase()) fail("names are lower-case");
  if (spec.arity === 0) fail("arity counts the name");
  if (spec.handler === undefined && spec.subcommands === undefined) fail("there is no handler");
  for (const arg of spec.args ?? []) {
    if (arg.keySpec !== undefined && spec.keys?.[arg.keySpec] === undefined) {
      fail("no such key spec");
    }
  }
  command.subcommands.forEach(check);
}

/** Case-folding FNV-1a. Folding punctuation too is harmless: the comparison that follows does not. */
function foldedHash(buf: ReadonlyBytes, off: number, len: number): number {
  let h = 0x811c9dc5 ^ len;
  for (let i = 0; i < len; i++) h = Math.imul(h ^ (buf[off + i] | 0x20), 0x01000193);
  return h ^ h >>> 15;
}

/** The first `max` bytes of an argument, as a string of one char per byte. */
export function argPrefix(argv: Argv, index: number, max: number): string {
  return latin1(argv.buf, argv.off[index], Math.min(argv.len[index], max));
}
