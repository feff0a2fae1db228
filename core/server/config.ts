/**
 * The configuration of the server: every directive's value, and CONFIG GET, SET and REWRITE.
 *
 * What: a `Config` starts with the defaults of the table, reads redis.conf and the command line
 * over them, and is then changed by CONFIG SET. Who depends on a directive asks for its value with
 * the getter of its type, or registers a listener and keeps a copy: a look-up here costs a map
 * access and is not for paths that run per command.
 *
 * How: each directive has a state, a value with its text, that is replaced and never changed. One
 * CONFIG SET goes through four steps, as in Redis: find all parameters and refuse what can't be
 * set; parse and put in place all values; tell the listeners of what changed, in the order of the
 * parameters; if any of these fails, put all old states back and tell the listeners that have been
 * told. A listener therefore always sees all values of the same CONFIG SET, and a function that
 * listens to several directives is told once.
 *
 * Strings are byte strings (see config_types.ts). Error texts are Redis's, code included.
 *
 * Limits: a listener answers at once. What takes longer must be begun by the listener and can't be
 * refused any more.
 */

import { resolve } from "node:path";
import { ascii, latin1 } from "../base/bytes.ts";
import { globMatch } from "../base/glob.ts";
import {
  BAD_DIRECTIVE,
  bytesOf,
  type ConfigPlace,
  type ConfigSources,
  fatalConfigError,
  pathOf,
  readConfig,
  splitLine,
  UNBALANCED_QUOTES,
} from "./config_file.ts";
import { type ConfigHost, NO_SUCH_FILE, processHost } from "./config_host.ts";
import { rewriteConfigText, type RewrittenDirective } from "./config_rewrite.ts";
import { configTable, retiredNames, statementNames } from "./config_table.ts";
import type {
  ConfigSpec,
  ConfigState,
  ConfigType,
  ConfigValue,
  OutputBufferLimits,
  PrimaryAddress,
  SavePoint,
} from "./config_types.ts";
import { parseConfigValue, rewriteLines } from "./config_values.ts";

/**
 * Told of a new value. It may refuse with an error text, "" being a refusal without a reason; then
 * the whole CONFIG SET is undone. Null accepts.
 */
export type ConfigListener = (value: ConfigValue) => string | null;

/** What CONFIG SET must know of the server and the client. */
export interface ConfigSetContext {
  /** A dataset is being loaded. */
  readonly loading: boolean;
  /** The client is on this machine. */
  readonly isLocal: boolean;
}

/** A line of redis.conf that is not a setting: rename-command, user or loadmodule. */
export interface ConfigStatement {
  readonly name: string;
  readonly args: readonly string[];
  readonly place: ConfigPlace;
}

/** What a configuration is built on; both have defaults. */
export interface ConfigOptions {
  readonly host?: ConfigHost;
  /** Takes a line for the log. */
  readonly warn?: (line: string) => void;
}

/** All directives and their values. */
export class Config {
  /** The absolute path of the file that was loaded and that CONFIG REWRITE writes; or null. */
  configFile: string | null = null;
  /** The statements of the file, in order. */
  readonly statements: ConfigStatement[] = [];

  readonly #host: ConfigHost;
  readonly #warn: (line: string) => void;
  /** By every name and alias in lower case, in the table's order. */
  readonly #names = new Map<string, Named>();
  readonly #statementListeners = new Map<string, (args: readonly string[]) => string | null>();
  /** Rules of `save` in a file replace the defaults once, and then add up. */
  #saveWasRead = false;

  constructor(options: ConfigOptions = {}) {
    this.#host = options.host ?? processHost;
    this.#warn = options.warn ?? (() => {});
    for (const spec of configTable) {
      const slot = new Slot(spec, this.#initialState(spec));
      this.#names.set(spec.name, { name: spec.name, slot });
      if (spec.alias !== "") this.#names.set(spec.alias, { name: spec.alias, slot });
    }
  }

  // Reading values -------------------------------------------------------------------------------

  /** Whether there is a directive of this name or alias, in any case. */
  has(name: string): boolean {
    return this.#names.has(name.toLowerCase());
  }

  /** Whether the directive's value must be hidden from logs; false for an unknown name. */
  isSensitive(name: string): boolean {
    return this.#names.get(name.toLowerCase())?.slot.spec.sensitive ?? false;
  }

  /** The value of any directive; its type follows from the table. Throws on an unknown name. */
  get(name: string): ConfigValue {
    return this.#slot(name).state.value;
  }

  /** The value of a number, in bytes where it is memory; a percentage is negative. */
  num(name: string): number {
    return this.#typed(name, ["i32", "u32", "i64", "u64", "events"]) as number;
  }

  /** The value of a yes/no directive. */
  bool(name: string): boolean {
    return this.#typed(name, ["bool"]) as boolean;
  }

  /** The value of a string or of one name out of several, as a byte string; "" if not set. */
  str(name: string): string {
    return this.#typed(name, ["string", "bytes", "enum", "dir"]) as string;
  }

  /** The value of a string as a path to give to the file system. */
  path(name: string): string {
    return pathOf(this.str(name));
  }

  /** The addresses of `bind`, or the names given to a `shutdown-on-*`; empty for its `default`. */
  list(name: string): readonly string[] {
    return this.#typed(name, ["bind", "flags"]) as readonly string[];
  }

  /** The numbers of `oom-score-adj-values` or `latency-tracking-info-percentiles`. */
  numbers(name: string): readonly number[] {
    return this.#typed(name, ["oom", "percentiles"]) as readonly number[];
  }

  /** The rules of `save`. */
  savePoints(): readonly SavePoint[] {
    return this.get("save") as readonly SavePoint[];
  }

  /** The limits of `client-output-buffer-limit`. */
  outputBufferLimits(): OutputBufferLimits {
    return this.get("client-output-buffer-limit") as OutputBufferLimits;
  }

  /** The bits of `notify-keyspace-events`. */
  events(): number {
    return this.get("notify-keyspace-events") as number;
  }

  /** The address in `replicaof`, or null. */
  replicaOf(): PrimaryAddress | null {
    return this.get("replicaof") as PrimaryAddress | null;
  }

  /** The value as CONFIG GET prints it. */
  text(name: string): string {
    return this.#slot(name).state.text;
  }

  // Being told of changes ------------------------------------------------------------------------

  /** Registers for changes by CONFIG SET; what a file or the command line sets is not told. */
  onChange(name: string, listener: ConfigListener): void {
    this.#slot(name).listeners.push(listener);
  }

  /** Registers who checks or carries out a statement while the file is read. */
  onStatement(
    name: "rename-command" | "user" | "loadmodule",
    listener: (args: readonly string[]) => string | null,
  ): void {
    this.#statementListeners.set(name, listener);
  }

  // Loading --------------------------------------------------------------------------------------

  /**
   * Reads a file, standard input and options, in this order.
   * @returns null, or what to print on standard error before ending with status 1.
   */
  load(sources: ConfigSources): string | null {
    // Made absolute at once: a `dir` in the file changes what a relative path means.
    if (sources.path) this.configFile = resolve(this.#host.cwd(), sources.path);
    const error = readConfig(this.#host, {
      line: (name, args, place) => this.#line(name, args, place),
    }, sources);
    if (error !== null) return error;
    const logfile = this.path("logfile");
    const logError = logfile === "" ? null : this.#host.checkAppendable(logfile);
    if (logError !== null) return fatalConfigError(`Can't open the log file: ${logError}`, null);
    return null;
  }

  /**
   * The directives that have been given another value than their default although nothing depends
   * on them, to be named in the log at start.
   */
  ignored(): string[] {
    return this.#slots()
      .filter((slot) => slot.spec.unused && slot.state.text !== slot.initial.text)
      .map((slot) => slot.spec.name);
  }

  // CONFIG GET, SET and REWRITE ------------------------------------------------------------------

  /**
   * CONFIG GET: the directives that match any of the patterns, each once, with its text. A pattern
   * without `*`, `?` and `[` is a name, and comes back as it was spelt.
   */
  match(patterns: readonly string[]): [name: string, text: string][] {
    const found = new Map<string, [string, string]>();
    for (const pattern of patterns) {
      if (!/[*?[]/.test(pattern)) {
        const lower = pattern.toLowerCase();
        const named = this.#names.get(lower);
        if (named === undefined || found.has(lower)) continue;
        found.set(lower, [pattern, named.slot.state.text]);
        continue;
      }
      const glob = ascii(pattern);
      for (const { name, slot } of this.#names.values()) {
        if (slot.spec.hidden || found.has(name)) continue;
        const bytes = ascii(name);
        if (globMatch(glob, 0, glob.length, bytes, 0, bytes.length, true)) {
          found.set(name, [name, slot.state.text]);
        }
      }
    }
    return [...found.values()];
  }

  /**
   * CONFIG SET of one or more parameters, all or none.
   * @returns null, or the error reply with its code and without the leading dash.
   */
  set(
    pairs: readonly (readonly [name: string, text: string])[],
    context: ConfigSetContext = { loading: false, isLocal: true },
  ): string | null {
    const targets: Named[] = [];
    for (const [name] of pairs) {
      const error = this.#refusal(name, targets, context);
      if (error !== null) return error;
      targets.push(this.#names.get(name.toLowerCase()) as Named);
    }
    const before = targets.map((target) => target.slot.state);
    for (let i = 0; i < targets.length; i++) {
      const { name, slot } = targets[i];
      const error = this.#assign(slot, slot.spec.multiArg ? words(pairs[i][1]) : [pairs[i][1]]);
      if (error === null) continue;
      this.#restore(targets, before, i);
      return setFailed(name, error);
    }
    return this.#tell(targets, before);
  }

  /**
   * The content of redis.conf brought up to date.
   *
   * @param existing the file's bytes; empty for one that is not there yet
   * @param users the rules of each ACL user (`default on nopass ...`), to become its `user` lines;
   * or null to leave these lines alone, as when users are kept in an ACL file
   * @param isForced every directive gets its line, those that have their defaults too
   */
  rewrite(
    existing: Uint8Array,
    users: readonly string[] | null = null,
    isForced = false,
  ): Uint8Array {
    const directives: RewrittenDirective[] = this.#slots().map(({ spec, state, initial }) => ({
      name: spec.name,
      lines: rewriteLines(spec, state, initial)
        .map(({ line, force }) => ({ line, force: force || isForced })),
    }));
    if (users !== null) {
      const lines = users.map((rules) => ({ line: `user ${rules}`, force: true }));
      directives.push({ name: "user", lines });
    }
    const canonicalName = (name: string) =>
      this.#names.get(name)?.slot.spec.name ?? (statementNames.includes(name) ? name : null);
    const old = latin1(existing, 0, existing.length);
    return ascii(rewriteConfigText(old, canonicalName, directives));
  }

  /** CONFIG REWRITE: `rewrite` of the loaded file. Returns null or the error reply. */
  rewriteFile(users: readonly string[] | null = null, isForced = false): string | null {
    if (this.configFile === null) return "ERR The server is running without a config file";
    const existing = this.#host.read(this.configFile);
    let error: string | null;
    if (typeof existing === "string" && existing !== NO_SUCH_FILE) {
      error = existing;
    } else {
      const content = typeof existing === "string" ? new Uint8Array(0) : existing;
      error = this.#host.replace(this.configFile, this.rewrite(content, users, isForced));
    }
    if (error === null) return null;
    this.#warn(`CONFIG REWRITE failed: ${error}`);
    return `ERR Rewriting config file: ${error}`;
  }

  // Inside ---------------------------------------------------------------------------------------

  #slot(name: string): Slot {
    const named = this.#names.get(name);
    if (named === undefined) throw new RangeError(`no directive is called ${name}`);
    return named.slot;
  }

  #typed(name: string, types: readonly ConfigType[]): ConfigValue {
    const slot = this.#slot(name);
    if (!types.includes(slot.spec.type)) {
      throw new TypeError(`directive ${name} is of type ${slot.spec.type}`);
    }
    return slot.state.value;
  }

  /** Every directive once, in the table's order. */
  #slots(): Slot[] {
    return configTable.map((spec) => this.#slot(spec.name));
  }

  #initialState(spec: ConfigSpec): ConfigState {
    if (spec.type === "dir") return this.#workingDirectory();
    const args = spec.multiArg ? spec.initial.split(" ") : [spec.initial];
    const parsed = parseConfigValue(spec, args, null);
    if (typeof parsed === "string") throw new RangeError(`default of ${spec.name}: ${parsed}`);
    return parsed;
  }

  #workingDirectory(): ConfigState {
    const path = bytesOf(this.#host.cwd());
    return { value: path, text: path };
  }

  /** Parses the arguments and puts the value in place; returns an error text or null. */
  #assign(slot: Slot, args: readonly string[], savesAddUp = false): string | null {
    const { spec, state } = slot;
    const base = spec.type === "save" && !savesAddUp ? null : state;
    const parsed = parseConfigValue(spec, args, base);
    if (typeof parsed === "string") return parsed;
    if (spec.type === "dir") {
      const error = this.#host.chdir(pathOf(parsed.text));
      if (error !== null) return error;
      slot.state = this.#workingDirectory();
      return null;
    }
    slot.state = parsed;
    if (spec.type === "oom") this.#checkOomValues(parsed.value as readonly number[]);
    return null;
  }

  #checkOomValues([primary, replica, child]: readonly number[]): void {
    if (replica >= primary && child >= replica) return;
    this.#warn(
      "The oom-score-adj-values configuration may not work for non-privileged processes! " +
        "Please consult the documentation.",
    );
  }

  /** One line of a file, `include` excepted. */
  #line(name: string, args: string[], place: ConfigPlace): string | null {
    const slot = this.#names.get(name)?.slot;
    if (slot !== undefined) return this.#setting(slot, args);
    if (retiredNames.includes(name) && args.length === 1) return null;
    if (
      name === "rename-command" && args.length === 2 ||
      name === "user" && args.length >= 1 ||
      name === "loadmodule" && args.length >= 1
    ) {
      this.statements.push({ name, args, place });
      return this.#statementListeners.get(name)?.(args) ?? null;
    }
    if (name.includes(".")) {
      if (args.length === 0) return "Module config specified without value";
      return "Module Configuration detected without loadmodule directive or no ApplyConfig " +
        "call: aborting";
    }
    if (name === "sentinel") return "sentinel directive while not in sentinel mode";
    return BAD_DIRECTIVE;
  }

  #setting(slot: Slot, args: string[]): string | null {
    if (!slot.spec.multiArg) {
      return args.length === 1 ? this.#assign(slot, args) : "wrong number of arguments";
    }
    // `--save "900 1"` arrives as one argument that holds several.
    const several = args.length === 1 && args[0] !== "" ? splitLine(args[0]) : args;
    if (several === null) return UNBALANCED_QUOTES;
    const error = this.#assign(slot, several, this.#saveWasRead);
    if (error === null && slot.spec.type === "save") this.#saveWasRead = true;
    return error;
  }

  /** Why a parameter can't be set at all, or null. */
  #refusal(name: string, earlier: readonly Named[], context: ConfigSetContext): string | null {
    const named = this.#names.get(name.toLowerCase());
    if (named === undefined) {
      return `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`;
    }
    const spec = named.slot.spec;
    if (spec.immutable) return setFailed(name, "can't set immutable config");
    if (spec.guarded && !this.#allowsGuarded(context)) {
      return setFailed(name, "can't set protected config");
    }
    if (spec.denyLoading && context.loading) {
      return "LOADING Redis is loading the dataset in memory";
    }
    // An alias is a parameter of its own, as in Redis: only the same name twice is refused.
    return earlier.includes(named) ? setFailed(name, "duplicate parameter") : null;
  }

  #allowsGuarded(context: ConfigSetContext): boolean {
    const allowed = this.str("enable-protected-configs");
    return allowed === "yes" || (allowed === "local" && context.isLocal);
  }

  /** Puts back the states of the first `last + 1` targets. */
  #restore(targets: readonly Named[], before: readonly ConfigState[], last: number): void {
    for (let i = 0; i <= last; i++) {
      const { name, slot } = targets[i];
      if (slot.spec.type === "dir" && slot.state !== before[i]) {
        const error = this.#host.chdir(pathOf(before[i].text));
        if (error !== null) {
          this.#warn(
            "Failed restoring failed CONFIG SET command. Error setting " +
              `${name} to '${before[i].text}': ${error}`,
          );
        }
      }
      slot.state = before[i];
    }
  }

  /** Tells the listeners of what changed; undoes everything if one of them refuses. */
  #tell(targets: readonly Named[], before: readonly ConfigState[]): string | null {
    const told = new Map<ConfigListener, Named>();
    for (let i = 0; i < targets.length; i++) {
      const { spec, state, listeners } = targets[i].slot;
      if (state.text === before[i].text && !spec.volatile) continue;
      for (const listener of listeners) if (!told.has(listener)) told.set(listener, targets[i]);
    }
    const done: [ConfigListener, Named][] = [];
    for (const [listener, target] of told) {
      done.push([listener, target]);
      const error = listener(target.slot.state.value);
      if (error === null) continue;
      this.#warn(
        `Failed applying new configuration. Possibly related to new ${target.name} setting. ` +
          "Restoring previous settings.",
      );
      this.#restore(targets, before, targets.length - 1);
      for (const [undo, undone] of done) {
        const undoError = undo(undone.slot.state.value);
        if (undoError !== null) {
          this.#warn(`Failed applying restored failed CONFIG SET command: ${undoError}`);
        }
      }
      return setFailed(target.name, error);
    }
    return null;
  }
}

/** One directive with what it is now. */
class Slot {
  readonly spec: ConfigSpec;
  readonly initial: ConfigState;
  state: ConfigState;
  readonly listeners: ConfigListener[] = [];

  constructor(spec: ConfigSpec, initial: ConfigState) {
    this.spec = spec;
    this.initial = initial;
    this.state = initial;
  }
}

/** A name or alias of a directive. */
interface Named {
  readonly name: string;
  readonly slot: Slot;
}

/** The arguments in one CONFIG SET value; every single space separates, and "" has none. */
function words(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}

function setFailed(name: string, reason: string): string {
  const about = `ERR CONFIG SET failed (possibly related to argument '${name}')`;
  return reason === "" ? about : `${about} - ${reason}`;
}
