/**
 * FUNCTION and FCALL, to the byte.
 */
import { bulk, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

function error(text: string): string {
  return `-${text}\r\n`;
}

/** An error that ended a function on that line of its library. */
function inFunction(name: string, line: number, text: string): string {
  return `-${text} script: ${name}, on @user_function:${line}.\r\n`;
}

rawCases(server, "FUNCTION and FCALL", [
  ["FUNCTION FLUSH", OK],
  [["FUNCTION", "KILL"], error("NOTBUSY No scripts in execution right now.")],
  [["FUNCTION", "LOAD", "x"], error("ERR Missing library metadata")],
  [["FUNCTION", "LOAD", "#!lua name=x"], error("ERR Invalid library metadata")],
  [["FUNCTION", "LOAD", "#!lua name=x\nreturn 1"], error("ERR No functions registered")],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nreturn +"],
    error("ERR Error compiling function: user_function:2: unexpected symbol near '+'"),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nerror('boom')"],
    error(
      "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'error'",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nerror({err='AB boom'})"],
    error(
      "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'error'",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nredis.call('get','x')"],
    error(
      "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nmath.random()"],
    error(
      "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'math'",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\ny=1"],
    error(
      "ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nredis.register_function('a-b',function() end)"],
    error(
      "ERR Error registering functions: ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nredis.register_function('a')"],
    error(
      "ERR Error registering functions: ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nredis.register_function()"],
    error(
      "ERR Error registering functions: ERR wrong number of arguments to redis.register_function",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nredis.register_function('a',1)"],
    error(
      "ERR Error registering functions: ERR second argument to redis.register_function must be a function",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nredis.register_function({},function() end)"],
    error(
      "ERR Error registering functions: ERR first argument to redis.register_function must be a string",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nredis.register_function{function_name='a'}"],
    error(
      "ERR Error registering functions: ERR redis.register_function must get a callback argument",
    ),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nredis.register_function{callback=function() end}"],
    error(
      "ERR Error registering functions: ERR redis.register_function must get a function name argument",
    ),
  ],
  [[
    "FUNCTION",
    "LOAD",
    "#!lua name=x\nredis.register_function{function_name='a',callback=function() end,flags={'x'}}",
  ], error("ERR Error registering functions: ERR unknown flag given")],
  [
    [
      "FUNCTION",
      "LOAD",
      "#!lua name=x\nredis.register_function{function_name='a',callback=function() end,flags=1}",
    ],
    error(
      "ERR Error registering functions: ERR flags argument to redis.register_function must be a table representing function flags",
    ),
  ],
  [
    [
      "FUNCTION",
      "LOAD",
      "#!lua name=x\nredis.register_function{function_name='a',callback=function() end,x=1}",
    ],
    error("ERR Error registering functions: ERR unknown argument given to redis.register_function"),
  ],
  [[
    "FUNCTION",
    "LOAD",
    "#!lua name=x\nredis.register_function('a',function() end)\nredis.register_function('a',function() end)",
  ], error("ERR Error registering functions: ERR Function already exists in the library")],
  [
    ["FUNCTION", "LOAD", "#!lua name=x y=1\nreturn 1"],
    error("ERR Invalid metadata value given: y=1"),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x name=y\nreturn 1"],
    error("ERR Invalid metadata value, name argument was given multiple times"),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=x-y\nreturn 1"],
    error(
      "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
    ),
  ],
  [["FUNCTION", "LOAD", "#!lua\nreturn 1"], error("ERR Library name was not given")],
  [["FUNCTION", "LOAD", "#!js name=x\nreturn 1"], error("ERR Engine 'js' not found")],
  [["FUNCTION", "LOAD", "#!LUA name=x\nreturn 1"], error("ERR No functions registered")],
  [["FUNCTION", "LOAD", '#!lua name=x "\nreturn 1'], error("ERR Invalid library metadata")],
  [["FUNCTION", "LOAD", "foo", "bar"], error("ERR Unknown option given: foo")],
  [["FUNCTION", "LOAD", "a\nb\r\n", "bar"], error("ERR Unknown option given: a b")],
  [["FUNCTION", "LOAD"], error("ERR wrong number of arguments for 'function|load' command")],
  [[
    "FUNCTION",
    "LOAD",
    "#!lua name=x\nredis.register_function{function_name='a',callback=function(k,a) return {k,a} end,flags={'no-writes','allow-oom'},description='d'}",
  ], bulk("x")],
  [
    ["FUNCTION", "LOAD", "#!lua name=x\nredis.register_function('b',function() end)"],
    error("ERR Library 'x' already exists"),
  ],
  [
    ["FUNCTION", "LOAD", "#!lua name=y\nredis.register_function('A',function() end)"],
    error("ERR Function A already exists"),
  ],
  [["FUNCTION", "LIST"], {
    resp2:
      "*1\r\n*6\r\n$12\r\nlibrary_name\r\n$1\r\nx\r\n$6\r\nengine\r\n$3\r\nLUA\r\n$9\r\nfunctions\r\n*1\r\n*6\r\n$4\r\nname\r\n$1\r\na\r\n$11\r\ndescription\r\n$1\r\nd\r\n$5\r\nflags\r\n*2\r\n+no-writes\r\n+allow-oom\r\n",
    resp3:
      "*1\r\n%3\r\n$12\r\nlibrary_name\r\n$1\r\nx\r\n$6\r\nengine\r\n$3\r\nLUA\r\n$9\r\nfunctions\r\n*1\r\n%3\r\n$4\r\nname\r\n$1\r\na\r\n$11\r\ndescription\r\n$1\r\nd\r\n$5\r\nflags\r\n~2\r\n+no-writes\r\n+allow-oom\r\n",
  }],
  [["FUNCTION", "LIST", "WITHCODE", "LIBRARYNAME", "X*"], {
    resp2:
      "*1\r\n*8\r\n$12\r\nlibrary_name\r\n$1\r\nx\r\n$6\r\nengine\r\n$3\r\nLUA\r\n$9\r\nfunctions\r\n*1\r\n*6\r\n$4\r\nname\r\n$1\r\na\r\n$11\r\ndescription\r\n$1\r\nd\r\n$5\r\nflags\r\n*2\r\n+no-writes\r\n+allow-oom\r\n$12\r\nlibrary_code\r\n$143\r\n#!lua name=x\nredis.register_function{function_name='a',callback=function(k,a) return {k,a} end,flags={'no-writes','allow-oom'},description='d'}\r\n",
    resp3:
      "*1\r\n%4\r\n$12\r\nlibrary_name\r\n$1\r\nx\r\n$6\r\nengine\r\n$3\r\nLUA\r\n$9\r\nfunctions\r\n*1\r\n%3\r\n$4\r\nname\r\n$1\r\na\r\n$11\r\ndescription\r\n$1\r\nd\r\n$5\r\nflags\r\n~2\r\n+no-writes\r\n+allow-oom\r\n$12\r\nlibrary_code\r\n$143\r\n#!lua name=x\nredis.register_function{function_name='a',callback=function(k,a) return {k,a} end,flags={'no-writes','allow-oom'},description='d'}\r\n",
  }],
  [["FUNCTION", "LIST", "LIBRARYNAME"], error("ERR library name argument was not given")],
  [["FUNCTION", "LIST", "X"], error("ERR Unknown argument X")],
  [["FUNCTION", "LIST", "WITHCODE", "WITHCODE"], error("ERR Unknown argument WITHCODE")],
  [["FUNCTION", "STATS"], {
    resp2:
      "*4\r\n$14\r\nrunning_script\r\n$-1\r\n$7\r\nengines\r\n*2\r\n$3\r\nLUA\r\n*4\r\n$15\r\nlibraries_count\r\n:1\r\n$15\r\nfunctions_count\r\n:1\r\n",
    resp3:
      "%2\r\n$14\r\nrunning_script\r\n_\r\n$7\r\nengines\r\n%1\r\n$3\r\nLUA\r\n%2\r\n$15\r\nlibraries_count\r\n:1\r\n$15\r\nfunctions_count\r\n:1\r\n",
  }],
  [["FCALL", "a", "1", "k", "v"], "*2\r\n*1\r\n$1\r\nk\r\n*1\r\n$1\r\nv\r\n"],
  [["FCALL", "A", "0"], "*2\r\n*0\r\n*0\r\n"],
  [["FCALL", "nosuch", "0"], error("ERR Function not found")],
  [["FCALL", "a", "x"], error("ERR Bad number of keys provided")],
  [["FCALL", "a", "2"], error("ERR Number of keys can't be greater than number of args")],
  [["FCALL", "a", "-2"], error("ERR Number of keys can't be negative")],
  [["FCALL_RO", "a", "0"], "*2\r\n*0\r\n*0\r\n"],
  [[
    "FUNCTION",
    "LOAD",
    "REPLACE",
    "#!lua name=x\nredis.register_function('a',function() return redis.call('set','x',1) end)\nredis.register_function{function_name='ro',flags={'no-writes'},callback=function() return redis.call('set','x',1) end}\nredis.register_function('e',function()\n error('boom') end)\nredis.register_function('g',function()\n return nosuch end)\nredis.register_function('h',function() string.x = 1 end)\nredis.register_function('i',function() x = 1 end)\nredis.register_function('j',function() redis.register_function('q',function() end) end)\nredis.register_function('l',function() return redis.call('nosuch') end)\nredis.register_function('m',function() return KEYS end)\nredis.register_function('n',function() return type(getmetatable(_G)) end)",
  ], bulk("x")],
  [["FCALL", "a", "0"], OK],
  [
    ["FCALL_RO", "a", "0"],
    error("ERR Can not execute a script with write flag using *_ro command."),
  ],
  [
    ["FCALL", "ro", "0"],
    inFunction("ro", 3, "ERR Write commands are not allowed from read-only scripts."),
  ],
  [["FCALL", "e", "0"], inFunction("e", 5, "ERR user_function:5: boom")],
  [
    ["FCALL", "g", "0"],
    inFunction(
      "g",
      7,
      "ERR user_function:7: Script attempted to access nonexistent global variable 'nosuch'",
    ),
  ],
  [
    ["FCALL", "h", "0"],
    inFunction("h", 8, "ERR user_function:8: Attempt to modify a readonly table"),
  ],
  [
    ["FCALL", "i", "0"],
    inFunction("i", 9, "ERR user_function:9: Attempt to modify a readonly table"),
  ],
  [
    ["FCALL", "j", "0"],
    inFunction(
      "j",
      10,
      "ERR user_function:10: attempt to call field 'register_function' (a nil value)",
    ),
  ],
  [["FCALL", "l", "0"], inFunction("l", 11, "ERR Unknown Redis command called from script")],
  [
    ["FCALL", "m", "0"],
    inFunction(
      "m",
      12,
      "ERR user_function:12: Script attempted to access nonexistent global variable 'KEYS'",
    ),
  ],
  [["FCALL", "n", "0"], bulk("table")],
  [["FUNCTION", "DELETE", "nosuch"], error("ERR Library not found")],
  [["FUNCTION", "DELETE", "X"], error("ERR Library not found")],
  [["FUNCTION", "DELETE", "x"], OK],
  [["FUNCTION", "RESTORE", "x"], error("ERR DUMP payload version or checksum are wrong")],
  [
    ["FUNCTION", "RESTORE", "x", "y"],
    error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."),
  ],
  [
    ["FUNCTION", "RESTORE", "x", "FLUSH", "y"],
    error("ERR unknown subcommand or wrong number of arguments for 'RESTORE'. Try FUNCTION HELP."),
  ],
  [["FUNCTION", "FLUSH", "X"], error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")],
  [
    ["FUNCTION", "FLUSH", "SYNC", "x"],
    error("ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP."),
  ],
  [["FUNCTION", "FLUSH", "SYNC"], OK],
  [["FUNCTION", "DUMP", "x"], error("ERR wrong number of arguments for 'function|dump' command")],
  [["FUNCTION", "X"], error("ERR unknown subcommand 'X'. Try FUNCTION HELP.")],
], { resp: "both" });
