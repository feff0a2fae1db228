import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { load, scatterStride } from "../../../bench/load/loader.ts";
import { ReplyCounter } from "../../../bench/load/reply_counter.ts";
import { RequestTemplate } from "../../../bench/load/request_template.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (buf: Uint8Array) => new TextDecoder().decode(buf);

describe("request template", () => {
  test("digits are filled in, everywhere they stand", () => {
    const template = new RequestTemplate(["PEXPIREAT", "key:%d", "%t", "%d"]);
    const buf = new Uint8Array(2 * template.len);
    const end = template.write(buf, 0, 42, 1700000000123);
    assert.equal(end, template.len);
    assert.equal(template.write(buf, end, 999999999999, 0), buf.length);
    assert.equal(
      text(buf),
      "*4\r\n$9\r\nPEXPIREAT\r\n$16\r\nkey:000000000042\r\n$13\r\n1700000000123\r\n" +
        "$12\r\n000000000042\r\n" +
        "*4\r\n$9\r\nPEXPIREAT\r\n$16\r\nkey:999999999999\r\n$13\r\n0000000000000\r\n" +
        "$12\r\n999999999999\r\n",
    );
  });
});

describe("reply counter", () => {
  const STREAM = "+OK\r\n:1\r\n$5\r\nab\r\nc\r\n$-1\r\n-ERR no\r\n*2\r\n$1\r\nx\r\n*1\r\n:2\r\n" +
    "*0\r\n%1\r\n+a\r\n+b\r\n_\r\n-ERR other\r\n$0\r\n\r\n*-1\r\n";

  test("whole replies of every kind, split at any byte", () => {
    const all = bytes(STREAM);
    for (let cut = 0; cut <= all.length; cut++) {
      const counter = new ReplyCounter();
      counter.feed(all.subarray(0, cut));
      counter.feed(all.subarray(cut));
      assert.equal(counter.replies, 12, `cut at ${cut}`);
      assert.equal(counter.errors, 2);
      assert.equal(counter.firstError, "ERR no");
    }
  });

  test("byte by byte", () => {
    const counter = new ReplyCounter();
    for (const byte of bytes(STREAM)) counter.feed(Uint8Array.of(byte));
    assert.equal(counter.replies, 12);
  });
});

describe("loader", () => {
  test("sends every request once, in order, and never more than two batches ahead", async () => {
    const template = new RequestTemplate(["SET", "key:%d", "v"]);
    let received = "";
    let largest = 0;
    const server = createServer((socket: Socket) => {
      let answered = 0;
      socket.on("data", (chunk: Uint8Array) => {
        received += text(chunk);
        const whole = Math.floor(received.length / template.len);
        largest = Math.max(largest, whole - answered);
        socket.write("+OK\r\n".repeat(whole - answered));
        answered = whole;
      });
    });
    const port = await listen(server);
    try {
      const result = await load("127.0.0.1", port, { template, count: 1000, batch: 7 });
      assert.equal(result.errors, 0);
      const keys = [...received.matchAll(/key:(\d{12})/g)].map((match) => Number(match[1]));
      assert.deepEqual(keys, Array.from({ length: 1000 }, (_, i) => i));
      assert.ok(largest <= 14, String(largest));
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test("error replies and a lost connection are failures", async () => {
    const template = new RequestTemplate(["SET", "key:%d", "v"]);
    let reply = "-OOM command not allowed\r\n";
    const server = createServer((socket: Socket) => {
      socket.on("error", () => {});
      socket.on("data", () => reply === "" ? socket.destroy() : socket.write(reply));
    });
    const port = await listen(server);
    try {
      const plan = { template, count: 1, batch: 8 };
      await assert.rejects(load("127.0.0.1", port, plan), /1 error replies: OOM command/);
      reply = "";
      await assert.rejects(load("127.0.0.1", port, plan));
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

test("the scattering stride visits every index once", () => {
  for (const count of [1, 2, 3, 10, 97, 1000, 1024]) {
    const stride = scatterStride(count);
    const seen = new Set(Array.from({ length: count }, (_, i) => (i * stride) % count));
    assert.equal(seen.size, count, `count ${count}, stride ${stride}`);
  }
});

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
