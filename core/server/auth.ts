/**
 * Auth: who may come in.
 *
 * There is one user, "default", and its password is `requirepass`; without one any password is right. A
 * change of the password concerns those who have yet to authenticate: clients that are in stay in.
 */
import type { Client } from "./client.ts";
import type { Config } from "./config.ts";

export const DEFAULT_USER = "default";

export class Auth {
  /** Whether the default user has a password, so that clients must authenticate. */
  required = false;
  /** Attempts with a wrong name or password. */
  failures = 0;
  private password = "";

  constructor(config: Config) {
    const apply = () => {
      this.password = config.str("requirepass");
      this.required = this.password !== "";
      return null;
    };
    apply();
    config.onChange("requirepass", apply);
  }

  /** Whether a client still has to authenticate before it may do anything else. */
  isRequiredOf(c: Client): boolean {
    return !c.authenticated && this.required;
  }

  /** Whether there is a user of this name. */
  hasUser(name: string): boolean {
    return name === DEFAULT_USER;
  }

  /** Whether name and password are right; counts the failures. */
  check(name: string, password: string): boolean {
    const isRight = this.hasUser(name) && (!this.required || isSameSecret(password, this.password));
    if (!isRight) this.failures++;
    return isRight;
  }
}

/** Compares in a time that depends on the length of the attempt and on nothing else. */
function isSameSecret(attempt: string, secret: string): boolean {
  let difference = attempt.length ^ secret.length;
  for (let i = 0; i < attempt.length; i++) {
    difference |= attempt.charCodeAt(i) ^ secret.charCodeAt(i % secret.length);
  }
  return difference === 0;
}
