/**
 * The functions of the C library behind the epoll transport, called through Deno's FFI.
 *
 * Memory. C is only given buffers over ArrayBuffers of their own, which V8 never moves, and never a length that
 * was not checked against the buffer. A call that blocks a thread of its own (`epollWaitAsync`) has a buffer
 * nobody else uses meanwhile; Deno keeps it alive until the call is over.
 *
 * Types. `size_t` is passed as a 64-bit number, which on the way from JavaScript is a bigint: a 32-bit number
 * would leave the upper half of the register to chance. `sizeOf` has the bigints of all usual lengths ready. What
 * `ssize_t` returns here fits into 32 bits, since no buffer is larger.
 *
 * `errno` is read where the thread keeps it, right after the call that set it: nothing runs in between that
 * could change it.
 *
 * Constants and layouts are Linux's, the same on x86-64 and arm64 but for `epoll_event`, which is packed on
 * x86-64.
 */

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  timerfd_create: { parameters: ["i32", "i32"], result: "i32" },
  timerfd_settime: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  epollWaitAsync: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  getaddrinfo: { parameters: ["buffer", "buffer", "buffer", "buffer"], result: "i32" },
  freeaddrinfo: { parameters: ["pointer"], result: "void" },
  gai_strerror: { parameters: ["i32"], result: "pointer" },
  inet_ntop: { parameters: ["i32", "buffer", "buffer", "u32"], result: "pointer" },
  strerror: { parameters: ["i32"], result: "pointer" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** The C library's functions under their own names. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;
export const SHUT_WR = 1;
export const MSG_NOSIGNAL = 0x4000;
export const CLOCK_MONOTONIC = 1;
export const TFD_NONBLOCK_CLOEXEC = 0x80800;
export const EFD_CLOEXEC = 0x80000;

/** Levels and options of `setsockopt`. */
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_KEEPALIVE = 9;
export const SO_PEERCRED = 17;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;

export const EPOLL_CLOEXEC = 0x80000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;

export const EINTR = 4;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const ENFILE = 23;
export const EMFILE = 24;
export const ENAMETOOLONG = 36;
export const ENOBUFS = 105;

/** Errors that have a meaning above the transport, by the name that both runtimes give them. */
const CODES: Readonly<Record<number, string>> = {
  2: "ENOENT",
  13: "EACCES",
  36: "ENAMETOOLONG",
  97: "EAFNOSUPPORT",
  98: "EADDRINUSE",
  99: "EADDRNOTAVAIL",
};

/** int32 words of an `epoll_event`, and which of them has the file descriptor; the first has the events. */
export const EVENT_WORDS: number = arch() === "x86_64" ? 3 : 4;
export const EVENT_FD: number = arch() === "x86_64" ? 1 : 2;

/** Lengths up to this have their bigint ready. */
const SIZES_MAX = 16 * 1024;

const SIZES: bigint[] = [];

/** The C library; throws before `loadLibc` has found it. */
export let libc: Libc;
let errnoCell: Int32Array = new Int32Array(1);

/** Loads the C library unless it is loaded. Returns false where there is none or it may not be used. */
export function loadLibc(): boolean {
  if (SIZES.length > 0) return true;
  if (!("Deno" in globalThis)) return false; // Bun loads this file too.
  if (Deno.build.os !== "linux" || !/^(x86_64|aarch64)$/.test(arch())) return false;
  try {
    // Asks nobody: whoever starts a server without this permission gets Deno's own sockets.
    if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return false;
    libc = Deno.dlopen("libc.so.6", SYMBOLS).symbols;
    errnoCell = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(libc.__errno_location()!, 4));
  } catch {
    return false;
  }
  for (let size = 0; size <= SIZES_MAX; size++) SIZES.push(BigInt(size));
  return true;
}

/** A length as C's `size_t`. */
export function sizeOf(bytes: number): bigint {
  return bytes <= SIZES_MAX ? SIZES[bytes] : BigInt(bytes);
}

/** Why the last call failed. Valid right after it. */
export function errno(): number {
  return errnoCell[0];
}

/** The error of the last call, with `code` where somebody asks for it. */
export function lastError(): Error {
  return systemError(errno());
}

/** The result of a call that must not fail: throws when it did. */
export function granted(result: number): number {
  if (result < 0) throw lastError();
  return result;
}

/** An error by its number. */
export function systemError(number: number): Error {
  return Object.assign(new Error(errorText(number)), { code: CODES[number] ?? `E${number}` });
}

/** What the C library says about an error. */
export function errorText(number: number): string {
  return cString(libc.strerror(number));
}

/** A string as C wants it. */
export function cBytes(value: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(value);
  const terminated = pinned(bytes.length + 1);
  terminated.set(bytes);
  return terminated;
}

/** A C string, "" for NULL. */
export function cString(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}

/** The memory a non-null pointer leads to. */
export function memoryAt(pointer: Deno.PointerObject): Deno.UnsafePointerView {
  return new Deno.UnsafePointerView(pointer);
}

/** A pointer made of its number; null for 0. */
export function pointerOf(address: bigint): Deno.PointerValue {
  return Deno.UnsafePointer.create(address);
}

/** Bytes that C may be given: V8 keeps small arrays where it moves them, unless their buffer is made first. */
export function pinned(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(bytes));
}

function arch(): string {
  return "Deno" in globalThis ? Deno.build.arch : "";
}
