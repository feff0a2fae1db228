/**
 * What stream commands did, in the words of others: reading as a group and claiming depend on the time and on what
 * everybody else has read, so each entry that changes hands is propagated as an XCLAIM which leaves nothing open, and
 * how far a group got as an XGROUP SETID.
 *
 * All of these are to be called only while something is propagated. The arguments named by an index are those of the
 * request.
 */
import { formatStreamId, STREAM_ID_LEN_MAX, StreamId } from "../base/stream_id.ts";
import type { Client } from "../server/client.ts";
import { entriesRead } from "../types/stream_progress.ts";
import { ByteRange } from "../types/t_string.ts";
import { streamsOf } from "./stream_args.ts";

const CLAIM_ARGS = 14;
const UNKNOWN = "-1";

const groupLastId = new StreamId();
const consumerName = new ByteRange();
const text = new Uint8Array(STREAM_ID_LEN_MAX);

/** Adds an id as an argument. */
export function propagateId(c: Client, id: StreamId): void {
  c.server.propagation.bytes(text, 0, formatStreamId(text, 0, id));
}

/**
 * A consumer has an entry pending, delivered at that time for the `count`-th time. The id is the argument at `idIndex`,
 * if that isn't 0.
 */
export function propagateClaim(
  c: Client,
  keyIndex: number,
  groupIndex: number,
  group: number,
  consumer: number,
  id: StreamId,
  idIndex: number,
  deliveryMs: number,
  count: number,
): void {
  const { propagation } = c.server;
  const { groups } = streamsOf(c);
  propagation.begin(c.db, CLAIM_ARGS);
  propagation.text("XCLAIM");
  propagation.arg(c, keyIndex);
  propagation.arg(c, groupIndex);
  groups.consumerName(consumer, consumerName);
  propagation.bytes(consumerName.buf, consumerName.off, consumerName.len);
  propagation.text("0");
  if (idIndex === 0) propagateId(c, id);
  else propagation.arg(c, idIndex);
  propagation.text("TIME");
  propagation.integer(deliveryMs);
  propagation.text("RETRYCOUNT");
  propagation.integer(count);
  propagation.text("FORCE");
  propagation.text("JUSTID");
  propagation.text("LASTID");
  groups.lastId(group, groupLastId);
  propagateId(c, groupLastId);
}

/** How far a group has read. */
export function propagateGroupId(
  c: Client,
  keyIndex: number,
  groupIndex: number,
  group: number,
): void {
  const { arena, propagation } = c.server;
  propagation.begin(c.db, 7);
  propagation.text("XGROUP");
  propagation.text("SETID");
  propagation.arg(c, keyIndex);
  propagation.arg(c, groupIndex);
  streamsOf(c).groups.lastId(group, groupLastId);
  propagateId(c, groupLastId);
  propagation.text("ENTRIESREAD");
  const read = entriesRead(arena, group);
  propagation.text(read === null ? UNKNOWN : read.toString());
}

/** A consumer was made that has nothing pending. */
export function propagateConsumer(
  c: Client,
  keyIndex: number,
  groupIndex: number,
  consumerIndex: number,
): void {
  const { propagation } = c.server;
  propagation.begin(c.db, 5);
  propagation.text("XGROUP");
  propagation.text("CREATECONSUMER");
  propagation.arg(c, keyIndex);
  propagation.arg(c, groupIndex);
  propagation.arg(c, consumerIndex);
}
