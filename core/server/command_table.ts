/**
 * The command table: from the bytes of a name to its Command, without building a string.
 *
 * A small open-addressing table over a case-folding hash of the name; the names are known at start, so
 * it is built once and three quarters empty. Subcommands have a table of their own in each container.
 */
import { ascii, indexOfByte, latin1, type ReadonlyBytes, tokenEquals } from "../base/bytes.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import { Command, type CommandSpec } from "./command.ts";

/** Names to commands, for one level. */
class NameTable {
  private readonly mask: number;
  private readonly names: Uint8Array[];
  private readonly commands: (Command | null)[];

  /** `names` of `commands`, in lower case and in their order. */
  constructor(commands: Command[], names: string[]) {
    const size = 2 ** Math.ceil(Math.log2(commands.length * 4 + 2));
    this.mask = size - 1;
    this.names = new Array(size).fill(new Uint8Array(0));
    this.commands = new Array<Command | null>(size).fill(null);
    commands.forEach((command, i) => this.add(command, ascii(names[i])));
  }

  find(buf: ReadonlyBytes, off: number, len: number): Command | null {
    let at = nameHash(buf, off, len) & this.mask;
    for (;;) {
      const command = this.commands[at];
      if (command === null || tokenEquals(buf, off, len, this.names[at])) return command;
      at = (at + 1) & this.mask;
    }
  }

  private add(command: Command, name: Uint8Array): void {
    let at = nameHash(name, 0, name.length) & this.mask;
    for (; this.commands[at] !== null; at = (at + 1) & this.mask) {
      if (tokenEquals(name, 0, name.length, this.names[at])) {
        throw new Error(`Command ${command.fullName} is declared twice`);
      }
    }
    this.commands[at] = command;
    this.names[at] = name;
  }
}

export class CommandTable {
  /** All commands without subcommands, in order of declaration, those that are disabled left out. */
  readonly commands: Command[];
  /** Every command and subcommand, disabled ones too, at its id: what ACL rules are about. */
  readonly known: Command[] = [];
  private readonly ownNames = new Map<string, Command>();
  private readonly top: NameTable;
  private readonly subs = new Map<Command, NameTable>();

  /** `names` holds the names by which commands are reached, by their own; null: these are the same. */
  constructor(specs: readonly CommandSpec[], names: ReadonlyMap<string, string> | null = null) {
    const all = specs.map((spec) => this.newCommand(spec, null));
    this.commands = all.filter(({ spec }) => names === null || names.has(spec.name));
    const given = this.commands.map(({ spec }) => names?.get(spec.name) ?? spec.name);
    this.top = new NameTable(this.commands, given);
    for (const command of this.commands) {
      const subs = command.spec.subcommands;
      if (subs === undefined) continue;
      this.subs.set(command, new NameTable(command.subcommands, subs.map(({ name }) => name)));
    }
    this.commands.forEach(check);
  }

  /**
   * The command a request names, its subcommand where there are any and the request gives one; null when
   * there is no such command or subcommand.
   */
  lookup(argv: Argv): Command | null {
    const command = this.top.find(argv.buf, argv.off[0], argv.len[0]);
    if (command === null || command.subcommands.length === 0 || argv.argc < 2) return command;
    return this.subs.get(command)!.find(argv.buf, argv.off[1], argv.len[1]);
  }

  /** The command that the first argument alone names, or null. */
  lookupContainer(argv: Argv): Command | null {
    return this.top.find(argv.buf, argv.off[0], argv.len[0]);
  }

  /** A command by its name, "get" or "client|kill", in any case; null when there is none. */
  byName(name: string): Command | null {
    const [top, sub, more] = name.toLowerCase().split("|", 3);
    const command = this.top.find(ascii(top), 0, top.length);
    if (command === null || sub === undefined) return command;
    if (more !== undefined) return null;
    return command.subcommands.find((candidate) => candidate.spec.name === sub) ?? null;
  }

  /** The same by the name it was declared with, whatever it has been renamed to. */
  byOwnName(name: string): Command | null {
    return this.ownNames.get(name.toLowerCase()) ?? null;
  }

  /** All commands and subcommands that can be reached. */
  *all(): Generator<Command> {
    for (const command of this.commands) {
      yield command;
      yield* command.subcommands;
    }
  }

  private newCommand(spec: CommandSpec, parent: Command | null): Command {
    const command = new Command(spec, parent);
    command.id = this.known.length;
    this.known.push(command);
    this.ownNames.set(command.fullName, command);
    command.subcommands = (spec.subcommands ?? []).map((sub) => this.newCommand(sub, command));
    return command;
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
  if (spec.handler === undefined) {
    if (spec.subcommands === undefined) fail("there is no handler");
    if (spec.arity > -2) fail("a container without a handler needs a subcommand");
  }
  for (const arg of spec.args ?? []) {
    if (arg.keySpec !== undefined && spec.keys?.[arg.keySpec] === undefined) {
      fail("no such key spec");
    }
  }
  command.subcommands.forEach(check);
}

/**
 * A hash of the length and of three bytes, their case folded: enough to tell a few hundred names apart, 1.2 probes on
 * the average. Folding punctuation too is harmless: the comparison that follows does not.
 */
function nameHash(buf: ReadonlyBytes, off: number, len: number): number {
  if (len === 0) return 0;
  const h = Math.imul(buf[off] & 0x1f, 0x2545f491) ^
    Math.imul(buf[off + (len >> 1)] & 0x1f, 0x1b873593) ^
    Math.imul(buf[off + len - 1] & 0x1f, 0x05ebca6b) ^ Math.imul(len, 0x3504f333);
  return h ^ h >>> 15;
}

/** The first `max` bytes of an argument, or those before a NUL, where texts made by C's printf end. */
export function argPrefix(argv: Argv, index: number, max = Infinity): string {
  const off = argv.off[index];
  const end = off + Math.min(argv.len[index], max);
  const nul = indexOfByte(argv.buf, 0, off, end);
  return latin1(argv.buf, off, (nul < 0 ? end : nul) - off);
}
