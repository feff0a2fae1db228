/** The ACL commands, and what users may and may not do, to the byte. */

import { array, bulk, NIL, OK, type RawCase, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

const ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
const NOT_INT = "-ERR value is not an integer or out of range\r\n";
const WRONG_PASSWORD = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const GENPASS_ERROR = "-ERR ACL GENPASS argument must be the number of bits for the output " +
  "password, a positive number up to 4096\r\n";
const NO_FILE = "-ERR This Redis instance is not configured to use an ACL file. You may want to " +
  "specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a " +
  "Redis configuration file set) in order to store users in the Redis configuration.\r\n";

function usage(name: string): string {
  return `-ERR unknown subcommand or wrong number of arguments for '${name}'. Try ACL HELP.\r\n`;
}

function arity(name: string): string {
  return `-ERR wrong number of arguments for 'acl|${name}' command\r\n`;
}

function refused(rule: string, why: string): string {
  return `-ERR Error in ACL SETUSER modifier '${rule}': ${why}\r\n`;
}

/** What ACL GETUSER answers, without selectors of its own. */
function user(flags: string[], hashes: string[], commands: string, keys: string, channels: string) {
  const words = flags.map(bulk).join("");
  const rest = bulk("passwords") + array(...hashes.map(bulk)) + bulk("commands") + bulk(commands) +
    bulk("keys") + bulk(keys) + bulk("channels") + bulk(channels) + bulk("selectors") + "*0\r\n";
  return {
    resp2: `*12\r\n${bulk("flags")}*${flags.length}\r\n${words}${rest}`,
    resp3: `%6\r\n${bulk("flags")}~${flags.length}\r\n${words}${rest}`,
  };
}

/** The rules of user u, after some have been applied to a new one. */
function rules(given: string, printed: string): RawCase[] {
  return [
    [`ACL DELUSER u`, /^:[01]\r\n$/],
    [`ACL SETUSER u ${given}`, OK],
    ["ACL LIST", array(bulk(`user default on nopass sanitize-payload ~* &* +@all`), bulk(printed))],
  ];
}

const UNKNOWN = "Unknown command or category name in ACL";
const AFTER_KEYS =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and " +
  "does not have any effect. Try 'resetkeys' to start with an empty list of patterns";
const AFTER_CHANNELS = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not " +
  "valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels";

rawCases(server, "ACL SETUSER, GETUSER, LIST, USERS, DELUSER", [
  ["ACL WHOAMI", bulk("default")],
  ["ACL USERS", array(bulk("default"))],
  ["ACL LIST", array(bulk("user default on nopass sanitize-payload ~* &* +@all"))],
  ["ACL GETUSER default", user(["on", "nopass", "sanitize-payload"], [], "+@all", "~*", "&*")],
  ["ACL GETUSER nosuch", NIL],
  ["ACL SETUSER u", OK],
  ["ACL GETUSER u", user(["off", "sanitize-payload"], [], "-@all", "", "")],
  ["ACL SETUSER u on >one ~a* %R~b &c* +get +config|get", OK],
  [
    "ACL GETUSER u",
    user(["on", "sanitize-payload"], [ONE], "-@all +get +config|get", "~a* %R~b", "&c*"),
  ],
  ["ACL SETUSER u (%W~x +set) (&y +publish)", OK],
  [
    "ACL GETUSER u",
    new RegExp(
      `selectors\\r\\n\\*2\\r\\n[*%]\\d\\r\\n\\$8\\r\\ncommands\\r\\n\\$10\\r\\n-@all \\+set\\r\\n` +
        `\\$4\\r\\nkeys\\r\\n\\$4\\r\\n%W~x\\r\\n\\$8\\r\\nchannels\\r\\n\\$0\\r\\n\\r\\n[*%]\\d\\r\\n` +
        `\\$8\\r\\ncommands\\r\\n\\$14\\r\\n-@all \\+publish\\r\\n\\$4\\r\\nkeys\\r\\n\\$0\\r\\n\\r\\n` +
        `\\$8\\r\\nchannels\\r\\n\\$2\\r\\n&y\\r\\n$`,
    ),
  ],
  ["ACL USERS", array(bulk("default"), bulk("u"))],
  ["ACL SETUSER b (~x", "-ERR Unmatched parenthesis in acl selector starting at '(~x'.\r\n"],
  [["ACL", "SETUSER", "a b"], "-ERR Usernames can't contain spaces or null characters\r\n"],
  [["ACL", "SETUSER", "a\0"], "-ERR Usernames can't contain spaces or null characters\r\n"],
  ["ACL DELUSER u nosuch u", ":1\r\n"],
  ["ACL DELUSER default", "-ERR The 'default' user cannot be removed\r\n"],
  ["ACL DELUSER", arity("deluser")],
  ["ACL SETUSER", arity("setuser")],
  ["ACL GETUSER", arity("getuser")],
  ["ACL USERS x", arity("users")],
], { resp: "both" });

rawCases(server, "rules as they are printed", [
  ...rules("", "user u off sanitize-payload resetchannels -@all"),
  ...rules(
    "ON NoPass AllKeys AllChannels AllCommands",
    "user u on nopass sanitize-payload ~* &* +@all",
  ),
  ...rules("skip-sanitize-payload", "user u off skip-sanitize-payload resetchannels -@all"),
  ...rules(">one >one", `user u off sanitize-payload #${ONE} resetchannels -@all`),
  ...rules(`#${ONE} nopass`, "user u off nopass sanitize-payload resetchannels -@all"),
  ...rules(`nopass #${ONE}`, `user u off sanitize-payload #${ONE} resetchannels -@all`),
  ...rules(`>one <one`, "user u off sanitize-payload resetchannels -@all"),
  ...rules("%R~a %W~a %rw~b", "user u off sanitize-payload ~a ~b resetchannels -@all"),
  ...rules("~* resetkeys ~a ~a", "user u off sanitize-payload ~a resetchannels -@all"),
  ...rules("&a &b &a", "user u off sanitize-payload resetchannels &a &b -@all"),
  ...rules(
    "+@all -@hash -@slow +hget",
    "user u off sanitize-payload resetchannels +@all -@hash -@slow +hget",
  ),
  ...rules(
    "+client|list +client -client|KILL",
    "user u off sanitize-payload resetchannels -@all +client -client|kill",
  ),
  ...rules(
    "-@all +select|0 +SELECT|0",
    "user u off sanitize-payload resetchannels -@all +select|0",
  ),
  ...rules("+get (~a +set) reset on", "user u on sanitize-payload resetchannels -@all"),
  ...rules("(~a +set) (allkeys) clearselectors", "user u off sanitize-payload resetchannels -@all"),
  ...rules(
    "(~a +set)",
    "user u off sanitize-payload resetchannels -@all (~a resetchannels -@all +set)",
  ),
  ["ACL DELUSER u", ":1\r\n"],
]);

rawCases(server, "rules that are refused change nothing", [
  ["ACL SETUSER u on", OK],
  ["ACL SETUSER u off nosuch", refused("nosuch", "Syntax error")],
  ["ACL SETUSER u off +nosuch", refused("+nosuch", UNKNOWN)],
  ["ACL SETUSER u off -nosuch|x", refused("-nosuch|x", UNKNOWN)],
  ["ACL SETUSER u off +@nosuch", refused("+@nosuch", UNKNOWN)],
  ["ACL SETUSER u off +config|nosuch", refused("+config|nosuch", UNKNOWN)],
  ["ACL SETUSER u off +get|", refused("+get|", "Syntax error")],
  [
    "ACL SETUSER u off +config|get|x",
    refused("+config|get|x", "Allowing first-arg of a subcommand is not supported"),
  ],
  ["ACL SETUSER u off ~* ~a", refused("~a", AFTER_KEYS)],
  ["ACL SETUSER u off &* &a", refused("&a", AFTER_CHANNELS)],
  ["ACL SETUSER u off %~a", refused("%~a", "Syntax error")],
  ["ACL SETUSER u off %RR~a", refused("%RR~a", "Syntax error")],
  [["ACL", "SETUSER", "u", "off", "~a b"], refused("~a b", "Syntax error")],
  [["ACL", "SETUSER", "u", "off", "&a b"], refused("&a b", "Syntax error")],
  [
    "ACL SETUSER u off #abc",
    refused(
      "#abc",
      "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters",
    ),
  ],
  [
    "ACL SETUSER u off <nosuch",
    refused("<nosuch", "The password you are trying to remove from the user does not exist"),
  ],
  ["ACL SETUSER u off (nosuch)", refused("(nosuch)", "Syntax error")],
  [["ACL", "SETUSER", "u", "off", ""], OK],
  ["ACL SETUSER u on", OK],
  [
    "ACL LIST",
    array(
      bulk("user default on nopass sanitize-payload ~* &* +@all"),
      bulk("user u on sanitize-payload resetchannels -@all"),
    ),
  ],
  ["ACL DELUSER u", ":1\r\n"],
]);

rawCases(server, "ACL CAT, GENPASS, LOAD, SAVE, HELP", [
  ["ACL CAT", /^\*21\r\n\$8\r\nkeyspace\r\n\$4\r\nread\r\n[^]*\$9\r\nscripting\r\n$/],
  ["ACL CAT geo", /^\*10\r\n[^]*geosearchstore/],
  ["ACL CAT TRANSACTION", /^\*5\r\n/],
  ["ACL CAT nosuch", "-ERR Unknown category 'nosuch'\r\n"],
  ["ACL CAT a b", usage("CAT")],
  ["ACL GENPASS", /^\$64\r\n[0-9a-f]{64}\r\n$/],
  ["ACL GENPASS 1", /^\$1\r\n[0-9a-f]\r\n$/],
  ["ACL GENPASS 5", /^\$2\r\n[0-9a-f]{2}\r\n$/],
  ["ACL GENPASS 4096", /^\$1024\r\n[0-9a-f]{1024}\r\n$/],
  ["ACL GENPASS 0", GENPASS_ERROR],
  ["ACL GENPASS 4097", GENPASS_ERROR],
  ["ACL GENPASS x", NOT_INT],
  ["ACL genpass 1 2", usage("genpass")],
  ["ACL LOAD", NO_FILE],
  ["ACL SAVE", NO_FILE],
  [
    "ACL HELP",
    /^\*\d+\r\n\+ACL <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Subcommands are:\r\n/,
  ],
  ["ACL nosuch", "-ERR unknown subcommand 'nosuch'. Try ACL HELP.\r\n"],
  ["ACL", "-ERR wrong number of arguments for 'acl' command\r\n"],
]);

rawCases(server, "ACL DRYRUN", [
  ["ACL SETUSER u +@all -get ~a* %R~r &c", OK],
  ["ACL DRYRUN u SET a v", OK],
  ["ACL DRYRUN u GET a", bulk("User u has no permissions to run the 'get' command")],
  ["ACL DRYRUN u SET b v", bulk("User u has no permissions to access the 'b' key")],
  ["ACL DRYRUN u SET r v", bulk("User u has no permissions to access the 'r' key")],
  ["ACL DRYRUN u STRLEN r", OK],
  ["ACL DRYRUN u COPY r a", OK],
  ["ACL DRYRUN u COPY a r", bulk("User u has no permissions to access the 'r' key")],
  ["ACL DRYRUN u MGET a b a", bulk("User u has no permissions to access the 'b' key")],
  ["ACL DRYRUN u ZUNIONSTORE a 2 r b", bulk("User u has no permissions to access the 'b' key")],
  ["ACL DRYRUN u PUBLISH c m", OK],
  ["ACL DRYRUN u PUBLISH d m", bulk("User u has no permissions to access the 'd' channel")],
  ["ACL DRYRUN u PSUBSCRIBE c", OK],
  ["ACL DRYRUN u PSUBSCRIBE c*", bulk("User u has no permissions to access the 'c*' channel")],
  ["ACL DRYRUN u UNSUBSCRIBE d", OK],
  ["ACL DRYRUN u nosuch", "-ERR Command 'nosuch' not found\r\n"],
  ["ACL DRYRUN nosuch GET a", "-ERR User 'nosuch' not found\r\n"],
  ["ACL DRYRUN u GET", "-ERR wrong number of arguments for 'get' command\r\n"],
  ["ACL DRYRUN u", arity("dryrun")],
  // Two selectors don't add up: one must allow all of it.
  ["ACL SETUSER u reset (+get ~a) (+set ~b)", OK],
  ["ACL DRYRUN u GET a", OK],
  ["ACL DRYRUN u GET b", bulk("User u has no permissions to access the 'b' key")],
  ["ACL DRYRUN u DEL b", bulk("User u has no permissions to run the 'del' command")],
  // A first argument.
  ["ACL SETUSER u reset +select|1", OK],
  ["ACL DRYRUN u SELECT 1", OK],
  ["ACL DRYRUN u SELECT 0", bulk("User u has no permissions to run the 'select' command")],
  ["ACL DELUSER u", ":1\r\n"],
]);

rawCases(server, "what a user may not do", [
  ["ACL SETUSER u on >one +@all -@dangerous -incr +sort ~a* &c", OK],
  ["AUTH u two", WRONG_PASSWORD, { on: "u" }],
  ["AUTH u one", OK, { on: "u" }],
  ["ACL WHOAMI", bulk("u"), { on: "u" }],
  ["SET a v", OK, { on: "u" }],
  ["SET b v", "-NOPERM No permissions to access a key\r\n", { on: "u" }],
  ["INCR a", "-NOPERM User u has no permissions to run the 'incr' command\r\n", { on: "u" }],
  ["PUBLISH d m", "-NOPERM No permissions to access a channel\r\n", { on: "u" }],
  ["ACL LIST", "-NOPERM User u has no permissions to run the 'acl|list' command\r\n", { on: "u" }],
  ["SORT a BY w_*", "-ERR BY option of SORT denied due to insufficient ACL permissions.\r\n", {
    on: "u",
  }],
  ["SORT a BY x GET #", "-ERR GET option of SORT denied due to insufficient ACL permissions.\r\n", {
    on: "u",
  }],
  ["MULTI", OK, { on: "u" }],
  ["GET b", "-NOPERM No permissions to access a key\r\n", { on: "u" }],
  ["SET a w", "+QUEUED\r\n", { on: "u" }],
  ["EXEC", "-EXECABORT Transaction discarded because of previous errors.\r\n", { on: "u" }],
  // Rules may change before EXEC.
  ["MULTI", OK, { on: "u" }],
  ["SET a w", "+QUEUED\r\n", { on: "u" }],
  ["GET a", "+QUEUED\r\n", { on: "u" }],
  ["PUBLISH c m", "+QUEUED\r\n", { on: "u" }],
  ["ACL SETUSER u -set resetkeys resetchannels", OK],
  [
    "EXEC",
    array(
      ...[
        "no permission to execute the command or subcommand",
        "no permission to touch the specified keys",
        "no permission to access one of the channels used as arguments",
      ].map((reason) =>
        "-NOPERM ACLs rules changed between the moment the transaction was accumulated and the " +
        `EXEC call. This command is no longer allowed for the following reason: ${reason}\r\n`
      ),
    ),
    { on: "u" },
  ],
  ["ACL SETUSER u -exec", OK],
  ["MULTI", OK, { on: "u" }],
  [
    "EXEC",
    "-EXECABORT Transaction discarded because of: NOPERM User u has no permissions to run the " +
    "'exec' command\r\n",
    { on: "u" },
  ],
  ["ACL SETUSER u +@all allkeys allchannels", OK],
  ["ACL LIST", /^\*2\r\n/, { on: "u" }],
  // Whoever is in stays in, but nobody else gets in.
  ["ACL SETUSER u off", OK],
  ["ACL WHOAMI", bulk("u"), { on: "u" }],
  ["AUTH u one", WRONG_PASSWORD, { on: "u" }],
  ["RESET", "+RESET\r\n", { on: "u" }],
  ["ACL WHOAMI", bulk("default"), { on: "u" }],
  ["ACL DELUSER u", ":1\r\n"],
]);

rawCases(server, "who is closed", [
  ["ACL SETUSER u on nopass +@all allkeys &a* &b", OK],
  ["AUTH u x", OK, { on: "sub" }],
  ["SUBSCRIBE a1", array(bulk("subscribe"), bulk("a1"), ":1\r\n"), { on: "sub" }],
  ["PSUBSCRIBE b", array(bulk("psubscribe"), bulk("b"), ":2\r\n"), { on: "sub" }],
  ["ACL SETUSER u &c", OK],
  ["PING", array(bulk("pong"), bulk("")), { on: "sub" }],
  ["ACL SETUSER u resetchannels &a* &c", OK],
  ["", "", { on: "sub", replies: 0, closed: true }],
  // A blocked client's request is checked again when there is something for it.
  ["AUTH u x", OK, { on: "blocked" }],
  ["BLPOP list 0", "", { on: "blocked" }],
  ["ACL SETUSER u resetkeys", OK],
  ["RPUSH list x", ":1\r\n"],
  ["", "-NOPERM No permissions to access a key\r\n", { on: "blocked" }],
  ["AUTH u x", OK, { on: "killed" }],
  ["CLIENT KILL USER u", ":2\r\n"],
  ["", "", { on: "killed", replies: 0, closed: true }],
  ["CLIENT KILL USER nosuch", "-ERR No such user 'nosuch'\r\n"],
  // Its own user: the reply comes first.
  ["AUTH u x", OK, { on: "own" }],
  ["CLIENT INFO", / user=u /, { on: "own" }],
  ["ACL DELUSER u", ":1\r\n", { on: "own", closed: true }],
  ["ACL USERS", array(bulk("default"))],
]);

rawCases(server, "the default user", [
  ["CONFIG SET requirepass one", OK],
  ["ACL LIST", array(bulk(`user default on sanitize-payload #${ONE} ~* &* +@all`))],
  ["PING", "+PONG\r\n"],
  ["PING", "-NOAUTH Authentication required.\r\n", { on: "new" }],
  ["AUTH one", OK, { on: "new" }],
  ["CONFIG SET requirepass ''", OK],
  ["ACL LIST", array(bulk("user default on nopass sanitize-payload ~* &* +@all"))],
  ["ACL SETUSER default off", OK],
  ["PING", "+PONG\r\n"],
  ["PING", "-NOAUTH Authentication required.\r\n", { on: "late" }],
  ["AUTH default x", WRONG_PASSWORD, { on: "late" }],
  ["HELLO 2 AUTH default x", WRONG_PASSWORD, { on: "late" }],
  ["ACL SETUSER default on -ping", OK],
  ["PING", "-NOPERM User default has no permissions to run the 'ping' command\r\n", { on: "late" }],
  ["PING", "-NOPERM User default has no permissions to run the 'ping' command\r\n"],
  ["ACL SETUSER default +@all", OK],
  ["PING", "+PONG\r\n", { on: "late" }],
]);

/** An entry of ACL LOG. */
function entry(count: number, reason: string, context: string, object: string, name: string) {
  return `[*%]\\d+\\r\\n\\$5\\r\\ncount\\r\\n:${count}\\r\\n\\$6\\r\\nreason\\r\\n\\$\\d\\r\\n${reason}` +
    `\\r\\n\\$7\\r\\ncontext\\r\\n\\$\\d\\r\\n${context}\\r\\n\\$6\\r\\nobject\\r\\n\\$\\d+\\r\\n${object}` +
    `\\r\\n\\$8\\r\\nusername\\r\\n\\$\\d+\\r\\n${name}\\r\\n\\$11\\r\\nage-seconds\\r\\n` +
    `(?:\\$\\d+\\r\\n|,)[0-9.e-]+\\r\\n\\$11\\r\\nclient-info\\r\\n\\$\\d+\\r\\nid=[^\\r]* user=[^\\r]*\\r\\n` +
    `\\$8\\r\\nentry-id\\r\\n:\\d+\\r\\n\\$17\\r\\ntimestamp-created\\r\\n:\\d+\\r\\n` +
    `\\$22\\r\\ntimestamp-last-updated\\r\\n:\\d+\\r\\n`;
}

rawCases(server, "ACL LOG", [
  ["ACL LOG RESET", OK],
  ["ACL LOG", "*0\r\n"],
  ["ACL SETUSER u on nopass +@all -get ~a &c", OK],
  ["AUTH nosuch x", WRONG_PASSWORD, { on: "u" }],
  ["AUTH u x", OK, { on: "u" }],
  ["GET a", /^-NOPERM/, { on: "u" }],
  ["GET b", /^-NOPERM/, { on: "u" }],
  ["SET key v", /^-NOPERM/, { on: "u" }],
  ["MULTI", OK, { on: "u" }],
  ["PUBLISH chan m", /^-NOPERM/, { on: "u" }],
  ["DISCARD", OK, { on: "u" }],
  ["hello 2 AUTH nosuch x", WRONG_PASSWORD],
  [
    "ACL LOG",
    new RegExp(
      "^\\*5\\r\\n" + entry(1, "auth", "toplevel", "hello", "nosuch") +
        entry(1, "channel", "multi", "chan", "u") + entry(1, "key", "toplevel", "key", "u") +
        entry(2, "command", "toplevel", "get", "u") +
        entry(1, "auth", "toplevel", "AUTH", "nosuch") + "$",
    ),
    { since7: "7.2" },
  ],
  ["ACL LOG 1", new RegExp("^\\*1\\r\\n" + entry(1, "auth", "toplevel", "hello", "nosuch") + "$"), {
    since7: "7.2",
  }],
  ["ACL LOG -1", "*0\r\n"],
  ["ACL LOG x", NOT_INT],
  ["ACL LOG 1 2", usage("LOG")],
  ["CONFIG SET acllog-max-len 2", OK],
  ["GET a", /^-NOPERM/, { on: "u" }],
  ["SET other v", /^-NOPERM/, { on: "u" }],
  ["ACL LOG 10", /^\*2\r\n/],
  ["CONFIG SET acllog-max-len 128", OK],
  ["ACL LOG reset", OK],
  ["ACL DELUSER u", ":1\r\n"],
], { resp: "both" });

rawCases(server, "statistics of what was denied", [
  ["CONFIG RESETSTAT", OK],
  ["ACL SETUSER u on nopass +@all -get ~a &c", OK],
  ["AUTH nosuch x", WRONG_PASSWORD, { on: "u" }],
  ["AUTH u x", OK, { on: "u" }],
  ["GET a", /^-NOPERM/, { on: "u" }],
  ["GET b", /^-NOPERM/, { on: "u" }],
  ["SET key v", /^-NOPERM/, { on: "u" }],
  ["PUBLISH chan m", /^-NOPERM/, { on: "u" }],
  [
    "INFO commandstats",
    /cmdstat_get:calls=0,usec=0,usec_per_call=0\.00,rejected_calls=2,failed_calls=0/,
  ],
  ["INFO errorstats", /errorstat_NOPERM:count=4\r\nerrorstat_WRONGPASS:count=1/],
  ["ACL DELUSER u", ":1\r\n"],
]);
