/**
 * RdbLoader: an RDB file into the keyspace, in slices.
 *
 * `step` loads for some time and says whether there is more, so the server can answer meanwhile. What is read is
 * not trusted: a file that is damaged anywhere throws RdbDamaged, whose lines say what was expected and where; it
 * is for the caller to drop what was loaded until then, or to end. The checksum is looked at last, as it comes last.
 *
 * Left out, and counted: keys whose time is over, and collections without elements, which old versions could write.
 * Values of modules can't be read: their modules are not here.
 */
import { copyBytes, latin1 } from "../core/base/bytes.ts";
import type { Clock } from "../core/base/clock.ts";
import type { Db } from "../core/keyspace/db.ts";
import type { Keyspace } from "../core/keyspace/keyspace.ts";
import { ARENA_FULL } from "../core/memory/arena.ts";
import { NO_EXPIRY, setObjectAccess, TYPE_STRING } from "../core/types/object.ts";
import { ByteRange } from "../core/types/t_string.ts";
import type { DiskFile } from "./disk.ts";
import { LoadedKeys } from "./loaded_keys.ts";
import { RdbDecoder, typeOfRdb } from "./rdb_decode.ts";
import {
  RDB_OPCODE_AUX,
  RDB_OPCODE_EOF,
  RDB_OPCODE_EXPIRETIME,
  RDB_OPCODE_EXPIRETIME_MS,
  RDB_OPCODE_FREQ,
  RDB_OPCODE_FUNCTION2,
  RDB_OPCODE_FUNCTION_PRE_GA,
  RDB_OPCODE_IDLE,
  RDB_OPCODE_MODULE_AUX,
  RDB_OPCODE_RESIZEDB,
  RDB_OPCODE_SELECTDB,
  RDB_OPCODE_SLOT_INFO,
  RDB_TYPE_MODULE,
  RDB_TYPE_MODULE_2,
  RDB_VERSION_MAX,
  RdbReader,
} from "./rdb_format.ts";
import { RdbFileSource } from "./rdb_source.ts";
import { readRdbString } from "./rdb_string.ts";
import { delayAfterKey } from "./rdb_writer.ts";

const SIGNATURE_BYTES = 9;
const CRC_BYTES = 8;
/** The first version with a checksum. */
const CHECKSUM_VERSION_MIN = 5;
/** Keys between two looks at the clock. */
const KEYS_PER_LOOK = 64;
/** So many empty keys are told of. */
const EMPTY_KEYS_TOLD = 10;
/** Longest name in a message. */
const NAME_LEN_MAX = 128;
/** Type, key and value. */
const KEY_BYTES_MIN = 3;
const SHORT_READ = "Short read or OOM loading DB. Unrecoverable error, aborting now.";
/** Characters in the name of a module, 6 bits each. */
const MODULE_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The file can't be loaded; `lines` are for the log. */
export class RdbDamaged extends Error {
  override name = "RdbDamaged";
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join(" "));
    this.lines = lines;
  }
}

export interface RdbLoadOptions {
  readonly clock: Clock;
  /** rdbchecksum */
  readonly checksum: boolean;
  /** Whether keys whose time is over are loaded all the same: in the base of an append-only file. */
  readonly keepsExpired?: boolean;
  /** Whether a key that is there already is replaced, rather than a sign of damage. */
  readonly replaces?: boolean;
  /** Microseconds to wait after each key, or if negative after as many keys a microsecond. For tests. */
  readonly keyDelayUs?: number;
  /** Told of keys that are left out because they are empty, the first few. */
  readonly onEmpty?: (key: string) => void;
  /** Told the aux fields. */
  readonly onAux?: (name: string, value: string) => void;
  /** Takes a library of functions. Returns why it can't, or null. */
  readonly onFunction?: (library: Uint8Array) => string | null;
}

export class RdbLoader {
  /** Keys loaded, and keys left out because their time is over or because they are empty. */
  keysLoaded = 0;
  keysExpired = 0;
  keysEmpty = 0;
  readonly source: RdbFileSource;

  private readonly keyspace: Keyspace;
  private readonly options: RdbLoadOptions;
  private readonly reader = new RdbReader();
  private readonly decoder: RdbDecoder;
  private readonly string = new ByteRange();
  private readonly loaded: LoadedKeys;
  private key = new Uint8Array(256);
  private keyLen = 0;
  private db: Db;
  private version = 0;
  // What precedes a key.
  private expireAt = NO_EXPIRY;
  private idleSeconds = -1;
  private frequency = -1;

  /** Begins to load a file of `size` bytes, from where it is. */
  constructor(keyspace: Keyspace, file: DiskFile, size: number, options: RdbLoadOptions) {
    this.keyspace = keyspace;
    this.options = options;
    this.source = new RdbFileSource(file, this.reader, size);
    this.source.checksum = options.checksum;
    this.decoder = new RdbDecoder(keyspace.values);
    this.loaded = new LoadedKeys(keyspace);
    this.db = keyspace.dbs[0];
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.source.offset;
  }

  /** The reader, behind the end of what was loaded: the rest of an append-only file. */
  get tail(): RdbReader {
    return this.reader;
  }

  /** Loads for about so long. Returns whether there is more. Throws RdbDamaged, DiskError. */
  step(budgetUs: number): boolean {
    const untilUs = this.options.clock.monotonicUs() + budgetUs;
    if (this.version === 0) this.readHeader();
    try {
      for (let keys = 0;; keys++) {
        if (!this.readItem()) return false;
        if (keys % KEYS_PER_LOOK !== 0 || this.options.clock.monotonicUs() < untilUs) continue;
        this.publish();
        return true;
      }
    } catch (error) {
      this.loaded.discard();
      if (error !== ARENA_FULL) throw error;
      throw this.damaged("the data doesn't fit into memory");
    }
  }

  private readHeader(): void {
    const { reader } = this;
    if (!reader.has(SIGNATURE_BYTES)) throw this.shortRead();
    const text = latin1(reader.buf, reader.pos, SIGNATURE_BYTES);
    reader.pos += SIGNATURE_BYTES;
    if (!text.startsWith("REDIS")) {
      throw new RdbDamaged(["Wrong signature trying to load DB from file"]);
    }
    const version = Number.parseInt(text.slice(5), 10);
    if (!(version >= 1 && version <= RDB_VERSION_MAX)) {
      throw new RdbDamaged([`Can't handle RDB format version ${version || 0}`]);
    }
    this.version = version;
  }

  /** Reads what comes next. Returns false at the end. */
  private readItem(): boolean {
    const { reader } = this;
    const type = reader.readByte();
    switch (type) {
      case -1:
        throw this.shortRead();
      case RDB_OPCODE_EXPIRETIME:
        this.expireAt = this.number(reader.readSigned(4)) * 1000;
        return true;
      case RDB_OPCODE_EXPIRETIME_MS:
        this.expireAt = this.number(reader.readSignedMillis());
        return true;
      case RDB_OPCODE_FREQ:
        this.frequency = this.number(reader.readByte());
        return true;
      case RDB_OPCODE_IDLE:
        this.idleSeconds = this.readLength();
        return true;
      case RDB_OPCODE_SELECTDB:
        this.selectDb(this.readLength());
        return true;
      case RDB_OPCODE_RESIZEDB:
        this.reserve(this.readLength());
        this.readLength();
        return true;
      case RDB_OPCODE_SLOT_INFO:
        for (let i = 0; i < 3; i++) this.readLength();
        return true;
      case RDB_OPCODE_AUX:
        this.readAux();
        return true;
      case RDB_OPCODE_FUNCTION2:
        this.readFunction();
        return true;
      case RDB_OPCODE_EOF:
        this.readEnd();
        return false;
      case RDB_OPCODE_FUNCTION_PRE_GA:
        throw this.damaged(
          "functions in the format of a release candidate of Redis 7.0 can't be read",
        );
      case RDB_OPCODE_MODULE_AUX:
        throw this.moduleData(
          "The RDB file contains AUX module data I can't load: no matching module",
        );
      default:
        this.readKey(type);
        return true;
    }
  }

  private selectDb(id: number): void {
    const { dbs } = this.keyspace;
    if (id >= dbs.length) {
      throw new RdbDamaged([
        `FATAL: Data file was created with a Redis server configured to handle more than ` +
        `${dbs.length} databases. Exiting`,
      ]);
    }
    this.publish();
    this.db = dbs[id];
  }

  /** The database is said to have so many keys, which is believed as far as there are bytes for them. */
  private reserve(keys: number): void {
    const { db, source } = this;
    if (db.keys.count === 0) db.keys.reserve(Math.min(keys, source.remaining / KEY_BYTES_MIN));
  }

  private readAux(): void {
    const name = this.readText();
    const value = this.readText();
    this.options.onAux?.(name, value);
  }

  private readFunction(): void {
    this.readString();
    const { buf, off, len } = this.string;
    const library = new Uint8Array(len);
    copyBytes(library, 0, buf, off, len);
    const error = this.options.onFunction?.(library) ?? null;
    if (error !== null) throw new RdbDamaged([`Failed loading library, ${error}`, SHORT_READ]);
  }

  private readKey(rdbType: number): void {
    this.readString();
    const { buf, off, len } = this.string;
    if (this.key.length < len) this.key = new Uint8Array(len * 2);
    copyBytes(this.key, 0, buf, off, len);
    this.keyLen = len;
    const ref = this.readValue(rdbType);
    if (ref !== 0) this.addKey(ref);
    this.expireAt = NO_EXPIRY;
    this.idleSeconds = -1;
    this.frequency = -1;
    const { keyDelayUs } = this.options;
    if (keyDelayUs !== undefined && keyDelayUs !== 0) delayAfterKey(keyDelayUs);
  }

  /** The value of the key at hand in an entry that no dict knows, or 0 when it is empty. */
  private readValue(rdbType: number): number {
    const { keyspace, reader, key, keyLen, expireAt, string } = this;
    const type = typeOfRdb(rdbType);
    if (type === TYPE_STRING) {
      this.readString();
      const { buf, off, len } = string;
      return keyspace.strings.detachedString(key, 0, keyLen, buf, off, len, expireAt);
    }
    if (type < 0) throw this.unknownType(rdbType);
    const ref = keyspace.detached(key, 0, keyLen, type, expireAt);
    let ok = false;
    try {
      ok = this.decoder.read(reader, rdbType, ref);
    } finally {
      if (!ok) keyspace.discard(ref);
    }
    if (ok) return ref;
    if (this.decoder.isEmpty) {
      if (this.keysEmpty++ < EMPTY_KEYS_TOLD) this.options.onEmpty?.(this.keyName());
      return 0;
    }
    throw this.damaged(`the value of key '${this.keyName()}', of type ${rdbType}, is damaged`);
  }

  /** Takes an entry for its database, unless its time is over. */
  private addKey(ref: number): void {
    const { keyspace, loaded, options, expireAt } = this;
    const { access, arena } = keyspace;
    if (expireAt !== NO_EXPIRY && expireAt < keyspace.nowMs && options.keepsExpired !== true) {
      keyspace.discard(ref);
      this.keysExpired++;
      return;
    }
    if (access.lfu) {
      if (this.frequency >= 0) setObjectAccess(arena, ref, access.lfuFromCounter(this.frequency));
    } else if (this.idleSeconds >= 0) {
      setObjectAccess(arena, ref, access.lruFromIdle(this.idleSeconds));
    }
    if (loaded.isFull) this.publish();
    loaded.add(ref);
    this.keysLoaded++;
  }

  /** Puts the entries that were read where their keys say. */
  private publish(): void {
    const twice = this.loaded.publish(this.db, this.options.replaces === true);
    if (twice === null) return;
    const name = latin1(twice.buf, twice.off, Math.min(twice.len, NAME_LEN_MAX));
    throw this.damaged(`RDB has duplicated key '${name}' in DB ${this.db.id}`);
  }

  private readEnd(): void {
    const { reader, source, options } = this;
    this.publish();
    source.finishSum();
    if (this.version >= CHECKSUM_VERSION_MIN) {
      if (!reader.has(CRC_BYTES)) throw this.shortRead();
      const at = reader.pos;
      reader.pos += CRC_BYTES;
      let isZero = true;
      for (let i = 0; i < CRC_BYTES; i++) isZero &&= reader.buf[at + i] === 0;
      if (options.checksum && !isZero && !source.crc.equals(reader.buf, at)) {
        const found = Array.from({ length: CRC_BYTES }, (_, i) => {
          return reader.buf[at + CRC_BYTES - 1 - i].toString(16).padStart(2, "0");
        }).join("");
        throw new RdbDamaged([
          `Wrong RDB checksum expected: (${source.crc.toHex()}) but got (${found}). Aborting now.`,
          this.damaged("RDB CRC error").message,
        ]);
      }
    }
  }

  // Parts.

  private readString(): void {
    if (!readRdbString(this.reader, this.string)) throw this.unreadable();
  }

  private readText(): string {
    this.readString();
    return latin1(this.string.buf, this.string.off, this.string.len);
  }

  private readLength(): number {
    const len = this.number(this.reader.readLength());
    if (this.reader.encoding >= 0) throw this.damaged("there is no length where one is expected");
    return len;
  }

  private number(value: number): number {
    if (!(value > -Infinity)) throw this.unreadable();
    return value;
  }

  private keyName(): string {
    return latin1(this.key, 0, Math.min(this.keyLen, NAME_LEN_MAX));
  }

  // What can be wrong.

  private damaged(what: string): RdbDamaged {
    return new RdbDamaged([
      `Internal error in RDB reading offset ${this.offset}, loading stopped -> ${what}`,
    ]);
  }

  private shortRead(): RdbDamaged {
    return new RdbDamaged([
      SHORT_READ,
      this.damaged("Unexpected EOF reading RDB file").message,
    ]);
  }

  /** A part that is cut off or makes no sense. */
  private unreadable(): RdbDamaged {
    if (this.source.remaining === 0) return this.shortRead();
    return this.damaged("there is no string or number where one is expected");
  }

  private unknownType(rdbType: number): RdbDamaged {
    if (rdbType !== RDB_TYPE_MODULE && rdbType !== RDB_TYPE_MODULE_2) {
      return this.damaged(`Unknown RDB encoding type ${rdbType}`);
    }
    const what = "The RDB file contains module data I can't load: no matching module type";
    return this.moduleData(what);
  }

  /** The id of a module is its name, nine characters of 6 bits, and 10 bits of version. */
  private moduleData(what: string): RdbDamaged {
    const { reader } = this;
    if (!reader.readLength64()) return this.shortRead();
    let id = BigInt(reader.hi >>> 0) << 32n | BigInt(reader.lo >>> 0);
    id >>= 10n;
    let name = "";
    for (let i = 0; i < 9; i++) {
      name = MODULE_CHARS[Number(id & 63n)] + name;
      id >>= 6n;
    }
    return new RdbDamaged([`${what} '${name}'`]);
  }
}
