/** express-session with connect-redis: logins live in Larder, so they survive a restart of the site. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { target } from "../support/server.ts";

const server = target();
const SITE = fileURLToPath(new URL("./express_site.ts", import.meta.url));
const LOCK = fileURLToPath(new URL("../../deno.lock", import.meta.url));
/** The packages that the lock names, as in the tasks that run tests. */
const RUN = ["run", `--lock=${LOCK}`, "--frozen", "-A", "--no-check", SITE];

let site: ChildProcess | null = null;
after(() => {
  site?.kill();
});

/** Starts the site. Returns where it is. */
function startSite(): Promise<string> {
  const { host, port } = server.address;
  const child = spawn(process.execPath, [...RUN, `${host}:${port}`]);
  site = child;
  return new Promise((resolve, reject) => {
    let output = "";
    const take = (chunk: Uint8Array) => {
      output += new TextDecoder().decode(chunk);
      const found = /listening on (\d+)/.exec(output);
      if (found !== null) resolve(`http://127.0.0.1:${found[1]}`);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("exit", (code) => reject(new Error(`the site ended with ${code}: ${output}`)));
  });
}

function stopSite(): Promise<void> {
  const child = site;
  site = null;
  return new Promise((resolve) => {
    if (child === null) return resolve();
    child.on("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

async function ask(url: string, method: string, cookie: string) {
  const response = await fetch(url, { method, headers: cookie === "" ? {} : { cookie } });
  const set = response.headers.get("set-cookie");
  return { text: await response.text(), cookie: set === null ? cookie : set.split(";")[0] };
}

test("logins survive a restart of the site", async () => {
  const control = await server.connect();
  await control.command("FLUSHALL");
  let url = await startSite();
  assert.equal((await ask(`${url}/me`, "GET", "")).text, "nobody");
  const ann = (await ask(`${url}/login?name=ann`, "POST", "")).cookie;
  const bob = (await ask(`${url}/login?name=bob`, "POST", "")).cookie;
  assert.notEqual(ann, bob);
  assert.equal((await ask(`${url}/me`, "GET", ann)).text, "ann, visit 1");
  assert.equal(await control.command("DBSIZE"), 2);
  await stopSite();
  url = await startSite();
  assert.equal((await ask(`${url}/me`, "GET", ann)).text, "ann, visit 2");
  assert.equal((await ask(`${url}/me`, "GET", bob)).text, "bob, visit 1");
  const [key] = await control.command("KEYS", "site:*") as string[];
  const ttl = Number(await control.command("TTL", key));
  assert.ok(ttl > 3500 && ttl <= 3600, `ttl ${ttl}`);
  assert.equal((await ask(`${url}/logout`, "POST", ann)).text, "bye");
  assert.equal((await ask(`${url}/me`, "GET", ann)).text, "nobody");
  assert.equal(await control.command("DBSIZE"), 1);
  await stopSite();
  control.close();
});
