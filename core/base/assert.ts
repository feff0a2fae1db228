/**
 * Asserts that stay on in production.
 *
 * A failed assert is a bug in Larder, never a user's mistake. It is caught once per batch of commands,
 * logged, and answered with an error, so a wrong assumption costs one client an error reply instead of
 * everyone their data. Messages are constants: an assert that holds must cost a branch and nothing else.
 */

class AssertionFailed extends Error {
  override name = "AssertionFailed";
}

/** Throws AssertionFailed unless `condition` holds. `message` says what should have been true. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}
