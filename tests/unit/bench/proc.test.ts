import { test } from "node:test";
import assert from "node:assert/strict";
import { parseListeningInodes, parseStat, parseVmRss } from "../../../bench/load/proc.ts";

test("CPU time stands after the name, whatever the name is", () => {
  const fields = "S 1 2 3 4 -1 5 6 7 8 9 1234 567 0 0 20 0 8 0 100 200 300";
  for (const name of ["redis-server", "a b", "odd) S 1 2 (name"]) {
    assert.deepEqual(parseStat(`4711 (${name}) ${fields}\n`, 100), {
      userSeconds: 12.34,
      systemSeconds: 5.67,
    });
  }
  assert.equal(parseStat("4711 (cut", 100), null);
});

test("resident memory is in bytes", () => {
  const status = "Name:\tx\nVmHWM:\t   9999 kB\nVmRSS:\t   1234 kB\nRssAnon:\t 1 kB\n";
  assert.equal(parseVmRss(status), 1234 * 1024);
  assert.equal(parseVmRss("Name:\tx\n"), null);
});

test("only sockets that listen on the port", () => {
  const row = (local: string, state: string, inode: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  0  0 ${inode} 1`;
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    row("0100007F:4E21", "0A", 111),
    row("0100007F:4E21", "01", 222),
    row("0100007F:4E22", "0A", 333),
    row("00000000000000000000000001000000:4E21", "0A", 444),
    "",
  ].join("\n");
  assert.deepEqual(parseListeningInodes(table, 20001), ["111", "444"]);
  assert.deepEqual(parseListeningInodes("", 20001), []);
});
