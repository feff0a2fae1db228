/**
 * A server in this process that writes down what commands tell besides their replies: how many changes they
 * count, which keys they modified, and which events happened to keys.
 */
import { latin1, type ReadonlyBytes } from "../../core/base/bytes.ts";
import type { Db } from "../../core/keyspace/db.ts";
import { NOTIFY_KEY_MISS, NOTIFY_NEW } from "../../core/keyspace/key_events.ts";
import type { CommandSpec } from "../../core/server/command.ts";
import { InProcess } from "./in_process.ts";

/** The keyspace itself tells of keys that are new or missing. */
const IGNORED = NOTIFY_NEW | NOTIFY_KEY_MISS;

export class EventRecorder {
  readonly process: InProcess;
  private readonly told: string[] = [];

  constructor(commands: readonly CommandSpec[]) {
    this.process = new InProcess({ commands });
    const { told } = this;
    this.process.server.keyspace.observer = {
      modified: (_db: Db, key: ReadonlyBytes, off: number, len: number) => {
        told.push(`=${latin1(key, off, len)}`);
      },
      event: (cls: number, name: string, _db: Db, key: ReadonlyBytes, off: number, len: number) => {
        if ((cls & IGNORED) === 0) told.push(`${name} ${latin1(key, off, len)}`);
      },
      emptying: () => {},
      swapping: () => {},
    };
  }

  /** Runs a line. Returns "changes, =modified key, event key" in the order told. */
  run(line: string): string {
    const { told } = this;
    const { server } = this.process;
    told.length = 0;
    const before = server.dirty;
    this.process.run(...line.split(" "));
    return [server.dirty - before, ...told].join(", ");
  }

  close(): void {
    this.process.empty();
  }
}
