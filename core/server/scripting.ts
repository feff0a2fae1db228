/**
 * Scripting, as the server sees it: whether a script is holding everybody up, and figures for INFO. Scripts themselves
 * are run by core/commands (scripts.ts).
 *
 * A script that takes longer than `busy-reply-threshold` is continued in slices, between which others get -BUSY
 * (GATE_BUSY in call.ts) unless their command is ALLOW_BUSY. Meanwhile nothing else may change the data set: no key
 * expires or is evicted, no save begins, and nobody who waits for a key is served.
 */
import { GATE_BUSY } from "./call.ts";
import type { Server } from "./server.ts";

/** What INFO shows of scripts. */
export interface ScriptingFigures {
  readonly scripts: number;
  /** What the scripts take, and what their interpreter takes with the compiled form, about. */
  readonly scriptBytes: number;
  readonly evalBytes: number;
  readonly libraries: number;
  readonly functions: number;
  /** The same of libraries. */
  readonly functionBytes: number;
  readonly functionVmBytes: number;
  /** Scripts of EVAL that were dropped since the start. */
  readonly evicted: number;
}

const NO_FIGURES: ScriptingFigures = {
  scripts: 0,
  scriptBytes: 0,
  evalBytes: 0,
  libraries: 0,
  functions: 0,
  functionBytes: 0,
  functionVmBytes: 0,
  evicted: 0,
};

export class Scripting {
  /** What commands are answered while a script holds them up. */
  busyError = "";
  /** Whether memory was full, and nothing left to evict, when the command came that is to run a script. */
  isOutOfMemory = false;
  /** Whether scripts may execute commands that scripts may not (DEBUG SET-DISABLE-DENY-SCRIPTS). */
  allowsDenied = false;
  /** Set by who runs scripts, once there are any. */
  figures: () => ScriptingFigures = () => NO_FIGURES;
  /** Whether the last script was one of a few fast commands, and how many these were (call.ts). */
  wasQuick = true;
  commands = 0;
  /** How long a script may take before it holds up the others, in microseconds. */
  thresholdUs = Infinity;
  /** What runs scripts, once there are any: core/commands knows its type. */
  scripts: object | null = null;
  readonly server: Server;
  private evictedBefore = 0;

  constructor(server: Server) {
    this.server = server;
    this.followConfig();
    server.config.onChange("busy-reply-threshold", () => this.followConfig());
  }

  /** Whether a script holds up the others. */
  get isBusy(): boolean {
    return this.busyError !== "";
  }

  private followConfig(): null {
    const ms = this.server.config.num("busy-reply-threshold");
    this.thresholdUs = ms > 0 ? ms * 1000 : Infinity;
    return null;
  }

  /** Scripts of EVAL that were dropped since the statistics were reset. */
  get evicted(): number {
    return this.figures().evicted - this.evictedBefore;
  }

  /** CONFIG RESETSTAT. */
  resetStats(): void {
    this.evictedBefore = this.figures().evicted;
  }

  /** A script holds up the others from now on. */
  begin(error: string): void {
    this.busyError = error;
    this.server.gates |= GATE_BUSY;
    this.server.blocking.isHeld = true;
  }

  /** It doesn't any more. */
  end(): void {
    this.busyError = "";
    this.server.gates &= ~GATE_BUSY;
    this.server.blocking.isHeld = false;
  }
}
