/**
 * Whose a file is: taken once, taken over from the dead, not from the living.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { SystemClock } from "../../../core/base/clock.ts";
import { FileLock } from "../../../persistence/file_lock.ts";

const dir = mkdtempSync(join(tmpdir(), "larder-lock-"));
const path = join(dir, "dump.rdb");
const lockPath = join(dir, ".dump.rdb.lock");
/** What waiting for a sign of life takes in these tests, in ms. */
const OBSERVE_MS = 300;
/** The same where somebody else must have run meanwhile; a sign of life ends it before its time. */
const OBSERVE_LONG_MS = 20_000;
const DEAD_PID = 2 ** 22 + 1;

after(() => rmSync(dir, { recursive: true }));

function newLock(): FileLock {
  return new FileLock(new SystemClock(), OBSERVE_MS);
}

test("one has it, the other hears whose it is", () => {
  const first = newLock();
  const second = newLock();
  assert.equal(first.take(path), null);
  assert.equal(first.take(path), null);
  assert.equal(second.take(path), `another server, with process id ${process.pid}`);
  assert.equal(second.take(join(dir, "other.rdb")), null);
  first.release();
  assert.equal(existsSync(lockPath), false);
  assert.equal(second.take(path), null);
  assert.equal(existsSync(join(dir, ".other.rdb.lock")), false, "one file at a time");
  second.release();
});

test("it is found again where its directory was renamed to, and back", () => {
  const home = join(dir, "home");
  const away = join(dir, "away");
  mkdirSync(home);
  const mine = newLock();
  const other = newLock();
  assert.equal(mine.take(join(home, "dump.rdb")), null);
  renameSync(home, away);
  assert.match(other.take(join(away, "dump.rdb")) ?? "", /^another server/);
  assert.equal(mine.take(join(away, "dump.rdb")), null);
  renameSync(away, home);
  assert.equal(mine.take(join(home, "dump.rdb")), null);
  mine.release();
  assert.equal(other.take(join(home, "dump.rdb")), null);
  other.release();
});

test("what a killed server left is taken", () => {
  const lock = newLock();
  lock.take(path);
  const text = readFileSync(lockPath, "latin1");
  lock.release();
  for (
    const left of [
      text.replace(/^pid .*$/m, `pid ${DEAD_PID}`),
      // Another process has the number by now.
      text.replace(/^started .*$/m, "started 1"),
    ]
  ) {
    writeFileSync(lockPath, left);
    assert.equal(lock.take(path), null);
    lock.release();
  }
});

test("of somebody who can't be asked, it is taken unless there is a sign of life", () => {
  const lock = newLock();
  for (const text of ["", "pid 1\nstarted 5\nplace elsewhere\n"]) {
    writeFileSync(lockPath, text);
    assert.equal(lock.take(path), null, text);
    lock.release();
  }
  writeFileSync(lockPath, "pid 1\nstarted 5\nplace elsewhere\n");
  const touching = spawn("sh", [
    "-c",
    'while [ -e "$0" ]; do touch "$0"; sleep 0.05; done',
    lockPath,
  ]);
  try {
    const patient = new FileLock(new SystemClock(), OBSERVE_LONG_MS);
    assert.equal(patient.take(path), "another server, with process id 1");
  } finally {
    rmSync(lockPath);
    touching.kill();
  }
});
