/**
 * Slow log: the last commands that took longer than `slowlog-log-slower-than`.
 *
 * Long arguments and long lists of arguments are cut as in Redis, passwords are not kept, and what is logged of a
 * transaction are its commands. Ids go on when the log is reset.
 */
import { latin1 } from "../base/bytes.ts";
import { type Client, CLIENT_SCRIPT } from "./client.ts";
import type { Command } from "./command.ts";
import { isRedacted } from "./redaction.ts";

/** Arguments kept of a command, and bytes kept of an argument. */
const ARGS_MAX = 32;
const ARG_BYTES_MAX = 128;

/** A slow command; strings have one char per byte. */
export interface SlowCommand {
  readonly id: number;
  /** Unix time in seconds, and microseconds that it took. */
  readonly seconds: number;
  readonly us: number;
  readonly args: readonly string[];
  readonly addr: string;
  readonly clientName: string;
}

export class SlowLog {
  /** slowlog-log-slower-than, in microseconds; negative: nothing is logged. */
  thresholdUs = 0;
  /** Newest first. */
  readonly entries: SlowCommand[] = [];
  private maxLen = 0;
  private nextId = 0;

  /** Whether a command that takes long enough is logged. */
  get isOn(): boolean {
    return this.thresholdUs >= 0 && this.maxLen > 0;
  }

  /** Sets slowlog-max-len. A log that is off keeps what it has, as in Redis. */
  setMaxLen(max: number): void {
    this.maxLen = max;
    if (this.isOn && this.entries.length > max) this.entries.length = max;
  }

  /** The client's request took so many microseconds; it is logged if that is long enough. */
  add(c: Client, command: Command, us: number): void {
    if (!this.isOn || us < this.thresholdUs) return;
    this.push(c, command, us);
    if (this.entries.length > this.maxLen) this.entries.length = this.maxLen;
  }

  reset(): void {
    this.entries.length = 0;
  }

  private push(c: Client, command: Command, us: number): void {
    // A script's commands are those of whose script it is.
    const { port, name } = (c.flags & CLIENT_SCRIPT) === 0 ? c : c.server.executing ?? c;
    this.entries.unshift({
      id: this.nextId++,
      seconds: Math.floor(c.server.keyspace.nowMs / 1000),
      us: Math.floor(us),
      args: argsOf(c, command),
      addr: port.addr,
      clientName: name,
    });
  }
}

/** What the log keeps of the arguments. */
function argsOf(c: Client, command: Command): string[] {
  const { argc, buf, off, len } = c.argv;
  const shown = argc > ARGS_MAX ? ARGS_MAX - 1 : argc;
  const args: string[] = [];
  for (let i = 0; i < shown; i++) {
    if (isRedacted(c, command, i)) {
      args.push("(redacted)");
      continue;
    }
    const kept = latin1(buf, off[i], Math.min(len[i], ARG_BYTES_MAX));
    const more = len[i] - ARG_BYTES_MAX;
    args.push(more > 0 ? `${kept}... (${more} more bytes)` : kept);
  }
  if (shown < argc) args.push(`... (${argc - shown} more arguments)`);
  return args;
}
