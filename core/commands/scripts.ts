/**
 * Scripts: runs scripts for clients, and executes their commands.
 *
 *     prepare     whether the script may run for this client at all
 *     run         the script's client gets the caller's database, user and gates; redis.call executes through it
 *     finish      what the script gave back becomes the caller's reply
 *
 * For everybody else a script is one command: time stands still, keys that it makes ready are
 * served at its end, what it writes is one unit of propagation. Each of its commands passes checks
 * of its own (`objection`), in Redis's order and with Redis's texts, and is counted as a command.
 *
 * When a script takes longer than `busy-reply-threshold` (script_runner.ts), its caller is blocked, other clients are
 * told -BUSY (core/server/scripting.ts), and timers continue it slice by slice.
 */
import { ascii, latin1, utf8 } from "../base/bytes.ts";
import type { Argv } from "../protocol/resp_parser.ts";
import type { Reply } from "../protocol/reply.ts";
import { addLuaReply, addScriptError } from "../scripting/reply_writer.ts";
import { EvalScripts } from "../scripting/eval_scripts.ts";
import { FunctionState, LibrarySet } from "../scripting/libraries.ts";
import { REPL_AOF, type ScriptHost } from "../scripting/port.ts";
import type { ScriptArgv } from "../scripting/script_argv.ts";
import { type Program, ScriptRunner } from "../scripting/script_runner.ts";
import { ALLOW_OOM, COMPATIBLE, NO_WRITES } from "../scripting/shebang.ts";
import { ArgvCopy } from "../server/argv_copy.ts";
import {
  answerThrown,
  diskError,
  dropsReply,
  executeQueued,
  GATE_DISK,
  GATE_PROPAGATION,
  GATE_PUSHES,
  GATE_REPLICAS,
  GATE_REPLY,
  GATE_TRACKING,
  noteSlow,
  OOM_ERROR,
  reject,
} from "../server/call.ts";
import {
  type Client,
  CLIENT_BLOCKED,
  CLIENT_CLOSED,
  CLIENT_DENY_BLOCKING,
  CLIENT_SCRIPT,
} from "../server/client.ts";
import { type Command, DENYOOM, MAY_REPLICATE, NOSCRIPT, WRITE } from "../server/command.ts";
import { addPushes } from "../server/deliver.ts";
import { latencyBucket } from "../server/latency_histogram.ts";
import { createLocalClient, isLocal } from "../server/local_client.ts";
import type { ScriptingFigures } from "../server/scripting.ts";
import type { Server } from "../server/server.ts";
import { REDIS_VERSION } from "../server/version.ts";

const NO_REPLICAS = "NOREPLICAS Not enough good replicas to write.";
const DISK_ERROR_OF_SCRIPT = (task: string) =>
  `MISCONF Redis is configured to ${task}, but it's currently unable to persist to disk. ` +
  "Writable scripts are blocked. Use 'no-writes' flag for read only scripts.";
const OOM_OF_SCRIPT =
  "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";
const NOT_BUSY = "NOTBUSY No scripts in execution right now.";
const UNKILLABLE =
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either " +
  "wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.";
const BUSY = (kill: string) =>
  `BUSY Redis is busy running a script. You can only call ${kill} or SHUTDOWN NOSAVE.`;
const BUSY_EVAL = BUSY("SCRIPT KILL");
const BUSY_FUNCTION = BUSY("FUNCTION KILL");
/** What a state with its libraries takes, and a function beside its text, both about. */
const VM_BYTES: number = 32 * 1024;
const FUNCTION_BYTES = 150;
/** More than so many are counted as freed in the background. */
const LAZY_MIN = 64;
/** Names of commands that are remembered: the same one may be written in many ways. */
const NAMES_MAX = 1024;
/** How late the event loop's timers may be while a script takes long, in ms. */
const PATIENCE_MS = 1;

/** The scripts of a server. */
export function scriptsOf({ scripting }: Server): Scripts {
  return (scripting.scripts ??= new Scripts(scripting.server)) as Scripts;
}

/** A script that takes long, and whom it keeps waiting. */
interface SlowScript {
  readonly caller: Client;
  readonly command: Command;
  readonly argv: ArgvCopy;
  /** Whether its caller's commands leave access times alone. */
  readonly noTouch: boolean;
}

export class Scripts implements ScriptHost {
  readonly version: string = REDIS_VERSION;
  readonly reply: Reply;
  readonly runner: ScriptRunner;
  readonly evals: EvalScripts;
  /** Whether the script that runs has executed a command that writes. */
  hasWritten = false;
  /** The libraries of functions. */
  libraries: LibrarySet;

  private readonly server: Server;
  /** Commands by names that scripts gave, in any case. */
  private readonly names = new Map<string, Command>();
  /** Whose commands the script's are. */
  private readonly client: Client;
  // The script that runs.
  private caller: Client | null = null;
  private name = "";
  private isEval = false;
  private isReadOnly = false;
  private allowsOom = false;
  /** It doesn't want its changes to be propagated (redis.set_repl). */
  private isMuted = false;
  private wasFrozen = false;
  private startUs = 0;
  private slow: SlowScript | null = null;
  /** See `whenDone`. */
  private goOn: (() => number) | null = null;

  constructor(server: Server) {
    this.server = server;
    this.client = createLocalClient(server);
    this.client.flags |= CLIENT_SCRIPT | CLIENT_DENY_BLOCKING;
    this.reply = this.client.reply;
    this.runner = new ScriptRunner(this);
    this.evals = new EvalScripts(this.runner);
    this.libraries = new LibrarySet(new FunctionState(this.runner));
    server.scripting.figures = () => this.figures();
  }

  // For the commands.

  /**
   * Runs a script for a client, whose request has the keys from argument 3 on. `flags` are what the script declares;
   * `isReadOnly`: the command lets nothing write.
   */
  run(c: Client, program: Program, flags: number, isEval: boolean, isReadOnly: boolean): void {
    const error = this.refusal(flags, isReadOnly);
    if (error !== null) return c.reply.addError(error);
    const { server, client } = this;
    const { turn, keyspace, propagation, scripting } = server;
    const isDeclared = (flags & COMPATIBLE) === 0;
    this.caller = c;
    this.name = program.name;
    this.isEval = isEval;
    this.isReadOnly = isReadOnly || isDeclared && (flags & NO_WRITES) !== 0;
    this.allowsOom = isDeclared && (flags & ALLOW_OOM) !== 0;
    this.hasWritten = false;
    this.isMuted = false;
    client.db = c.db;
    client.user = c.user;
    client.gates = c.gates & GATE_TRACKING;
    client.reply.resp = 2;
    keyspace.clearHints();
    propagation.enter();
    this.wasFrozen = turn.isFrozen;
    turn.isFrozen = true;
    this.startUs = turn.nowUs;
    let isDone = true;
    try {
      isDone = this.runner.start(
        program,
        turn.nowUs,
        isLocal(c) ? Infinity : scripting.thresholdUs,
      );
    } finally {
      if (isDone) this.leave();
      if (!this.runner.wasShort) scripting.wasQuick = false;
      scripting.commands = this.runner.commandCount;
    }
    if (isDone) this.addResult(c);
    else this.slowDown(c);
  }

  /** SCRIPT KILL, or FUNCTION KILL: ends the script that takes long. */
  kill(c: Client, isEval: boolean): void {
    const error = this.slow === null
      ? NOT_BUSY
      : this.hasWritten
      ? UNKILLABLE
      : this.isEval !== isEval
      ? this.server.scripting.busyError
      : null;
    if (error !== null) return c.reply.addError(error);
    this.runner.kill();
    c.reply.addOk();
  }

  /** The function that is running, for FUNCTION STATS; null when none takes long. */
  get slowFunction(): { name: string; argv: Argv; us: number } | null {
    if (this.slow === null || this.isEval) return null;
    const us = this.server.clock.monotonicUs() - this.startUs;
    return { name: this.name, argv: this.slow.argv, us };
  }

  /**
   * Has `goOn` called when the slow script of a transaction is done and has its reply. It returns where the reply of
   * the transaction begins, or -1 if it is not done yet.
   */
  whenDone(goOn: () => number): void {
    this.goOn = goOn;
  }

  /** SCRIPT FLUSH: no scripts. The engine frees them in its own time; `isAsync` is for the statistics. */
  flushScripts(isAsync: boolean): void {
    const { lazyFree } = this.server.keyspace;
    if (isAsync && this.evals.count > LAZY_MIN) lazyFree.freed += this.evals.count;
    this.evals.flush();
  }

  /** FUNCTION FLUSH: no libraries, and a new state for those to come. */
  flushFunctions(isAsync: boolean): void {
    const { lazyFree } = this.server.keyspace;
    const { functionCount } = this.libraries;
    if (isAsync && functionCount > LAZY_MIN) lazyFree.freed += functionCount + 1;
    this.libraries = new LibrarySet(new FunctionState(this.runner));
  }

  // ScriptHost.

  nowUs(): number {
    return this.server.clock.monotonicUs();
  }

  execute(argv: ScriptArgv): void {
    const { client } = this;
    const command = this.names.get(argv.name) ?? this.lookup(argv);
    client.argv = argv;
    client.argvBytes = argv.bytes;
    client.lastCommand = command;
    const mark = client.reply.bytes;
    try {
      const error = this.objection(command);
      if (error !== null) reject(client, command, error);
      else this.executeAllowed(command!);
    } catch (error) {
      answerThrown(client, error, mark);
    }
    if (client.reply.bytes === mark) client.reply.addNull();
  }

  setResp(resp: number): void {
    this.client.reply.resp = resp;
  }

  setRepl(targets: number): void {
    this.isMuted = (targets & REPL_AOF) === 0;
  }

  mayExecute(argv: Argv): boolean | null {
    const command = this.server.commands.lookup(argv);
    return command === null ? null : this.server.acl.allows(this.caller!.user, command, argv);
  }

  log(level: number, line: string): void {
    const { log } = this.server;
    const bytes = ascii(line);
    const text = utf8(bytes, 0, bytes.length);
    if (level === 0) log.debug(text);
    else if (level === 1) log.verbose(text);
    else if (level === 2) log.notice(text);
    else log.warning(text);
  }

  /** The command of a request; one without subcommands is found by its name alone from then on. */
  private lookup(argv: ScriptArgv): Command | null {
    const command = this.server.commands.lookup(argv);
    if (command === null || command.parent !== null || command.subcommands.length > 0) {
      return command;
    }
    if (this.names.size === NAMES_MAX) this.names.clear();
    // Not the script's own string, which may be a part of a long one.
    if (argv.name !== "") this.names.set(latin1(argv.buf, argv.off[0], argv.len[0]), command);
    return command;
  }

  // Checks.

  /** Why the script may not run, or null. */
  private refusal(flags: number, isReadOnly: boolean): string | null {
    if ((flags & COMPATIBLE) !== 0) return null;
    const { gates, scripting } = this.server;
    if ((flags & NO_WRITES) === 0) {
      if ((gates & GATE_DISK) !== 0) return diskErrorOfScript(this.server);
      if (isReadOnly) return "ERR Can not execute a script with write flag using *_ro command.";
      if ((gates & GATE_REPLICAS) !== 0) return NO_REPLICAS;
    }
    const needsRoom = (flags & (ALLOW_OOM | NO_WRITES)) === 0;
    return needsRoom && scripting.isOutOfMemory ? OOM_OF_SCRIPT : null;
  }

  /** Why the script may not execute a command, or null. */
  private objection(command: Command | null): string | null {
    const { client, server } = this;
    if (command === null) return "ERR Unknown Redis command called from script";
    const { flags } = command;
    if (!command.acceptsCount(client.argv.argc)) {
      return "ERR Wrong number of args calling Redis command from script";
    }
    if ((flags & NOSCRIPT) !== 0 && !server.scripting.allowsDenied) {
      return "ERR This Redis command is not allowed from script";
    }
    if (!client.user.isUnrestricted) {
      const refusal = server.acl.refusalInScript(client, command);
      if (refusal !== null) return `ERR ACL failure in script: ${refusal}`;
    }
    if ((flags & (WRITE | MAY_REPLICATE | DENYOOM)) === 0) return null;
    if (this.isReadOnly && (flags & (WRITE | MAY_REPLICATE)) !== 0) {
      return "ERR Write commands are not allowed from read-only scripts.";
    }
    if (this.hasWritten) return null;
    if ((flags & WRITE) !== 0) {
      if ((server.gates & GATE_DISK) !== 0) return diskError(server);
      if ((server.gates & GATE_REPLICAS) !== 0) return NO_REPLICAS;
    }
    if ((flags & DENYOOM) !== 0 && server.scripting.isOutOfMemory && !this.allowsOom) {
      return OOM_ERROR;
    }
    if ((flags & WRITE) !== 0) this.hasWritten = true;
    return null;
  }

  // Running.

  private executeAllowed(command: Command): void {
    const { server, client } = this;
    const { propagation } = server;
    if (!this.isMuted || !propagation.isOn) return executeQueued(client, command);
    propagation.isOn = false;
    server.gates &= ~GATE_PROPAGATION;
    try {
      executeQueued(client, command);
    } finally {
      propagation.isOn = true;
      server.gates |= GATE_PROPAGATION;
    }
  }

  /** The script is over. */
  private leave(): void {
    const { turn, propagation } = this.server;
    turn.isFrozen = this.wasFrozen;
    this.caller = null;
    this.client.resetArgv();
    // Its commands have been propagated each on its own.
    propagation.skip();
    propagation.leave();
  }

  private addResult(c: Client): void {
    const { failure, result, resp } = this.runner;
    const isCounted = failure !== null
      ? addScriptError(c.reply, failure.text, failure.isCounted)
      : addLuaReply(c.reply, result, resp);
    // The error is that of a command, and was counted as such; but the script has failed as well.
    if (!isCounted) c.lastCommand!.failedCalls++;
  }

  /** The script takes long: its caller waits, and others are told so. */
  private slowDown(c: Client): void {
    const { server, isEval } = this;
    const { scripting, log, clock, propagation, keyspace, turn } = server;
    const argv = new ArgvCopy();
    argv.copy(c.argv);
    c.argv = argv;
    c.flags |= CLIENT_BLOCKED;
    this.slow = { caller: c, command: c.lastCommand!, argv, noTouch: keyspace.noTouch };
    scripting.begin(isEval ? BUSY_EVAL : BUSY_FUNCTION);
    propagation.skip();
    turn.patienceMs = PATIENCE_MS;
    const ms = Math.floor((clock.monotonicUs() - this.startUs) / 1000);
    log.warning(
      `Slow script detected: still in execution after ${ms} milliseconds. You can try killing the script ` +
        `using the ${
          isEval ? "SCRIPT KILL" : "FUNCTION KILL"
        } command. Script name is: ${this.name}.`,
    );
    this.stepLater();
  }

  private stepLater(): void {
    setTimeout(() => this.step(), 0);
  }

  /** Goes on with the slow script for a while. */
  private step(): void {
    const { server, runner } = this;
    const { keyspace, turn } = server;
    const { caller, noTouch } = this.slow!;
    const wasNoTouch = keyspace.noTouch;
    turn.begin();
    keyspace.clearHints();
    keyspace.noTouch = noTouch;
    server.executing = caller;
    let isDone = true;
    try {
      isDone = runner.step();
    } catch (error) {
      server.logBug("a script", error);
      runner.failure = { text: "ERR internal error, see the server's log", isCounted: true };
    } finally {
      server.executing = null;
      keyspace.noTouch = wasNoTouch;
    }
    if (isDone) this.finishSlow(this.slow!);
    else this.stepLater();
  }

  private finishSlow({ caller, command, argv }: SlowScript): void {
    const { server, goOn } = this;
    const us = server.clock.monotonicUs() - this.startUs;
    this.slow = null;
    this.goOn = null;
    server.scripting.end();
    this.leave();
    caller.flags &= ~CLIENT_BLOCKED;
    caller.argv = argv;
    const mark = caller.reply.bytes;
    const { errors } = caller.reply;
    this.addResult(caller);
    countLate(caller, command, us, caller.reply.errors !== errors);
    if (goOn === null) this.answered(caller, mark);
    else {
      const begin = goOn();
      if (begin >= 0) this.answered(caller, begin);
    }
  }

  /** The caller has its reply, behind `mark`, and goes on with what else it has sent. */
  private answered(c: Client, mark: number): void {
    const { blocking } = this.server;
    c.resetArgv();
    if ((c.flags & CLIENT_CLOSED) !== 0) c.reply.clear();
    else {
      if ((c.gates & GATE_REPLY) !== 0 && dropsReply(c)) c.reply.truncate(mark);
      if ((c.gates & GATE_PUSHES) !== 0) addPushes(c);
      c.port.replied();
      blocking.resumeLater(c);
    }
    if (blocking.hasReadyKeys) blocking.serveReadyKeys();
  }

  private figures(): ScriptingFigures {
    const { evals, libraries } = this;
    let functionBytes = libraries.functionCount * FUNCTION_BYTES;
    for (const { text } of libraries.libraries.values()) functionBytes += text.length;
    return {
      scripts: evals.count,
      scriptBytes: evals.bytes,
      evalBytes: VM_BYTES + evals.bytes,
      libraries: libraries.libraries.size,
      functions: libraries.functionCount,
      functionBytes,
      functionVmBytes: VM_BYTES + functionBytes,
      evicted: evals.evicted,
    };
  }
}

/** Why no script that may write can run. */
function diskErrorOfScript({ saving, appending }: Server): string {
  return saving.refusesWrites
    ? DISK_ERROR_OF_SCRIPT("save RDB snapshots")
    : `${DISK_ERROR_OF_SCRIPT("persist data to AOF")} AOF error: ${
      appending.error ?? "Unknown error"
    }`;
}

/** Counts a call whose client was answered only after its handler had returned. */
export function countLate(c: Client, command: Command, us: number, hasFailed: boolean): void {
  const { stats, slowUs } = c.server;
  command.calls++;
  c.commandsProcessed++;
  stats.commandsProcessed++;
  command.addTime(us, latencyBucket(us));
  if (us >= slowUs) noteSlow(c, command, us);
  if (!hasFailed) return;
  command.failedCalls++;
  stats.countError(c.reply.lastError);
}
