/**
 * What commands are propagated as: command lines, and behind `>` what the append-only file then holds.
 *
 *     = about what                 a case begins, with empty databases
 *     = [7.4] about what           this is so from that version on
 *     SET k v EX 100               sent by client 1, who waits for the reply
 *     2: BLPOP l 0                 by another client; 3! without waiting for a reply
 *     wait 20                      milliseconds pass
 *     > SET k v PXAT <ms>          a command of the file: <ms> is a time, <id> one of an entry, <m> a member like m12
 *
 * The expectations are redis-server 7.4.1's. The file itself is tests/commands/propagation.test.ts.
 */
export const CASES = String.raw`
= strings
SET k v
> SET k v
SETNX k v
SETNX k2 v
> SETNX k2 v
APPEND k x
> APPEND k x
SETRANGE k 1 z
> SETRANGE k 1 z
INCR n
> INCR n
INCRBY n 5
> INCRBY n 5
DECR n
> DECR n
DECRBY n 3
> DECRBY n 3
MSET a 1 b 2
> MSET a 1 b 2
MSETNX a 1 c 2
MSETNX c 1 d 2
> MSETNX c 1 d 2
GET k
GETSET k new
> SET k new
getset k new
> SET k new
GETDEL k
> DEL k
GETDEL nosuch
INCRBYFLOAT f 1.5
> SET f 1.5 KEEPTTL
INCRBYFLOAT f -0.25
> SET f 1.25 KEEPTTL
SET ttl 1 EX 100
> SET ttl 1 PXAT <ms>
INCRBYFLOAT ttl 1
> SET ttl 2 KEEPTTL
LCS a b
= SET with options
SET k v EX 100
> SET k v PXAT <ms>
SET k v px 100000
> SET k v PXAT <ms>
SET k v EXAT 9999999999
> SET k v PXAT 9999999999000
SET k v PXAT 9999999999000
> SET k v PXAT 9999999999000
SET k v KEEPTTL
> SET k v KEEPTTL
SET k w GET
> SET k w
SET k w GET EX 100 XX
> SET k w PXAT <ms>
SET k w GET get KEEPTTL
> SET k w KEEPTTL
SET k w NX
SET k2 w NX
> SET k2 w NX
SET k2 w NX GET
SET k3 w NX EX 10
> SET k3 w PXAT <ms>
SETEX k 100 v
> SET k v PXAT <ms>
PSETEX k 100000 v
> SET k v PXAT <ms>
setex k 100 v
> SET k v PXAT <ms>
SETEX k 0 v
= [7.4] SET with an absolute time and GET
SET k w PXAT 9999999999000 GET
> SET k w PXAT 9999999999000 GET
= GETEX
SET k v
> SET k v
GETEX k
GETEX k EX 100
> PEXPIREAT k <ms>
GETEX k PX 100000
> PEXPIREAT k <ms>
GETEX k PXAT 9999999999000
> PEXPIREAT k 9999999999000
GETEX k EXAT 9999999999
> PEXPIREAT k 9999999999000
GETEX k PERSIST
> PERSIST k
GETEX k PERSIST
GETEX k PXAT 1000
> DEL k
GETEX nosuch EX 10
= expiry
SET k v
> SET k v
EXPIRE k 100
> PEXPIREAT k <ms>
PEXPIRE k 100000 NX
PEXPIRE k 100000 XX
> PEXPIREAT k <ms> XX
EXPIREAT k 9999999999 gt
> PEXPIREAT k 9999999999000 gt
PEXPIREAT k 9999999999000
> PEXPIREAT k 9999999999000
pexpireat k 9999999998000 LT
> pexpireat k 9999999998000 LT
PERSIST k
> PERSIST k
PERSIST k
EXPIRE nosuch 10
EXPIRE k -1
> DEL k
SET k v
> SET k v
PEXPIREAT k 1000
> DEL k
SET k v
> SET k v
EXPIRE k 0
> DEL k
CONFIG SET lazyfree-lazy-expire yes
SET k v
> SET k v
EXPIRE k -1
> UNLINK k
CONFIG SET lazyfree-lazy-expire no
= what has expired is deleted before the command that came across it
DEBUG SET-ACTIVE-EXPIRE 0
SET k v PX 10
> SET k v PXAT <ms>
SET l v PX 10
> SET l v PXAT <ms>
SET m v PX 10
> SET m v PXAT <ms>
SET n v PX 10
> SET n v PXAT <ms>
SET o v PX 10
> SET o v PXAT <ms>
wait 30
GET k
> DEL k
SET l w
> MULTI
> DEL l
> SET l w
> EXEC
INCR m
> MULTI
> DEL m
> INCR m
> EXEC
EXISTS k n
> DEL n
MULTI
GET o
SET p 1
EXEC
> MULTI
> DEL o
> SET p 1
> EXEC
CONFIG SET lazyfree-lazy-expire yes
SET k v PX 10
> SET k v PXAT <ms>
SET l v PX 10
> SET l v PXAT <ms>
wait 30
MGET k l
> MULTI
> UNLINK k
> UNLINK l
> EXEC
CONFIG SET lazyfree-lazy-expire no
FLUSHALL
> FLUSHALL
SET k v PX 10
> SET k v PXAT <ms>
wait 30
RANDOMKEY
> DEL k
SET q v PX 10
> SET q v PXAT <ms>
SET r v PX 10
> SET r v PXAT <ms>
wait 30
DEL q r
> MULTI
> DEL q
> DEL r
> EXEC
UNLINK r
DEBUG SET-ACTIVE-EXPIRE 1
= transactions
MULTI
SET a 1
INCR a
GET a
EXEC
> MULTI
> SET a 1
> INCR a
> EXEC
MULTI
SET a 1
EXEC
> SET a 1
MULTI
GET a
EXEC
MULTI
EXEC
MULTI
SET a 1
LPUSH a x
INCR b
EXEC
> MULTI
> SET a 1
> INCR b
> EXEC
MULTI
INCR x
SPOP nosuch
SET k v EX 100
EXEC
> MULTI
> INCR x
> SET k v PXAT <ms>
> EXEC
WATCH x
MULTI
GET x
EXEC
= [7.4] transactions in several databases
MULTI
SELECT 1
SET a 1
SELECT 0
SET b 1
EXEC
> MULTI
> SELECT 1
> SET a 1
> SELECT 0
> SET b 1
> EXEC
MULTI
SELECT 2
GET a
EXEC
SET c 1
> SELECT 2
> SET c 1
= databases
SET a 1
> SET a 1
SELECT 3
SET a 2
> SELECT 3
> SET a 2
MOVE a 4
> MOVE a 4
SELECT 0
COPY a b
> SELECT 0
> COPY a b
COPY a c DB 5
> COPY a c DB 5
COPY a c DB 5
COPY a c DB 5 REPLACE
> COPY a c DB 5 REPLACE
SWAPDB 0 5
> SWAPDB 0 5
RENAME c d
> RENAME c d
RENAMENX d e
> RENAMENX d e
RENAME e e
SELECT 5
FLUSHDB
> SELECT 5
> FLUSHDB
FLUSHDB ASYNC
> FLUSHDB ASYNC
FLUSHALL SYNC
> FLUSHALL SYNC
SWAPDB 1 1
> SWAPDB 1 1
= keys
MSET a 1 b 2 c 3
> MSET a 1 b 2 c 3
DEL a nosuch
> DEL a nosuch
DEL nosuch
UNLINK b c
> UNLINK b c
TOUCH b
EXISTS a
TYPE a
OBJECT ENCODING a
= RESTORE
SET k v
> SET k v
DEBUG SET-SKIP-CHECKSUM-VALIDATION 1
RESTORE r 0 "\x00\x01v\x0a\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8\x59"
> RESTORE r 0 "\x00\x01v\n\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8Y"
RESTORE r 100000 "\x00\x01v\x0a\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8\x59" REPLACE
> RESTORE r <ms> "\x00\x01v\n\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8Y" REPLACE ABSTTL
RESTORE r 100000 "\x00\x01v\x0a\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8\x59" REPLACE FREQ 3
> RESTORE r <ms> "\x00\x01v\n\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8Y" REPLACE FREQ 3 ABSTTL
RESTORE r 9999999999000 "\x00\x01v\x0a\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8\x59" REPLACE ABSTTL
> RESTORE r 9999999999000 "\x00\x01v\n\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8Y" REPLACE ABSTTL
RESTORE r 1000 "\x00\x01v\x0a\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8\x59" REPLACE ABSTTL
> DEL r
RESTORE r 1000 "\x00\x01v\x0a\x00\x1c\xa7\xd1\xc9\xa0\x8d\xb8\x59" REPLACE ABSTTL
DEBUG SET-SKIP-CHECKSUM-VALIDATION 0
= lists
RPUSH l a b c d e f g
> RPUSH l a b c d e f g
LPUSHX l z
> LPUSHX l z
RPUSHX nosuch z
LPOP l
> LPOP l
RPOP l 2
> RPOP l 2
LPOP l 0
LSET l 0 x
> LSET l 0 x
LINSERT l BEFORE x y
> LINSERT l BEFORE x y
LINSERT l BEFORE nosuch y
LREM l 0 nosuch
LREM l 0 x
> LREM l 0 x
LTRIM l 0 10
LMOVE l l2 LEFT RIGHT
> LMOVE l l2 LEFT RIGHT
RPOPLPUSH l l2
> RPOPLPUSH l l2
LMPOP 2 nosuch l LEFT
> LPOP l 1
RPUSH l a b c
> RPUSH l a b c
LMPOP 2 nosuch l RIGHT COUNT 2
> RPOP l 2
LMPOP 2 nosuch l RIGHT COUNT 20
> RPOP l 3
LMPOP 1 nosuch LEFT
BLPOP l2 0
> LPOP l2
BRPOP nosuch l2 0
> RPOP l2
RPUSH l a b c d e
> RPUSH l a b c d e
BLMOVE l l2 RIGHT LEFT 0
> LMOVE l l2 RIGHT LEFT
BRPOPLPUSH l l2 0
> RPOPLPUSH l l2
BLMPOP 0 2 nosuch l LEFT
> LPOP l 1
BLMPOP 0 2 nosuch l LEFT COUNT 9
> LPOP l 2
BLPOP l 0.01
= clients that wait for lists
2! BLPOP l 0
LPUSH l a
> LPUSH l a
> LPOP l
2! BRPOP l 0
RPUSH l a b
> RPUSH l a b
> RPOP l
2! BRPOPLPUSH l2 t 0
LPUSH l2 a
> LPUSH l2 a
> RPOPLPUSH l2 t
2! BLMPOP 0 1 l2 LEFT COUNT 3
RPUSH l2 a b
> RPUSH l2 a b
> LPOP l2 2
2! BLPOP l3 0
3! BLPOP l3 0
MULTI
RPUSH l3 a
RPUSH l3 b
EXEC
> MULTI
> RPUSH l3 a
> RPUSH l3 b
> EXEC
> LPOP l3
> LPOP l3
2! BLPOP l6 0
MULTI
RPUSH l6 a
DEL l6
EXEC
> MULTI
> RPUSH l6 a
> DEL l6
> EXEC
RPUSH l6 b
> RPUSH l6 b
> LPOP l6
= [7.4] clients that move elements of lists
2! BLMOVE l2 t LEFT RIGHT 0
LPUSH l2 a
> LPUSH l2 a
> LMOVE l2 t LEFT RIGHT
2! BLMOVE l4 l5 LEFT LEFT 0
3! BLPOP l5 0
RPUSH l4 a
> RPUSH l4 a
> LMOVE l4 l5 LEFT LEFT
> LPOP l5
= hashes
HSET h f v g w
> HSET h f v g w
HMSET h f v
> HMSET h f v
HSETNX h f v
HSETNX h i 1
> HSETNX h i 1
HINCRBY h i 5
> HINCRBY h i 5
HINCRBYFLOAT h i 0.5
> HSET h i 6.5
HDEL h nosuch
HDEL h f
> HDEL h f
HGET h g
= [7.4] fields that expire
HSET h a 1 b 2 c 3 d 4
> HSET h a 1 b 2 c 3 d 4
HEXPIRE h 100 FIELDS 1 a
> HPEXPIREAT h <ms> FIELDS 1 a
HPEXPIRE h 100000 NX FIELDS 2 a b
> HPEXPIREAT h <ms> NX FIELDS 1 b
HEXPIREAT h 9999999999 FIELDS 3 a nosuch b
> HPEXPIREAT h 9999999999000 FIELDS 2 a b
HPEXPIREAT h 9999999999000 FIELDS 2 a b
> HPEXPIREAT h 9999999999000 FIELDS 2 a b
HPEXPIREAT h 9999999999000 GT FIELDS 1 a
hpexpireat h 9999999998000 FIELDS 2 a nosuch
> hpexpireat h 9999999998000 FIELDS 1 a
HPERSIST h FIELDS 1 nosuch
HPERSIST h FIELDS 2 a b
> HPERSIST h FIELDS 2 a b
HPERSIST h FIELDS 2 a b
HEXPIRE h 0 FIELDS 2 a nosuch
> HDEL h a
HEXPIREAT h 1 FIELDS 3 b c d
> MULTI
> HDEL h b
> HDEL h c
> HDEL h d
> EXEC
HSET h a 1
> HSET h a 1
HEXPIRE nosuch 10 FIELDS 1 a
= [7.4] fields that have expired
DEBUG SET-ACTIVE-EXPIRE 0
HSET h a 1 b 2 c 3 d 4 e 5
> HSET h a 1 b 2 c 3 d 4 e 5
HPEXPIRE h 10 FIELDS 3 a b c
> HPEXPIREAT h <ms> FIELDS 3 a b c
wait 30
HGET h a
> HDEL h a
HMGET h b d
> HDEL h b
HSET h c 9
> HSET h c 9
HPEXPIRE h 10 FIELDS 2 d e
> HPEXPIREAT h <ms> FIELDS 2 d e
wait 30
HINCRBY h d 1
> MULTI
> HDEL h d
> HINCRBY h d 1
> EXEC
HEXPIRE h 10 FIELDS 1 e
> HPEXPIREAT h <ms> FIELDS 1 e
HRANDFIELD h
DEBUG SET-ACTIVE-EXPIRE 1
HSET h a 1
> HSET h a 1
HPEXPIRE h 10 FIELDS 1 a
> HPEXPIREAT h <ms> FIELDS 1 a
wait 300
> HDEL h a
= sets
SADD s a b c
> SADD s a b c
SADD s a
SREM s a nosuch
> SREM s a nosuch
SREM s nosuch
SMOVE s t b
> SMOVE s t b
SMOVE s t nosuch
SINTERSTORE d s t
SUNIONSTORE d s t
> SUNIONSTORE d s t
SDIFFSTORE d nosuch s
> SDIFFSTORE d nosuch s
SDIFFSTORE d nosuch s
SADD one m1
> SADD one <m>
SPOP one
> SREM one <m>
SADD i 1 2 3 4 5 6 7 8 9
> SADD i 1 2 3 4 5 6 7 8 9
SRANDMEMBER i 2
= [7.4] SPOP with a count
SADD p m1 m2 m3 m4 m5
> SADD p <m> <m> <m> <m> <m>
SPOP p
> SREM p <m>
SPOP p 2
> SREM p <m> <m>
SPOP p 0
SPOP p 9
> DEL p
SPOP p 9
SPOP p
CONFIG SET lazyfree-lazy-server-del yes
SADD p m1 m2
> SADD p <m> <m>
SPOP p 2
> UNLINK p
CONFIG SET lazyfree-lazy-server-del no
= sorted sets
ZADD z 1 a 2 b 3 c 4 d
> ZADD z 1 a 2 b 3 c 4 d
ZADD z 1 a
ZADD z NX 1 a 5 e
> ZADD z NX 1 a 5 e
ZADD z INCR 1 a
> ZADD z INCR 1 a
ZINCRBY z 2 a
> ZINCRBY z 2 a
ZREM z a
> ZREM z a
ZREM z nosuch
ZREMRANGEBYRANK z 0 0
> ZREMRANGEBYRANK z 0 0
ZREMRANGEBYSCORE z 100 200
ZUNIONSTORE t 1 z
> ZUNIONSTORE t 1 z
ZINTERSTORE t 2 z nosuch
> ZINTERSTORE t 2 z nosuch
ZRANGESTORE t z 0 -1
> ZRANGESTORE t z 0 -1
ZDIFFSTORE t 2 z z
> ZDIFFSTORE t 2 z z
ZPOPMIN z
> ZPOPMIN z
ZPOPMAX z 2
> ZPOPMAX z 2
ZPOPMAX z 0
ZADD z 1 a 2 b 3 c 4 d
> ZADD z 1 a 2 b 3 c 4 d
ZMPOP 2 nosuch z MIN
> ZPOPMIN z 1
ZMPOP 2 nosuch z MAX COUNT 2
> ZPOPMAX z 2
BZPOPMIN z 0
> ZPOPMIN z
ZADD z 1 a 2 b 3 c 4 d
> ZADD z 1 a 2 b 3 c 4 d
BZPOPMAX nosuch z 0
> ZPOPMAX z
BZMPOP 0 2 nosuch z MIN
> ZPOPMIN z 1
BZMPOP 0 2 nosuch z MIN COUNT 9
> ZPOPMIN z 2
2! BZPOPMIN z 0
ZADD z 1 a
> ZADD z 1 a
> ZPOPMIN z
2! BZMPOP 0 1 z MAX COUNT 5
ZADD z 1 a 2 b
> ZADD z 1 a 2 b
> ZPOPMAX z 2
= places
GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
> zadd g 3479099956230698 Palermo 3479447370796909 Catania
GEOADD g NX CH 13.361389 38.115556 Palermo 15.0 37.0 Elsewhere
> zadd g NX CH 3479099956230698 Palermo 3476504601741708 Elsewhere
GEOADD g XX 13.361389 38.115556 Palermo
GEOSEARCHSTORE t g FROMLONLAT 15 37 BYRADIUS 200 km
> GEOSEARCHSTORE t g FROMLONLAT 15 37 BYRADIUS 200 km
GEORADIUS g 15 37 200 km STORE t
> GEORADIUS g 15 37 200 km STORE t
GEORADIUS g 15 37 200 km
GEORADIUSBYMEMBER g Palermo 1 m STOREDIST t
> GEORADIUSBYMEMBER g Palermo 1 m STOREDIST t
GEORADIUSBYMEMBER g Palermo 0 m STORE nosuch
> GEORADIUSBYMEMBER g Palermo 0 m STORE nosuch
GEORADIUS nosuch 15 37 200 km STORE t
> GEORADIUS nosuch 15 37 200 km STORE t
= bits and sketches
SETBIT b 7 1
> SETBIT b 7 1
SETBIT b 7 1
BITFIELD b SET u8 0 255 GET u8 0
> BITFIELD b SET u8 0 255 GET u8 0
BITFIELD b SET u8 0 255 GET u8 0
BITFIELD b GET u8 0
BITOP NOT c b
> BITOP NOT c b
PFADD p a b c
> PFADD p a b c
PFADD p a
PFCOUNT p
> PFCOUNT p
PFCOUNT p
PFMERGE q p
> PFMERGE q p
= SORT
RPUSH l 3 1 2
> RPUSH l 3 1 2
SORT l
SORT l STORE t
> SORT l STORE t
SORT nosuch STORE t
> SORT nosuch STORE t
SORT nosuch STORE t
= what is not propagated
3: SUBSCRIBE c
2: PUBLISH c message
2: CLIENT SETNAME n
2: CONFIG SET hz 20
2: WAIT 0 10
2: OBJECT HELP
2: SET k v
> SET k v
= errors
SET k v
> SET k v
LPUSH k v
INCR k
SET k
HSET k f v
nosuchcommand
`;
