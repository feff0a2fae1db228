/**
 * Keyspace notifications and watched keys: what each command tells, in order, and whether a client that watches
 * its keys has its transaction fail. Every class of events is switched on.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { isOlder, splitLine } from "../support/raw_cases.ts";
import { Push, type Reply } from "../support/resp_reply.ts";
import type { RespClient } from "../support/resp_client.ts";
import { sleep, target } from "../support/server.ts";

const server = target();

/** A command or a time to wait, its events ("event key", with "db:" before it unless 0), whether keys changed. */
type Case = readonly [line: string, events: string, changes: boolean, since7?: string];

const CASES: readonly Case[] = [
  ["SET a 1", "new a, set a", true],
  ["SET a 2", "set a", true],
  ["SET a 3 EX 100", "set a, expire a", true],
  ["SET a 4 KEEPTTL", "set a", true],
  ["SET a 5 GET", "set a", true],
  ["SET nx 5 GET NX", "keymiss nx, new nx, set nx", true],
  ["SET a 5 XX PX 100000", "set a, expire a", true],
  ["SETNX b 1", "new b, set b", true],
  ["SETNX b 1", "", false],
  ["SETEX c 100 v", "new c, set c, expire c", true],
  ["PSETEX c 100000 v", "set c, expire c", true],
  ["GETSET a 1", "set a", true],
  ["GETSET g 1", "keymiss g, new g, set g", true],
  ["GETDEL g", "del g", true],
  ["GETDEL g", "keymiss g", false],
  ["GETEX a EX 100", "expire a", true],
  ["GETEX a PERSIST", "persist a", true],
  ["GETEX a PERSIST", "", false],
  ["GETEX a", "", false],
  ["GETEX a PXAT 1", "del a", true],
  ["GETEX a", "keymiss a", false],
  ["APPEND ap x", "new ap, append ap", true],
  ["APPEND ap y", "append ap", true],
  ["APPEND ap ''", "append ap", true],
  ["SETRANGE sr 3 abc", "new sr, setrange sr", true],
  ["SETRANGE sr 0 ''", "", false],
  ["SETRANGE nosuch 0 ''", "", false],
  ["INCR n", "new n, incrby n", true],
  ["DECR n", "incrby n", true],
  ["INCRBY n 5", "incrby n", true],
  ["DECRBY n 5", "incrby n", true],
  ["INCR n", "incrby n", true],
  ["INCRBYFLOAT n 1.5", "incrbyfloat n", true],
  ["MSET m1 a m2 b", "new m1, set m1, new m2, set m2", true],
  ["MSETNX m1 a m3 b", "", false],
  ["MSETNX m4 a m5 b", "new m4, set m4, new m5, set m5", true],
  ["MGET m1 nosuch", "keymiss nosuch", false],
  ["GET nosuch", "keymiss nosuch", false],
  ["STRLEN nosuch", "keymiss nosuch", false],
  ["EXISTS nosuch a", "keymiss nosuch, keymiss a", false],
  ["TYPE nosuch", "keymiss nosuch", false],
  ["TTL nosuch", "keymiss nosuch", false],
  ["PTTL nosuch", "keymiss nosuch", false],
  ["OBJECT ENCODING nosuch", "", false],
  ["TOUCH nosuch", "keymiss nosuch", false],
  ["GETRANGE nosuch 0 1", "keymiss nosuch", false],
  ["EXPIRE m1 100", "expire m1", true],
  ["EXPIRE m1 100 NX", "", false],
  ["PERSIST m1", "persist m1", true],
  ["PERSIST m1", "", false],
  ["EXPIRE m1 -1", "del m1", true],
  ["EXPIREAT m2 1", "del m2", true],
  ["PEXPIRE m4 100000", "expire m4", true],
  ["RENAME m4 m6", "new m6, rename_from m4, rename_to m6", true],
  ["RENAME m6 m5", "new m5, rename_from m6, rename_to m5", true],
  ["RENAMENX m5 m7", "new m7, rename_from m5, rename_to m7", true],
  ["RENAMENX m7 a", "new a, rename_from m7, rename_to a", true],
  ["RENAME nosuch x", "", false],
  ["COPY m7 m8", "keymiss m7", false],
  ["COPY m7 m8", "keymiss m7", false],
  ["COPY m7 m8 REPLACE", "keymiss m7", false],
  ["COPY m7 m8 DB 3", "keymiss m7", false],
  ["MOVE m8 3", "", false],
  ["MOVE m7 4", "", false],
  ["DEL m7 nosuch n", "del n", true],
  ["UNLINK sr", "del sr", true],
  ["SETBIT bits 3 1", "new bits, setbit bits", true],
  ["SETBIT bits 3 1", "", false],
  ["SETBIT bits 3 0", "setbit bits", true],
  ["SETBIT bits 0 0", "", false],
  ["BITFIELD bits SET u8 0 5 GET u8 0", "setbit bits", true],
  ["BITFIELD bits GET u8 0", "", false],
  ["BITOP NOT dest bits", "new dest, set dest", true],
  ["BITOP AND dest nosuch nosuch2", "keymiss nosuch, keymiss nosuch2, del dest", true],
  ["BITCOUNT nosuch", "keymiss nosuch", false],
  ["PFADD hll a b", "new hll, pfadd hll", true],
  ["PFADD hll a b", "", false],
  ["PFCOUNT hll", "", true],
  ["PFADD hll2 a", "new hll2, pfadd hll2", true],
  ["PFMERGE hll3 hll hll2", "keymiss hll3, new hll3, pfadd hll3", true],
  ["PFCOUNT hll hll2", "", false],
  ["DUMP nosuch", "keymiss nosuch", false],
  ["RPUSH l 3 1 2", "new l, rpush l", true],
  ["LPUSH l x", "lpush l", true],
  ["LPUSHX nosuch x", "", false],
  ["RPUSHX l y", "rpush l", true],
  ["LPOP l", "lpop l", true],
  ["RPOP l 2", "rpop l", true],
  ["LSET l 0 5", "lset l", true],
  ["LINSERT l BEFORE 5 4", "linsert l", true],
  ["LREM l 0 4", "lrem l", true],
  ["LTRIM l 0 0", "ltrim l", true],
  ["LMOVE l l2 LEFT RIGHT", "new l2, rpush l2, lpop l, del l", true],
  ["RPOPLPUSH l2 l", "new l, lpush l, rpop l2, del l2", true],
  ["LMPOP 1 l LEFT", "lpop l, del l", true],
  ["LPOP nosuch", "", false],
  ["RPUSH l 3 1 2", "new l, rpush l", true],
  ["SORT l STORE sl", "new sl, sortstore sl", true],
  ["SORT l STORE sl", "sortstore sl", true],
  ["SORT nosuch STORE sl", "keymiss nosuch, del sl", true],
  ["SORT l", "", false],
  ["LRANGE nosuch 0 1", "keymiss nosuch", false],
  ["SADD s a b c", "new s, sadd s", true],
  ["SADD s a", "", false],
  ["SREM s a zz", "srem s", true],
  ["SADD s2 z", "new s2, sadd s2", true],
  ["SMOVE s s2 b", "srem s, sadd s2", true],
  ["SPOP s", "spop s, del s", true],
  ["SADD s a b c d", "new s, sadd s", true],
  ["SPOP s 2", "spop s", true],
  ["SPOP s 10", "spop s, del s", true],
  ["SADD s a b c", "new s, sadd s", true],
  ["SADD t b c d", "new t, sadd t", true],
  ["SINTERSTORE st s t", "new st, sinterstore st", true],
  ["SINTERSTORE st s nosuch", "keymiss nosuch, del st", true],
  ["SUNIONSTORE st s t", "new st, sunionstore st", true],
  ["SDIFFSTORE st s t", "sdiffstore st", true],
  ["SDIFFSTORE st s s", "del st", true],
  ["SMEMBERS nosuch", "keymiss nosuch", false],
  ["ZADD z 1 a 2 b 3 c", "new z, zadd z", true],
  ["ZADD z 1 a", "", false],
  ["ZADD z XX CH 5 a", "zadd z", true],
  ["ZADD z INCR 5 a", "zincr z", true],
  ["ZINCRBY z 1 a", "zincr z", true],
  ["ZREM z a", "zrem z", true],
  ["ZREM z nosuch", "", false],
  ["ZPOPMIN z", "zpopmin z", true],
  ["ZADD z 1 a 2 b 3 c 4 d 5 e", "zadd z", true],
  ["ZREMRANGEBYSCORE z 1 1", "zremrangebyscore z", true],
  ["ZREMRANGEBYRANK z 0 0", "zremrangebyrank z", true],
  ["ZREMRANGEBYLEX z [zz [zzz", "", false],
  ["ZRANGESTORE zd z 0 -1", "new zd, zrangestore zd", true],
  ["ZRANGESTORE zd z 10 20", "del zd", true],
  ["ZUNIONSTORE zu 1 z", "new zu, zunionstore zu", true],
  ["ZINTERSTORE zu 1 z", "zinterstore zu", true],
  ["ZDIFFSTORE zu 2 z z", "del zu", true],
  ["ZMPOP 1 z MIN COUNT 10", "zpopmin z, del z", true],
  ["ZPOPMAX nosuch", "", false],
  ["GEOADD geo 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", "new geo, zadd geo", true],
  ["GEOSEARCHSTORE gs geo FROMMEMBER Palermo BYRADIUS 200 km", "new gs, geosearchstore gs", true],
  ["GEORADIUS geo 15 37 200 km STORE gs", "georadiusstore gs", true],
  ["GEORADIUS geo 0 0 1 m STORE gs", "del gs", true],
  ["HSET h f v f2 v2", "new h, hset h", true],
  ["HSET h f v", "hset h", true],
  ["HSETNX h f v", "", false],
  ["HSETNX h f3 v", "hset h", true],
  ["HINCRBY h n 1", "hincrby h", true],
  ["HINCRBYFLOAT h n 1.5", "hincrbyfloat h", true],
  ["HDEL h n nosuch", "hdel h", true],
  ["HDEL h f f2 f3", "hdel h, del h", true],
  ["HSET h f v g v", "new h, hset h", true],
  ["HEXPIRE h 100 FIELDS 1 f", "hexpire h", true, "7.4"],
  ["HPERSIST h FIELDS 1 f", "hpersist h", true, "7.4"],
  ["HPEXPIRE h 1 FIELDS 1 f", "hexpire h", true, "7.4"],
  ["sleep 0.01", "", false],
  ["HGET h f", "hexpired h", true, "7.4"],
  ["HEXPIREAT h 1 FIELDS 1 g", "hdel h, del h", true, "7.4"],
  ["XADD x 1-1 f v", "new x, xadd x", true],
  ["XADD x MAXLEN 1 2-1 f v", "xadd x, xtrim x", true],
  ["XADD x NOMKSTREAM 3-1 f v", "xadd x", true],
  ["XTRIM x MAXLEN 1", "xtrim x", true],
  ["XTRIM x MAXLEN 1", "", false],
  ["XDEL x 3-1", "xdel x", true],
  ["XSETID x 5-1", "xsetid x", false],
  ["XGROUP CREATE x g $", "xgroup-create x", false],
  ["XGROUP CREATE y g $ MKSTREAM", "new y, xgroup-create y", true],
  ["XGROUP CREATECONSUMER x g c", "xgroup-createconsumer x", false],
  ["XGROUP CREATECONSUMER x g c", "", false],
  ["XADD x 6-1 f v", "xadd x", true],
  ["XREADGROUP GROUP g c2 STREAMS x >", "xgroup-createconsumer x", false],
  ["XCLAIM x g c3 0 6-1", "xgroup-createconsumer x", false],
  ["XAUTOCLAIM x g c4 0 0", "xgroup-createconsumer x", false],
  ["XACK x g 6-1", "", false],
  ["XGROUP SETID x g 0", "xgroup-setid x", false],
  ["XGROUP DELCONSUMER x g c2", "xgroup-delconsumer x", false],
  ["XGROUP DESTROY x g", "xgroup-destroy x", false],
  ["XDEL x 6-1", "xdel x", true],
  ["SET e 1 PX 1", "new e, set e, expire e", true],
  ["sleep 0.02", "", false],
  ["GET e", "expired e, keymiss e", false],
  ["SET e 1 PX 1", "new e, set e, expire e", true],
  ["sleep 0.02", "", false],
  ["SET e 2", "expired e, new e, set e", true],
  ["SET e 1 PX 1", "set e, expire e", true],
  ["sleep 0.02", "", false],
  ["DEL e", "expired e", false],
  ["SET e 1 PX 1", "new e, set e, expire e", true],
  ["sleep 0.02", "", false],
  ["EXISTS e", "expired e, keymiss e", false],
  ["SWAPDB 0 5", "", false],
  ["SWAPDB 0 5", "", false],
  ["SET zz 1", "new zz, set zz", true],
  ["FLUSHDB", "", false],
  ["SET zz 1", "new zz, set zz", true],
  ["FLUSHALL", "", false],
  ["BLPOP nosuch 0.01", "", false],
  ["LPUSH bl a b", "new bl, lpush bl", true],
  ["BLPOP bl 0", "lpop bl", true],
  ["BLMOVE bl bm LEFT RIGHT 0", "new bm, rpush bm, lpop bl, del bl", true],
  ["BZPOPMIN nosuch 0.01", "", false],
  ["ZADD bz 1 a", "new bz, zadd bz", true],
  ["BZPOPMIN bz 0", "zpopmin bz, del bz", true],
];

/** The events of a command: what comes before the marker that is published behind it. */
async function eventsUntilMarker(listener: RespClient): Promise<string> {
  const events: string[] = [];
  let inKeyspace = 0;
  for (;;) {
    const reply = await listener.read();
    const [kind, , channel, message] = partsOf(reply);
    if (kind === "message") break;
    const [, db, name] = /@(\d+)__:([^]*)$/.exec(channel)!;
    if (channel.startsWith("__keyspace")) inKeyspace++;
    else events.push(`${db === "0" ? "" : `${db}:`}${name} ${message}`);
  }
  assert.equal(inKeyspace, events.length, "each event is told in both ways");
  return events.join(", ");
}

function partsOf(reply: Reply): string[] {
  const parts = reply instanceof Push ? reply.items : reply;
  assert.ok(Array.isArray(parts));
  return parts.map(String);
}

test("what commands tell of their changes", async () => {
  const [client, listener, watcher] = await Promise.all([
    server.connect(),
    server.connect(),
    server.connect(),
  ]);
  await client.command("FLUSHALL");
  const version = /redis_version:(\S+)/.exec(String(await client.command("INFO", "server")))![1];
  await client.command("CONFIG", "SET", "notify-keyspace-events", "KEAmn");
  // What has expired is for the commands to find.
  await client.command("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  await listener.command("PSUBSCRIBE", "__key*");
  await listener.command("SUBSCRIBE", "marker");
  for (const [line, events, changes, since] of CASES) {
    if (since !== undefined && isOlder(version, since)) continue;
    const args = splitLine(line);
    if (args[0] === "sleep") {
      await sleep(Number(args[1]) * 1000);
      continue;
    }
    await watcher.command("WATCH", ...args);
    await client.command(...args);
    await watcher.command("MULTI");
    const failed = await watcher.command("EXEC") === null;
    await client.command("PUBLISH", "marker", "");
    assert.equal(await eventsUntilMarker(listener), events, line);
    assert.equal(failed, changes, `${line}: whether a watching client's transaction fails`);
  }
  await client.command("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  await client.command("CONFIG", "SET", "notify-keyspace-events", "");
  for (const each of [client, listener, watcher]) each.close();
});
