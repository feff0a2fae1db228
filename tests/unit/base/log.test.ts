/** core/base/log.ts: the format of lines, levels, files, and silence on every failure. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { ManualClock } from "../../../core/base/clock.ts";
import { formatLogTime, Log, LOG_LEVELS } from "../../../core/base/log.ts";
import { currentRuntime } from "../../support/runtimes.ts";

const dir = mkdtempSync(join(tmpdir(), "larder-log-"));
after(() => rmSync(dir, { recursive: true }));

const LINE = /^4711:M 0[1-9]|[12][0-9]|3[01] [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} [.*#-] /;

function write(file: string, level: (typeof LOG_LEVELS)[number]): string {
  const log = new Log(new ManualClock(), { pid: 4711, file, level });
  log.debug("d");
  log.verbose("v");
  log.notice("n");
  log.warning("w");
  return readFileSync(file, "utf8");
}

describe("lines", () => {
  test("have pid, role, local time and level before the message", () => {
    const file = join(dir, "lines");
    const lines = write(file, "debug").split("\n");
    assert.equal(lines.length, 5);
    for (const line of lines.slice(0, 4)) assert.match(line, LINE);
    const time = formatLogTime(new ManualClock().nowMs());
    assert.equal(lines[0], `4711:M ${time} . d`);
    assert.equal(lines[1], `4711:M ${time} - v`);
    assert.equal(lines[2], `4711:M ${time} * n`);
    assert.equal(lines[3], `4711:M ${time} # w`);
    const log = new Log(new ManualClock(), { file: join(dir, "role") });
    log.role = "S";
    log.notice("x");
    assert.ok(readFileSync(log.file, "utf8").startsWith(`${process.pid}:S `));
  });

  test("show the date in local time with padded parts", () => {
    const local = new Date(2026, 10, 3, 1, 2, 3, 4).getTime();
    assert.equal(formatLogTime(local), "03 Nov 2026 01:02:03.004");
    assert.equal(
      formatLogTime(new Date(1999, 11, 31, 23, 59, 59, 999).getTime()),
      "31 Dec 1999 23:59:59.999",
    );
  });

  test("below the level are dropped, and all of them at nothing", () => {
    for (let i = 0; i < LOG_LEVELS.length; i++) {
      const file = join(dir, `level-${LOG_LEVELS[i]}`);
      writeFileSync(file, "");
      assert.equal(write(file, LOG_LEVELS[i]).split("\n").length - 1, 4 - i);
      const log = new Log(new ManualClock(), { level: LOG_LEVELS[i] });
      assert.equal(log.enabled("warning"), LOG_LEVELS[i] !== "nothing");
    }
  });

  test("are cut to 1023 bytes of message", () => {
    const file = join(dir, "long");
    const log = new Log(new ManualClock(), { file });
    log.notice("é".repeat(2000));
    const bytes = readFileSync(file);
    assert.equal(bytes.length - bytes.indexOf("* ") - 3, 1023);
    assert.equal(bytes[bytes.length - 1], 0x0a);
  });

  test("may be raw", () => {
    const file = join(dir, "raw");
    const log = new Log(new ManualClock(), { file });
    log.raw("notice", "no prefix ✓");
    log.raw("debug", "not shown");
    assert.equal(readFileSync(file, "utf8"), "no prefix ✓");
  });
});

describe("files", () => {
  test("are opened again for each line, so that they can be rotated", () => {
    const file = join(dir, "rotated");
    const log = new Log(new ManualClock());
    log.setFile(file);
    log.notice("one");
    renameSync(file, file + ".1");
    log.notice("two");
    assert.match(readFileSync(file + ".1", "utf8"), /one\n$/);
    assert.match(readFileSync(file, "utf8"), /two\n$/);
  });

  test("that can't be opened or written lose their lines in silence", () => {
    for (const path of [join(dir, "no", "such", "dir"), dir, "/dev/full", "a\0b"]) {
      new Log(new ManualClock(), { file: path }).warning("lost");
    }
  });
});

test("a closed standard output is survived", () => {
  const script = join(dir, "closed.ts");
  const base = new URL("../../../core/base/", import.meta.url).href;
  writeFileSync(
    script,
    `import process from "node:process";
import { Log } from "${base}log.ts";
import { ManualClock } from "${base}clock.ts";
const log = new Log(new ManualClock());
for (let i = 0; i < 3; i++) log.warning("lost");
log.setFile(process.argv[2]);
log.warning("kept");
`,
  );
  const out = join(dir, "kept");
  const run = currentRuntime() === "deno" ? "run --quiet -A --no-config" : "";
  // The command stands in a file because only a shell can start a program without the descriptor.
  const starter = join(dir, "closed.sh");
  writeFileSync(starter, `exec "${process.execPath}" ${run} "${script}" "${out}" >&-\n`);
  const child = spawnSync("sh", [starter], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  assert.equal(child.status, 0, child.stderr);
  assert.match(readFileSync(out, "utf8"), /# kept\n$/);
});
