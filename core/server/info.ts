/**
 * INFO: which sections, in which order.
 *
 * Redis's rules: no argument and `default` stand for the default sections, `all` for all but modules' own, and
 * `everything` for these too; sections come in the order of the table, each once, however often and in
 * whatever order they are named; an unknown name adds nothing. `debug` is shown by its name only.
 */
import { infoMemory } from "./info_memory.ts";
import {
  infoClients,
  infoCluster,
  infoCpu,
  infoKeyspace,
  infoModules,
  infoPersistence,
  infoReplication,
  infoServer,
} from "./info_server.ts";
import {
  infoCommandstats,
  infoDebug,
  infoErrorstats,
  infoLatencystats,
  infoStats,
} from "./info_stats.ts";
import type { Server } from "./server.ts";

/** When a section is shown without being named. */
type Shown = "by default" | "with all" | "never";

interface Section {
  readonly names: readonly string[];
  readonly shown: Shown;
  readonly text: (server: Server) => string;
}

const sections: readonly Section[] = [
  { names: ["server"], shown: "by default", text: infoServer },
  { names: ["clients"], shown: "by default", text: infoClients },
  { names: ["memory"], shown: "by default", text: infoMemory },
  { names: ["persistence"], shown: "by default", text: infoPersistence },
  { names: ["stats"], shown: "by default", text: infoStats },
  { names: ["replication"], shown: "by default", text: infoReplication },
  { names: ["cpu"], shown: "by default", text: infoCpu },
  { names: ["module_list", "modules"], shown: "by default", text: infoModules },
  { names: ["commandstats"], shown: "with all", text: infoCommandstats },
  { names: ["errorstats"], shown: "by default", text: infoErrorstats },
  { names: ["latencystats"], shown: "with all", text: infoLatencystats },
  { names: ["cluster"], shown: "by default", text: infoCluster },
  { names: ["keyspace"], shown: "by default", text: infoKeyspace },
  { names: ["debug"], shown: "never", text: infoDebug },
];

/** The text of INFO with these arguments, a byte string. */
export function infoText(server: Server, args: readonly string[]): string {
  const wanted = new Set(args.map((arg) => arg.toLowerCase()));
  const all = wanted.has("all") || wanted.has("everything");
  const defaults = wanted.size === 0 || wanted.has("default");
  return sections
    .filter(({ names, shown }) =>
      names.some((name) => wanted.has(name)) ||
      all && shown !== "never" ||
      defaults && shown === "by default"
    )
    .map(({ text }) => text(server))
    .join("\r\n");
}
