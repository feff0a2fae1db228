/** Parts of the epoll transport that need no server: addresses, and the C library's errors. Linux and Deno only. */

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  familyOf,
  resolve,
  textOf,
  unixAddress,
} from "../../../core/net/transport_epoll_address.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  granted,
  libc,
  loadLibc,
  sizeOf,
} from "../../../core/net/transport_epoll_libc.ts";

const skip = loadLibc() ? false : "no C library that may be called";

describe("addresses", { skip }, () => {
  test("are resolved and shown", () => {
    for (
      const [hostname, port, text] of [
        ["127.0.0.1", 6379, "127.0.0.1:6379"],
        ["0.0.0.0", 1, "0.0.0.0:1"],
        ["255.254.253.252", 65535, "255.254.253.252:65535"],
        ["::", 80, "[::]:80"],
        ["0:0:0::1", 443, "[::1]:443"],
        ["2001:DB8::a:0:0:b", 7000, "[2001:db8::a:0:0:b]:7000"],
        ["::ffff:10.0.0.1", 9, "10.0.0.1:9"],
      ] as const
    ) {
      const address = resolve(hostname, port);
      assert.equal(familyOf(address), hostname.includes(":") ? AF_INET6 : AF_INET);
      assert.equal(textOf(address), text);
    }
    assert.equal(textOf(resolve("localhost", 5)), "127.0.0.1:5");
  });

  test("that mean nothing are errors", () => {
    for (const hostname of ["300.1.1.1", "no such host", "::zz"]) {
      assert.throws(() => resolve(hostname, 1), Error, hostname);
    }
  });

  test("of unix sockets have their path, if it fits", () => {
    const address = unixAddress("/tmp/a");
    assert.equal(familyOf(address), AF_UNIX);
    assert.equal(String.fromCharCode(...address.subarray(2)), "/tmp/a\0");
    assert.equal(unixAddress("x".repeat(107)).length, 110);
    assert.throws(() => unixAddress("x".repeat(108)), { message: "File name too long" });
    assert.throws(() => unixAddress("\u00e4".repeat(54)), { code: "ENAMETOOLONG" });
  });
});

describe("the C library", { skip }, () => {
  test("says why a call failed", () => {
    assert.throws(() => granted(libc.close(-1)), { message: "Bad file descriptor", code: "E9" });
    assert.throws(() => granted(libc.socket(AF_UNIX, 999, 0)), { message: "Invalid argument" });
    const fd = granted(libc.socket(AF_INET, 1, 0));
    // An address of documentation, which no machine has.
    const address = resolve("192.0.2.1", 0);
    assert.throws(() => granted(libc.bind(fd, address, address.length)), { code: "EADDRNOTAVAIL" });
    granted(libc.close(fd));
  });

  test("takes lengths of any size", () => {
    for (const bytes of [0, 1, 16384, 16385, 2 ** 31 - 1]) {
      assert.equal(sizeOf(bytes), BigInt(bytes));
    }
  });
});
