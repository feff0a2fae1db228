/**
 * CLUSTER, READONLY, READWRITE and ASKING, as a server answers that is in no cluster: with an error that says so.
 *
 * Clients ask for it to find out what they talk to, and ACL files have rules about these commands.
 */
import type { Client } from "../server/client.ts";
import {
  ADMIN,
  type ArgSpec,
  type CommandSpec,
  FAST,
  LOADING,
  NO_ASYNC_LOADING,
  NOSCRIPT,
  STALE,
} from "../server/command.ts";

function noClusterCommand(c: Client): void {
  c.reply.addError("ERR This instance has cluster support disabled");
}

const CHANGES = NO_ASYNC_LOADING | ADMIN | STALE;
const PER_SLOT = "O(N) where N is the number of slots";
const PER_NODE = "O(N) where N is the number of nodes";
const PER_REPLICA = "O(N) where N is the number of replicas";
const VARIES = ["nondeterministic_output"];

const NODE: ArgSpec[] = [{ name: "node-id", type: "string" }];
const SLOT: ArgSpec = { name: "slot", type: "integer" };
const SLOTS: ArgSpec[] = [{ ...SLOT, multiple: true }];
const RANGES: ArgSpec[] = [{
  name: "range",
  type: "block",
  multiple: true,
  args: [{ name: "start-slot", type: "integer" }, { name: "end-slot", type: "integer" }],
}];

/** One of several words. */
function oneOf(name: string, ...words: string[]): ArgSpec {
  const args = words.map((word): ArgSpec => {
    return { name: word, type: "pure-token", token: word.toUpperCase() };
  });
  return { name, type: "oneof", optional: true, args };
}

/** A word with a node behind it. */
function withNode(name: string): ArgSpec {
  return { name, display: "node-id", type: "string", token: name.toUpperCase() };
}

function subcommand(
  name: string,
  arity: number,
  flags: number,
  summary: string,
  more: Partial<CommandSpec> = {},
): CommandSpec {
  return {
    name,
    arity,
    flags,
    since: "3.0.0",
    group: "cluster",
    complexity: "O(1)",
    summary,
    handler: noClusterCommand,
    ...more,
  };
}

const subcommands: CommandSpec[] = [
  subcommand("addslots", -3, CHANGES, "Gives a node slots.", { complexity: PER_SLOT, args: SLOTS }),
  subcommand("addslotsrange", -4, CHANGES, "Gives a node ranges of slots.", {
    since: "7.0.0",
    complexity: PER_SLOT,
    args: RANGES,
  }),
  subcommand("bumpepoch", 2, CHANGES, "Advances the cluster's epoch.", { tips: VARIES }),
  subcommand("count-failure-reports", 3, ADMIN | STALE, "Counts who reports a node as failing.", {
    complexity: "O(N) where N is the number of reports",
    args: NODE,
    tips: VARIES,
  }),
  subcommand("countkeysinslot", 3, STALE, "Counts the keys of a slot.", { args: [SLOT] }),
  subcommand("delslots", -3, CHANGES, "Takes slots from a node.", {
    complexity: PER_SLOT,
    args: SLOTS,
  }),
  subcommand("delslotsrange", -4, CHANGES, "Takes ranges of slots from a node.", {
    since: "7.0.0",
    complexity: PER_SLOT,
    args: RANGES,
  }),
  subcommand("failover", -2, CHANGES, "Has a replica take its primary's place.", {
    args: [oneOf("options", "force", "takeover")],
  }),
  subcommand("flushslots", 2, CHANGES, "Takes all slots from a node."),
  subcommand("forget", 3, CHANGES, "Removes a node from those that are known.", { args: NODE }),
  subcommand("getkeysinslot", 4, STALE, "Names keys of a slot.", {
    complexity: "O(N) where N is the number of keys asked for",
    args: [SLOT, { name: "count", type: "integer" }],
    tips: VARIES,
  }),
  subcommand("help", 2, LOADING | STALE, "Says what the subcommands do.", { since: "5.0.0" }),
  subcommand("info", 2, STALE, "Tells the state of the cluster.", { tips: VARIES }),
  subcommand("keyslot", 3, STALE, "Tells the slot of a key.", {
    complexity: "O(N) where N is the length of the key",
    args: [{ name: "key", type: "string" }],
  }),
  subcommand("links", 2, STALE, "Lists the connections between nodes.", {
    since: "7.0.0",
    complexity: PER_NODE,
    tips: VARIES,
  }),
  subcommand("meet", -4, CHANGES, "Has two nodes get to know each other.", {
    args: [
      { name: "ip", type: "string" },
      { name: "port", type: "integer" },
      { name: "cluster-bus-port", type: "integer", optional: true, since: "4.0.0" },
    ],
    history: [["4.0.0", "Takes the port of the cluster bus."]],
  }),
  subcommand("myid", 2, STALE, "Tells a node's id."),
  subcommand("myshardid", 2, STALE, "Tells the id of a node's shard.", {
    since: "7.2.0",
    tips: VARIES,
  }),
  subcommand("nodes", 2, STALE, "Lists the nodes as a node knows them.", {
    complexity: PER_NODE,
    tips: VARIES,
  }),
  subcommand("replicas", 3, ADMIN | STALE, "Lists a primary's replicas.", {
    since: "5.0.0",
    complexity: PER_REPLICA,
    args: NODE,
    tips: VARIES,
  }),
  subcommand("replicate", 3, CHANGES, "Makes a node a primary's replica.", { args: NODE }),
  subcommand("reset", -2, ADMIN | STALE | NOSCRIPT, "Makes a node forget the cluster.", {
    complexity: `${PER_NODE}; the data set may be removed too`,
    args: [oneOf("reset-type", "hard", "soft")],
  }),
  subcommand("saveconfig", 2, CHANGES, "Writes a node's state to its file."),
  subcommand("set-config-epoch", 3, CHANGES, "Sets a new node's epoch.", {
    args: [{ name: "config-epoch", type: "integer" }],
  }),
  subcommand("setslot", -4, CHANGES, "Moves a slot, or tells whose it is.", {
    args: [SLOT, {
      name: "subcommand",
      type: "oneof",
      args: [
        withNode("importing"),
        withNode("migrating"),
        withNode("node"),
        { name: "stable", type: "pure-token", token: "STABLE" },
      ],
    }],
  }),
  subcommand("shards", 2, LOADING | STALE, "Lists shards with their slots and nodes.", {
    since: "7.0.0",
    complexity: PER_NODE,
    tips: VARIES,
  }),
  subcommand("slaves", 3, ADMIN | STALE, "Lists a primary's replicas.", {
    complexity: PER_REPLICA,
    args: NODE,
    tips: VARIES,
    deprecatedSince: "5.0.0",
    replacedBy: "`CLUSTER REPLICAS`",
  }),
  subcommand("slots", 2, LOADING | STALE, "Lists slots with their nodes.", {
    complexity: PER_NODE,
    tips: VARIES,
    history: [["4.0.0", "Shows the nodes' ids."], ["7.0.0", "Shows more about their networks."]],
    deprecatedSince: "7.0.0",
    replacedBy: "`CLUSTER SHARDS`",
  }),
];

const CONNECTION = { categories: ["connection"] };

export const clusterCommands: CommandSpec[] = [
  subcommand("asking", 1, FAST, "Asks a node for a slot that it is about to get.", CONNECTION),
  subcommand("readonly", 1, FAST | LOADING | STALE, "Lets a replica answer reads.", CONNECTION),
  subcommand("readwrite", 1, FAST | LOADING | STALE, "Ends what READONLY began.", CONNECTION),
  {
    name: "cluster",
    arity: -2,
    flags: 0,
    since: "3.0.0",
    group: "cluster",
    complexity: "That of the subcommand",
    summary: "What there is to say to a node of a cluster.",
    subcommands,
  },
];
