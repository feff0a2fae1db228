/**
 * Libraries of functions: FUNCTION LOAD, and what FCALL finds.
 *
 * A library is a text whose main function runs once, when it is loaded, and registers functions. The text is what is
 * saved, dumped and propagated. Names of functions are unique over all libraries, their case doesn't matter; that of
 * a library's name does.
 *
 * Sets. FUNCTION RESTORE loads into a set of its own, which then takes the place of the current one or is joined to
 * it, wholly or not at all. Sets of one FunctionState share its Lua state, which FLUSH makes anew.
 *
 * When a function is started again in its resumable form (script_runner.ts) its library is loaded in that form, into
 * nothing but a list of functions; its variables then are as they were after the library was loaded.
 */
import type { LuaState } from "./lua/state.ts";
import type { LuaTable } from "./lua/table.ts";
import { LuaError, type LuaFunction, type LuaValue, NOTHING } from "./lua/value.ts";
import { readRegistration } from "./registration.ts";
import { loadingGlobals, openSandbox } from "./sandbox.ts";
import { ScriptArgs } from "./script_args.ts";
import { redisError } from "./script_error.ts";
import type { Program, ScriptRunner } from "./script_runner.ts";
import { libraryShebang } from "./shebang.ts";

/** How long a library may take to load, in microseconds. */
export const LOAD_LIMIT_US = 500_000;
const CHUNK_NAME = "@user_function";
const NAME_ERROR = "names can only contain letters, numbers, or underscores(_) and must be at " +
  "least one character long";

/** A function of a library. */
class LibraryFunction implements Program {
  readonly name: string;
  readonly description: string | null;
  /** What it declares, bits of shebang.ts. */
  readonly flags: number;
  readonly plain: LuaFunction;
  readonly library: Library;

  constructor(
    library: Library,
    name: string,
    description: string | null,
    flags: number,
    plain: LuaFunction,
  ) {
    this.library = library;
    this.name = name;
    this.description = description;
    this.flags = flags;
    this.plain = plain;
  }

  get state(): LuaState {
    return this.library.states.state;
  }

  resumable(): LuaFunction {
    return this.library.states.loadResumable(this.library).get(this.name)!.plain;
  }

  prepare(): LuaValue[] {
    const { args } = this.library.states;
    return [args.keys(), args.rest()];
  }
}

/** A library. */
export class Library {
  readonly states: FunctionState;
  readonly name: string;
  /** The whole text, one char per byte. */
  readonly text: string;
  /** Where the code begins in it. */
  readonly start: number;
  functions = new Map<string, LibraryFunction>();

  constructor(states: FunctionState, name: string, text: string, start: number) {
    this.states = states;
    this.name = name;
    this.text = text;
    this.start = start;
  }
}

/** The Lua state that libraries share, and how they are loaded into it. */
export class FunctionState {
  /** KEYS and ARGV of the function that is about to run. */
  readonly args = new ScriptArgs();
  readonly state: LuaState;
  private readonly runner: ScriptRunner;
  private readonly loadingGlobals: LuaTable;
  /** The library that is being loaded. */
  private loading: Library | null = null;

  constructor(runner: ScriptRunner) {
    this.runner = runner;
    this.state = openSandbox(runner);
    this.loadingGlobals = loadingGlobals(runner, (...args) => this.register(args));
  }

  /** Runs a library's main function. Returns the error, or null. */
  load(library: Library, limitUs: number, isResumable: boolean | undefined): string | null {
    let main: LuaFunction;
    try {
      const code = library.text.slice(library.start);
      main = this.state.compile(code, CHUNK_NAME, { isResumable, hasEnvironments: false });
    } catch (e) {
      if (!(e instanceof LuaError)) throw e;
      return `Error compiling function: ${String(e.value)}`;
    }
    const env = main.env!;
    env.table = this.loadingGlobals;
    this.loading = library;
    try {
      const failure = this.runner.load(this.state, main, limitUs);
      return failure === null ? null : `Error registering functions: ${failure.text}`;
    } finally {
      this.loading = null;
      env.table = this.state.globals;
    }
  }

  /** The functions of a library in their resumable form. Throws a LuaError. */
  loadResumable(library: Library): Map<string, LibraryFunction> {
    const again = new Library(this, library.name, library.text, library.start);
    const error = this.load(again, LOAD_LIMIT_US, true);
    if (error !== null) throw new LuaError(error);
    return again.functions;
  }

  /** redis.register_function */
  private register(args: LuaValue[]): LuaValue[] {
    const library = this.loading;
    if (library === null) {
      throw redisError("redis.register_function can only be called on FUNCTION LOAD command");
    }
    const { name, description, flags, callback } = readRegistration(args);
    if (!isName(name)) throw redisError(`Library ${NAME_ERROR}`);
    if (library.functions.has(name)) throw redisError("Function already exists in the library");
    library.functions.set(name, new LibraryFunction(library, name, description, flags, callback));
    return NOTHING;
  }
}

/** Libraries that belong together: those of the server, or those of a payload. */
export class LibrarySet {
  readonly libraries = new Map<string, Library>();
  readonly states: FunctionState;
  /** By name in lower case. */
  private readonly functions = new Map<string, LibraryFunction>();

  constructor(states: FunctionState) {
    this.states = states;
  }

  get functionCount(): number {
    return this.functions.size;
  }

  /** The function of that name, in any case, or null. */
  find(name: string): LibraryFunction | null {
    return this.functions.get(name) ?? this.functions.get(name.toLowerCase()) ?? null;
  }

  /** Loads a library. Returns it, or the text of the error. */
  load(text: string, replaces: boolean, limitUs: number): Library | string {
    const shebang = libraryShebang(text);
    if (shebang.error !== "") return shebang.error;
    const { name } = shebang;
    if (!isName(name)) return `Library ${NAME_ERROR}`;
    if (shebang.engine.toLowerCase() !== "lua") return `Engine '${shebang.engine}' not found`;
    const old = this.libraries.get(name) ?? null;
    if (old !== null && !replaces) return `Library '${name}' already exists`;
    if (old !== null) this.unlink(old);
    const library = new Library(this.states, name, text, shebang.start);
    const error = this.states.load(library, limitUs, undefined) ?? this.objection(library);
    if (error === null) {
      this.link(library);
      return library;
    }
    if (old !== null) this.link(old);
    return error;
  }

  /** Removes a library. False if there is none of that name. */
  delete(name: string): boolean {
    const library = this.libraries.get(name);
    if (library === undefined) return false;
    this.unlink(library);
    return true;
  }

  /** Takes over all libraries of another set, or none. Returns the text of the error, or null. */
  join(others: LibrarySet, replaces: boolean): string | null {
    const replaced: Library[] = [];
    const undo = (error: string) => {
      replaced.forEach((library) => this.link(library));
      return error;
    };
    for (const { name } of others.libraries.values()) {
      const old = this.libraries.get(name);
      if (old === undefined) continue;
      if (!replaces) return undo(`Library ${name} already exists`);
      this.unlink(old);
      replaced.push(old);
    }
    for (const { name } of others.functions.values()) {
      if (this.find(name) !== null) return undo(`Function ${name} already exists`);
    }
    for (const library of others.libraries.values()) this.link(library);
    return null;
  }

  /** Why a library that was loaded can't be added, or null. */
  private objection(library: Library): string | null {
    if (library.functions.size === 0) return "No functions registered";
    for (const name of library.functions.keys()) {
      if (this.find(name) !== null) return `Function ${name} already exists`;
    }
    return null;
  }

  private link(library: Library): void {
    this.libraries.set(library.name, library);
    for (const f of library.functions.values()) this.functions.set(f.name.toLowerCase(), f);
  }

  private unlink(library: Library): void {
    this.libraries.delete(library.name);
    for (const name of library.functions.keys()) this.functions.delete(name.toLowerCase());
  }
}

function isName(name: string): boolean {
  return /^[A-Za-z0-9_]+$/.test(name);
}
