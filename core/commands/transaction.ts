/**
 * Transactions: MULTI, EXEC, DISCARD, WATCH and UNWATCH.
 *
 * Between MULTI and EXEC requests are checked and queued where all requests pass (core/server/call.ts). EXEC executes
 * them one after the other, each with its own reply and its own errors, and nobody's commands come in between: a
 * handler runs to its end. Time stands still meanwhile, commands that would wait don't, and clients that wait for keys
 * are served when all is done. A script that takes longer than busy-reply-threshold interrupts this: the transaction
 * goes on behind it, and nobody else can change anything until then.
 */
import type { Argv } from "../protocol/resp_parser.ts";
import { answerThrown, executeQueued, GATE_MULTI } from "../server/call.ts";
import {
  type Client,
  CLIENT_BLOCKED,
  CLIENT_DENY_BLOCKING,
  CLIENT_DIRTY_CAS,
  CLIENT_DIRTY_EXEC,
  CLIENT_MULTI,
} from "../server/client.ts";
import {
  ALLOW_BUSY,
  type Command,
  type CommandSpec,
  FAST,
  KEY_RO,
  LOADING,
  MAY_PAUSE,
  NOSCRIPT,
  NOT_QUEUED,
  SKIP_SLOWLOG,
  STALE,
} from "../server/command.ts";
import { discardTransaction, Transaction } from "../server/transaction.ts";
import { countLate, scriptsOf } from "./scripts.ts";

const FAILED = "EXECABORT Transaction discarded because of previous errors.";

function multiCommand(c: Client): void {
  if ((c.flags & CLIENT_MULTI) !== 0) {
    c.reply.addError("ERR MULTI calls can not be nested");
    return;
  }
  c.transaction ??= new Transaction();
  c.flags |= CLIENT_MULTI;
  c.gates |= GATE_MULTI;
  c.reply.addOk();
}

function discardCommand(c: Client): void {
  if ((c.flags & CLIENT_MULTI) === 0) {
    c.reply.addError("ERR DISCARD without MULTI");
    return;
  }
  discardTransaction(c);
  c.reply.addOk();
}

function execCommand(c: Client): void {
  if ((c.flags & CLIENT_MULTI) === 0) {
    c.reply.addError("ERR EXEC without MULTI");
    return;
  }
  const hasErrors = (c.flags & CLIENT_DIRTY_EXEC) !== 0;
  const { watched } = c.server.changes;
  if (hasErrors || (c.flags & CLIENT_DIRTY_CAS) !== 0 || watched.isAnyExpired(c)) {
    discardTransaction(c);
    if (hasErrors) c.reply.addError(FAILED);
    else c.reply.addNullArray();
    return;
  }
  // Its own changes are none of which it wants to know.
  watched.forget(c);
  const execution = begin(c);
  if (executeFrom(c, 0, execution)) end(c, execution);
  // Each of them has been propagated on its own.
  c.server.propagation.skip();
}

/** A transaction under way: what is put back at its end, and where its reply begins. */
interface Execution {
  readonly mark: number;
  readonly startUs: number;
  readonly argv: Argv;
  readonly argvBytes: number;
  readonly lastCommand: Command;
  readonly errors: number;
  readonly wasFrozen: boolean;
  readonly deniedBlocking: number;
}

function begin(c: Client): Execution {
  const { reply, argv, argvBytes, lastCommand } = c;
  const { turn, keyspace } = c.server;
  const transaction = c.transaction!;
  const execution = {
    mark: reply.bytes,
    startUs: turn.nowUs,
    argv,
    argvBytes,
    lastCommand: lastCommand!,
    errors: reply.errors,
    wasFrozen: turn.isFrozen,
    deniedBlocking: c.flags & CLIENT_DENY_BLOCKING,
  };
  c.flags |= CLIENT_DENY_BLOCKING;
  keyspace.clearHints();
  turn.isFrozen = true;
  transaction.isExecuting = true;
  reply.addArray(transaction.count);
  return execution;
}

/** Executes the queued requests from `first` on. Returns whether all is done: a script may take long (scripts.ts). */
function executeFrom(c: Client, first: number, execution: Execution): boolean {
  const { reply } = c;
  const { keyspace } = c.server;
  const transaction = c.transaction!;
  const { count } = transaction;
  for (let i = first; i < count; i++) {
    const command = transaction.at(i, keyspace);
    c.argv = transaction.request;
    c.argvBytes = transaction.requestBytes;
    const mark = reply.bytes;
    try {
      executeQueued(c, command);
    } catch (error) {
      answerThrown(c, error, mark);
    }
    if ((c.flags & CLIENT_BLOCKED) !== 0) {
      scriptsOf(c.server).whenDone(() => goOn(c, i + 1, execution));
      return false;
    }
  }
  return true;
}

/** Goes on behind a script that took long. Returns where the reply begins, or -1 if the next one takes long, too. */
function goOn(c: Client, next: number, execution: Execution): number {
  const { server } = c;
  server.keyspace.clearHints();
  server.executing = c;
  const isDone = executeFrom(c, next, execution);
  server.executing = null;
  if (!isDone) return -1;
  end(c, execution);
  countLate(c, execution.lastCommand, server.clock.monotonicUs() - execution.startUs, false);
  return execution.mark;
}

function end(c: Client, execution: Execution): void {
  c.server.turn.isFrozen = execution.wasFrozen;
  c.server.keyspace.clearHints();
  c.argv = execution.argv;
  c.argvBytes = execution.argvBytes;
  c.lastCommand = execution.lastCommand;
  // They have been counted as errors of the commands whose they are.
  c.reply.errors = execution.errors;
  c.flags = c.flags & ~CLIENT_DENY_BLOCKING | execution.deniedBlocking;
  c.transaction!.isExecuting = false;
  discardTransaction(c);
}

function watchCommand(c: Client): void {
  if ((c.flags & CLIENT_MULTI) !== 0) {
    c.reply.addError("ERR WATCH inside MULTI is not allowed");
    return;
  }
  // Once something has changed EXEC fails whatever else is watched.
  if ((c.flags & CLIENT_DIRTY_CAS) === 0) {
    const { buf, off, len, argc } = c.argv;
    for (let i = 1; i < argc; i++) c.server.changes.watched.add(c, buf, off[i], len[i]);
  }
  c.reply.addOk();
}

function unwatchCommand(c: Client): void {
  c.server.changes.watched.forget(c);
  c.flags &= ~CLIENT_DIRTY_CAS;
  c.reply.addOk();
}

const QUICK = NOSCRIPT | LOADING | STALE | FAST | ALLOW_BUSY;

export const transactionCommands: CommandSpec[] = [
  {
    name: "multi",
    arity: 1,
    flags: QUICK | NOT_QUEUED,
    categories: ["transaction"],
    since: "1.2.0",
    group: "transactions",
    complexity: "O(1)",
    summary: "Begins a transaction: what follows is queued.",
    handler: multiCommand,
  },
  {
    name: "exec",
    arity: 1,
    flags: NOSCRIPT | LOADING | STALE | SKIP_SLOWLOG | NOT_QUEUED | MAY_PAUSE,
    categories: ["transaction"],
    since: "1.2.0",
    group: "transactions",
    complexity: "That of the queued commands together",
    summary:
      "Executes the queued commands with nothing in between, unless a watched key has changed.",
    handler: execCommand,
  },
  {
    name: "discard",
    arity: 1,
    flags: QUICK | NOT_QUEUED,
    categories: ["transaction"],
    since: "2.0.0",
    group: "transactions",
    complexity: "O(N), N being the number of queued commands",
    summary: "Forgets the queued commands and what is watched.",
    handler: discardCommand,
  },
  {
    name: "watch",
    arity: -2,
    flags: QUICK | NOT_QUEUED,
    categories: ["transaction"],
    since: "2.2.0",
    group: "transactions",
    complexity: "O(1) per key",
    summary: "Lets the next transaction fail if one of the keys changes before it is executed.",
    keys: [{ flags: KEY_RO, begin: 1, last: -1, step: 1 }],
    args: [{ name: "key", type: "key", keySpec: 0, multiple: true }],
    handler: watchCommand,
  },
  {
    name: "unwatch",
    arity: 1,
    flags: QUICK,
    categories: ["transaction"],
    since: "2.2.0",
    group: "transactions",
    complexity: "O(1)",
    summary: "Watches no key any more.",
    handler: unwatchCommand,
  },
];
