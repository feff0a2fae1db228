/**
 * AofFileWriter: a whole data set as commands, the base of an append-only file with `aof-use-rdb-preamble no`. The
 * counterpart of RdbFileWriter: the same content from the same image.
 */
import { ascii } from "../core/base/bytes.ts";
import type { BlockReader } from "../core/memory/block_reader.ts";
import { DictWalk } from "../core/structures/dict_walk.ts";
import { AofCommands } from "./aof_commands.ts";
import { AofEncoder } from "./aof_encode.ts";
import { type RdbSink, RdbWriter } from "./rdb_format.ts";
import {
  delayAfterKey,
  type RdbContent,
  type RdbDatabase,
  type RdbProgress,
} from "./rdb_writer.ts";

/** Bytes that are collected before the sink gets them. */
const BUFFER_BYTES: number = 256 * 1024;
/** Keys between two reports of progress. */
const PROGRESS_KEYS = 256;

export class AofFileWriter {
  private readonly blocks: BlockReader;
  private readonly progress: RdbProgress | null;
  private readonly out: RdbWriter;
  private readonly commands: AofCommands;
  private readonly encoder: AofEncoder;
  private keys = 0;

  constructor(blocks: BlockReader, sink: RdbSink, progress: RdbProgress | null) {
    this.blocks = blocks;
    this.progress = progress;
    this.out = new RdbWriter(sink, BUFFER_BYTES);
    this.commands = new AofCommands(this.out);
    this.encoder = new AofEncoder(blocks, this.commands);
  }

  /** Writes everything. `timestamp`, in seconds, stands at the beginning unless it is 0. */
  writeAll(content: RdbContent, timestamp: number): void {
    const { out, commands } = this;
    if (timestamp !== 0) {
      const line = ascii(`#TS:${timestamp}\r\n`);
      out.writeBytes(line, 0, line.length);
    }
    for (const library of content.functions) {
      commands.begin("FUNCTION", 3);
      commands.text("LOAD");
      commands.bytes(library, 0, library.length);
    }
    for (const database of content.databases) this.writeDatabase(database, content.keyDelayUs);
    this.progress?.keysWritten(this.keys);
    out.flush();
  }

  private writeDatabase(database: RdbDatabase, delayUs: number): void {
    if (database.count === 0) return;
    this.commands.begin("SELECT", 2);
    this.commands.integer(database.id);
    const walk = new DictWalk(this.blocks);
    walk.start(database.keys);
    for (let ref = walk.next(); ref !== 0; ref = walk.next()) {
      this.encoder.writeKey(ref);
      this.keys++;
      if (delayUs !== 0) delayAfterKey(delayUs, this.progress);
      if (this.keys % PROGRESS_KEYS === 0 || delayUs > 0) this.progress?.keysWritten(this.keys);
    }
  }
}
