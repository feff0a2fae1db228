/**
 * How the ACL commands are declared. What they do is in acl.ts.
 */
import { ADMIN, type CommandSpec, LOADING, NOSCRIPT, STALE } from "../server/command.ts";
import {
  aclCatCommand,
  aclDeluserCommand,
  aclDryrunCommand,
  aclGenpassCommand,
  aclGetuserCommand,
  aclHelpCommand,
  aclListCommand,
  aclLoadCommand,
  aclLogCommand,
  aclSaveCommand,
  aclSetuserCommand,
  aclUsersCommand,
  aclWhoamiCommand,
} from "./acl.ts";

const ANYBODY = NOSCRIPT | LOADING | STALE;
const ADMINS = ADMIN | ANYBODY;
const EVERYWHERE = ["request_policy:all_nodes", "response_policy:all_succeeded"];

/** A subcommand, with what most of them have in common. */
function subcommand(
  facts: Pick<CommandSpec, "name" | "arity" | "flags" | "complexity" | "summary" | "handler">,
  more: Partial<CommandSpec> = {},
): CommandSpec {
  return { since: "6.0.0", group: "server", ...facts, ...more };
}

const subcommands: CommandSpec[] = [
  subcommand({
    name: "cat",
    arity: -2,
    flags: ANYBODY,
    complexity: "O(1), as there are always the same categories and commands",
    summary: "Names the categories of commands, or the commands of one.",
    handler: aclCatCommand,
  }, { args: [{ name: "category", type: "string", optional: true }] }),
  subcommand({
    name: "deluser",
    arity: -3,
    flags: ADMINS,
    complexity: "O(1) for a usual user",
    summary: "Removes users and closes their connections.",
    handler: aclDeluserCommand,
  }, { args: [{ name: "username", type: "string", multiple: true }], tips: EVERYWHERE }),
  subcommand({
    name: "dryrun",
    arity: -4,
    flags: ADMINS,
    complexity: "O(1)",
    summary: "Says whether a user may run a command, without running it.",
    handler: aclDryrunCommand,
  }, {
    since: "7.0.0",
    args: [
      { name: "username", type: "string" },
      { name: "command", type: "string" },
      { name: "arg", type: "string", optional: true, multiple: true },
    ],
  }),
  subcommand({
    name: "genpass",
    arity: -2,
    flags: ANYBODY,
    complexity: "O(1)",
    summary: "Makes up a password that nobody can guess.",
    handler: aclGenpassCommand,
  }, { args: [{ name: "bits", type: "integer", optional: true }] }),
  subcommand({
    name: "getuser",
    arity: 3,
    flags: ADMINS,
    complexity: "O(N) where N is the number of the user's passwords, rules and patterns",
    summary: "Shows what is known of a user.",
    handler: aclGetuserCommand,
  }, {
    args: [{ name: "username", type: "string" }],
    history: [
      ["6.2.0", "Shows patterns of channels."],
      ["7.0.0", "Shows selectors, and patterns as rules instead of a list."],
    ],
  }),
  subcommand({
    name: "help",
    arity: 2,
    flags: LOADING | STALE,
    complexity: "O(1)",
    summary: "Says what the subcommands do.",
    handler: aclHelpCommand,
  }),
  subcommand({
    name: "list",
    arity: 2,
    flags: ADMINS,
    complexity: "O(N) where N is the number of users",
    summary: "Shows all users as lines of an ACL file.",
    handler: aclListCommand,
  }),
  subcommand({
    name: "load",
    arity: 2,
    flags: ADMINS,
    complexity: "O(N) where N is the number of users",
    summary: "Reads all users from the ACL file.",
    handler: aclLoadCommand,
  }),
  subcommand({
    name: "log",
    arity: -2,
    flags: ADMINS,
    complexity: "O(N) where N is the number of entries shown",
    summary: "Shows what was denied lately.",
    handler: aclLogCommand,
  }, {
    args: [{
      name: "operation",
      type: "oneof",
      optional: true,
      args: [
        { name: "count", type: "integer" },
        { name: "reset", type: "pure-token", token: "RESET" },
      ],
    }],
    history: [["7.2.0", "Entries have a number, and tell when they were made and last changed."]],
  }),
  subcommand({
    name: "save",
    arity: 2,
    flags: ADMINS,
    complexity: "O(N) where N is the number of users",
    summary: "Writes all users to the ACL file.",
    handler: aclSaveCommand,
  }, { tips: EVERYWHERE }),
  subcommand({
    name: "setuser",
    arity: -3,
    flags: ADMINS,
    complexity: "O(N) where N is the number of rules",
    summary: "Makes a user or changes what it may do.",
    handler: aclSetuserCommand,
  }, {
    args: [
      { name: "username", type: "string" },
      { name: "rule", type: "string", optional: true, multiple: true },
    ],
    history: [
      ["6.2.0", "Takes patterns of channels."],
      ["7.0.0", "Takes selectors, and patterns of keys for reading or writing only."],
    ],
    tips: EVERYWHERE,
  }),
  subcommand({
    name: "users",
    arity: 2,
    flags: ADMINS,
    complexity: "O(N) where N is the number of users",
    summary: "Names all users.",
    handler: aclUsersCommand,
  }),
  subcommand({
    name: "whoami",
    arity: 2,
    flags: ANYBODY,
    complexity: "O(1)",
    summary: "Names the user of the connection.",
    handler: aclWhoamiCommand,
  }),
];

export const aclCommands: CommandSpec[] = [{
  name: "acl",
  arity: -2,
  flags: 0,
  since: "6.0.0",
  group: "server",
  complexity: "That of the subcommand",
  summary: "Users and what they may do.",
  subcommands,
}];
