/**
 * What the string commands' files share: replies, the length limit, and pieces of declarations.
 */
import { objectType, TYPE_STRING } from "../types/object.ts";
import { ByteRange, readString, STRING_LEN_MAX } from "../types/t_string.ts";
import { isTypeOrReply, WRONG_TYPE } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import type { ArgSpec, KeySpec } from "../server/command.ts";

const STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

const value = new ByteRange();

/** The first argument as a command's only key. */
export const KEY_ARG: ArgSpec = { name: "key", type: "key", keySpec: 0 };
/** The string that a command takes. */
export const VALUE_ARG: ArgSpec = { name: "value", type: "string" };

/** The key spec of a command whose only key is its first argument. */
export function oneKey(flags: number, notes?: string): KeySpec[] {
  const spec: KeySpec = { flags, begin: 1, last: 0, step: 1 };
  if (notes !== undefined) spec.notes = notes;
  return [spec];
}

/** Whether an entry, or no entry (0), may be used as a string. False after an error reply. */
export function isStringOrReply(c: Client, ref: number): boolean {
  return isTypeOrReply(c, ref, TYPE_STRING);
}

/** Replies the string of an entry, null for no entry (0), an error for one of another type: then false. */
export function addStringReply(c: Client, ref: number): boolean {
  if (ref === 0) {
    c.reply.addNull();
    return true;
  }
  const { arena } = c.server;
  if (objectType(arena, ref) !== TYPE_STRING) {
    c.reply.addError(WRONG_TYPE);
    return false;
  }
  readString(arena, ref, value);
  c.reply.addBulk(value.buf, value.off, value.len);
  return true;
}

/** Whether a string may become `len` bytes long. False after an error reply. */
export function checkStringLenOrReply(c: Client, len: number): boolean {
  if (len <= c.server.protoMaxBulkLen && len <= STRING_LEN_MAX) return true;
  c.reply.addError(STRING_TOO_LONG);
  return false;
}
