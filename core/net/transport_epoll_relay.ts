/**
 * Relay: a way through Deno's event loop and back, for one that blocks it in between.
 *
 * A byte is sent to a socket of which Deno reads the other end. To learn of it Deno must ask the kernel what is ready,
 * and so it does everything else that is due as well. Its own end has to be one of Deno's connections: those of
 * node:net, which could be given one end of a socket pair, try to read before they ask, and the rest is left
 * waiting for up to 61 rounds. So one is made, through an address that the kernel invents and that is gone at once.
 */
import { ADDRESS_BYTES } from "./transport_epoll_address.ts";
import {
  AF_UNIX,
  granted,
  libc,
  MSG_NOSIGNAL,
  pinned,
  sizeOf,
  SO_PEERCRED,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./transport_epoll_libc.ts";

/** The connection, used again and again. */
export interface Relay {
  /** Fulfilled when the runtime has done what was due. One at a time. */
  pass(): Promise<unknown>;
}

/** Connects both ends. Rejects when the runtime may not. */
export async function openRelay(): Promise<Relay> {
  const listener = granted(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  try {
    const far = await Deno.connect({ transport: "unix", path: listenSomewhere(listener) });
    const near = acceptOwn(listener);
    const byte = pinned(1);
    const received = new Uint8Array(16);
    return {
      pass() {
        libc.send(near, byte, sizeOf(1), MSG_NOSIGNAL);
        return far.read(received);
      },
    };
  } finally {
    libc.close(listener);
  }
}

/** Listens on an abstract address of the kernel's choice. Returns it as a path. */
function listenSomewhere(fd: number): string {
  const address = pinned(ADDRESS_BYTES);
  const length = new Uint32Array(pinned(4).buffer);
  address[0] = AF_UNIX;
  granted(libc.bind(fd, address, 2));
  length[0] = ADDRESS_BYTES;
  granted(libc.getsockname(fd, address, length));
  granted(libc.listen(fd, 1));
  return String.fromCharCode(...address.subarray(2, length[0]));
}

/** Accepts the connection of this process; anybody on this machine may connect. */
function acceptOwn(listener: number): number {
  const credentials = new Int32Array(pinned(12).buffer);
  const length = new Uint32Array(pinned(4).buffer);
  for (;;) {
    const fd = granted(libc.accept4(listener, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC));
    length[0] = 12;
    granted(libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length));
    if (credentials[0] === Deno.pid) return fd;
    libc.close(fd);
  }
}
