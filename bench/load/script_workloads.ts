/**
 * Tests of scripts: `--tests scripts` for those that programs run a thousand times a second, `--tests computing` for
 * those that show how fast Lua itself is.
 *
 * All are called by EVALSHA; loading them is outside the measured time. Some locks of `script_release` are released
 * already when their turn comes again: then the script does what it does for a lock that somebody else has.
 */
import { createHash } from "node:crypto";
import type { Setup, Workload } from "./workload.ts";

const LOCKS = 100_000;
/** A computing script takes milliseconds; the first dozens of calls are those of a cold compiler. */
const COMPUTING_REQUESTS_MIN = 300;

const INCR = "return redis.call('INCR', KEYS[1])";

const LIMITER = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now - ARGV[1] * 1000)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now, now)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`;

const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

const FIB = `
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
return fib(27)`;

const SIEVE = `
local n, count, composite = 200000, 0, {}
for i = 2, n do
  if not composite[i] then
    count = count + 1
    for j = i * i, n, i do composite[j] = true end
  end
end
return count`;

const STRINGS = `
local parts = {}
for i = 1, 20000 do parts[#parts + 1] = string.format('%d:%s', i, ('x'):rep(i % 10)) end
local text = table.concat(parts, ',')
local count = 0
for word in text:gmatch('[^,]+') do if word:find('99', 1, true) then count = count + #word end end
return count .. text:sub(-20):upper()`;

const SORT = `
local numbers, seed = {}, 42
for i = 1, 20000 do seed = (seed * 16807) % 2147483647 numbers[i] = seed end
table.sort(numbers)
table.sort(numbers, function(a, b) return a > b end)
return numbers[1]`;

const JSON_TEXT = `
local list = {}
for i = 1, 100 do
  list[i] = {id = i, name = 'user' .. i, tags = {'a', 'b', 'c'}, score = i / 3, active = i % 2 == 0}
end
local size = 0
for i = 1, 20 do size = size + #cjson.encode(cjson.decode(cjson.encode(list))) end
return size`;

/** A script under a name, called with so many keys and these arguments. */
function script(name: string, text: string, args: string, scale: number, setup: Setup[]): Workload {
  const sha = createHash("sha1").update(text).digest("hex");
  const loaded = {
    key: "",
    words: [],
    count: 0,
    always: true,
    commands: [["SCRIPT", "LOAD", text]],
  };
  return {
    name: `script_${name}`,
    args: ["evalsha", sha, ...args.split(" ")],
    scale,
    key: null,
    element: null,
    elementCount: 0,
    setup: [loaded, ...setup],
  };
}

function computing(name: string, text: string): Workload {
  return { ...script(name, text, "0", 0, []), requestsMin: COMPUTING_REQUESTS_MIN };
}

const LOCK_KEYS: Setup = {
  key: "lock:000000000000",
  words: ["SET", "lock:%d", "token"],
  count: LOCKS,
  always: true,
};

export const SCRIPT_WORKLOADS: readonly Workload[] = [
  script("incr", INCR, "1 counter:__rand_int__", 1, []),
  script("limiter", LIMITER, "1 limit:__rand_int__ 1000 10", 0.25, []),
  script("release", RELEASE, "1 lock:__rand_int__ token", 1, [LOCK_KEYS]),
];

export const COMPUTING_WORKLOADS: readonly Workload[] = [
  computing("fib", FIB),
  computing("sieve", SIEVE),
  computing("strings", STRINGS),
  computing("sort", SORT),
  computing("json", JSON_TEXT),
];
