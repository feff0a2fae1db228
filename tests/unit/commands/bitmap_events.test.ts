/**
 * What the commands on bitmaps, HyperLogLogs and positions tell besides their replies: events, modified keys, and
 * how many changes they count.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { allCommands } from "../../../core/commands/index.ts";
import { EventRecorder } from "../../support/event_recorder.ts";

const GROUPS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  bitmap: [
    ["SETBIT k 7 1", "1, =k, setbit k"],
    ["SETBIT k 7 1", "0"],
    ["SETBIT k 7 0", "1, =k, setbit k"],
    ["SETBIT k 8 0", "1, =k, setbit k"],
    ["SETBIT n 0 0", "1, =n, setbit n"],
    ["GETBIT k 7", "0"],
    ["BITCOUNT k", "0"],
    ["BITPOS k 1", "0"],
    ["BITFIELD k GET u8 0", "0"],
    ["BITFIELD k SET u8 0 5 INCRBY u8 0 1 GET u8 0", "2, =k, setbit k"],
    ["BITFIELD k SET u8 0 6", "0"],
    ["BITFIELD k INCRBY u8 0 0", "0"],
    ["BITFIELD k SET u8 40 0 SET u8 48 0", "2, =k, setbit k"],
    ["BITFIELD k OVERFLOW FAIL INCRBY u8 0 300", "0"],
    ["BITFIELD_RO k GET u8 0", "0"],
    ["BITOP NOT d k", "1, =d, set d"],
    ["BITOP AND d nosuch", "1, =d, del d"],
    ["BITOP AND d nosuch", "0"],
  ],
  hyperloglog: [
    ["PFADD k", "1, =k, pfadd k"],
    ["PFADD k", "0"],
    ["PFADD k a b c", "3, =k, pfadd k"],
    ["PFADD k a", "0"],
    ["PFADD n a b", "3, =n, pfadd n"],
    ["PFCOUNT k", "1, =k"],
    ["PFCOUNT k", "0"],
    ["PFCOUNT k n", "0"],
    ["PFMERGE d k n", "1, =d, pfadd d"],
    ["PFMERGE d", "1, =d, pfadd d"],
    ["PFDEBUG ENCODING d", "0"],
    ["PFDEBUG TODENSE d", "1"],
    ["PFDEBUG TODENSE d", "0"],
    ["PFDEBUG GETREG k", "1"],
    ["PFADD k a z", "1, =k, pfadd k"],
  ],
  geo: [
    ["GEOADD k 1 1 a 2 2 b", "2, =k, zadd k"],
    ["GEOADD k 1 1 a", "0"],
    ["GEOADD k CH 3 3 a 4 4 c", "2, =k, zadd k"],
    ["GEOADD n XX 3 3 a", "0"],
    ["GEOSEARCH k FROMLONLAT 1 1 BYRADIUS 1000 km", "0"],
    ["GEOSEARCHSTORE d k FROMLONLAT 1 1 BYRADIUS 1000 km", "3, =d, geosearchstore d"],
    ["GEOSEARCHSTORE d k FROMLONLAT 90 1 BYRADIUS 1 km", "1, =d, del d"],
    ["GEOSEARCHSTORE d k FROMLONLAT 90 1 BYRADIUS 1 km", "0"],
    ["GEORADIUS k 1 1 1000 km STORE d", "3, =d, georadiusstore d"],
    ["GEORADIUSBYMEMBER k a 1 km STOREDIST d", "1, =d, georadiusstore d"],
    ["GEORADIUS nosuch 1 1 1000 km STORE d", "1, =d, del d"],
    ["GEODIST k a b", "0"],
  ],
};

for (const [name, cases] of Object.entries(GROUPS)) {
  test(`${name} commands tell what they do, in Redis's order`, () => {
    const recorder = new EventRecorder(allCommands);
    for (const [line, told] of cases) assert.equal(recorder.run(line), told, line);
    recorder.close();
  });
}
