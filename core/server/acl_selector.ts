/**
 * Selector: one set of permissions of a user.
 *
 *     commands    a bit per command and subcommand (Command.id), and one for commands that are yet to come
 *     firstArgs   for a command whose bit is not set: first arguments with which it is allowed all the same
 *     keys        glob patterns, each for reading, writing or both
 *     channels    glob patterns
 *     rules       the rules about commands as they were given, for printing: -@all +get -config|set
 *
 * A request passes when its command, all its keys and all its channels pass in the same selector (acl_user.ts). Three
 * flags say that everything of a kind is allowed, so that nothing is looked up for most users.
 *
 * The rules about commands are kept in order, because a later one overrides an earlier one, and without those that a
 * later one makes meaningless: a rule about a command replaces earlier ones about it and about its subcommands.
 * Printing therefore gives rules that, applied to a fresh user, allow the same (the fuzz test holds it to that).
 *
 * Rules and patterns are byte strings. As in Redis the name of a command ends at a NUL.
 */
import { ascii, type ReadonlyBytes } from "../base/bytes.ts";
import { globMatch } from "../base/glob.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import {
  CATEGORIES,
  type Command,
  KEY_ACCESS,
  KEY_DELETE,
  KEY_INSERT,
  KEY_UPDATE,
  NO_AUTH,
} from "./command.ts";
import { argPrefix, type CommandTable } from "./command_table.ts";
import { splitLine } from "./config_file.ts";
import { quote } from "./config_values.ts";
import type { KeyList } from "./keys_of.ts";

/** What selectors need of the server. */
export interface AclWorld {
  readonly commands: CommandTable;
  /** acl-pubsub-default: whether new users may use all channels. */
  allowsChannels(): boolean;
  /** Takes a line for the log. */
  warn(line: string): void;
}

// Why a rule is refused, as Redis words it.
export const UNKNOWN_COMMAND = "Unknown command or category name in ACL";
const BAD_RULE = "Syntax error";
const AFTER_ALL_KEYS =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid " +
  "and does not have any effect. Try 'resetkeys' to start with an empty list of patterns";
const AFTER_ALL_CHANNELS = "Adding a pattern after the * pattern (or the 'allchannels' flag) is " +
  "not valid and does not have any effect. Try 'resetchannels' to start with an empty list of " +
  "channels";
const NESTED_FIRST_ARG = "Allowing first-arg of a subcommand is not supported";

// What becomes of a request; of two refusals the greater one is told.
export const ACL_OK = 0;
export const DENIED_COMMAND = 1;
export const DENIED_KEY = 2;
export const DENIED_CHANNEL = 3;

const READ = 1;
const WRITE = 2;
const READ_WRITE: number = READ | WRITE;

/** A glob pattern that keys or channels are held against. */
class Pattern {
  readonly text: string;
  /** READ, WRITE or both; for channels without meaning. */
  readonly access: number;
  private readonly bytes: Uint8Array;

  constructor(text: string, access: number) {
    this.text = text;
    this.access = access;
    this.bytes = ascii(text);
  }

  matches(buf: ReadonlyBytes, off: number, len: number): boolean {
    return globMatch(this.bytes, 0, this.bytes.length, buf, off, len, false);
  }

  /** Whether the bytes are the pattern itself. */
  is(buf: ReadonlyBytes, off: number, len: number): boolean {
    if (len !== this.bytes.length) return false;
    let i = 0;
    while (i < len && this.bytes[i] === buf[off + i]) i++;
    return i === len;
  }

  /** The rule that adds it as a pattern of keys; with `isExact` not one that allows even more. */
  keyRule(isExact: boolean): string {
    const prefix = this.access !== READ_WRITE
      ? this.access === READ ? "%R~" : "%W~"
      : isExact && this.text === "*"
      ? "%RW~"
      : "~";
    return prefix + this.text;
  }
}

export type { Pattern };

export class Selector {
  allKeys = false;
  allChannels: boolean;
  channels: readonly Pattern[] = [];
  /** The argument for which `check` refused a request. */
  deniedIndex = 0;
  private readonly world: AclWorld;
  private keys: readonly Pattern[] = [];
  private allCommands = false;
  /** Commands that don't exist yet are allowed: the rules begin with +@all. */
  private allowsNew = false;
  private readonly bits: Uint32Array;
  /** In lower case, by the command's id. */
  private firstArgs = new Map<number, readonly string[]>();
  private rules: readonly string[] = [];

  constructor(world: AclWorld) {
    this.world = world;
    this.allChannels = world.allowsChannels();
    this.bits = new Uint32Array(Math.ceil(world.commands.known.length / 32));
  }

  clone(): Selector {
    const copy = new Selector(this.world);
    copy.allKeys = this.allKeys;
    copy.allChannels = this.allChannels;
    copy.channels = this.channels;
    copy.keys = this.keys;
    copy.allCommands = this.allCommands;
    copy.allowsNew = this.allowsNew;
    copy.bits.set(this.bits);
    copy.firstArgs = new Map(this.firstArgs);
    copy.rules = this.rules;
    return copy;
  }

  /** Whether it forbids nothing. */
  get isUnrestricted(): boolean {
    return this.allCommands && this.allKeys && this.allChannels;
  }

  // Rules.

  /** Applies one rule. Returns why it can't, and then has changed nothing; or null. */
  apply(rule: string): string | null {
    switch (lower(upToNul(rule))) {
      case "allkeys":
      case "~*":
        this.allKeys = true;
        this.keys = [];
        return null;
      case "resetkeys":
        this.allKeys = false;
        this.keys = [];
        return null;
      case "allchannels":
      case "&*":
        this.allChannels = true;
        this.channels = [];
        return null;
      case "resetchannels":
        this.allChannels = false;
        this.channels = [];
        return null;
      case "allcommands":
      case "+@all":
        return this.setAll(true);
      case "nocommands":
      case "-@all":
        return this.setAll(false);
    }
    if (rule[0] === "~" || rule[0] === "%") return this.addKeys(rule);
    if (rule[0] === "&") return this.addChannels(rule.slice(1));
    if (rule[0] !== "+" && rule[0] !== "-") return BAD_RULE;
    const name = upToNul(rule).slice(1);
    if (name[0] === "@") return this.setCategory(name, rule[0] === "+");
    return rule[0] === "+" ? this.allow(name) : this.forbid(name);
  }

  private setAll(allowed: boolean): null {
    this.bits.fill(allowed ? 0xffffffff : 0);
    this.allowsNew = allowed;
    this.allCommands = allowed;
    this.rules = [];
    this.firstArgs.clear();
    return null;
  }

  /** `~pattern`, or `%R~pattern` with one letter or both. */
  private addKeys(rule: string): string | null {
    if (this.allKeys) return AFTER_ALL_KEYS;
    let access = READ_WRITE;
    let begin = 1;
    if (rule[0] === "%") {
      const tilde = rule.indexOf("~");
      // Letters without a tilde are accepted, with the empty pattern.
      begin = tilde < 0 ? rule.length : tilde + 1;
      const letters = lower(rule.slice(1, tilde < 0 ? rule.length : tilde));
      if (!/^(r|w|rw|wr)$/.test(letters)) return BAD_RULE;
      access = (letters.includes("r") ? READ : 0) | (letters.includes("w") ? WRITE : 0);
    }
    const text = rule.slice(begin);
    if (hasBlanks(text)) return BAD_RULE;
    const at = this.keys.findIndex((pattern) => pattern.text === text);
    this.keys = at < 0
      ? [...this.keys, new Pattern(text, access)]
      : this.keys.with(at, new Pattern(text, access | this.keys[at].access));
    return null;
  }

  private addChannels(text: string): string | null {
    if (this.allChannels) return AFTER_ALL_CHANNELS;
    if (hasBlanks(text)) return BAD_RULE;
    if (this.channels.some((pattern) => pattern.text === text)) return null;
    this.channels = [...this.channels, new Pattern(text, READ_WRITE)];
    return null;
  }

  /** `+command`, `+container|subcommand`, or `+command|firstarg`. */
  private allow(name: string): string | null {
    const { commands } = this.world;
    const bar = name.lastIndexOf("|");
    if (bar < 0) {
      const command = commands.byOwnName(name);
      if (command === null) return UNKNOWN_COMMAND;
      this.setCommand(command, true);
      this.addRule(command.fullName, true);
      return null;
    }
    const command = commands.byOwnName(name.slice(0, bar));
    if (command === null) return UNKNOWN_COMMAND;
    if (command.parent !== null) return NESTED_FIRST_ARG;
    const arg = name.slice(bar + 1);
    if (arg === "") return BAD_RULE;
    if (command.subcommands.length > 0) {
      const sub = commands.byOwnName(name);
      if (sub === null) return UNKNOWN_COMMAND;
      this.setCommand(sub, true);
    } else {
      // It could be set, but not be read again from a file.
      if (/[\s"']/.test(arg)) return BAD_RULE;
      this.world.warn(
        "Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of " +
          `ACL and may get disabled in the future (offender: +${name})`,
      );
      const args = this.firstArgs.get(command.id) ?? [];
      if (!args.includes(lower(arg))) this.firstArgs.set(command.id, [...args, lower(arg)]);
    }
    this.addRule(name, true);
    return null;
  }

  private forbid(name: string): string | null {
    const command = this.world.commands.byOwnName(name);
    if (command === null) return UNKNOWN_COMMAND;
    this.setCommand(command, false);
    this.addRule(command.fullName, false);
    return null;
  }

  /** `@category`. */
  private setCategory(name: string, allowed: boolean): string | null {
    const bit = CATEGORIES.indexOf(lower(name.slice(1)));
    if (bit < 0) return UNKNOWN_COMMAND;
    this.addRule(name, allowed);
    for (const command of this.world.commands.known) {
      if ((command.categories & 1 << bit) !== 0) this.setCommand(command, allowed);
    }
    return null;
  }

  /** Allows or forbids a command with all its subcommands. */
  private setCommand(command: Command, allowed: boolean): void {
    this.setBit(command.id, allowed);
    this.firstArgs.delete(command.id);
    for (const sub of command.subcommands) this.setBit(sub.id, allowed);
  }

  private setBit(id: number, allowed: boolean): void {
    const bit = 1 << (id & 31);
    if (allowed) this.bits[id >> 5] |= bit;
    else {
      this.bits[id >> 5] &= ~bit;
      this.allCommands = false;
    }
  }

  /** Notes a rule, and forgets those that it makes meaningless. */
  private addRule(name: string, allowed: boolean): void {
    const rule = lower(name);
    const kept = this.rules.filter((other) => {
      return other.slice(1) !== rule && !other.startsWith(`${rule}|`, 1);
    });
    this.rules = [...kept, (allowed ? "+" : "-") + rule];
  }

  // Printing.

  /** The rules about commands, as one line. */
  commandRules(): string {
    return [this.allowsNew ? "+@all" : "-@all", ...this.rules].join(" ");
  }

  keyRules(isExact = false): string {
    return this.allKeys ? "~*" : this.keys.map((pattern) => pattern.keyRule(isExact)).join(" ");
  }

  channelRules(): string {
    return this.allChannels ? "&*" : this.channels.map(({ text }) => `&${text}`).join(" ");
  }

  /**
   * Everything, as one line. With `isExact` it makes a fresh selector what this one is; without, it is Redis's, which
   * prints `%RW~*` as `~*`, after which other patterns are refused.
   */
  describe(isExact: boolean): string {
    const keys = this.keyRules(isExact);
    const channels = this.allChannels ? "&*" : `resetchannels ${this.channelRules()}`.trimEnd();
    return `${keys === "" ? "" : `${keys} `}${channels} ${this.commandRules()}`;
  }

  // Checks.

  /**
   * Whether a request may pass: ACL_OK or a DENIED constant, with the argument in `deniedIndex`. `keys` are those of
   * the request.
   */
  check(command: Command, argv: Argv, keys: KeyList): number {
    this.deniedIndex = 0;
    if (!this.allowsCommand(command, argv)) return DENIED_COMMAND;
    if (!this.allKeys) {
      for (let i = 0; i < keys.count; i++) {
        const arg = keys.index[i];
        if (this.allowsKey(argv.buf, argv.off[arg], argv.len[arg], keys.flags[i])) continue;
        this.deniedIndex = arg;
        return DENIED_KEY;
      }
    }
    const { channels } = command.spec;
    if (this.allChannels || channels === undefined) return ACL_OK;
    const end = channels === "first" ? 2 : argv.argc;
    for (let arg = 1; arg < end; arg++) {
      const { buf, off, len } = argv;
      if (allowsChannel(this.channels, buf, off[arg], len[arg], channels === "patterns")) continue;
      this.deniedIndex = arg;
      return DENIED_CHANNEL;
    }
    return ACL_OK;
  }

  private allowsCommand(command: Command, argv: Argv): boolean {
    if (this.allCommands || (command.flags & NO_AUTH) !== 0) return true;
    const { id } = command;
    if ((this.bits[id >> 5] & 1 << (id & 31)) !== 0) return true;
    const args = this.firstArgs.get(id);
    return args !== undefined && argv.argc > 1 && args.includes(lower(argPrefix(argv, 1)));
  }

  /** Whether a key may be used as `flags` (KEY_ACCESS and so on) say. */
  allowsKey(buf: ReadonlyBytes, off: number, len: number, flags: number): boolean {
    const access = accessOf(flags);
    return this.allKeys || this.keys.some((pattern) => {
      return (pattern.access & access) === access && pattern.matches(buf, off, len);
    });
  }

  /** Whether every key there can be may be used as `flags` say. */
  allowsAllKeys(flags: number): boolean {
    const access = accessOf(flags);
    return this.allKeys || this.keys.some((pattern) => {
      return (pattern.access & access) === access && pattern.text === "*";
    });
  }
}

/**
 * Whether patterns allow a channel. What is itself a pattern, to be subscribed to, must be one of them: it could match
 * more than any of them.
 */
export function allowsChannel(
  patterns: readonly Pattern[],
  buf: ReadonlyBytes,
  off: number,
  len: number,
  isPattern: boolean,
): boolean {
  return patterns.some((pattern) => {
    return isPattern ? pattern.is(buf, off, len) : pattern.matches(buf, off, len);
  });
}

/** A selector from its rules in parentheses; or why that can't be. */
export function parseSelector(world: AclWorld, text: string): Selector | string {
  const selector = new Selector(world);
  // Quotes that don't match make an empty selector in Redis too: one that allows nothing.
  for (const rule of splitLine(text.slice(1, -1)) ?? []) {
    const error = selector.apply(rule);
    if (error !== null) return error;
  }
  return selector;
}

/** A selector's rules in parentheses, with quotes where something else would be read back otherwise. */
export function printSelector(selector: Selector, isExact: boolean): string {
  return `(${quoteWords(selector.describe(isExact), /["']|\)$/)})`;
}

/** A line whose words are quoted where splitting it like a shell would change them. */
export function quoteWords(line: string, unsafe = /["']/): string {
  return line.split(" ").map((word) => unsafe.test(word) ? quote(word) : word).join(" ");
}

/** Whether there are blanks or NULs, which a rule that is printed can't have. */
export function hasBlanks(text: string): boolean {
  return /[ \t\n\v\f\r\0]/.test(text);
}

/** Where C's string would end. */
export function upToNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/** Only ASCII letters change: the string may hold any bytes. */
export function lower(bytes: string): string {
  return bytes.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function accessOf(flags: number): number {
  return ((flags & KEY_ACCESS) !== 0 ? READ : 0) |
    ((flags & (KEY_INSERT | KEY_DELETE | KEY_UPDATE)) !== 0 ? WRITE : 0);
}
