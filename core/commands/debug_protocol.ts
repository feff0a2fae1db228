/**
 * DEBUG PROTOCOL: one reply of each type, for tests of clients. The values are Redis's.
 */
import { ascii } from "../base/bytes.ts";
import { SharedLog } from "../protocol/shared_chunk.ts";
import { argString } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import { deliver } from "../server/deliver.ts";

const PUSH = ascii(">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n");
const log = new SharedLog();

/** Replies to send, by the name of the type. */
const REPLIES: Readonly<Record<string, (c: Client) => void>> = {
  string: (c) => c.reply.addBulkString("Hello World"),
  integer: (c) => c.reply.addInteger(12345),
  double: (c) => c.reply.addDouble(3.141),
  bignum: (c) => c.reply.addBigNumber("1234567999999999999999999999999999999"),
  null: (c) => c.reply.addNull(),
  array: (c) => {
    c.reply.addArray(3);
    addCount(c);
  },
  set: (c) => {
    c.reply.addSet(3);
    addCount(c);
  },
  map: (c) => {
    c.reply.addMap(3);
    for (let i = 0; i < 3; i++) {
      c.reply.addInteger(i);
      c.reply.addBool(i === 1);
    }
  },
  attrib: (c) => {
    if (c.reply.resp >= 3) {
      c.reply.addAttribute(1);
      c.reply.addBulkString("key-popularity");
      c.reply.addArray(2);
      c.reply.addBulkString("key:123");
      c.reply.addInteger(90);
    }
    // An attribute comes before a reply and is none itself.
    c.reply.addBulkString("Some real reply following the attribute");
  },
  push: (c) => {
    if (c.reply.resp < 3) {
      c.reply.addError("ERR RESP2 is not supported by this command");
      return;
    }
    // A push answers no request and comes behind the reply, which the request still needs.
    log.begin(PUSH.length, 1);
    log.addRaw(PUSH);
    deliver(c, log.end());
    c.reply.addBulkString("Some real reply following the push reply");
  },
  verbatim: (c) => c.reply.addVerbatim("This is a verbatim\nstring", "txt"),
  true: (c) => c.reply.addBool(true),
  false: (c) => c.reply.addBool(false),
};

/** DEBUG PROTOCOL type */
export function debugProtocol(c: Client): void {
  const name = argString(c, 2).toLowerCase();
  if (Object.hasOwn(REPLIES, name)) REPLIES[name](c);
  else {
    c.reply.addError(
      "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|" +
        "null|array|set|map|attrib|push|verbatim|true|false",
    );
  }
}

function addCount(c: Client): void {
  for (let i = 0; i < 3; i++) c.reply.addInteger(i);
}
