/** The sizes at which small values become large ones, drawn anew for each round of random commands. */
export const LIMITS: readonly [name: string, values: readonly string[]][] = [
  ["list-max-listpack-size", ["-2", "4", "30"]],
  ["list-compress-depth", ["0", "1"]],
  ["hash-max-listpack-entries", ["512", "4"]],
  ["hash-max-listpack-value", ["64", "10"]],
  ["set-max-intset-entries", ["512", "4"]],
  ["set-max-listpack-entries", ["128", "4"]],
  ["zset-max-listpack-entries", ["128", "4"]],
  ["stream-node-max-entries", ["100", "3"]],
  ["hll-sparse-max-bytes", ["3000", "100"]],
];
