/**
 * EvalScripts: the scripts of EVAL and SCRIPT LOAD, compiled.
 *
 * A script is known by its SHA-1 and by its text, so that EVAL of a text that was seen before doesn't compute the
 * SHA-1 again: the engine hashes the string, which takes 0.3 us for a thousand bytes in place of 4.5.
 *
 * What EVAL alone has brought is dropped when more than LRU_MAX such scripts are there, those first that were not
 * used for longest, as in Redis; a million different EVALs leave nothing behind. Scripts of SCRIPT LOAD stay.
 *
 * The state is made when the first script comes, and anew with SCRIPT FLUSH.
 */
import { ascii, type ReadonlyBytes, tokenEquals } from "../base/bytes.ts";
import { LastView, sameWords } from "../base/readonly_view.ts";
import { sha1Hex } from "../base/sha1.ts";
import type { LuaState } from "./lua/state.ts";
import { LuaError, type LuaFunction, type LuaValue, NOTHING } from "./lua/value.ts";
import { ScriptArgs } from "./script_args.ts";
import { openSandbox } from "./sandbox.ts";
import type { Program, ScriptRunner } from "./script_runner.ts";
import { scriptShebang } from "./shebang.ts";

const SHA_LEN = 40;
/** Digits that make a number which the engine keeps without an object. */
const SHA_DIGITS = 7;
/** Scripts of EVAL that are kept. */
const LRU_MAX = 500;
/** What an entry takes beside its text, about. */
const ENTRY_BYTES = 200;
const CHUNK_NAME = "@user_script";

const views = new LastView();

/** A compiled script. */
export class Script implements Program {
  readonly state: LuaState;
  readonly sha: string;
  /** The same as bytes. */
  readonly shaBytes: Uint8Array;
  readonly shaView: DataView;
  /** One char per byte. */
  readonly text: string;
  /** What it declares, bits of shebang.ts. */
  readonly flags: number;
  readonly plain: LuaFunction;
  /** Neighbours in the order of use, of scripts that may be dropped. */
  older: Script | null = null;
  newer: Script | null = null;
  /** Whether only EVAL has brought it. */
  isDroppable: boolean;
  /** Another one whose SHA-1 begins alike. */
  next: Script | undefined = undefined;
  private readonly start: number;
  private readonly owner: EvalScripts;

  constructor(
    owner: EvalScripts,
    state: LuaState,
    sha: string,
    text: string,
    isDroppable: boolean,
    shebang: { flags: number; start: number },
  ) {
    this.owner = owner;
    this.state = state;
    this.sha = sha;
    this.shaBytes = ascii(sha);
    this.shaView = new DataView(this.shaBytes.buffer);
    this.text = text;
    this.isDroppable = isDroppable;
    this.flags = shebang.flags;
    this.start = shebang.start;
    this.plain = state.compile(this.code, CHUNK_NAME);
  }

  get name(): string {
    return this.sha;
  }

  resumable(): LuaFunction {
    return this.state.compile(this.code, CHUNK_NAME, { isResumable: true });
  }

  prepare(): LuaValue[] {
    const { globals } = this.state;
    const { args } = this.owner;
    globals.setString("KEYS", args.keys());
    globals.setString("ARGV", args.rest());
    return NOTHING;
  }

  private get code(): string {
    return this.start === 0 ? this.text : this.text.slice(this.start);
  }
}

export class EvalScripts {
  /** KEYS and ARGV of the script that is about to run. */
  readonly args = new ScriptArgs();
  /** Scripts that were dropped so far. */
  evicted = 0;
  /** Bytes of all texts and entries, about. */
  bytes = 0;
  private readonly runner: ScriptRunner;
  private state: LuaState | null = null;
  /** By the first digits of the SHA-1. */
  private readonly bySha = new Map<number, Script>();
  private readonly byText = new Map<string, Script>();
  private oldest: Script | null = null;
  private newest: Script | null = null;
  /** The one that was found last. */
  private found: Script | null = null;
  private droppable = 0;

  constructor(runner: ScriptRunner) {
    this.runner = runner;
  }

  get count(): number {
    return this.byText.size;
  }

  /** The script of a SHA-1, given as hexadecimal digits in any case; or null. */
  find(buf: ReadonlyBytes, off: number, len: number): Script | null {
    if (len !== SHA_LEN) return null;
    // Mostly it is the one that was asked for before, and spelled alike.
    const { found } = this;
    if (found !== null && sameWords(views.of(buf), off, found.shaView, 0, len)) return found;
    let script = this.bySha.get(firstDigits(buf, off));
    while (script !== undefined && !tokenEquals(buf, off, len, script.shaBytes)) {
      script = script.next;
    }
    this.found = script ?? null;
    return this.found;
  }

  /** The script with this text, if it is known. */
  findText(text: string): Script | null {
    return this.byText.get(text) ?? null;
  }

  /** Compiles a script that is not known yet, or gives it back if it is. The text of the error if it is none. */
  add(text: string, isDroppable: boolean): Script | string {
    const known = this.byText.get(text);
    if (known !== undefined) {
      if (!isDroppable) this.keep(known);
      return known;
    }
    const shebang = scriptShebang(text);
    if (shebang.error !== "") return `ERR ${shebang.error}`;
    this.state ??= openSandbox(this.runner);
    let script: Script;
    try {
      script = new Script(this, this.state, sha1Hex(text), text, isDroppable, shebang);
    } catch (e) {
      if (!(e instanceof LuaError)) throw e;
      return `ERR Error compiling script (new function): ${String(e.value)}`;
    }
    if (isDroppable) {
      while (this.droppable >= LRU_MAX) this.dropOldest();
      this.droppable++;
      this.link(script);
    }
    const number = shaNumber(script.sha);
    script.next = this.bySha.get(number);
    this.bySha.set(number, script);
    this.byText.set(text, script);
    this.bytes += text.length + ENTRY_BYTES;
    return script;
  }

  /** A script was used. */
  touch(script: Script): void {
    if (!script.isDroppable || script === this.newest || !this.has(script)) return;
    this.unlink(script);
    this.link(script);
  }

  /** Forgets all scripts and all that they changed. */
  flush(): void {
    this.bySha.clear();
    this.byText.clear();
    this.oldest = null;
    this.newest = null;
    this.found = null;
    this.droppable = 0;
    this.bytes = 0;
    this.state = null;
  }

  /** A script of EVAL was loaded by SCRIPT LOAD: it is not dropped any more. */
  private keep(script: Script): void {
    if (!script.isDroppable) return;
    script.isDroppable = false;
    this.droppable--;
    this.unlink(script);
  }

  /** Whether it is still here: it may have been dropped while it ran. */
  private has(script: Script): boolean {
    return this.byText.get(script.text) === script;
  }

  private dropOldest(): void {
    const script = this.oldest!;
    this.unlink(script);
    this.droppable--;
    this.evicted++;
    this.forgetSha(script);
    this.byText.delete(script.text);
    this.bytes -= script.text.length + ENTRY_BYTES;
  }

  private forgetSha(script: Script): void {
    if (this.found === script) this.found = null;
    const number = shaNumber(script.sha);
    let at = this.bySha.get(number);
    if (at === script) {
      if (script.next === undefined) this.bySha.delete(number);
      else this.bySha.set(number, script.next);
      return;
    }
    while (at !== undefined && at.next !== script) at = at.next;
    if (at !== undefined) at.next = script.next;
  }

  private link(script: Script): void {
    script.older = this.newest;
    if (this.newest === null) this.oldest = script;
    else this.newest.newer = script;
    this.newest = script;
  }

  private unlink(script: Script): void {
    const { older, newer } = script;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.newest = older;
    else newer.older = older;
    script.older = null;
    script.newer = null;
  }
}

function firstDigits(buf: ReadonlyBytes, off: number): number {
  let number = 0;
  for (let i = 0; i < SHA_DIGITS; i++) number = number << 4 | digitOf(buf[off + i]);
  return number;
}

function shaNumber(sha: string): number {
  return Number.parseInt(sha.slice(0, SHA_DIGITS), 16);
}

/** The value of a hexadecimal digit; of another char anything. */
function digitOf(c: number): number {
  return (c & 0xf) + (c >> 6) * 9 & 0xf;
}
