/**
 * SCRIPT, to the byte.
 */
import { bulk, OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

function error(text: string): string {
  return `-${text}\r\n`;
}

rawCases(server, "SCRIPT", [
  ["SCRIPT FLUSH", OK],
  ['EVAL "return 1" 0', ":1\r\n"],
  [["SCRIPT", "LOAD", "return 5"], bulk("4ca238f611c9d0ae4e9a75a5dbac22aedc379801")],
  [
    ["SCRIPT", "LOAD", "return +"],
    error("ERR Error compiling script (new function): user_script:1: unexpected symbol near '+'"),
  ],
  [["SCRIPT", "LOAD"], error("ERR wrong number of arguments for 'script|load' command")],
  [["SCRIPT", "EXISTS"], error("ERR wrong number of arguments for 'script|exists' command")],
  [[
    "SCRIPT",
    "EXISTS",
    "4ca238f611c9d0ae4e9a75a5dbac22aedc1e44282",
    "x",
    "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB",
  ], "*3\r\n:0\r\n:0\r\n:1\r\n"],
  [["SCRIPT", "FLUSH", "X"], error("ERR SCRIPT FLUSH only support SYNC|ASYNC option")],
  [["SCRIPT", "FLUSH", "SYNC", "X"], error("ERR SCRIPT FLUSH only support SYNC|ASYNC option")],
  [["SCRIPT", "KILL"], error("NOTBUSY No scripts in execution right now.")],
  [["SCRIPT", "KILL", "x"], error("ERR wrong number of arguments for 'script|kill' command")],
  [["SCRIPT", "DEBUG", "NO"], OK],
  [["SCRIPT", "DEBUG", "X"], error("ERR Use SCRIPT DEBUG YES/SYNC/NO")],
  [["SCRIPT", "NOSUCH"], error("ERR unknown subcommand 'NOSUCH'. Try SCRIPT HELP.")],
  [["SCRIPT"], error("ERR wrong number of arguments for 'script' command")],
], { resp: "both" });
