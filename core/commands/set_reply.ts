/**
 * What the set commands' files share: replies, the sets that a command names, and pieces of declarations.
 */
import type { RefList } from "../base/ref_list.ts";
import { TYPE_SET } from "../types/object.ts";
import { ByteRange } from "../types/t_string.ts";
import { isTypeOrReply } from "../server/args.ts";
import type { Client } from "../server/client.ts";
import type { ArgSpec } from "../server/command.ts";

const member = new ByteRange();

/** The member, or members, that a command takes. */
export const MEMBER_ARG: ArgSpec = { name: "member", type: "string" };
export const MEMBERS_ARG: ArgSpec = { name: "member", type: "string", multiple: true };

/** Replies all members of a set, without a header. */
export function addMembers(c: Client, ref: number): void {
  const { reply } = c;
  const { members } = c.server.keyspace.values.sets.algebra;
  members.start(ref);
  while (members.fill()) {
    members.toText();
    const { count, bufs, offs, lens } = members;
    for (let i = 0; i < count; i++) reply.addBulk(bufs[i], offs[i], lens[i]);
  }
}

/** Replies the member at a place. */
export function addMemberAt(c: Client, ref: number, place: number): void {
  c.server.keyspace.values.sets.readPlace(ref, place, member);
  c.reply.addBulk(member.buf, member.off, member.len);
}

/** Replies the members at places `from` up to `to` of a list. */
export function addMembersAt(
  c: Client,
  ref: number,
  places: RefList,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) addMemberAt(c, ref, places.refs[i]);
}

/** Makes `refs` the sets at the keys in arguments [from, to), 0 for a missing one. False after an error reply. */
export function lookupSetsOrReply(c: Client, from: number, to: number, refs: RefList): boolean {
  const { keyspace } = c.server;
  const { buf, off, len } = c.argv;
  refs.clear();
  for (let i = from; i < to; i++) {
    const ref = keyspace.lookupKeyRead(c.db, buf, off[i], len[i]);
    if (!isTypeOrReply(c, ref, TYPE_SET)) return false;
    refs.push(ref);
  }
  return true;
}
