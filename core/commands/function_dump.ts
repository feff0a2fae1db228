/**
 * Libraries of functions as bytes: FUNCTION DUMP and RESTORE, and what goes into files.
 *
 *     (opcode, text of a library)* | RDB version, 2 bytes | CRC-64, 8 bytes
 *
 * A library is its text, and loading it is running it. RESTORE takes payloads from anyone: what it can't read whole is
 * refused, and nothing has changed by then.
 */
import { ascii, latin1 } from "../base/bytes.ts";
import { LibrarySet, LOAD_LIMIT_US } from "../scripting/libraries.ts";
import { argString } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { addUsageError } from "../server/help.ts";
import type { Server } from "../server/server.ts";
import { ByteRange } from "../types/t_string.ts";
import { FOOTER_BYTES, hasFooter, writeFooter } from "../../persistence/dump_payload.ts";
import {
  RDB_OPCODE_FUNCTION2,
  RDB_OPCODE_FUNCTION_PRE_GA,
  RdbReader,
  RdbWriter,
} from "../../persistence/rdb_format.ts";
import { readRdbString, writeRdbString } from "../../persistence/rdb_string.ts";
import type { FunctionStore } from "../../persistence/snapshots.ts";
import { BAD_FOOTER } from "./dump.ts";
import { scriptsOf } from "./scripts.ts";

const BAD_POLICY =
  "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.";
const BAD_PAYLOAD = "failed loading the given functions payload";
const POLICIES = ["append", "replace", "flush"];

export function dumpFunctionsCommand(c: Client): void {
  const writer = new RdbWriter();
  const compress = c.server.config.bool("rdbcompression");
  for (const text of textsOf(c.server)) {
    writer.writeByte(RDB_OPCODE_FUNCTION2);
    writeRdbString(writer, text, 0, text.length, compress);
  }
  writeFooter(writer, RDB_OPCODE_FUNCTION2);
  c.reply.addBulk(writer.buf, 0, writer.pos);
}

/** FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE] */
export function restoreFunctionsCommand(c: Client): void {
  const { server, argv } = c;
  if (c.argc > 4) return addUsageError(c);
  const policy = c.argc === 4 ? argString(c, 3).toLowerCase() : "append";
  if (!POLICIES.includes(policy)) return c.reply.addError(BAD_POLICY);
  const { buf, off, len } = argv;
  if (!hasFooter(buf, off[2], len[2], server.saving.skipsChecksums)) {
    return c.reply.addError(BAD_FOOTER);
  }
  const scripts = scriptsOf(server);
  const { libraries } = scripts;
  const restored = new LibrarySet(libraries.states);
  const reader = new RdbReader();
  reader.reset(buf, off[2], len[2] - FOOTER_BYTES);
  let error = loadAll(reader, restored);
  if (error === null && policy !== "flush") error = libraries.join(restored, policy === "replace");
  if (error !== null) return c.reply.addError(`ERR ${error}`);
  if (policy === "flush") scripts.libraries = restored;
  server.dirty++;
  c.reply.addOk();
}

/** Loads the libraries of a payload. Returns the text of the error, or null. */
function loadAll(reader: RdbReader, libraries: LibrarySet): string | null {
  const text = new ByteRange();
  while (reader.left > 0) {
    const opcode = reader.readByte();
    if (opcode === RDB_OPCODE_FUNCTION_PRE_GA) return "Pre-GA function format not supported";
    if (opcode !== RDB_OPCODE_FUNCTION2) return "given type is not a function";
    if (!readRdbString(reader, text)) return BAD_PAYLOAD;
    const library = libraries.load(latin1(text.buf, text.off, text.len), false, LOAD_LIMIT_US);
    if (typeof library === "string") return library;
  }
  return null;
}

function textsOf(server: Server): Uint8Array[] {
  return [...scriptsOf(server).libraries.libraries.values()].map(({ text }) => ascii(text));
}

/** The libraries of a server, as files have them (persistence/snapshots.ts). */
export function functionStore(server: Server): FunctionStore {
  return {
    texts: () => textsOf(server),
    load(bytes, replaces) {
      const { libraries } = scriptsOf(server);
      const library = libraries.load(latin1(bytes, 0, bytes.length), replaces, Infinity);
      return typeof library === "string" ? library : null;
    },
  };
}
