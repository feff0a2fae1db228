import assert from "node:assert/strict";
import { test } from "node:test";
import { allCommands } from "../../../core/commands/index.ts";
import { infoText } from "../../../core/server/info.ts";
import { bytesToHuman } from "../../../core/server/info_memory.ts";
import { InProcess } from "../../support/in_process.ts";

test("bytes for people are Redis's", () => {
  const cases: [number, string][] = [
    [0, "0B"],
    [1023, "1023B"],
    [1024, "1.00K"],
    [1536, "1.50K"],
    [1024 ** 2 - 1, "1024.00K"],
    [1024 ** 2, "1.00M"],
    [1024 ** 3 * 2.5, "2.50G"],
    [1024 ** 4, "1.00T"],
    [1024 ** 5 * 3, "3.00P"],
  ];
  for (const [bytes, text] of cases) assert.equal(bytesToHuman(bytes), text);
});

test("every line is a head, a field or blank", () => {
  const { server } = new InProcess({ commands: allCommands });
  const lines = infoText(server, ["everything", "debug"]).split("\r\n");
  assert.equal(lines.pop(), "");
  for (const line of lines) assert.match(line, /^(# \w+|[^:\s]+:.*|)$/, line);
  const names = lines.filter((line) => line.includes(":")).map((line) => line.split(":")[0]);
  assert.equal(new Set(names).size, names.length, "no field comes twice");
});

test("a command's name can't break a field", () => {
  const process = new InProcess({ commands: allCommands });
  process.run("GET", "a");
  assert.match(infoText(process.server, ["commandstats"]), /\r\ncmdstat_get:calls=1,/);
});

test("memory adds up", () => {
  const process = new InProcess({ commands: allCommands, config: { save: "" } });
  const { memory, arena } = process.server;
  const empty = memory.overview();
  assert.equal(empty.keys, 0);
  assert.equal(empty.dataset, 0);
  for (let i = 0; i < 1000; i++) process.run("SET", `key:${i}`, "x".repeat(100));
  for (let i = 0; i < 100; i++) process.run("EXPIRE", `key:${i}`, "100");
  const full = memory.overview();
  assert.equal(full.keys, 1000);
  assert.equal(full.allocated, arena.usedBytes);
  assert.equal(full.used, full.allocated + full.clients);
  assert.equal(full.dataset, full.used - full.overhead);
  assert.ok(full.bytesPerKey >= 100 && full.bytesPerKey <= 140, `${full.bytesPerKey} bytes`);
  assert.ok(full.resident >= full.active && full.active >= full.allocated);
  process.empty();
  const flushed = memory.overview();
  assert.equal(flushed.used, empty.used);
  assert.ok(flushed.peak >= full.used);
  assert.ok(flushed.peakPercent < 50);
});
