import assert from "node:assert/strict";
import { test } from "node:test";
import { allCommands } from "../../../core/commands/index.ts";
import { SHUTDOWN_FORCE, SHUTDOWN_SAVE } from "../../../core/server/shutdown.ts";
import { InProcess } from "../../support/in_process.ts";
import { sleep } from "../../support/server.ts";
import { until } from "../../support/until.ts";

/** A server whose end is noted instead of done. */
function mortal(config: Record<string, string> = {}) {
  const process = new InProcess({ commands: allCommands, config });
  const { shutdown } = process.server;
  const done: string[] = [];
  shutdown.steps.push(() => {
    done.push("first");
  });
  shutdown.steps.push(() => {
    done.push("second");
    throw new Error("a step that fails doesn't keep the others");
  });
  shutdown.steps.push(() => {
    done.push("third");
  });
  shutdown.exit = (status) => done.push(`exit ${status}`);
  return { process, shutdown, done };
}

const IN_ORDER = ["first", "second", "third", "exit 0"];

test("the steps are done in order, then the process ends", () => {
  const { shutdown, done } = mortal();
  assert.equal(shutdown.run(0), null);
  assert.deepEqual(done, IN_ORDER);
});

test("a save that is asked for can't be done unless it is forced", () => {
  const { shutdown, done } = mortal();
  assert.equal(shutdown.run(SHUTDOWN_SAVE), "ERR Errors trying to SHUTDOWN. Check logs.");
  assert.deepEqual(done, []);
  assert.equal(shutdown.run(SHUTDOWN_SAVE | SHUTDOWN_FORCE), null);
  assert.deepEqual(done, IN_ORDER);
});

test("a signal works a moment later, and can be taken back until then", async () => {
  const { process, shutdown, done } = mortal();
  shutdown.signal("SIGTERM");
  assert.deepEqual(done, []);
  assert.equal(process.run("SHUTDOWN", "ABORT"), "+OK\r\n");
  await sleep(20);
  assert.deepEqual(done, []);
  assert.equal(process.run("SHUTDOWN", "ABORT"), "-ERR No shutdown in progress.\r\n");
  shutdown.signal("SIGTERM");
  await until("the end", () => done.length === IN_ORDER.length);
  assert.deepEqual(done, IN_ORDER);
});

test("a second SIGINT ends at once", () => {
  const { shutdown, done } = mortal();
  shutdown.signal("SIGINT");
  shutdown.signal("SIGINT");
  assert.deepEqual(done, ["exit 1"]);
});

test("a signal obeys its directive", async () => {
  const { shutdown, done } = mortal({ "shutdown-on-sigint": "save force" });
  shutdown.signal("SIGINT");
  await until("the end", () => done.length === IN_ORDER.length);
  assert.deepEqual(done, IN_ORDER);
  const refusing = mortal({ "shutdown-on-sigterm": "save" });
  refusing.shutdown.signal("SIGTERM");
  await sleep(20);
  assert.deepEqual(refusing.done, []);
});

test("SHUTDOWN has no reply unless it fails", () => {
  const { process, done } = mortal();
  assert.equal(process.run("SHUTDOWN", "SAVE"), "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  assert.equal(process.run("SHUTDOWN", "NOSAVE", "NOW"), "");
  assert.deepEqual(done, IN_ORDER);
});

test("while a script holds up others it ends without saving only, and a signal waits", async () => {
  const { process, shutdown, done } = mortal();
  const { scripting } = process.server;
  scripting.begin("BUSY a script");
  for (const words of [[], ["SAVE"], ["NOW"], ["FORCE"]]) {
    assert.equal(process.run("SHUTDOWN", ...words), "-BUSY a script\r\n");
  }
  shutdown.signal("SIGTERM");
  await sleep(50);
  assert.deepEqual(done, []);
  scripting.end();
  await until("the end", () => done.length === IN_ORDER.length);
  assert.deepEqual(done, IN_ORDER);
  done.length = 0;
  scripting.begin("BUSY a script");
  assert.equal(process.run("SHUTDOWN", "NOSAVE"), "");
  assert.deepEqual(done, IN_ORDER);
});
