/**
 * What scripts need of the server. The server side of it is in core/commands (scripts.ts); nothing here knows more
 * of commands than that they take arguments and leave a reply.
 */
import type { Argv } from "../protocol/resp_parser.ts";
import type { Reply } from "../protocol/reply.ts";
import type { ScriptArgv } from "./script_argv.ts";

export interface ScriptHost {
  /** The version of Redis that scripts are told, "7.4.0". */
  readonly version: string;
  /** Where `execute` leaves replies. */
  readonly reply: Reply;
  /** Whether the script has executed a command that writes. */
  readonly hasWritten: boolean;
  /** Monotonic time in microseconds. */
  nowUs(): number;
  /** Executes a command and adds exactly one reply, an error if it is refused. It never throws. */
  execute(argv: ScriptArgv): void;
  /** The protocol, 2 or 3, in which the script gets replies from now on. */
  setResp(resp: number): void;
  /** Where the effects of the commands that follow go: bits of REPL_AOF and REPL_REPLICA. */
  setRepl(targets: number): void;
  /** Whether the user may execute this; null when there is no such command. */
  mayExecute(argv: Argv): boolean | null;
  /** Writes to the server's log; `level` is 0 (debug) to 3 (warning). */
  log(level: number, text: string): void;
}

/** Bits of redis.set_repl. */
export const REPL_AOF = 1;
export const REPL_REPLICA = 2;
export const REPL_ALL: number = REPL_AOF | REPL_REPLICA;
