/**
 * Server: the root that owns the parts.
 *
 * Handlers reach everything through `c.server`. Each part has its own file and its own state; this class
 * only builds them, ties them to the configuration, and keeps the few facts about the process itself.
 */
import type { Clock } from "../base/clock.ts";
import type { Log, LogLevel } from "../base/log.ts";
import { Prng, randomHex, randomSeed32 } from "../base/prng.ts";
import { AccessPolicy } from "../keyspace/access.ts";
import { ExpireCycle } from "../keyspace/expire_cycle.ts";
import type { EvictionPolicy } from "../keyspace/eviction.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { Arena } from "../memory/arena.ts";
import type { TypeLimits } from "../types/limits.ts";
import { Acl } from "./acl.ts";
import { Appending } from "./appending.ts";
import { Batch } from "./batch.ts";
import { Blocking } from "./blocking.ts";
import { GATE_REPLICAS } from "./call.ts";
import { type Client, CLIENT_DENY_BLOCKING } from "./client.ts";
import { ClientMemory } from "./client_memory.ts";
import { Clients } from "./clients.ts";
import type { CommandSpec } from "./command.ts";
import { CommandTable } from "./command_table.ts";
import type { Config } from "./config.ts";
import type { OutputBufferLimit } from "./config_types.ts";
import { Cron } from "./cron.ts";
import { Flushes } from "./flushes.ts";
import { KeyChanges } from "./key_changes.ts";
import { LatencyMonitor } from "./latency_monitor.ts";
import { MemoryLimit } from "./memory_limit.ts";
import { Monitors } from "./monitors.ts";
import { Pause } from "./pause.ts";
import { Propagation } from "./propagation.ts";
import { PubSub } from "./pubsub.ts";
import { Memory } from "./info_memory.ts";
import { Saving } from "./saving.ts";
import { Scripting } from "./scripting.ts";
import { Shutdown } from "./shutdown.ts";
import { SlowLog } from "./slow_log.ts";
import { Stats } from "./stats.ts";
import { Tracking } from "./tracking.ts";
import { Turn } from "./turn.ts";

export interface ServerParts {
  clock: Clock;
  log: Log;
  config: Config;
  commands: readonly CommandSpec[];
  /** Names by which commands are reached, see CommandTable. */
  commandNames?: ReadonlyMap<string, string>;
  arena?: Arena;
  /** Seed of everything random; from the operating system unless given. */
  seed?: number;
}

/** What the transports do for the server: declared here, implemented in core/net. */
export interface NetPort {
  /** Closes the listeners and every connection. */
  close(): Promise<void>;
}

export class Server {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Config;
  readonly arena: Arena;
  readonly prng: Prng;
  readonly access: AccessPolicy;
  readonly keyspace: Keyspace;
  readonly commands: CommandTable;
  readonly acl: Acl;
  readonly clients = new Clients();
  readonly stats = new Stats();
  readonly turn: Turn;
  readonly batch: Batch;
  readonly blocking: Blocking;
  readonly pubsub: PubSub;
  readonly tracking: Tracking;
  readonly changes: KeyChanges;
  readonly monitors: Monitors = new Monitors(this);
  readonly cron: Cron;
  readonly flushes: Flushes = new Flushes(this);
  readonly memory: Memory;
  readonly clientMemory: ClientMemory = new ClientMemory(this);
  readonly pause: Pause = new Pause(this);
  readonly memoryLimit: MemoryLimit = new MemoryLimit(this);
  readonly slowLog: SlowLog = new SlowLog();
  readonly latency: LatencyMonitor;
  readonly saving: Saving;
  readonly appending: Appending;
  readonly propagation: Propagation = new Propagation(this);
  readonly scripting: Scripting;
  readonly shutdown = new Shutdown(this);
  readonly runId: string = randomHex(20);
  /** Names the history of this data set to replicas. */
  replId: string = randomHex(20);
  readonly startMs: number;
  /** Bits of the GATE_ constants that every client must pass. */
  gates = 0;
  /** Changes to the data set since the last save. */
  dirty = 0;
  net: NetPort | null = null;
  /** The client whose commands are being executed (deliver.ts). */
  executing: Client | null = null;
  // Settings that the hot path reads.
  maxmemoryBytes = 0;
  /** A command that takes that long, in microseconds, is noted (slow_log.ts, latency_monitor.ts). */
  slowUs = Infinity;
  protoMaxBulkLen = 0;
  queryBufferLimit = 0;
  maxClients = 0;
  /** client-output-buffer-limit of normal clients. */
  outputLimit: OutputBufferLimit = { hardBytes: 0, softBytes: 0, softSeconds: 0 };
  /** The same of subscribed clients. */
  pubsubOutputLimit: OutputBufferLimit = this.outputLimit;

  constructor(parts: ServerParts) {
    this.clock = parts.clock;
    this.log = parts.log;
    this.config = parts.config;
    this.scripting = new Scripting(this);
    this.arena = parts.arena ?? new Arena();
    this.prng = new Prng(parts.seed ?? randomSeed32());
    this.access = new AccessPolicy(this.prng);
    const databases = parts.config.num("databases");
    this.keyspace = new Keyspace(this.arena, databases, this.access, this.prng);
    this.turn = new Turn(this.clock, this.keyspace, this.stats);
    this.commands = new CommandTable(parts.commands, parts.commandNames);
    this.batch = new Batch(this.commands, this.keyspace);
    this.blocking = new Blocking(this);
    this.pubsub = new PubSub(this.keyspace);
    this.tracking = new Tracking(this);
    this.changes = new KeyChanges(this.keyspace, this.pubsub, this.tracking);
    this.acl = new Acl(this);
    this.startMs = this.keyspace.nowMs;
    const expiry = new ExpireCycle(this.keyspace, this.clock);
    this.cron = new Cron(this, expiry);
    this.latency = new LatencyMonitor(this.keyspace);
    this.memory = new Memory(this);
    this.followConfig();
    this.follow("active-expire-effort", () => {
      expiry.effort = this.config.num("active-expire-effort");
    });
    this.saving = new Saving(this);
    this.stats.errorsEnded = (kinds) => {
      this.log.warning(
        "Errorstats stopped adding new errors because the number of errors reached the limit; " +
          "CONFIG RESETSTAT counts them again.",
      );
      this.log.warning(`Current errors code list: ${kinds.join(", ")}`);
    };
    this.appending = new Appending(this);
  }

  /** Logs what should not have been thrown, on one line; the server goes on. */
  logBug(where: string, error: unknown): void {
    const stack = error instanceof Error ? error.stack ?? error.message : String(error);
    this.log.warning(`Bug in ${where}, the server goes on: ${stack.replace(/\s*\n\s*/g, " | ")}`);
  }

  /** Whether memory is below `maxmemory`, or will be (memory_limit.ts), and has room for `bytes` more. */
  hasRoom(bytes: number): boolean {
    return this.isWithinLimit() && this.hasHeadroom(bytes);
  }

  /** Whether memory is below `maxmemory`, or will be. */
  isWithinLimit(): boolean {
    return this.arena.usedBytes <= this.memoryLimit.arenaLimit || this.memoryLimit.makeRoom();
  }

  /** The same without regard to `maxmemory`. */
  hasHeadroom(bytes: number): boolean {
    if (this.arena.headroomBytes >= bytes) return true;
    this.keyspace.lazyFree.drain();
    return this.arena.headroomBytes >= bytes;
  }

  /** Whether a transaction or a script is being executed. */
  get isInUnit(): boolean {
    const { executing } = this;
    return executing !== null && (executing.flags & CLIENT_DENY_BLOCKING) !== 0;
  }

  /** Reads a setting now and whenever it changes. */
  private follow(name: string, apply: () => void): void {
    apply();
    this.config.onChange(name, () => {
      apply();
      return null;
    });
  }

  /** Reads settings into fields. */
  private followConfig(): void {
    const { config, access, log } = this;
    const follow = (name: string, apply: () => void) => this.follow(name, apply);
    this.followMemory();
    this.followSlowness();
    // What the log was made with stands until then: tests and embedders choose their own level.
    config.onChange("loglevel", () => {
      log.level = config.str("loglevel") as LogLevel;
      return null;
    });
    follow("proto-max-bulk-len", () => {
      this.protoMaxBulkLen = config.num("proto-max-bulk-len");
      this.batch.setBulkLenMax(this.protoMaxBulkLen);
    });
    follow("client-query-buffer-limit", () => {
      this.queryBufferLimit = config.num("client-query-buffer-limit");
    });
    follow("maxclients", () => this.maxClients = config.num("maxclients"));
    follow("hz", () => this.cron.hz = config.num("hz"));
    follow("client-output-buffer-limit", () => {
      const limits = config.outputBufferLimits();
      this.outputLimit = limits.normal;
      this.pubsubOutputLimit = limits.pubsub;
    });
    const watchReplicas = () => {
      const count = config.num("min-replicas-to-write");
      const isAsked = count > 0 && config.num("min-replicas-max-lag") > 0;
      this.gates = isAsked ? this.gates | GATE_REPLICAS : this.gates & ~GATE_REPLICAS;
    };
    follow("min-replicas-to-write", watchReplicas);
    follow("min-replicas-max-lag", watchReplicas);
    follow("notify-keyspace-events", () => {
      this.changes.setClasses(config.events());
    });
    follow("tracking-table-max-keys", () => {
      this.tracking.setKeysMax(config.num("tracking-table-max-keys"));
    });
    follow("lfu-log-factor", () => access.logFactor = config.num("lfu-log-factor"));
    follow("lfu-decay-time", () => access.decayMinutes = config.num("lfu-decay-time"));
    this.followLimits();
  }

  /** Reads how much memory may be used, what goes when it is too much, and how that is told. */
  private followMemory(): void {
    const { access, clientMemory, config, memoryLimit, propagation } = this;
    const { eviction } = this.keyspace;
    this.follow("maxmemory", () => {
      this.maxmemoryBytes = config.num("maxmemory");
      memoryLimit.refresh();
      memoryLimit.freeNow();
      clientMemory.refresh();
    });
    this.follow("maxmemory-clients", () => clientMemory.refresh());
    this.follow("maxmemory-policy", () => {
      const policy = config.str("maxmemory-policy");
      access.lfu = policy.includes("lfu");
      eviction.setPolicy(policy as EvictionPolicy);
    });
    this.follow("maxmemory-samples", () => eviction.samples = config.num("maxmemory-samples"));
    this.follow("maxmemory-eviction-tenacity", () => memoryLimit.refresh());
    this.follow("lazyfree-lazy-eviction", () => {
      propagation.lazyEviction = config.bool("lazyfree-lazy-eviction");
    });
    this.follow("lazyfree-lazy-expire", () => {
      propagation.lazyExpire = config.bool("lazyfree-lazy-expire");
    });
    this.follow("lazyfree-lazy-server-del", () => {
      propagation.lazyServerDel = config.bool("lazyfree-lazy-server-del");
    });
  }

  /** Reads from when on a command is slow. */
  private followSlowness(): void {
    const { config, latency, slowLog, turn } = this;
    const update = () => {
      slowLog.thresholdUs = config.num("slowlog-log-slower-than");
      slowLog.setMaxLen(config.num("slowlog-max-len"));
      latency.thresholdMs = config.num("latency-monitor-threshold");
      const loggedUs = slowLog.isOn ? slowLog.thresholdUs : Infinity;
      this.slowUs = latency.isOn ? Math.min(loggedUs, latency.thresholdMs * 1000) : loggedUs;
      turn.setSlow(this.slowUs, latency.isOn);
    };
    this.follow("slowlog-log-slower-than", update);
    this.follow("slowlog-max-len", update);
    this.follow("latency-monitor-threshold", update);
  }

  /** Reads the sizes at which small values become large ones. */
  private followLimits(): void {
    const { config } = this;
    const { limits } = this.keyspace.values.context;
    const follow = (name: string, field: keyof TypeLimits) => {
      this.follow(name, () => limits[field] = config.num(name));
    };
    follow("list-max-listpack-size", "listMaxListpackSize");
    follow("list-compress-depth", "listCompressDepth");
    follow("hash-max-listpack-entries", "hashMaxListpackEntries");
    follow("hash-max-listpack-value", "hashMaxListpackValue");
    follow("set-max-intset-entries", "setMaxIntsetEntries");
    follow("set-max-listpack-entries", "setMaxListpackEntries");
    follow("set-max-listpack-value", "setMaxListpackValue");
    follow("zset-max-listpack-entries", "zsetMaxListpackEntries");
    follow("zset-max-listpack-value", "zsetMaxListpackValue");
    follow("stream-node-max-bytes", "streamNodeMaxBytes");
    follow("stream-node-max-entries", "streamNodeMaxEntries");
    follow("hll-sparse-max-bytes", "hllSparseMaxBytes");
  }
}
