/**
 * The declarations of the commands in geo_search.ts.
 */
import {
  type ArgSpec,
  type CommandSpec,
  DENYOOM,
  type Handler,
  KEY_ACCESS,
  KEY_OW,
  KEY_RO,
  KEY_UPDATE,
  type KeyFinder,
  type KeySpec,
  READONLY,
  WRITE,
} from "../server/command.ts";
import { LON_LAT_ARGS, UNIT_ARG } from "./geo_args.ts";
import { KEY_ARG, oneKey } from "./string_reply.ts";
import { MEMBER_ARG } from "./zset_args.ts";

const RADIUS_COMPLEXITY =
  "O(N+log(M)), N being the members in the square around the circle and M the size of the set";
const SEARCH_COMPLEXITY =
  "O(N+log(M)), N being the members in the cells around the area and M those inside it";
const ANY_HISTORY: [string, string] = ["6.2.0", "Takes `ANY` behind `COUNT`."];
const UNIT_HISTORY: [string, string] = ["7.0.0", "Takes units in upper case."];

const RADIUS_ARGS: ArgSpec[] = [{ name: "radius", type: "double" }, UNIT_ARG];
const ORDER_ARG: ArgSpec = {
  name: "order",
  type: "oneof",
  optional: true,
  args: [
    { name: "asc", type: "pure-token", token: "ASC" },
    { name: "desc", type: "pure-token", token: "DESC" },
  ],
};
const WITH_ARGS: ArgSpec[] = [
  { name: "withcoord", type: "pure-token", token: "WITHCOORD", optional: true },
  { name: "withdist", type: "pure-token", token: "WITHDIST", optional: true },
  { name: "withhash", type: "pure-token", token: "WITHHASH", optional: true },
];
const STORE_ARG: ArgSpec = {
  name: "store",
  type: "oneof",
  optional: true,
  args: [
    { name: "storekey", type: "key", display: "key", token: "STORE", keySpec: 1 },
    { name: "storedistkey", type: "key", display: "key", token: "STOREDIST", keySpec: 2 },
  ],
};
const AREA_ARGS: ArgSpec[] = [
  {
    name: "from",
    type: "oneof",
    args: [
      { name: "member", type: "string", token: "FROMMEMBER" },
      { name: "fromlonlat", type: "block", token: "FROMLONLAT", args: LON_LAT_ARGS },
    ],
  },
  {
    name: "by",
    type: "oneof",
    args: [
      {
        name: "circle",
        type: "block",
        args: [{ name: "radius", type: "double", token: "BYRADIUS" }, UNIT_ARG],
      },
      {
        name: "box",
        type: "block",
        args: [
          { name: "width", type: "double", token: "BYBOX" },
          { name: "height", type: "double" },
          UNIT_ARG,
        ],
      },
    ],
  },
];

/** COUNT with ANY, which came later than COUNT in some of the commands. */
function countArg(anySince?: string): ArgSpec {
  const any: ArgSpec = { name: "any", type: "pure-token", token: "ANY", optional: true };
  if (anySince !== undefined) any.since = anySince;
  return {
    name: "count-block",
    type: "block",
    optional: true,
    args: [{ name: "count", type: "integer", token: "COUNT" }, any],
  };
}

/** A form of GEORADIUS: `around` says which arguments tell the centre. */
function radiusSpec(
  name: string,
  arity: number,
  around: ArgSpec[],
  anySince: string | undefined,
  handler: Handler,
  findKeys: KeyFinder | null,
): CommandSpec {
  const isByMember = around.length === 1;
  const place = isByMember ? "a member" : "a position";
  const isStoring = findKeys !== null;
  const from = isByMember ? " and `FROMMEMBER` arguments" : " argument";
  const spec: CommandSpec = {
    name,
    arity,
    flags: isStoring ? WRITE | DENYOOM : READONLY,
    categories: ["geo"],
    since: isStoring ? "3.2.0" : "3.2.10",
    group: "geo",
    complexity: RADIUS_COMPLEXITY,
    summary: `Finds the members within a distance of ${place}${
      isStoring ? ", and may store them" : ""
    }.`,
    history: [ANY_HISTORY, UNIT_HISTORY],
    deprecatedSince: "6.2.0",
    replacedBy: `\`GEOSEARCH\`${
      isStoring ? " and `GEOSEARCHSTORE`" : ""
    } with the \`BYRADIUS\`${from}`,
    keys: oneKey(KEY_RO | KEY_ACCESS),
    args: [KEY_ARG, ...around, ...RADIUS_ARGS, ...WITH_ARGS, countArg(anySince), ORDER_ARG],
    handler,
  };
  if (findKeys === null) return spec;
  spec.keys!.push(storeKey("STORE", -arity), storeKey("STOREDIST", -arity));
  spec.args!.push(STORE_ARG);
  spec.findKeys = findKeys;
  return spec;
}

function storeKey(keyword: string, startFrom: number): KeySpec {
  return { flags: KEY_OW | KEY_UPDATE, begin: { keyword, startFrom }, last: 0, step: 1 };
}

/** The declarations, with what they call. */
export function geoSearchSpecs(handlers: {
  georadius: Handler;
  georadiusRo: Handler;
  georadiusbymember: Handler;
  georadiusbymemberRo: Handler;
  geosearch: Handler;
  geosearchstore: Handler;
  radiusKeys: KeyFinder;
}): CommandSpec[] {
  const { radiusKeys } = handlers;
  const member = [MEMBER_ARG];
  return [
    radiusSpec("georadius", -6, LON_LAT_ARGS, "6.2.0", handlers.georadius, radiusKeys),
    radiusSpec("georadius_ro", -6, LON_LAT_ARGS, "6.2.0", handlers.georadiusRo, null),
    radiusSpec("georadiusbymember", -5, member, undefined, handlers.georadiusbymember, radiusKeys),
    radiusSpec("georadiusbymember_ro", -5, member, undefined, handlers.georadiusbymemberRo, null),
    {
      name: "geosearch",
      arity: -7,
      flags: READONLY,
      categories: ["geo"],
      since: "6.2.0",
      group: "geo",
      complexity: SEARCH_COMPLEXITY,
      summary: "Finds the members in a circle or a box.",
      history: [UNIT_HISTORY],
      keys: oneKey(KEY_RO | KEY_ACCESS),
      args: [KEY_ARG, ...AREA_ARGS, ORDER_ARG, countArg(), ...WITH_ARGS],
      handler: handlers.geosearch,
    },
    {
      name: "geosearchstore",
      arity: -8,
      flags: WRITE | DENYOOM,
      categories: ["geo"],
      since: "6.2.0",
      group: "geo",
      complexity: SEARCH_COMPLEXITY,
      summary: "Finds the members in a circle or a box and stores them.",
      history: [UNIT_HISTORY],
      keys: [
        { flags: KEY_OW | KEY_UPDATE, begin: 1, last: 0, step: 1 },
        { flags: KEY_RO | KEY_ACCESS, begin: 2, last: 0, step: 1 },
      ],
      args: [
        { name: "destination", type: "key", keySpec: 0 },
        { name: "source", type: "key", keySpec: 1 },
        ...AREA_ARGS,
        ORDER_ARG,
        countArg(),
        { name: "storedist", type: "pure-token", token: "STOREDIST", optional: true },
      ],
      handler: handlers.geosearchstore,
    },
  ];
}
