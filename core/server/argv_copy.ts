/**
 * ArgvCopy: the arguments of a request, kept beyond the handler's return.
 *
 * The bytes of a request belong to a buffer that is reused as soon as the request is done. A client that
 * blocks gets this copy, which is executed when its turn comes. The copy can be changed before that.
 */
import { ascii, copyBytes, type ReadonlyBytes } from "../base/bytes.ts";
import type { Argv } from "../protocol/resp_parser.ts";

/** Room kept from one request to the next. */
const BYTES_KEPT = 1024;
const ARGS_KEPT = 64;
const NO_BYTES = new Uint8Array(0);
const NO_ARGS = new Int32Array(0);

export class ArgvCopy implements Argv {
  argc = 0;
  off: Int32Array = NO_ARGS;
  len: Int32Array = NO_ARGS;
  private bytes: Uint8Array = NO_BYTES;

  get buf(): ReadonlyBytes {
    return this.bytes;
  }

  /** Takes over all arguments of a request. */
  copy(argv: Argv): void {
    const { argc } = argv;
    let total = 0;
    for (let i = 0; i < argc; i++) total += argv.len[i];
    if (this.off.length < argc) {
      this.off = new Int32Array(argc);
      this.len = new Int32Array(argc);
    }
    if (this.bytes.length < total) this.bytes = new Uint8Array(total);
    let at = 0;
    for (let i = 0; i < argc; i++) {
      const len = argv.len[i];
      copyBytes(this.bytes, at, argv.buf, argv.off[i], len);
      this.off[i] = at;
      this.len[i] = len;
      at += len;
    }
    this.argc = argc;
  }

  /** Puts another text, one char per byte, in the place of an argument. */
  set(index: number, text: string): void {
    let end = 0;
    for (let i = 0; i < this.argc; i++) end = Math.max(end, this.off[i] + this.len[i]);
    const bytes = new Uint8Array(end + text.length);
    bytes.set(this.bytes.subarray(0, end));
    bytes.set(ascii(text), end);
    this.bytes = bytes;
    this.off[index] = end;
    this.len[index] = text.length;
  }

  /** Forgets the arguments, and gives back the room of many or large ones. */
  clear(): void {
    this.argc = 0;
    if (this.bytes.length > BYTES_KEPT) this.bytes = NO_BYTES;
    if (this.off.length > ARGS_KEPT) {
      this.off = NO_ARGS;
      this.len = NO_ARGS;
    }
  }
}
