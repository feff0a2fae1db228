/**
 * LATENCY.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { latencyGraph } from "../../core/commands/latency_graph.ts";
import { LatencySeries, SAMPLES_MAX } from "../../core/server/latency_monitor.ts";
import { LatencyHistogram } from "../../core/server/latency_histogram.ts";
import { OK, rawCases } from "../support/raw_cases.ts";
import { target } from "../support/server.ts";

const server = target();

rawCases(server, "LATENCY", [
  ["CONFIG SET latency-monitor-threshold 0", OK],
  ["LATENCY RESET", /^:\d+\r\n$/],
  ["LATENCY", "-ERR wrong number of arguments for 'latency' command\r\n"],
  ["LATENCY nosuch", "-ERR unknown subcommand 'nosuch'. Try LATENCY HELP.\r\n"],
  ["LATENCY HELP", /^\*\d+\r\n\+LATENCY <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Sub/],
  ["LATENCY HELP x", "-ERR wrong number of arguments for 'latency|help' command\r\n"],
  ["LATENCY LATEST", "*0\r\n"],
  ["LATENCY HISTORY nosuch", "*0\r\n"],
  ["LATENCY HISTORY", "-ERR wrong number of arguments for 'latency|history' command\r\n"],
  ["LATENCY GRAPH nosuch", "-ERR No samples available for event 'nosuch'\r\n"],
  ["LATENCY RESET nosuch command", ":0\r\n"],
  ["LATENCY DOCTOR", { resp2: /^\$\d+\r\n.*\n\r\n$/s, resp3: /^=\d+\r\ntxt:.*\n\r\n$/s }],
], { resp: "both" });

/** At least 310 ms. */
const SLEPT = ":(?:3[1-9]\\d|[4-9]\\d\\d|\\d{4,})\\r\\n";

rawCases(server, "LATENCY's events", [
  ["LATENCY RESET", ":0\r\n"],
  // Far from what a busy machine makes of a command, which has to stay below.
  ["CONFIG SET latency-monitor-threshold 300", OK],
  ["DEBUG SLEEP 0.31", OK],
  ["PING", "+PONG\r\n"],
  [
    "LATENCY LATEST",
    new RegExp(`^\\*1\\r\\n\\*4\\r\\n\\$7\\r\\ncommand\\r\\n:\\d{10}\\r\\n${SLEPT}${SLEPT}$`),
  ],
  ["LATENCY HISTORY command", new RegExp(`^\\*1\\r\\n\\*2\\r\\n:\\d{10}\\r\\n${SLEPT}$`)],
  [
    "LATENCY GRAPH command",
    /^\$\d+\r\ncommand - high (\d+) ms, low \1 ms \(all time high \1 ms\)\n-{80}\n( \n){3}_\n \n\d\ns\n\r\n$/,
  ],
  ["LATENCY GRAPH Command", /^\$|^-ERR No samples available for event 'Command'/],
  [
    "LATENCY DOCTOR",
    /\n1\. command: 1 latency spikes \(average (\d+)ms, mean deviation 0ms, period \d+\.00 sec\)\. Worst all time event \1ms\./,
  ],
  ["LATENCY RESET COMMAND", ":1\r\n"],
  ["LATENCY LATEST", "*0\r\n"],
  ["CONFIG SET latency-monitor-threshold 0", OK],
]);

/** The reply with one command's histogram, called so often. */
function histogram(calls: number): RegExp {
  const steps = "(:\\d+\\r\\n:\\d+\\r\\n)+";
  return new RegExp(
    `^\\*2\\r\\n\\$3\\r\\nset\\r\\n\\*4\\r\\n\\$5\\r\\ncalls\\r\\n:${calls}\\r\\n` +
      `\\$14\\r\\nhistogram_usec\\r\\n\\*\\d+\\r\\n${steps}$`,
  );
}

rawCases(server, "LATENCY HISTOGRAM", [
  ["CONFIG RESETSTAT", OK],
  ["LATENCY HISTOGRAM", /^\*2\r\n\$16\r\nconfig\|resetstat\r\n\*4\r\n/],
  ["LATENCY HISTOGRAM set nosuch", "*0\r\n"],
  ["SET a 1", OK],
  ["SET a 1", OK],
  ["LATENCY HISTOGRAM SET", histogram(2)],
  ["LATENCY HISTOGRAM nosuch set get", histogram(2)],
  ["CLIENT ID", /./],
  ["CLIENT GETNAME", /./],
  ["LATENCY HISTOGRAM client", /^\*4\r\n.*client\|.*client\|/s],
  ["LATENCY HISTOGRAM client|id", /^\*2\r\n\$9\r\nclient\|id\r\n/],
]);

rawCases(server, "LATENCY HISTOGRAM with RESP3", [
  ["CONFIG RESETSTAT", OK],
  ["SET a 1", OK],
  [
    "LATENCY HISTOGRAM set",
    /^%1\r\n\$3\r\nset\r\n%2\r\n\$5\r\ncalls\r\n:1\r\n\$14\r\nhistogram_usec\r\n%1\r\n:\d+\r\n:1\r\n$/,
  ],
], { resp: 3 });

test("the buckets of LATENCY HISTOGRAM are Redis's", () => {
  const histogram = new LatencyHistogram();
  const { counts } = histogram;
  for (let i = 0; i < counts.length; i++) counts[i] = 1;
  assert.deepEqual(
    histogram.cumulative().map(([us]) => us),
    [1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816, 67633].concat(
      [135266, 270532, 541065, 1082130],
    ),
  );
  assert.equal(histogram.cumulative().at(-1)![1], counts.length);
});

test("samples of one second are one, and only so many are kept", () => {
  const series = new LatencySeries();
  for (const [seconds, ms] of [[1, 50], [1, 70], [1, 60], [2, 10]]) series.add(seconds, ms);
  assert.deepEqual([series.times, series.latencies, series.max], [[1, 2], [70, 10], 70]);
  const figures = { samples: 2, min: 10, max: 70, average: 40, meanDeviation: 30, period: 9 };
  assert.deepEqual(series.figures(10), figures);
  for (let i = 3; i < 1000; i++) series.add(i, 1);
  assert.equal(series.times.length, SAMPLES_MAX);
  assert.equal(series.max, 70);
});

test("a graph has columns, and ages below them", () => {
  const series = new LatencySeries();
  const samples = [[1000, 10], [99_000, 20], [99_900, 30], [99_990, 50], [99_999, 110]];
  for (const [seconds, ms] of samples) series.add(seconds, ms);
  const rule = "-".repeat(80);
  assert.equal(
    latencyGraph("command", series, 100_000),
    `command - high 110 ms, low 10 ms (all time high 110 ms)\n${rule}\n` +
      "    #\n    |\n   o|\n_o#||\n     \n11111\nd6m0s\n m s \n".replace(
        "    |\n   o|",
        "    |\n   o|",
      ),
  );
});
