/** Commands of a cluster on a server that is in none. */

import { rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();
const DISABLED = "-ERR This instance has cluster support disabled\r\n";

rawCases(server, "CLUSTER, READONLY, READWRITE, ASKING", [
  ["CLUSTER INFO", DISABLED],
  ["CLUSTER HELP", DISABLED],
  ["CLUSTER KEYSLOT a", DISABLED],
  ["CLUSTER SLOTS", DISABLED],
  ["READONLY", DISABLED],
  ["READWRITE", DISABLED],
  ["ASKING", DISABLED],
  ["CLUSTER", "-ERR wrong number of arguments for 'cluster' command\r\n"],
  ["CLUSTER KEYSLOT", "-ERR wrong number of arguments for 'cluster|keyslot' command\r\n"],
  ["CLUSTER nosuch", "-ERR unknown subcommand 'nosuch'. Try CLUSTER HELP.\r\n"],
  ["READONLY x", "-ERR wrong number of arguments for 'readonly' command\r\n"],
]);
