/**
 * HSCAN, SSCAN and ZSCAN: walking a value a few elements at a time.
 *
 * A small value comes whole, whatever COUNT says, with cursor 0; of a large one the cursor is that of its
 * dict (structures/dict.ts). The elements of a call are gone through twice, as the reply begins with the
 * number of those that match.
 */
import { globMatch } from "../base/glob.ts";
import { TYPE_HASH } from "../types/object.ts";
import type { ScanSource } from "../types/scan_source.ts";
import { isTypeOrReply } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import type { ArgSpec } from "../server/command.ts";
import { getCursorOrReply, getScanOptionsOrReply, scanOptions } from "./scan.ts";

/**
 * The whole command: the value at the key in argument 1, which must be of `type`, from the cursor in argument 2
 * on. `hasPairs` says whether something belongs to each element and is replied behind it.
 */
export function scanCollection(
  c: Client,
  type: number,
  source: ScanSource,
  hasPairs: boolean,
): void {
  const start = getCursorOrReply(c, 2);
  if (Number.isNaN(start)) return;
  const { buf, off, len } = c.argv;
  const ref = c.server.keyspace.lookupKeyRead(c.db, buf, off[1], len[1]);
  if (ref === 0) {
    c.reply.addArray(2);
    c.reply.addBulkInteger(0);
    c.reply.addArray(0);
    return;
  }
  if (!isTypeOrReply(c, ref, type)) return;
  if (!getScanOptionsOrReply(c, 3, type)) return;
  const next = source.beginScan(ref, start, scanOptions.count);
  let found = 0;
  while (source.nextScanned()) {
    if (matches(c, source)) found++;
  }
  const withPairs = hasPairs && !scanOptions.noValues;
  c.reply.addArray(2);
  c.reply.addBulkInteger(next);
  c.reply.addArray(withPairs ? found * 2 : found);
  source.rewindScan();
  const { scanned, scannedPair } = source;
  while (source.nextScanned()) {
    if (!matches(c, source)) continue;
    c.reply.addBulk(scanned.buf, scanned.off, scanned.len);
    if (withPairs) c.reply.addBulk(scannedPair.buf, scannedPair.off, scannedPair.len);
  }
}

/** Whether the element at hand matches the pattern, if there is one. */
function matches(c: Client, source: ScanSource): boolean {
  const { match } = scanOptions;
  if (match === 0) return true;
  const { buf, off, len } = c.argv;
  const { scanned } = source;
  return globMatch(
    buf,
    off[match],
    len[match],
    scanned.buf,
    scanned.off,
    scanned.len,
    false,
  );
}

/** The arguments of the three commands, for COMMAND DOCS. */
export function scanArgs(type: number): ArgSpec[] {
  const args: ArgSpec[] = [
    { name: "key", type: "key", keySpec: 0 },
    { name: "cursor", type: "integer" },
    { name: "pattern", type: "pattern", token: "MATCH", optional: true },
    { name: "count", type: "integer", token: "COUNT", optional: true },
  ];
  if (type === TYPE_HASH) {
    args.push({ name: "novalues", type: "pure-token", token: "NOVALUES", optional: true });
  }
  return args;
}
