/**
 * Addresses of sockets, as the kernel has them and as text.
 */
import { addressText } from "./transport.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  cBytes,
  cString,
  ENAMETOOLONG,
  libc,
  memoryAt,
  pinned,
  pointerOf,
  SOCK_STREAM,
  systemError,
} from "./transport_epoll_libc.ts";

/** Room for any address of a socket: `sockaddr_storage`. */
export const ADDRESS_BYTES = 128;
/** Where the path of a `sockaddr_un` begins, and how long it may be, without its NUL. */
const PATH_AT = 2;
const PATH_MAX = 107;
/** Longest text of an IPv6 address, with its NUL. */
const TEXT_BYTES = 46;
/** Passive: an address to bind to. */
const AI_PASSIVE = 1;
/** Fields of `addrinfo`. */
const INFO_BYTES = 48;
const INFO_LENGTH_AT = 16;
const INFO_ADDRESS_AT = 24;

const text = pinned(TEXT_BYTES);

/** Address and port in the kernel's form. Throws when `hostname` means nothing here. */
export function resolve(hostname: string, port: number): Uint8Array<ArrayBuffer> {
  const hints = pinned(INFO_BYTES);
  const fields = new Int32Array(hints.buffer);
  fields[0] = AI_PASSIVE;
  fields[1] = hostname.includes(":") ? AF_INET6 : AF_INET;
  fields[2] = SOCK_STREAM;
  const found = new BigUint64Array(new ArrayBuffer(8));
  const status = libc.getaddrinfo(cBytes(hostname), cBytes(String(port)), hints, found);
  if (status !== 0) throw new Error(cString(libc.gai_strerror(status)));
  const list = pointerOf(found[0])!;
  try {
    const info = memoryAt(list);
    const length = Math.min(info.getUint32(INFO_LENGTH_AT), ADDRESS_BYTES);
    const address = pinned(length);
    memoryAt(info.getPointer(INFO_ADDRESS_AT)!).copyInto(address);
    return address;
  } finally {
    libc.freeaddrinfo(list);
  }
}

/** The address of a unix socket. Throws when the path is too long for one. */
export function unixAddress(path: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length > PATH_MAX) throw systemError(ENAMETOOLONG);
  const address = pinned(PATH_AT + bytes.length + 1);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(bytes, PATH_AT);
  return address;
}

/** The family of an address. */
export function familyOf(address: Uint8Array): number {
  return address[0] | address[1] << 8;
}

/** "ip:port" of an internet address. */
export function textOf(address: Uint8Array): string {
  const port = address[2] << 8 | address[3];
  if (familyOf(address) === AF_INET) {
    return `${address[4]}.${address[5]}.${address[6]}.${address[7]}:${port}`;
  }
  libc.inet_ntop(AF_INET6, address.subarray(8, 24), text, TEXT_BYTES);
  return addressText(String.fromCharCode(...text.subarray(0, text.indexOf(0))), port);
}
