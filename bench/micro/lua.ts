/**
 * Lua programs that compute, side by side with a real server's EVAL: `deno run -A bench/micro/lua.ts
 * [host:port]`, `bun bench/micro/lua.ts [host:port]`. Without an address only our own times are shown.
 *
 * Not one of mitata's benchmarks: a program runs for milliseconds and its first run, which compiles
 * it, counts as much as the best one, for a script may run only once. The server's time is that of the
 * whole command; over a local socket the rest is well under a millisecond.
 */

import process from "node:process";
import { openState } from "../../core/scripting/lua/open.ts";
import { RespClient } from "../../tests/support/resp_client.ts";

const RUNS = 5;

const PROGRAMS: Record<string, string> = {
  "loop of 10M adds": "local x = 0 for i = 1, 10000000 do x = x + i end return x",
  "while loop, 3M": "local i, x = 0, 0 while i < 3000000 do i = i + 1 x = x + i % 7 end return x",
  "fib(25)": `local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
    return fib(25)`,
  "fib(27)": `local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
    return fib(27)`,
  "sieve of 300k": `local n, p = 300000, {} for i = 2, n do p[i] = true end
    for i = 2, math.floor(math.sqrt(n)) do if p[i] then for j = i * i, n, i do p[j] = false end end end
    local c = 0 for i = 2, n do if p[i] then c = c + 1 end end return c`,
  "string of 200k parts": `local t = {} for i = 1, 200000 do t[#t + 1] = 'item:' .. i end
    return #table.concat(t, ',')`,
  "s = s .. x, 20k": "local s = '' for i = 1, 20000 do s = s .. i end return #s",
  "table of 1M": `local t = {} for i = 1, 1000000 do t[i] = i end local s = 0
    for i = 1, #t do s = s + t[i] end return s`,
  "pairs over 200k keys": `local t = {} for i = 1, 200000 do t['k' .. i] = i end local s = 0
    for k, v in pairs(t) do s = s + v end return s`,
  "objects, 300k": `local P = {} P.__index = P
    function P.new(x, y) return setmetatable({x = x, y = y}, P) end
    function P:add(o) return P.new(self.x + o.x, self.y + o.y) end
    local a, b = P.new(0, 0), P.new(1, 2) for i = 1, 300000 do a = a:add(b) end return a.x + a.y`,
  "table.sort of 100k": `local t, s = {}, 42
    for i = 1, 100000 do s = (s * 1103515245 + 12345) % 2147483648 t[i] = s end
    table.sort(t) return t[1]`,
  "sort with function, 50k": `local t, s = {}, 42
    for i = 1, 50000 do s = (s * 1103515245 + 12345) % 2147483648 t[i] = s end
    table.sort(t, function(a, b) return a > b end) return t[1]`,
  "JSON of 10 KB, 100 times": `local t = {} for i = 1, 100 do
    t[i] = {id = i, name = 'user ' .. i, tags = {'a', 'b', 'c'}, score = i * 1.5, ok = i % 2 == 0} end
    local n = 0 for i = 1, 100 do local s = cjson.encode(t) n = n + #s t = cjson.decode(s) end return n`,
  "gsub and gmatch, 100 KB": `local s = ('hello world 123 '):rep(6250)
    local a, n = s:gsub('%w+', function(w) return w .. '!' end)
    for w in s:gmatch('%d+') do n = n + tonumber(w) end return n`,
  "closures and pcall, 300k": `local n = 0 for i = 1, 300000 do
    local ok, v = pcall(function() return i + 1 end) n = n + v end return n`,
};

const address = process.argv[2];
let client: RespClient | null = null;
if (address !== undefined) {
  const [host, port] = address.split(":");
  client = await RespClient.connect({ host, port: Number(port) });
  client.readTimeoutMs = 120_000;
}

console.log(
  "program".padEnd(28),
  "first ms".padStart(9),
  "best ms".padStart(9),
  "server".padStart(9),
);
for (const name of Object.keys(PROGRAMS)) await measure(name, PROGRAMS[name]);
client?.close();

async function measure(name: string, program: string): Promise<void> {
  const state = openState();
  const times: number[] = [];
  let ours: unknown;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    ours = state.run(state.compile(program, "@user_script"))[0];
    times.push(performance.now() - start);
  }
  const best = Math.min(...times);
  let server = "";
  if (client !== null) {
    let time = Infinity;
    for (let i = 0; i < 3; i++) {
      const start = performance.now();
      const reply = await client.command("EVAL", program, "0");
      time = Math.min(time, performance.now() - start);
      if (Number(reply) !== Math.trunc(Number(ours))) console.log(name, "differs:", reply, ours);
    }
    server = `${time.toFixed(1).padStart(9)}  ${(time / best).toFixed(1)}x`;
  }
  console.log(
    name.padEnd(28),
    times[0].toFixed(1).padStart(9),
    best.toFixed(1).padStart(9),
    server,
  );
}
