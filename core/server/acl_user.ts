/**
 * User: who may come in with which passwords, and what they may do.
 *
 *     root selector       what rules outside of parentheses are about
 *     more selectors      (~key* +get): further sets of permissions; a request passes if any one allows all of it
 *
 * Passwords are kept as their SHA-256, in hexadecimal, and compared in a time that tells nothing. A
 * user is changed as a whole: rules are applied to a copy, which takes the user's place when all of
 * them were accepted (acl.ts).
 */
import { createHash } from "node:crypto";
import { ascii } from "../base/bytes.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import {
  ACL_OK,
  type AclWorld,
  DENIED_COMMAND,
  lower,
  parseSelector,
  printSelector,
  Selector,
  upToNul,
} from "./acl_selector.ts";
import type { Command } from "./command.ts";
import { hasKeys, KeyList, keysOf } from "./keys_of.ts";

const NO_SUCH_PASSWORD = "The password you are trying to remove from the user does not exist";
const BAD_HASH = "The password hash must be exactly 64 characters and contain only lowercase " +
  "hexadecimal characters";

/** Of the request that is being checked; used again and again. */
const keys = new KeyList();

export class User {
  readonly name: string;
  isOn = false;
  /** Any password is right. */
  noPass = false;
  /** What RESTORE is given must be checked in depth. */
  sanitizes = true;
  /** SHA-256 in hexadecimal, in the order in which they were added. */
  passwords: readonly string[] = [];
  /** The first is the root selector. */
  selectors: readonly Selector[];
  /** The argument for which `check` refused a request. */
  deniedIndex = 0;
  private readonly world: AclWorld;

  constructor(world: AclWorld, name: string) {
    this.world = world;
    this.name = name;
    this.selectors = [new Selector(world)];
  }

  /** Takes over everything but the name. The other one must not be changed any more. */
  become(other: User): void {
    this.isOn = other.isOn;
    this.noPass = other.noPass;
    this.sanitizes = other.sanitizes;
    this.passwords = other.passwords;
    this.selectors = other.selectors;
  }

  /** A copy to try rules on. */
  clone(): User {
    const copy = new User(this.world, this.name);
    copy.become(this);
    copy.selectors = this.selectors.map((selector) => selector.clone());
    return copy;
  }

  get root(): Selector {
    return this.selectors[0];
  }

  /** Whether nothing is forbidden, so that no request need be checked. */
  get isUnrestricted(): boolean {
    return this.selectors.some((selector) => selector.isUnrestricted);
  }

  // Rules.

  /** Applies one rule of ACL SETUSER, a byte string. Returns why it can't, or null. */
  apply(rule: string): string | null {
    if (rule === "") return null;
    switch (lower(upToNul(rule))) {
      case "on":
        this.isOn = true;
        return null;
      case "off":
        this.isOn = false;
        return null;
      case "skip-sanitize-payload":
        this.sanitizes = false;
        return null;
      case "sanitize-payload":
        this.sanitizes = true;
        return null;
      case "nopass":
        this.noPass = true;
        this.passwords = [];
        return null;
      case "resetpass":
        this.noPass = false;
        this.passwords = [];
        return null;
      case "clearselectors":
        this.selectors = [this.root];
        return null;
      case "reset":
        this.become(new User(this.world, this.name));
        return null;
    }
    if (rule[0] === ">" || rule[0] === "#") return this.addPassword(rule);
    if (rule[0] === "<" || rule[0] === "!") return this.removePassword(rule);
    if (rule[0] === "(" && rule.endsWith(")")) {
      const selector = parseSelector(this.world, rule);
      if (typeof selector === "string") return selector;
      this.selectors = [...this.selectors, selector];
      return null;
    }
    return this.root.apply(rule);
  }

  /** Applies rules until one is refused. Returns that one and why, or null. */
  applyAll(rules: readonly string[]): { rule: string; error: string } | null {
    for (const rule of rules) {
      const error = this.apply(rule);
      if (error !== null) return { rule, error };
    }
    return null;
  }

  /** `>password` or `#hash`. */
  private addPassword(rule: string): string | null {
    const hash = rule[0] === ">" ? hashPassword(rule.slice(1)) : rule.slice(1);
    if (!isHash(hash)) return BAD_HASH;
    if (!this.passwords.includes(hash)) this.passwords = [...this.passwords, hash];
    this.noPass = false;
    return null;
  }

  /** `<password` or `!hash`. */
  private removePassword(rule: string): string | null {
    const hash = rule[0] === "<" ? hashPassword(rule.slice(1)) : rule.slice(1);
    if (!isHash(hash)) return BAD_HASH;
    if (!this.passwords.includes(hash)) return NO_SUCH_PASSWORD;
    this.passwords = this.passwords.filter((other) => other !== hash);
    return null;
  }

  // Printing.

  /** Words for what is not a matter of passwords and selectors. */
  get flags(): string[] {
    const flags = [this.isOn ? "on" : "off"];
    if (this.noPass) flags.push("nopass");
    flags.push(this.sanitizes ? "sanitize-payload" : "skip-sanitize-payload");
    return flags;
  }

  /** The user's rules, as one line; with `isExact` they make a new user what this one is, see Selector. */
  describe(isExact = false): string {
    const [root, ...more] = this.selectors;
    return [
      ...this.flags,
      ...this.passwords.map((hash) => `#${hash}`),
      root.describe(isExact),
      ...more.map((selector) => printSelector(selector, isExact)),
    ].join(" ");
  }

  // Checks.

  /** Whether a password is right, by its hash. */
  accepts(hash: string): boolean {
    let isRight = this.noPass;
    for (const password of this.passwords) isRight = isSameHash(hash, password) || isRight;
    return isRight && this.isOn;
  }

  /**
   * Whether the user may make this request: ACL_OK, or a DENIED constant and the argument in `deniedIndex`. Of
   * several selectors' reasons the one that got furthest is told.
   */
  check(command: Command, argv: Argv): number {
    const needsKeys = this.selectors.length > 1 || !this.root.allKeys;
    if (needsKeys && hasKeys(command)) keysOf(command, argv, keys);
    else keys.clear();
    let worst = DENIED_COMMAND;
    this.deniedIndex = 0;
    for (const selector of this.selectors) {
      const reason = selector.check(command, argv, keys);
      if (reason === ACL_OK) return ACL_OK;
      const { deniedIndex } = selector;
      if (reason < worst || reason === worst && deniedIndex <= this.deniedIndex) continue;
      worst = reason;
      this.deniedIndex = deniedIndex;
    }
    return worst;
  }

  /** The same for a request that may touch any key, as the KEY_ flags say, besides those it names. */
  allowsAllKeys(command: Command, argv: Argv, flags: number): boolean {
    keysOf(command, argv, keys);
    return this.selectors.some((selector) => {
      return selector.check(command, argv, keys) === ACL_OK && selector.allowsAllKeys(flags);
    });
  }
}

/** The SHA-256 of a password, a byte string, in hexadecimal. */
export function hashPassword(password: string): string {
  return createHash("sha256").update(ascii(password)).digest("hex");
}

/**
 * Joins the arguments of a selector that was given as several, (~key* and +get), to one. Returns the index of the
 * argument that opens a parenthesis which is never closed, if there is one.
 */
export function joinSelectors(args: readonly string[]): string[] | number {
  const joined: string[] = [];
  let open = -1;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (open < 0 && arg[0] === "(" && !arg.endsWith(")")) {
      open = i;
      joined.push(arg);
    } else if (open < 0) joined.push(arg);
    else {
      joined[joined.length - 1] += ` ${upToNul(arg)}`;
      if (arg.endsWith(")")) open = -1;
    }
  }
  return open < 0 ? joined : open;
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Compares two hashes in a time that doesn't depend on where they differ. */
function isSameHash(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
