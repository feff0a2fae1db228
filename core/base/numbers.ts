/**
 * Everything that turns bytes into numbers and back, under one import.
 * 64-bit integers are in integers.ts, doubles in doubles.ts; long doubles, which only the
 * INCRBYFLOAT commands need, stay apart in long_double.ts.
 */

export {
  BIG,
  formatBigInt64,
  formatInteger,
  INT64_MAX,
  INT64_MIN,
  INTEGER_TEXT_LEN_MAX,
  integerDigits,
  parseBigInt64,
  parseInteger,
} from "./integers.ts";
export {
  DOUBLE_TEXT_LEN_MAX,
  formatDouble,
  formatShortestDouble,
  parseDouble,
  writeDouble,
} from "./doubles.ts";
