/**
 * All commands, by group.
 */
import type { CommandSpec } from "../server/command.ts";
import { aclCommands } from "./acl_specs.ts";
import { bitmapCommands } from "./bitmap.ts";
import { clientCommands } from "./client_specs.ts";
import { clusterCommands } from "./cluster.ts";
import { commandCommands } from "./command.ts";
import { connectionCommands } from "./connection.ts";
import { dumpCommands } from "./dump.ts";
import { evalCommands } from "./eval.ts";
import { functionCommands } from "./function_specs.ts";
import { geoCommands } from "./geo.ts";
import { hashCommands } from "./hash.ts";
import { hyperloglogCommands } from "./hyperloglog.ts";
import { keyCommands } from "./keys.ts";
import { listCommands } from "./list.ts";
import { migrateCommands } from "./migrate.ts";
import { monitorCommands } from "./monitor.ts";
import { pubsubCommands } from "./pubsub.ts";
import { scriptCommands } from "./script.ts";
import { serverCommands } from "./server.ts";
import { setCommands } from "./set.ts";
import { sortCommands } from "./sort.ts";
import { streamCommands } from "./stream.ts";
import { stringCommands } from "./string.ts";
import { transactionCommands } from "./transaction.ts";
import { waitCommands } from "./wait.ts";
import { zsetCommands } from "./zset.ts";

export const allCommands: readonly CommandSpec[] = [
  ...aclCommands,
  ...bitmapCommands,
  ...clientCommands,
  ...clusterCommands,
  ...commandCommands,
  ...connectionCommands,
  ...dumpCommands,
  ...evalCommands,
  ...functionCommands,
  ...geoCommands,
  ...hashCommands,
  ...hyperloglogCommands,
  ...keyCommands,
  ...listCommands,
  ...migrateCommands,
  ...monitorCommands,
  ...pubsubCommands,
  ...scriptCommands,
  ...serverCommands,
  ...setCommands,
  ...sortCommands,
  ...streamCommands,
  ...stringCommands,
  ...transactionCommands,
  ...zsetCommands,
  ...waitCommands,
];
