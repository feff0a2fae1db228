/**
 * rename-command: which name reaches which command.
 *
 * The lines of the configuration are carried out one after the other, as Redis does, so a name that was given
 * away is free again, and a command may be renamed twice. A renamed command keeps its own name in statistics,
 * ACL and documentation; only requests have to use the other one.
 */
import type { CommandSpec } from "./command.ts";

export class CommandRenames {
  /** Own names by the names that reach them. */
  private readonly reached = new Map<string, string>();

  constructor(specs: readonly CommandSpec[]) {
    for (const { name } of specs) this.reached.set(name, name);
  }

  /** Carries out one line; an empty `to` disables the command. Returns an error text or null. */
  rename(from: string, to: string): string | null {
    const name = this.reached.get(from.toLowerCase());
    if (name === undefined) return "No such command in rename-command";
    this.reached.delete(from.toLowerCase());
    if (to === "") return null;
    if (this.reached.has(to.toLowerCase())) return "Target command name already exists";
    this.reached.set(to.toLowerCase(), name);
    return null;
  }

  /** The names that requests have to use, by the commands' own names; disabled commands are missing. */
  names(): Map<string, string> {
    return new Map([...this.reached].map(([given, own]) => [own, given]));
  }
}
