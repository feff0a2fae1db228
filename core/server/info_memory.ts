/**
 * Memory: what the server takes, for INFO and MEMORY.
 *
 *     used        blocks of the arena (exact: keys, values, tables) and the buffers of the clients
 *     active      pages of the arena in use; used plus what the allocator wastes
 *     resident    the most pages that were in use at once: the system keeps those it once gave
 *     rss         what the process takes: all that, and the runtime with its heap
 *
 * The heap of the runtime is not part of `used_memory`: what is on it doesn't grow with the data, and its
 * size depends on when garbage was collected last, so that no difference of two readings would
 * mean anything. It is told apart, as `larder_heap_bytes`. maxmemory limits `used`.
 *
 * Buffers of clients are summed up while cron visits them, a few per round, so the sum is up to a second
 * old; with few clients it is taken anew whenever somebody asks.
 */
import process from "node:process";
import { totalmem } from "node:os";
import { ENTRY_HEAD_BYTES } from "../structures/entry.ts";
import type { Client } from "./client.ts";
import { heldBytes, outputBytes } from "./client_info.ts";
import type { Server } from "./server.ts";

/** With this many clients at most, their buffers are summed up on demand. */
const CLIENTS_ON_DEMAND_MAX = 200;

/** Bytes that one database takes besides its values. */
export interface DbOverhead {
  readonly id: number;
  readonly mainBytes: number;
  readonly expiresBytes: number;
}

/** All figures at one moment; bytes unless named otherwise. */
export interface MemoryOverview {
  readonly used: number;
  readonly peak: number;
  readonly startup: number;
  readonly rss: number;
  readonly heap: number;
  readonly allocated: number;
  readonly active: number;
  readonly resident: number;
  readonly clients: number;
  readonly dbs: readonly DbOverhead[];
  readonly tableBytes: number;
  readonly overhead: number;
  readonly dataset: number;
  readonly datasetPercent: number;
  readonly peakPercent: number;
  readonly keys: number;
  readonly bytesPerKey: number;
}

export class Memory {
  /** Buffers of all clients, and the largest input and output buffer among them. */
  clientBytes = 0;
  clientInputMax = 0;
  clientOutputMax = 0;

  private readonly server: Server;
  private readonly startupBytes: number;
  private peakBytes = 0;
  private residentBytes = 0;
  private sumBytes = 0;
  private inputMax = 0;
  private outputMax = 0;

  /** To be made when everything else is there: what is used now is the start-up's share. */
  constructor(server: Server) {
    this.server = server;
    this.startupBytes = server.arena.usedBytes;
  }

  /** Bytes in use. */
  get usedBytes(): number {
    return this.server.arena.usedBytes + this.clientBytes;
  }

  /** Notes the highest readings. */
  sample(): void {
    const { arena } = this.server;
    if (this.usedBytes > this.peakBytes) this.peakBytes = this.usedBytes;
    if (arena.peakBytes > this.peakBytes) this.peakBytes = arena.peakBytes;
    if (arena.committedBytes > this.residentBytes) this.residentBytes = arena.committedBytes;
  }

  /** Adds the buffers of a client to the sum under way. */
  addClient(c: Client): void {
    const input = c.port.queryBytes + c.port.queryFreeBytes;
    const output = outputBytes(c);
    this.sumBytes += heldBytes(c);
    if (this.server.clientMemory.isOn) this.server.clientMemory.sync(c);
    if (input > this.inputMax) this.inputMax = input;
    if (output > this.outputMax) this.outputMax = output;
  }

  /** The sum is complete: it becomes what is reported, and the next one begins. */
  endOfClients(): void {
    this.clientBytes = this.sumBytes;
    this.clientInputMax = this.inputMax;
    this.clientOutputMax = this.outputMax;
    this.server.memoryLimit.refresh();
    this.sumBytes = 0;
    this.inputMax = 0;
    this.outputMax = 0;
  }

  /** Takes the clients' buffers anew if they are few. */
  refreshClients(): void {
    const { clients } = this.server;
    if (clients.count > CLIENTS_ON_DEMAND_MAX) return;
    const { sumBytes, inputMax, outputMax } = this;
    this.sumBytes = 0;
    this.inputMax = 0;
    this.outputMax = 0;
    for (const client of clients.byId.values()) this.addClient(client);
    this.endOfClients();
    // Cron's own sum goes on where it was.
    this.sumBytes = sumBytes;
    this.inputMax = inputMax;
    this.outputMax = outputMax;
  }

  /** All figures. */
  overview(): MemoryOverview {
    this.refreshClients();
    this.sample();
    const { arena, keyspace } = this.server;
    const used = this.usedBytes;
    const dbs: DbOverhead[] = [];
    let tableBytes = 0;
    let headBytes = 0;
    let keys = 0;
    for (const db of keyspace.dbs) {
      const count = db.keys.count;
      if (count === 0) continue;
      const mainBytes = db.keys.tableBytes + count * ENTRY_HEAD_BYTES;
      const expiresBytes = db.expires.tableBytes;
      dbs.push({ id: db.id, mainBytes, expiresBytes });
      tableBytes += db.keys.tableBytes + expiresBytes;
      headBytes += count * ENTRY_HEAD_BYTES;
      keys += count;
    }
    const overhead = this.startupBytes + this.clientBytes + tableBytes + headBytes;
    const dataset = Math.max(0, used - overhead);
    const net = Math.max(1, used - this.startupBytes);
    const { rss, heapUsed } = process.memoryUsage();
    return {
      used,
      peak: this.peakBytes,
      startup: this.startupBytes,
      rss,
      heap: heapUsed,
      allocated: arena.usedBytes,
      active: arena.committedBytes,
      resident: this.residentBytes,
      clients: this.clientBytes,
      dbs,
      tableBytes,
      overhead,
      dataset,
      datasetPercent: dataset * 100 / net,
      peakPercent: used * 100 / this.peakBytes,
      keys,
      bytesPerKey: keys === 0 ? 0 : Math.floor(dataset / keys),
    };
  }
}

/** Main memory of the machine, in bytes. */
function systemMemoryBytes(): number {
  return totalmem();
}

/** Bytes for people, as Redis prints them: "1.50M". */
export function bytesToHuman(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes / 1024;
  for (const unit of "KMGT") {
    if (value < 1024) return `${value.toFixed(2)}${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(2)}P`;
}

/** The memory section of INFO. */
export function infoMemory(server: Server): string {
  const m = server.memory.overview();
  const { config, keyspace } = server;
  const system = systemMemoryBytes();
  const limit = config.num("maxmemory");
  const scripts = server.scripting.figures();
  return `# Memory\r\n` +
    amount("used_memory", m.used) +
    amount("used_memory_rss", m.rss) +
    amount("used_memory_peak", m.peak) +
    `used_memory_peak_perc:${m.peakPercent.toFixed(2)}%\r\n` +
    `used_memory_overhead:${m.overhead}\r\n` +
    `used_memory_startup:${m.startup}\r\n` +
    `used_memory_dataset:${m.dataset}\r\n` +
    `used_memory_dataset_perc:${m.datasetPercent.toFixed(2)}%\r\n` +
    `allocator_allocated:${m.allocated}\r\n` +
    `allocator_active:${m.active}\r\n` +
    `allocator_resident:${m.resident}\r\n` +
    `allocator_muzzy:0\r\n` +
    amount("total_system_memory", system) +
    `used_memory_lua:${scripts.evalBytes}\r\n` +
    `used_memory_vm_eval:${scripts.evalBytes}\r\n` +
    `used_memory_lua_human:${bytesToHuman(scripts.evalBytes)}\r\n` +
    `used_memory_scripts_eval:${scripts.scriptBytes}\r\n` +
    `number_of_cached_scripts:${scripts.scripts}\r\n` +
    `number_of_functions:${scripts.functions}\r\n` +
    `number_of_libraries:${scripts.libraries}\r\n` +
    `used_memory_vm_functions:${scripts.functionVmBytes}\r\n` +
    amount("used_memory_vm_total", scripts.evalBytes + scripts.functionVmBytes) +
    `used_memory_functions:${scripts.functionBytes}\r\n` +
    amount("used_memory_scripts", scripts.scriptBytes + scripts.functionBytes) +
    amount("maxmemory", limit) +
    `maxmemory_policy:${config.str("maxmemory-policy")}\r\n` +
    ratio("allocator_frag", m.active, m.allocated) +
    ratio("allocator_rss", m.resident, m.active) +
    ratio("rss_overhead", m.rss, m.resident) +
    `mem_fragmentation_ratio:${(m.rss / m.used).toFixed(2)}\r\n` +
    `mem_fragmentation_bytes:${m.rss - m.used}\r\n` +
    `mem_not_counted_for_evict:0\r\n` +
    `mem_replication_backlog:0\r\n` +
    `mem_total_replication_buffers:0\r\n` +
    `mem_clients_slaves:0\r\n` +
    `mem_clients_normal:${m.clients}\r\n` +
    `mem_cluster_links:0\r\n` +
    `mem_aof_buffer:${server.appending.figures?.bufferedBytes ?? 0}\r\n` +
    `mem_allocator:larder-arena\r\n` +
    `mem_overhead_db_hashtable_rehashing:0\r\n` +
    `active_defrag_running:0\r\n` +
    `lazyfree_pending_objects:${keyspace.lazyFree.pending}\r\n` +
    `lazyfreed_objects:${keyspace.lazyFree.freed}\r\n` +
    `larder_heap_bytes:${m.heap}\r\n`;
}

function amount(name: string, bytes: number): string {
  return `${name}:${bytes}\r\n${name}_human:${bytesToHuman(bytes)}\r\n`;
}

function ratio(name: string, whole: number, part: number): string {
  return `${name}_ratio:${(whole / part).toFixed(2)}\r\n${name}_bytes:${whole - part}\r\n`;
}
