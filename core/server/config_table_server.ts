/**
 * The directives of the server itself: network, TLS, process, log, limits on clients, security,
 * monitoring. Names, limits and defaults are those of Redis 7.4; `bind` alone defaults to what the
 * stock redis.conf says, so that a server started without a file is reachable from this machine
 * only.
 */

import {
  bool,
  choice,
  type ConfigSpec,
  int,
  INT_MAX,
  LONG_MAX,
  memory,
  numeric,
  optional,
  special,
  text,
  UINT_MAX,
} from "./config_types.ts";

const fixed = { immutable: true } as const;
const unused = { unused: true } as const;
const fixedUnused = { immutable: true, unused: true } as const;
const hidden = { hidden: true } as const;
const secret = { sensitive: true } as const;

const yesNoLocal = ["no", "yes", "local"];
const signalActions = ["default", "save", "nosave", "now", "force"];

const network: ConfigSpec[] = [
  special("bind", "bind", "127.0.0.1 -::1", { multiArg: true }),
  optional("bind-source-addr"),
  int("port", 0, 65535, "6379"),
  optional("unixsocket", fixed),
  numeric("u32", "unixsocketperm", 0, 0o777, "0", { unit: "octal", ...fixed }),
  bool("protected-mode", "yes"),
  int("tcp-backlog", 0, INT_MAX, "511", fixed),
  int("tcp-keepalive", 0, INT_MAX, "300"),
  int("timeout", 0, INT_MAX, "0"),
  numeric("u32", "socket-mark-id", 0, UINT_MAX, "0", fixedUnused),
  numeric("u32", "max-new-connections-per-cycle", 1, 1000, "10", unused),
  numeric("u32", "max-new-tls-connections-per-cycle", 1, 1000, "1", unused),
];

const tlsFile = { volatile: true } as const;
const unusedTlsFile = { volatile: true, unused: true } as const;

const tls: ConfigSpec[] = [
  int("tls-port", 0, 65535, "0"),
  int("tls-session-cache-size", 0, INT_MAX, "20480", unused),
  int("tls-session-cache-timeout", 0, INT_MAX, "300", unused),
  bool("tls-cluster", "no", unused),
  bool("tls-replication", "no", unused),
  choice("tls-auth-clients", ["no", "yes", "optional"], "yes"),
  bool("tls-prefer-server-ciphers", "no"),
  bool("tls-session-caching", "yes", unused),
  optional("tls-cert-file", tlsFile),
  optional("tls-key-file", tlsFile),
  optional("tls-key-file-pass", { sensitive: true }),
  optional("tls-client-cert-file", unusedTlsFile),
  optional("tls-client-key-file", unusedTlsFile),
  optional("tls-client-key-file-pass", { sensitive: true, unused: true }),
  optional("tls-dh-params-file", unusedTlsFile),
  optional("tls-ca-cert-file", tlsFile),
  optional("tls-ca-cert-dir", tlsFile),
  optional("tls-protocols"),
  optional("tls-ciphers"),
  optional("tls-ciphersuites"),
];

const processTraits: ConfigSpec[] = [
  bool("daemonize", "no", fixedUnused),
  choice("supervised", ["upstart", "systemd", "auto", "no"], "no", fixedUnused),
  optional("pidfile", fixed),
  bool("set-proc-title", "yes", fixed),
  text("proc-title-template", "{title} {listen-addr} {server-mode}", { check: checkTitle }),
  text("locale-collate", "", { check: checkLocale, ...unused }),
  bool("always-show-logo", "no", fixed),
  int("databases", 1, INT_MAX, "16", fixed),
  int("hz", 0, INT_MAX, "10", { clamp: [1n, 500n] }),
  bool("dynamic-hz", "yes"),
  int("io-threads", 1, 128, "1", fixedUnused),
  bool("io-threads-do-reads", "no", fixedUnused),
  optional("server-cpulist", { alias: "server_cpulist", ...fixedUnused }),
  optional("bio-cpulist", { alias: "bio_cpulist", ...fixedUnused }),
  optional("aof-rewrite-cpulist", { alias: "aof_rewrite_cpulist", ...fixedUnused }),
  optional("bgsave-cpulist", { alias: "bgsave_cpulist", ...fixedUnused }),
  bool("disable-thp", "yes", fixedUnused),
  choice("oom-score-adj", ["no", "yes", "relative", "absolute"], "no", {
    synonym: ["relative", "yes"],
    ...unused,
  }),
  special("oom-score-adj-values", "oom", "0 200 800", { multiArg: true, ...unused }),
  bool("crash-log-enabled", "yes"),
  bool("crash-memcheck-enabled", "yes", unused),
  bool("use-exit-on-panic", "no", hidden),
  int("watchdog-period", 0, INT_MAX, "0", { ...hidden, ...unused }),
  text("ignore-warnings", "", unused),
  int("shutdown-timeout", 0, INT_MAX, "10"),
  special("shutdown-on-sigint", "flags", "default", {
    names: signalActions,
    multiArg: true,
    check: checkSignalActions,
  }),
  special("shutdown-on-sigterm", "flags", "default", {
    names: signalActions,
    multiArg: true,
    check: checkSignalActions,
  }),
];

const log: ConfigSpec[] = [
  choice("loglevel", ["debug", "verbose", "notice", "warning", "nothing"], "notice"),
  text("logfile", "", fixed),
  bool("syslog-enabled", "no", fixedUnused),
  text("syslog-ident", "redis", fixedUnused),
  choice(
    "syslog-facility",
    ["user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
    "local0",
    fixedUnused,
  ),
  bool("hide-user-data-from-log", "no"),
];

const clients: ConfigSpec[] = [
  numeric("u32", "maxclients", 1, UINT_MAX, "10000"),
  numeric("i64", "maxmemory-clients", -100, LONG_MAX, "0", { unit: "percent" }),
  special(
    "client-output-buffer-limit",
    "limits",
    "normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60",
    { multiArg: true },
  ),
  memory("u64", "client-query-buffer-limit", 1024 ** 2, LONG_MAX, "1gb"),
  memory("i64", "proto-max-bulk-len", 1024 ** 2, LONG_MAX, "512mb"),
  numeric("u64", "tracking-table-max-keys", 0, LONG_MAX, "1000000"),
  numeric("i64", "busy-reply-threshold", 0, LONG_MAX, "5000", { alias: "lua-time-limit" }),
];

const security: ConfigSpec[] = [
  special("requirepass", "bytes", "", { emptyIsUnset: true, ...secret }),
  text("aclfile", "", fixed),
  choice("acl-pubsub-default", ["allchannels", "resetchannels"], "resetchannels"),
  numeric("i64", "acllog-max-len", 0, LONG_MAX, "128"),
  choice("sanitize-dump-payload", ["no", "yes", "clients"], "no"),
  choice("enable-protected-configs", yesNoLocal, "no", fixed),
  choice("enable-debug-command", yesNoLocal, "no", fixed),
  choice("enable-module-command", yesNoLocal, "no", fixedUnused),
];

const monitoring: ConfigSpec[] = [
  numeric("i64", "slowlog-log-slower-than", -1, LONG_MAX, "10000"),
  numeric("i64", "slowlog-max-len", 0, LONG_MAX, "128"),
  numeric("i64", "latency-monitor-threshold", 0, LONG_MAX, "0"),
  bool("latency-tracking", "yes"),
  special("latency-tracking-info-percentiles", "percentiles", "50 99 99.9", { multiArg: true }),
  special("notify-keyspace-events", "events", ""),
];

/** Directives about the server, its connections and what it tells about itself. */
export const serverDirectives: readonly ConfigSpec[] = [
  ...network,
  ...tls,
  ...processTraits,
  ...log,
  ...clients,
  ...security,
  ...monitoring,
];

const titleVariables = [
  "title",
  "listen-addr",
  "server-mode",
  "config-file",
  "port",
  "tls-port",
  "unixsocket",
];

/**
 * A title template is text with `{variable}`s, `{{` standing for a brace. Redis also refuses one
 * that comes out as nothing; that takes a template without text and without a variable that always
 * has a value.
 */
function checkTitle(template: string): string | null {
  const refusal = "template format is invalid or contains unknown variables";
  let shown = "";
  let at = 0;
  for (;;) {
    const brace = template.indexOf("{", at);
    if (brace < 0) break;
    shown += template.slice(at, brace);
    if (template[brace + 1] === "{") {
      shown += "{";
      at = brace + 2;
      continue;
    }
    const close = template.indexOf("}", brace + 1);
    const variable = template.slice(brace + 1, close);
    if (close < 0 || !titleVariables.includes(variable)) return refusal;
    const maybeEmpty = variable === "title" || variable === "server-mode" ||
      variable === "unixsocket";
    if (!maybeEmpty) shown += variable;
    at = close + 1;
  }
  shown += template.slice(at);
  return shown.replaceAll(" ", "") === "" ? refusal : null;
}

/** Which locales a machine has, nobody tells: what looks like the name of one is taken for one. */
function checkLocale(name: string): string | null {
  const isName = /^(|C|POSIX|C\.[\w-]+|[a-z]{2,3}(_[A-Z]{2})?(\.[\w-]+)?(@\w+)?)$/.test(name);
  return isName ? null : "Invalid locale name";
}

function checkSignalActions(names: string): string | null {
  const given = names.split(" ");
  return given.includes("save") && given.includes("nosave")
    ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
    : null;
}
