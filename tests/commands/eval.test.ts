/**
 * EVAL and what scripts can do, to the byte. The language itself is compared with a real server in
 * tests/unit/scripting/lua.
 */
import { createHash } from "node:crypto";
import { bulk, NIL, OK, type RawCase, rawCases, type Want } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

/** What comes back, given the script's SHA-1. */
type Wanted = Want | ((sha: string) => string);

function sha1(text: string): string {
  return createHash("sha1").update(text, "latin1").digest("hex");
}

/** An error that ended the script on that line. */
function at(line: number, text: string): (sha: string) => string {
  return (sha) => `-${text} script: ${sha}, on @user_script:${line}.\r\n`;
}

function error(text: string): string {
  return `-${text}\r\n`;
}

/** Scripts without keys and arguments, in both protocols. */
function scripts(name: string, cases: readonly (readonly [string, Wanted])[]): void {
  const raw = cases.map(([text, want]): RawCase => {
    return [["EVAL", text, "0"], typeof want === "function" ? want(sha1(text)) : want];
  });
  rawCases(server, name, raw, { resp: "both" });
}

scripts("what a script gives back", [
  ["return 1", ":1\r\n"],
  ["return 3.99", ":3\r\n"],
  ["return -3.99", ":-3\r\n"],
  ["return 2^63", ":-9223372036854775808\r\n"],
  ["return 0/0", ":-9223372036854775808\r\n"],
  ["return 'x'", bulk("x")],
  ["return {1,2,nil,3}", "*2\r\n:1\r\n:2\r\n"],
  ["return {}", "*0\r\n"],
  ["return true", ":1\r\n"],
  ["return false", NIL],
  ["return nil", NIL],
  ["return", NIL],
  ["return {ok='fine'}", "+fine\r\n"],
  ["return {ok='a\\r\\nb'}", "+a  b\r\n"],
  ["return {err='MY msg'}", error("MY msg")],
  ["return {err='hello'}", error("hello")],
  ["return {err='-hello x'}", error("-hello x")],
  ["return {err='a\\r\\n'}", error("a")],
  ["return {err='\\r\\na\\nb\\n'}", error("  a b")],
  ["return {double=3.5}", { resp2: bulk("3.5"), resp3: ",3.5\r\n" }],
  ["return {double=1/0}", { resp2: bulk("inf"), resp3: ",inf\r\n" }],
  ["return {double=-1/0}", { resp2: bulk("-inf"), resp3: ",-inf\r\n" }],
  ["return {double=1e100}", { resp2: bulk("1e+100"), resp3: ",1e+100\r\n" }],
  ["return {double=3}", { resp2: bulk("3"), resp3: ",3\r\n" }],
  ["return {big_number='123456789012345678901234567890'}", {
    resp2: bulk("123456789012345678901234567890"),
    resp3: "(123456789012345678901234567890\r\n",
  }],
  ["return {big_number='1\\r\\n2'}", { resp2: bulk("1  2"), resp3: "(1  2\r\n" }],
  ["return {verbatim_string={string='abc',format='txt'}}", {
    resp2: bulk("abc"),
    resp3: "=7\r\ntxt:abc\r\n",
  }],
  ["return {verbatim_string={string='abc',format='mkdx'}}", {
    resp2: bulk("abc"),
    resp3: "=7\r\nmkd:abc\r\n",
  }],
  ["return {verbatim_string={string='abc'}}", "*0\r\n"],
  ["return {map={a=1}}", { resp2: "*2\r\n$1\r\na\r\n:1\r\n", resp3: "%1\r\n$1\r\na\r\n:1\r\n" }],
  ["return {map={}}", { resp2: "*0\r\n", resp3: "%0\r\n" }],
  ["return {set={a=true}}", { resp2: "*1\r\n$1\r\na\r\n", resp3: "~1\r\n$1\r\na\r\n" }],
  ["setmetatable(redis, {})", at(1, "ERR Attempt to modify a readonly table")],
]);

scripts("commands and their replies", [
  ["redis.setresp(3); return true", { resp2: ":1\r\n", resp3: "#t\r\n" }],
  ["redis.setresp(3); return false", { resp2: ":0\r\n", resp3: "#f\r\n" }],
  ["redis.setresp(3); return {true,false}", {
    resp2: "*2\r\n:1\r\n:0\r\n",
    resp3: "*2\r\n#t\r\n#f\r\n",
  }],
  ["redis.setresp(3); return redis.call('hgetall','nosuch')", { resp2: "*0\r\n", resp3: "%0\r\n" }],
  ["redis.call('hset','h','f','v'); redis.setresp(3); return redis.call('hgetall','h')", {
    resp2: "*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
    resp3: "%1\r\n$1\r\nf\r\n$1\r\nv\r\n",
  }],
  [
    "redis.call('hset','h','f','v'); return redis.call('hgetall','h')",
    "*2\r\n$1\r\nf\r\n$1\r\nv\r\n",
  ],
  ["redis.call('zadd','z',1.5,'a'); redis.setresp(3); return redis.call('zscore','z','a')", {
    resp2: bulk("1.5"),
    resp3: ",1.5\r\n",
  }],
  [
    "redis.call('zadd','z',1.5,'a'); redis.setresp(3); return redis.call('zscore','z','a').double",
    ":1\r\n",
  ],
  [
    "redis.call('zadd','z',1.5,'a'); redis.setresp(3); local r=redis.call('zrange','z',0,-1,'withscores'); return {#r,type(r[1]),r[1][1],r[1][2].double}",
    "*4\r\n:1\r\n$5\r\ntable\r\n$1\r\na\r\n:1\r\n",
  ],
  ["redis.setresp(3); return type(redis.call('get','nosuch'))", bulk("nil")],
  ["return type(redis.call('get','nosuch'))", bulk("boolean")],
  [
    "redis.call('sadd','s','m'); redis.setresp(3); local r=redis.call('smembers','s'); return {type(r.set), r.set.m and 1 or 0}",
    "*2\r\n$5\r\ntable\r\n:1\r\n",
  ],
  ["redis.setresp('3') return 1", ":1\r\n"],
  [
    "return redis.call('debug','protocol','attrib')",
    at(1, "ERR This Redis command is not allowed from script"),
  ],
  [
    "return redis.call()",
    at(1, "ERR Please specify at least one argument for this redis lib call"),
  ],
  ["return redis.call(1)", at(1, "ERR Unknown Redis command called from script")],
  ["return redis.call('get')", at(1, "ERR Wrong number of args calling Redis command from script")],
  [
    "return redis.call('get', {})",
    at(1, "ERR Lua redis lib command arguments must be strings or integers"),
  ],
  [
    "return redis.call('get', nil)",
    at(1, "ERR Lua redis lib command arguments must be strings or integers"),
  ],
  [
    "return redis.call('get', true)",
    at(1, "ERR Lua redis lib command arguments must be strings or integers"),
  ],
  [
    "return redis.pcall('get', {})",
    error("ERR Lua redis lib command arguments must be strings or integers"),
  ],
  ["return redis.pcall('nosuchcmd')", error("ERR Unknown Redis command called from script")],
  ["return redis.pcall('config','nosuch')", error("ERR Unknown Redis command called from script")],
  ["return redis.call('config','nosuch')", at(1, "ERR Unknown Redis command called from script")],
  [
    "return redis.call('config')",
    at(1, "ERR Wrong number of args calling Redis command from script"),
  ],
  [
    "return redis.call('subscribe','x')",
    at(1, "ERR This Redis command is not allowed from script"),
  ],
  ["return redis.call('multi')", at(1, "ERR This Redis command is not allowed from script")],
  [
    "return redis.call('eval','return 1',0)",
    at(1, "ERR This Redis command is not allowed from script"),
  ],
  ["return redis.call('select',1)", OK],
  ["return redis.call('set','k',1.5)", OK],
  ["return redis.call('get','k')", bulk("1.5")],
  ["redis.x = 1", at(1, "ERR user_script:1: Attempt to modify a readonly table")],
  ["return {pcall(redis.call,'nosuch')}", {
    resp2: "*2\r\n$-1\r\n$44\r\nERR Unknown Redis command called from script\r\n",
    resp3: "*2\r\n_\r\n$44\r\nERR Unknown Redis command called from script\r\n",
  }],
  ["return {pcall(redis.call,'get')}", {
    resp2: "*2\r\n$-1\r\n$58\r\nERR Wrong number of args calling Redis command from script\r\n",
    resp3: "*2\r\n_\r\n$58\r\nERR Wrong number of args calling Redis command from script\r\n",
  }],
  ["return {xpcall(function() return redis.call('nosuch') end, function(e) return e.err end)}", {
    resp2: "*2\r\n$-1\r\n$44\r\nERR Unknown Redis command called from script\r\n",
    resp3: "*2\r\n_\r\n$44\r\nERR Unknown Redis command called from script\r\n",
  }],
  [
    "local ok,e = pcall(redis.call,'lpush','k','x') error(e)",
    at(1, "ERR user_script:1: WRONGTYPE Operation against a key holding the wrong kind of value"),
  ],
  [
    "local e = redis.pcall('lpush','k','x') return {e.err, tostring(e.ignore_error_stats_update), tostring(e.source), tostring(e.line)}",
    "*4\r\n$65\r\nWRONGTYPE Operation against a key holding the wrong kind of value\r\n$4\r\ntrue\r\n$3\r\nnil\r\n$3\r\nnil\r\n",
  ],
  [
    "local e = redis.pcall('lpush','k','x') return e",
    error("WRONGTYPE Operation against a key holding the wrong kind of value"),
  ],
  [
    "local e = redis.pcall('lpush','k','x') error(e)",
    at(1, "WRONGTYPE Operation against a key holding the wrong kind of value"),
  ],
  [
    "return redis.call('lpush','k','x')",
    at(1, "WRONGTYPE Operation against a key holding the wrong kind of value"),
  ],
  ["return redis.call('exec')", at(1, "ERR This Redis command is not allowed from script")],
]);

scripts("numbers as arguments of commands", [
  ["return redis.call('echo',1e20)", bulk("1e+20")],
  ["return redis.call('echo',7205759403792794)", bulk("7205759403792794")],
  ["return redis.call('echo',2^62)", bulk("4611686018427387904")],
  ["return redis.call('echo',2^63)", bulk("9223372036854776000")],
  ["return redis.call('echo',-2^63)", bulk("-9223372036854776000")],
  ["return redis.call('echo',1/0)", bulk("inf")],
  ["return redis.call('echo',-1/0)", bulk("-inf")],
  ["return redis.call('echo',0/0)", bulk("-nan")],
  ["return redis.call('echo',-0.0)", bulk("0")],
  ["return redis.call('echo',0.1)", bulk("0.1")],
  ["return redis.call('echo',3.14159265358979)", bulk("3.14159265358979")],
  ["return redis.call('echo',1e-7)", bulk("1e-7")],
  ["return redis.call('echo',123456.789e3)", bulk("123456789")],
  ["return redis.call('echo',1e15+0.5)", bulk("1000000000000000.5")],
  ["return redis.call('echo',1e21)", bulk("1e+21")],
  ["return redis.call('echo',4611686018427387904)", bulk("4611686018427387904")],
  ["return redis.call('echo',4611686018427387000)", bulk("4611686018427386880")],
  ["return redis.call('echo',9007199254740993)", bulk("9007199254740992")],
]);

scripts("errors of scripts", [
  ["error('x')", at(1, "ERR user_script:1: x")],
  ["error({err='MY x'})", at(1, "MY x")],
  ["error({err='x'})", at(1, "x")],
  ["error(5)", at(1, "ERR user_script:1: 5")],
  ["error(nil)", at(1, "ERR nil")],
  ["error('x',0)", at(1, "ERR x")],
  ["local function f() error('deep') end\n\nf()", at(1, "ERR user_script:1: deep")],
  ["local function f() error('deep',2) end\n\nf()", at(1, "ERR user_script:3: deep")],
  [
    "local t = nil\nreturn t.x",
    at(2, "ERR user_script:2: attempt to index local 't' (a nil value)"),
  ],
  ["return 1 + {}", at(1, "ERR user_script:1: attempt to perform arithmetic on a table value")],
  ["return #5", at(1, "ERR user_script:1: attempt to get length of a number value")],
  ["local a = 1\na()", at(2, "ERR user_script:2: attempt to call local 'a' (a number value)")],
  ["return pcall(error,'x')", NIL],
  ["return {pcall(error,'x')}", {
    resp2: "*2\r\n$-1\r\n$1\r\nx\r\n",
    resp3: "*2\r\n_\r\n$1\r\nx\r\n",
  }],
  ["return {pcall(error,{err='ABC x'})}", {
    resp2: "*2\r\n$-1\r\n$5\r\nABC x\r\n",
    resp3: "*2\r\n_\r\n$5\r\nABC x\r\n",
  }],
  ["return {pcall(error,{err='5'})}", {
    resp2: "*2\r\n$-1\r\n$1\r\n5\r\n",
    resp3: "*2\r\n_\r\n$1\r\n5\r\n",
  }],
  [
    "local r={pcall(error,{ok='y'})} return {#r, r[1] and 1 or 0, type(r[2])}",
    "*3\r\n:2\r\n:0\r\n$5\r\ntable\r\n",
  ],
  [
    "return 'a' ..",
    error(
      "ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'",
    ),
  ],
  [
    "x = = 1",
    error("ERR Error compiling script (new function): user_script:1: unexpected symbol near '='"),
  ],
]);

scripts("globals", [
  [
    "return nosuch.x",
    at(1, "ERR user_script:1: Script attempted to access nonexistent global variable 'nosuch'"),
  ],
  [
    "return nosuch()",
    at(1, "ERR user_script:1: Script attempted to access nonexistent global variable 'nosuch'"),
  ],
  ["nosuch = 1", at(1, "ERR user_script:1: Attempt to modify a readonly table")],
  ["string.x = 1", at(1, "ERR user_script:1: Attempt to modify a readonly table")],
  ["local t = {} setmetatable(_G, t)", at(1, "ERR Attempt to modify a readonly table")],
  ["return getmetatable(_G).__index", NIL],
  ["getmetatable('').__index = {}", NIL],
  ["return type(_G.redis)", bulk("table")],
  ["rawset(_G,'x',1)", at(1, "ERR Attempt to modify a readonly table")],
  ["rawset(_G,'redis',1)", at(1, "ERR Attempt to modify a readonly table")],
  ["KEYS = 1", at(1, "ERR user_script:1: Attempt to modify a readonly table")],
  ["KEYS[1] = 5 return KEYS[1]", ":5\r\n"],
  [
    "return loadstring('return nosuchglobal')()",
    error(
      "ERR [string \"return nosuchglobal\"]:1: Script attempted to access nonexistent global variable 'nosuchglobal' script: 36b40353e7568736ac16e85c9147149e62cd248e, on return nosuchglobal:1.",
    ),
  ],
  [
    "return loadstring('error(\"in loaded\")')()",
    error(
      'ERR [string "error("in loaded")"]:1: in loaded script: 866299f273ffd43ad85f0aa35547a62f45437511, on error("in loaded"):1.',
    ),
  ],
  ["local f = loadstring('return +'); return f", NIL],
  ["return {loadstring('return +')}", "*0\r\n"],
  [
    "return type(print)",
    at(1, "ERR user_script:1: Script attempted to access nonexistent global variable 'print'"),
  ],
  ["return math.random()", ":0\r\n"],
  ["math.randomseed(3) return tostring(math.random())", bulk("0.78323496216127")],
]);

scripts("functions of redis", [
  ["return redis.error_reply('hello')", error("ERR hello")],
  ["return redis.error_reply('-hello')", error("ERR hello")],
  ["return redis.error_reply('MY hello')", error("MY hello")],
  ["return redis.error_reply('-MY hello\\r\\n')", error("MY hello")],
  ["return redis.error_reply('\\n\\nMY hello\\n')", error("  MY hello")],
  ["return redis.error_reply()", error("ERR wrong number or type of arguments")],
  ["return redis.error_reply(1)", error("ERR wrong number or type of arguments")],
  ["return redis.status_reply('x')", "+x\r\n"],
  ["return redis.status_reply(1)", error("ERR wrong number or type of arguments")],
  ["redis.setresp(1)", at(1, "ERR RESP version must be 2 or 3.")],
  ["redis.setresp()", at(1, "ERR redis.setresp() requires one argument.")],
  ["return redis.setresp(2)", NIL],
  ["return redis.sha1hex('')", bulk("da39a3ee5e6b4b0d3255bfef95601890afd80709")],
  ["return redis.sha1hex('abc')", bulk("a9993e364706816aba3e25717850c26c9cd0d89d")],
  ["return redis.sha1hex()", at(1, "ERR wrong number of arguments")],
  ["return redis.sha1hex(123)", bulk("40bd001563085fc35165329ea1ff5c5ecbdbbeef")],
  ["return redis.sha1hex('a','b')", at(1, "ERR wrong number of arguments")],
  ["return redis.replicate_commands()", ":1\r\n"],
  ["return redis.set_repl(redis.REPL_ALL)", NIL],
  [
    "redis.set_repl(10)",
    at(1, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."),
  ],
  ["redis.set_repl()", at(1, "ERR redis.set_repl() requires one argument.")],
  [
    "return {redis.REPL_NONE,redis.REPL_AOF,redis.REPL_SLAVE,redis.REPL_REPLICA,redis.REPL_ALL,redis.LOG_DEBUG,redis.LOG_VERBOSE,redis.LOG_NOTICE,redis.LOG_WARNING}",
    "*9\r\n:0\r\n:1\r\n:2\r\n:2\r\n:3\r\n:0\r\n:1\r\n:2\r\n:3\r\n",
  ],
  ["return redis.breakpoint()", NIL],
  ["return redis.debug('x')", NIL],
  ["redis.log()", at(1, "ERR redis.log() requires two arguments or more.")],
  ["redis.log('x','y')", at(1, "ERR First argument must be a number (log level).")],
  ["redis.log(10,'y')", at(1, "ERR Invalid log level.")],
  ["redis.log(redis.LOG_WARNING,'y', 1, {}, 'z')", NIL],
  ["return redis.acl_check_cmd('set','x','y')", ":1\r\n"],
  [
    "return redis.acl_check_cmd('nosuch')",
    at(1, "ERR Invalid command passed to redis.acl_check_cmd()"),
  ],
  [
    "return redis.acl_check_cmd()",
    at(1, "ERR Please specify at least one argument for this redis lib call"),
  ],
  [
    "return redis.acl_check_cmd({})",
    at(1, "ERR Lua redis lib command arguments must be strings or integers"),
  ],
  ["return redis.register_function", NIL],
]);

scripts("first lines", [
  ["#!lua\nreturn 1", ":1\r\n"],
  [
    "#!lua flags=no-writes\nreturn redis.call('set','x',1)",
    at(2, "ERR Write commands are not allowed from read-only scripts."),
  ],
  ["#!lua flags=nosuch\nreturn 1", error("ERR Unexpected flag in script shebang: nosuch")],
  ["#!lua nosuch=1\nreturn 1", error("ERR Unknown lua shebang option: nosuch=1")],
  ["#!python\nreturn 1", error("ERR Unexpected engine in script shebang: #!python")],
  ["#!lua", error("ERR Invalid script shebang")],
  ["#!lua flags=\nreturn 1", ":1\r\n"],
  ["#!\nreturn 1", error("ERR Unexpected engine in script shebang: #!")],
  ["#!lua flags=no-writes,allow-oom\nerror('x')", at(2, "ERR user_script:2: x")],
  ['#!lua "\nreturn 1', error("ERR Invalid engine in script shebang")],
]);

rawCases(server, "arguments", [
  [["EVAL", "return 1", "x"], error("ERR value is not an integer or out of range")],
  [["EVAL", "return 1", "-1"], error("ERR Number of keys can't be negative")],
  [["EVAL", "return 1", "1"], error("ERR Number of keys can't be greater than number of args")],
  [
    ["EVAL", "return 1", "99999999999999999999"],
    error("ERR value is not an integer or out of range"),
  ],
  [["EVAL", "return 1"], error("ERR wrong number of arguments for 'eval' command")],
  [["EVALSHA", "x", "0"], error("NOSCRIPT No matching script. Please use EVAL.")],
  [
    ["EVALSHA", "0123456789012345678901234567890123456789", "0"],
    error("NOSCRIPT No matching script. Please use EVAL."),
  ],
  [
    ["EVALSHA", "0123456789012345678901234567890123456789", "x"],
    error("ERR value is not an integer or out of range"),
  ],
  [["EVALSHA", "x", "x"], error("NOSCRIPT No matching script. Please use EVAL.")],
  [
    ["EVALSHA_RO", "0123456789012345678901234567890123456789", "0"],
    error("NOSCRIPT No matching script. Please use EVAL."),
  ],
  [
    ["EVAL_RO", "return redis.call('set','x',1)", "0"],
    at(1, "ERR Write commands are not allowed from read-only scripts.")(
      sha1("return redis.call('set','x',1)"),
    ),
  ],
  [["EVAL_RO", "return redis.call('get','x')", "0"], NIL],
  [
    ["EVAL_RO", "#!lua\nreturn redis.call('get','x')", "0"],
    error("ERR Can not execute a script with write flag using *_ro command."),
  ],
  [["EVAL_RO", "#!lua flags=no-writes\nreturn redis.call('get','x')", "0"], NIL],
  [
    ["EVAL_RO", "return redis.call('publish','x','y')", "0"],
    at(1, "ERR Write commands are not allowed from read-only scripts.")(
      sha1("return redis.call('publish','x','y')"),
    ),
  ],
  [["EVALSHA", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", "0"], ":1\r\n"],
  [["COMMAND", "GETKEYS", "EVAL", "x", "2", "a", "b", "c"], "*2\r\n$1\r\na\r\n$1\r\nb\r\n"],
  [["COMMAND", "GETKEYS", "EVAL", "x", "0"], "*0\r\n"],
], { resp: "both" });
