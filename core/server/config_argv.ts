/**
 * The command line: redis-server's own.
 *
 *     [path/to/redis.conf] [--name value ...]... [-]
 *     -v | --version | -h | --help
 *
 * What: decides what to do and turns options into configuration lines, which are read after the
 * file and standard input and so win over them. `--port 7000` becomes the line `port "7000"`. A
 * lone `-` as the first or last argument means that standard input is read too.
 *
 * How, as in Redis: an argument that begins with two dashes is a name, unless it directly follows a
 * name that has no value yet; then it is that name's value, so that a password may begin with
 * dashes. Everything else is a value, in any number, quoted. One argument may hold both (`"--port
 * 7000"`), and so it is not quoted. `--save` alone means `--save ""`, which scripts with an empty
 * list produce.
 *
 * Redis can also be a sentinel, and test the machine's memory. Larder can't, and says so.
 */

import { resolve } from "node:path";
import { bytesOf, splitLine } from "./config_file.ts";
import { quote } from "./config_values.ts";
import { LARDER_VERSION, REDIS_VERSION } from "./version.ts";

/** What a command line asks for. */
export interface CommandLine {
  /** For `refuse`, `message` says why; print it on standard error and end with status 1. */
  readonly action: "run" | "version" | "help" | "refuse";
  /** The configuration file's absolute path, or null. */
  readonly configPath: string | null;
  readonly configFromStdin: boolean;
  /** The options as lines of configuration, a byte string. */
  readonly overridesText: string;
  readonly message: string;
}

/**
 * @param args the arguments after the program's name
 * @param cwd the directory from which a relative path counts
 */
export function parseCommandLine(args: readonly string[], cwd: string): CommandLine {
  const first = args[0] ?? "";
  if (first === "-v" || first === "--version") return { ...nothing, action: "version" };
  if (first === "-h" || first === "--help") return { ...nothing, action: "help" };
  if (first === "--test-memory" || first === "--check-system") {
    return refuse(`${first} is not offered: use the tools of the operating system.`);
  }
  if (args.includes("--sentinel")) {
    return refuse("Sentinel mode is not offered: run redis-sentinel beside the server.");
  }
  const hasPath = args.length > 0 && !first.startsWith("-");
  const options = args.slice(hasPath ? 1 : 0);
  const configFromStdin = (!hasPath && first === "-") || options[options.length - 1] === "-";
  if (!hasPath && first === "-") options.shift();
  if (options[options.length - 1] === "-") options.pop();
  return {
    action: "run",
    configPath: hasPath ? resolve(cwd, first) : null,
    configFromStdin,
    overridesText: optionLines(options),
    message: "",
  };
}

/** What `--version` prints: a line of Redis's layout, as tools look for `v=`, and one of ours. */
export function versionText(): string {
  return `Redis server v=${REDIS_VERSION} sha=00000000:0 malloc=larder bits=64 build=0\n` +
    `Larder ${LARDER_VERSION}, compatible with Redis ${REDIS_VERSION}\n`;
}

/** What `--help` prints. */
export function helpText(): string {
  return `Usage: larder [redis.conf] [--name value ...] [-]

  redis.conf         the configuration file
  --name value ...   any directive of the file; wins over the file
  -                  as first or last argument: read configuration from standard input

  -v, --version      show the version
  -h, --help         show this text

Examples:
  larder                                  start with the defaults, on port 6379
  larder --port 7777 --maxmemory 1gb      set directives
  larder --save ""                        keep everything in memory
  larder /etc/redis/redis.conf --loglevel verbose
  echo "maxmemory 128mb" | larder -
`;
}

const nothing: CommandLine = {
  action: "run",
  configPath: null,
  configFromStdin: false,
  overridesText: "",
  message: "",
};

function refuse(message: string): CommandLine {
  return { ...nothing, action: "refuse", message };
}

function optionLines(options: readonly string[]): string {
  let text = "";
  let lastNameHasValue = true;
  options.forEach((option, i) => {
    const bytes = bytesOf(option);
    if (!lastNameHasValue || !option.startsWith("--")) {
      text += `${quote(bytes)} `;
      lastNameHasValue = true;
      return;
    }
    if (text !== "") text += "\n";
    text += `${bytes.slice(2)} `;
    // A name and a value in one argument, or something that can't be split and fails later.
    lastNameHasValue = splitLine(bytes)?.length !== 1;
    if (lastNameHasValue || option.toLowerCase() !== "--save") return;
    const next = options[i + 1];
    if (next === undefined || next.startsWith("--")) {
      text += '""';
      lastNameHasValue = true;
    }
  });
  return text;
}
