/** The versions that the server reports of itself. */

/** The Redis whose behaviour is reproduced: what clients read and compare. */
export const REDIS_VERSION = "7.4.0";

/** The version of Larder itself, the same as in deno.json. */
export const LARDER_VERSION = "0.1.0";
