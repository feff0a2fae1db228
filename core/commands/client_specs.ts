/**
 * The declarations of CLIENT and its subcommands.
 */
import {
  ADMIN,
  type ArgSpec,
  type CommandSpec,
  type Handler,
  LOADING,
  NOSCRIPT,
  STALE,
} from "../server/command.ts";
import {
  clientGetNameCommand,
  clientHelpCommand,
  clientIdCommand,
  clientInfoCommand,
  clientKillCommand,
  clientListCommand,
  clientNoEvictCommand,
  clientNoTouchCommand,
  clientPauseCommand,
  clientReplyCommand,
  clientSetInfoCommand,
  clientSetNameCommand,
  clientUnblockCommand,
  clientUnpauseCommand,
} from "./client.ts";
import {
  clientCachingCommand,
  clientGetRedirCommand,
  clientTrackingCommand,
  clientTrackingInfoCommand,
} from "./client_tracking.ts";

const ON_ALL_NODES = ["request_policy:all_nodes", "response_policy:all_succeeded"];

/** What all subcommands have in common; a field given wins. */
function subcommand(
  name: string,
  arity: number,
  since: string,
  summary: string,
  handler: Handler,
  more: Partial<CommandSpec> = {},
): CommandSpec {
  return {
    name,
    arity,
    flags: NOSCRIPT | LOADING | STALE,
    categories: ["connection"],
    since,
    group: "connection",
    complexity: "O(1)",
    summary,
    handler,
    ...more,
  };
}

/** An argument that is one of some words. */
function choice(name: string, words: readonly ArgSpec[], more: Partial<ArgSpec> = {}): ArgSpec {
  return { name, type: "oneof", args: [...words], ...more };
}

function word(name: string, token: string, since?: string): ArgSpec {
  return { name, type: "pure-token", token, since };
}

const onOrOff = choice("enabled", [word("on", "ON"), word("off", "OFF")]);

const killFilters: ArgSpec[] = [
  { name: "client-id", type: "integer", token: "ID", since: "2.8.12", optional: true },
  choice("client-type", [
    word("normal", "normal"),
    word("master", "master", "3.2.0"),
    word("slave", "slave"),
    word("replica", "replica", "5.0.0"),
    word("pubsub", "pubsub"),
  ], { token: "TYPE", since: "2.8.12", optional: true }),
  { name: "username", type: "string", token: "USER", optional: true },
  { name: "addr", type: "string", display: "ip:port", token: "ADDR", optional: true },
  {
    name: "laddr",
    type: "string",
    display: "ip:port",
    token: "LADDR",
    since: "6.2.0",
    optional: true,
  },
  choice("skipme", [word("yes", "YES"), word("no", "NO")], { token: "SKIPME", optional: true }),
  { name: "maxage", type: "integer", token: "MAXAGE", since: "7.4.0", optional: true },
];

const killCommand = subcommand(
  "kill",
  -3,
  "2.4.0",
  "Closes connections.",
  clientKillCommand,
  {
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    complexity: "O(N) where N is the number of connections",
    history: [
      ["2.8.12", "Takes filters."],
      ["2.8.12", "Takes `ID`."],
      ["3.2.0", "`TYPE` can be `master`."],
      ["5.0.0", "`TYPE` can be `replica`, which `slave` goes on to mean too."],
      ["6.2.0", "Takes `LADDR`."],
      ["7.4.0", "Takes `MAXAGE`."],
    ],
    args: [choice("filter", [
      { name: "old-format", type: "string", display: "ip:port", deprecatedSince: "2.8.12" },
      choice("new-format", killFilters, { multiple: true }),
    ])],
  },
);

const listCommand = subcommand(
  "list",
  -2,
  "2.4.0",
  "Describes connections, one per line.",
  clientListCommand,
  {
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    complexity: "O(N) where N is the number of connections",
    tips: ["nondeterministic_output"],
    history: [
      ["2.8.12", "Shows the `id`."],
      ["5.0.0", "Takes `TYPE`."],
      ["6.0.0", "Shows the `user`."],
      ["6.2.0", "Shows `argv-mem`, `tot-mem`, `laddr` and `redir`, and takes `ID`."],
      ["7.0.0", "Shows `resp`, `multi-mem`, `rbs` and `rbp`."],
      ["7.0.3", "Shows `ssub`."],
    ],
    args: [
      choice("client-type", [
        word("normal", "normal"),
        word("master", "master"),
        word("replica", "replica"),
        word("pubsub", "pubsub"),
      ], { token: "TYPE", since: "5.0.0", optional: true }),
      {
        name: "client-id",
        type: "integer",
        token: "ID",
        since: "6.2.0",
        optional: true,
        multiple: true,
      },
    ],
  },
);

const trackingCommand = subcommand(
  "tracking",
  -3,
  "6.0.0",
  "Lets the connection be told when keys change that it keeps copies of.",
  clientTrackingCommand,
  {
    complexity: "O(1). Some options may introduce additional complexity.",
    args: [
      choice("status", [word("on", "ON"), word("off", "OFF")]),
      { name: "client-id", type: "integer", token: "REDIRECT", optional: true },
      {
        name: "prefix",
        type: "string",
        token: "PREFIX",
        optional: true,
        multiple: true,
        multipleToken: true,
      },
      { name: "BCAST", type: "pure-token", token: "BCAST", optional: true },
      { name: "OPTIN", type: "pure-token", token: "OPTIN", optional: true },
      { name: "OPTOUT", type: "pure-token", token: "OPTOUT", optional: true },
      { name: "NOLOOP", type: "pure-token", token: "NOLOOP", optional: true },
    ],
  },
);

const subcommands: CommandSpec[] = [
  subcommand("id", 2, "5.0.0", "Tells the connection's id.", clientIdCommand),
  subcommand("info", 2, "6.2.0", "Describes the connection.", clientInfoCommand, {
    tips: ["nondeterministic_output"],
  }),
  listCommand,
  killCommand,
  subcommand("getname", 2, "2.6.9", "Tells the connection's name.", clientGetNameCommand),
  subcommand("setname", 3, "2.6.9", "Gives the connection a name.", clientSetNameCommand, {
    tips: ON_ALL_NODES,
    args: [{ name: "connection-name", type: "string" }],
  }),
  subcommand("setinfo", 4, "7.2.0", "Tells the server about the client.", clientSetInfoCommand, {
    tips: ON_ALL_NODES,
    args: [choice("attr", [
      { name: "libname", type: "string", token: "lib-name" },
      { name: "libver", type: "string", token: "lib-ver" },
    ])],
  }),
  subcommand(
    "unblock",
    -3,
    "5.0.0",
    "Ends what a blocked connection waits for.",
    clientUnblockCommand,
    {
      flags: ADMIN | NOSCRIPT | LOADING | STALE,
      complexity: "O(log N) where N is the number of client connections",
      args: [
        { name: "client-id", type: "integer" },
        choice("unblock-type", [word("timeout", "TIMEOUT"), word("error", "ERROR")], {
          optional: true,
        }),
      ],
    },
  ),
  subcommand("pause", -3, "3.0.0", "Holds up commands for a time.", clientPauseCommand, {
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    history: [["6.2.0", "Can hold up writes only."]],
    args: [
      { name: "timeout", type: "integer" },
      choice("mode", [word("write", "WRITE"), word("all", "ALL")], {
        optional: true,
        since: "6.2.0",
      }),
    ],
  }),
  subcommand("unpause", 2, "6.2.0", "Ends holding up commands.", clientUnpauseCommand, {
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    complexity: "O(N) Where N is the number of paused clients",
  }),
  subcommand("reply", 3, "3.2.0", "Says whether commands are answered.", clientReplyCommand, {
    args: [choice("action", [word("on", "ON"), word("off", "OFF"), word("skip", "SKIP")])],
  }),
  trackingCommand,
  subcommand(
    "caching",
    3,
    "6.0.0",
    "Says whether the keys of the next command are tracked.",
    clientCachingCommand,
    { args: [choice("mode", [word("yes", "YES"), word("no", "NO")])] },
  ),
  subcommand(
    "trackinginfo",
    2,
    "6.2.0",
    "Tells how the connection tracks keys.",
    clientTrackingInfoCommand,
  ),
  subcommand(
    "getredir",
    2,
    "6.0.0",
    "Tells which connection hears of changes to tracked keys.",
    clientGetRedirCommand,
  ),
  subcommand(
    "no-evict",
    3,
    "7.0.0",
    "Spares the connection when clients take too much memory.",
    clientNoEvictCommand,
    { flags: ADMIN | NOSCRIPT | LOADING | STALE, args: [onOrOff] },
  ),
  subcommand(
    "no-touch",
    3,
    "7.2.0",
    "Says whether commands leave the keys' access times as they are.",
    clientNoTouchCommand,
    { args: [onOrOff] },
  ),
  subcommand("help", 2, "5.0.0", "Explains the subcommands.", clientHelpCommand, {
    flags: LOADING | STALE,
  }),
];

export const clientCommands: CommandSpec[] = [{
  name: "client",
  arity: -2,
  flags: 0,
  since: "2.4.0",
  group: "connection",
  complexity: "Depends on subcommand.",
  summary: "Everything about connections.",
  subcommands,
}];
