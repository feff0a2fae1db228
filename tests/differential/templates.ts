/**
 * The commands of a differential run. What can't be the same on two servers is left out: random choices, relative
 * times, cursors of large values, and what shows a server's own insides. SORT of a sorted set makes it a large one for
 * good in Redis and leaves it as it is in Larder; tests/commands has it.
 */
import { Template } from "./grammar.ts";

const STRINGS = `
SET k:t v [NX|XX] [GET] [KEEPTTL|EXAT at|PXAT atms]
GET k:t
GETSET k:t v
GETDEL k:t
GETEX k:t [PERSIST|EXAT at|PXAT atms]
SETNX k:t v
APPEND k:t v
STRLEN k:t
SETRANGE k:t offset v
GETRANGE k:t i i
SUBSTR k:t i i
INCR k:t
DECR k:t
INCRBY k:t big
DECRBY k:t big
INCRBYFLOAT k:t float
MGET k:t {k:t}
MSET k:t v {k:t v}
MSETNX k:t v k:t v
LCS k:t k:t [LEN|IDX [MINMATCHLEN n] [WITHMATCHLEN]]
`;

const LISTS = `
LPUSH k:l {v}
RPUSH k:l {v}
RPUSH k:l {m}
RPUSH k:l {m} {m} {m} {m}
LPUSHX k:l {m}
RPUSHX k:l {m}
LPOP k:l [n]
RPOP k:l [n]
LLEN k:l
LINDEX k:l i
LRANGE k:l i i
LSET k:l small v
LREM k:l i m
LTRIM k:l i i
LINSERT k:l (BEFORE|AFTER) m v
LPOS k:l m [RANK i] [COUNT n] [MAXLEN n]
LMOVE k:l k:l (LEFT|RIGHT) (LEFT|RIGHT)
RPOPLPUSH k:l k:l
LMPOP 2 k:l k:l (LEFT|RIGHT) [COUNT n]
`;

const HASHES = `
HSET k:h {m v}
HSET k:h {m m}
HMSET k:h {m v}
HSETNX k:h m v
HGET k:h m
HMGET k:h {m}
HGETALL k:h
HDEL k:h {m}
HEXISTS k:h m
HLEN k:h
HSTRLEN k:h m
HKEYS k:h
HVALS k:h
HINCRBY k:h m big
HINCRBYFLOAT k:h m float
HRANDFIELD k:h 100000 [WITHVALUES]
HSCAN k:h 0 COUNT 100000 [MATCH pattern]
`;

const FIELD_TTLS = `
HPEXPIREAT k:h atms [NX|XX|GT|LT] FIELDS 2 m m
HEXPIREAT k:h at [NX|XX|GT|LT] FIELDS 1 m
HPERSIST k:h FIELDS 2 m m
HEXPIRETIME k:h FIELDS 2 m m
HPEXPIRETIME k:h FIELDS n {m}
HSCAN k:h 0 COUNT 100000 NOVALUES
`;

const SETS = `
SADD k:s {m}
SADD k:s {m} {m} {m}
SADD k:s {n}
SADD k:s {big}
SREM k:s {m}
SREM k:s {n}
SISMEMBER k:s m
SMISMEMBER k:s {m}
SMEMBERS k:s
SCARD k:s
SMOVE k:s k:s m
SINTER k:s {k:s}
SUNION k:s {k:s}
SDIFF k:s {k:s}
SINTERSTORE k:s k:s {k:s}
SUNIONSTORE k:s k:s {k:s}
SDIFFSTORE k:s k:s {k:s}
SINTERCARD 2 k:s k:s [LIMIT n]
SPOP k:s 100000
SRANDMEMBER k:s 100000
SSCAN k:s 0 COUNT 100000 [MATCH pattern]
`;

const ZSETS = `
ZADD k:z [NX|XX] [GT|LT] [CH] {score m}
ZADD k:z {score m} {score m}
ZADD k:z 0 m 0 m 0 m
ZADD k:z INCR score m
ZINCRBY k:z score m
ZREM k:z {m}
ZSCORE k:z m
ZMSCORE k:z {m}
ZCARD k:z
ZCOUNT k:z min max
ZRANK k:z m
ZREVRANK k:z m
ZRANGE k:z i i [WITHSCORES]
ZRANGE k:z i i REV [WITHSCORES]
ZRANGE k:z min max BYSCORE [LIMIT i i] [WITHSCORES]
ZRANGE k:z max min BYSCORE REV [LIMIT n i]
ZREVRANGE k:z i i [WITHSCORES]
ZRANGEBYSCORE k:z min max [WITHSCORES] [LIMIT i i]
ZREVRANGEBYSCORE k:z max min [WITHSCORES] [LIMIT i i]
ZREMRANGEBYRANK k:z i i
ZREMRANGEBYSCORE k:z min max
ZPOPMIN k:z [n]
ZPOPMAX k:z [n]
ZMPOP 2 k:z k:z (MIN|MAX) [COUNT n]
ZRANGESTORE k:z k:z min max BYSCORE [LIMIT n i]
ZRANGESTORE k:z k:z i i [REV]
ZUNION 2 k:z (k:z|k:s) [WEIGHTS float float] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
ZINTER 2 k:z (k:z|k:s) [WEIGHTS float float] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
ZDIFF 2 k:z (k:z|k:s) [WITHSCORES]
ZINTERCARD 2 k:z k:z [LIMIT n]
ZUNIONSTORE k:z 2 k:z (k:z|k:s) [WEIGHTS float float] [AGGREGATE (SUM|MIN|MAX)]
ZINTERSTORE k:z 2 k:z (k:z|k:s) [WEIGHTS float float] [AGGREGATE (SUM|MIN|MAX)]
ZDIFFSTORE k:z 2 k:z k:z
ZRANDMEMBER k:z 100000 [WITHSCORES]
ZSCAN k:z 0 COUNT 100000 [MATCH pattern]
`;

/** Ranges of members mean something only where all scores are equal: these keys are no other commands'. */
const LEX = `
ZADD k:e 0 m 0 m 0 m
ZADD k:e {0 m}
ZADD k:e 0 v
ZREM k:e m
ZPOPMIN k:e
ZLEXCOUNT k:e lexmin lexmax
ZRANGE k:e lexmin lexmax BYLEX [LIMIT i i]
ZRANGEBYLEX k:e lexmin lexmax [LIMIT i i]
ZREVRANGEBYLEX k:e lexmax lexmin [LIMIT i i]
ZREMRANGEBYLEX k:e lexmin lexmax
ZRANGESTORE k:e k:e lexmin lexmax BYLEX
`;

const STREAMS = `
XADD k:x [NOMKSTREAM] [MAXLEN n|MINID id] newid {m v}
XADD k:x newid {m m}
XADD k:x MAXLEN = n newid m m
XLEN k:x
XRANGE k:x ids ids [COUNT i]
XREVRANGE k:x ids ids [COUNT i]
XDEL k:x {id}
XTRIM k:x (MAXLEN|MINID) n
XSETID k:x id [ENTRIESADDED n MAXDELETEDID id]
XREAD [COUNT n] STREAMS k:x k:x id id
XGROUP CREATE k:x group (id|=$|0) [MKSTREAM] [ENTRIESREAD n]
XGROUP CREATE k:x group 0
XGROUP SETID k:x group (id|=$) [ENTRIESREAD n]
XGROUP DESTROY k:x group
XGROUP CREATECONSUMER k:x group consumer
XGROUP DELCONSUMER k:x group consumer
XREADGROUP GROUP group consumer [COUNT n] [NOACK] STREAMS k:x (=>|id|0)
XREADGROUP GROUP group consumer STREAMS k:x =>
XACK k:x group {id}
XPENDING k:x group
XPENDING k:x group ids ids n [consumer]
XCLAIM k:x group consumer 0 {id} [IDLE n] [RETRYCOUNT n] [FORCE] [JUSTID]
XAUTOCLAIM k:x group consumer 0 id [COUNT n] [JUSTID]
XINFO STREAM k:x
XINFO STREAM k:x FULL [COUNT n]
XINFO GROUPS k:x
XINFO CONSUMERS k:x group
`;

const BITS_AND_SKETCHES = `
SETBIT k:b offset bit
GETBIT k:b offset
BITCOUNT k:b [i i [BYTE|BIT]]
BITPOS k:b bit [i [i [BYTE|BIT]]]
BITOP (AND|OR|XOR) k:b k:b {k:b}
BITOP NOT k:b k:b
BITFIELD k:b {(GET bits fieldoffset|SET bits fieldoffset big|INCRBY bits fieldoffset big|OVERFLOW (WRAP|SAT|FAIL))}
BITFIELD_RO k:b {GET bits fieldoffset}
PFADD k:p {m}
PFADD k:p {big}
PFCOUNT k:p [k:p]
PFMERGE k:p {k:p}
GET k:p
`;

const GEO = `
GEOADD k:g [NX|XX] [CH] {lon lat m}
GEOPOS k:g {m}
GEODIST k:g m m [M|KM|FT|MI]
GEOHASH k:g {m}
GEOSEARCH k:g FROMLONLAT lon lat BYRADIUS radius KM (ASC|DESC) [COUNT n [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]
GEOSEARCH k:g FROMMEMBER m BYBOX radius radius KM (ASC|DESC) [WITHDIST]
GEORADIUS k:g lon lat radius (KM|M) [WITHDIST] [WITHCOORD] [COUNT n] (ASC|DESC)
GEORADIUSBYMEMBER k:g m radius KM (ASC|DESC)
GEORADIUS_RO k:g lon lat radius MI ASC
GEOSEARCHSTORE k:g k:g FROMLONLAT lon lat BYRADIUS radius KM [ASC] [COUNT n] [STOREDIST]
GEORADIUS k:g lon lat radius KM STORE k:g
ZRANGE k:g 0 -1 WITHSCORES
`;

const BLOCKING = `
XREAD BLOCK 1 STREAMS k:x =$
BLMOVE k:l k:l (LEFT|RIGHT) (LEFT|RIGHT) 0.001
BLPOP k:l k:l 0.001
BRPOP k:l 0.001
BLMPOP 0.001 2 k:l k:l (LEFT|RIGHT) [COUNT n]
BRPOPLPUSH k:l k:l 0.001
BZPOPMIN k:z k:z 0.001
BZPOPMAX k:z 0.001
BZMPOP 0.001 1 k:z (MIN|MAX) [COUNT n]

`;

const KEYS = `
DEL k:any {k:any}
UNLINK k:any
EXISTS {k:any}
TYPE k:any
TOUCH {k:any}
RENAME k:any k:any
RENAMENX k:any k:any
COPY k:any k:any [REPLACE]
EXPIREAT k:any at [NX|XX|GT|LT]
PEXPIREAT k:any atms
EXPIRETIME k:any
PEXPIRETIME k:any
PERSIST k:any
OBJECT ENCODING k:any
SORT (k:l|k:s) [LIMIT i i] [GET =# GET =t*] [ASC|DESC] ALPHA
SORT (k:l|k:s) BY =t* [LIMIT i i] [GET =#]
SORT (k:l|k:s) [LIMIT i i] [DESC]
SORT (k:l|k:s) ALPHA STORE k:l
SORT_RO (k:l|k:s) ALPHA [DESC]
KEYS pattern
SCAN 0 COUNT 100000 [TYPE (=string|=list|=hash|=set|=zset|=stream)]
MOVE k:any 1
`;

const parse = (text: string) => text.trim().split("\n").map((line) => new Template(line));

/** By group, so that each group comes up as often as the others however many templates it has. */
export const TEMPLATE_GROUPS: Readonly<Record<string, readonly Template[]>> = {
  strings: parse(STRINGS),
  lists: parse(LISTS),
  hashes: parse(HASHES),
  sets: parse(SETS),
  zsets: parse(ZSETS),
  lex: parse(LEX),
  streams: parse(STREAMS),
  bits: parse(BITS_AND_SKETCHES),
  geo: parse(GEO),
  keys: parse(KEYS),
};

/** They wait when there is nothing, and redis-server looks at its clock only ten times a second then. */
export const BLOCKING_TEMPLATES: readonly Template[] = parse(BLOCKING);

/** Commands that came with Redis 7.4. */
export const FIELD_TTL_TEMPLATES: readonly Template[] = parse(FIELD_TTLS);
