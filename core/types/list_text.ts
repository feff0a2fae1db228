/**
 * How a list lies in memory, as text for people: what DEBUG LISTPACK and DEBUG QUICKLIST print.
 *
 * A listpack may belong to a value of any type.
 */
import { latin1 } from "../base/bytes.ts";
import { type Arena, REF_OFFSET_MASK } from "../memory/arena.ts";
import { lpBytes, lpCount, lpEntryBytes, lpFirst, lpGet, lpNext } from "../structures/listpack.ts";
import { ListpackValue } from "../structures/listpack_entry.ts";
import { qlCount, qlDepth, qlFill, qlHead, qlNodes } from "../structures/quicklist.ts";
import {
  isOpen,
  isPlain,
  nodeBytes,
  nodeCount,
  nodeData,
  nodeLen,
  nodeNext,
} from "../structures/quicklist_node.ts";

/** Longest part of an element that is shown. */
const SHOWN_LEN_MAX = 40;

const value = new ListpackValue();

/** A listpack and its entries, a line each. */
export function listpackText(arena: Arena, ref: number): string {
  let text = `{total bytes ${lpBytes(arena, ref)}} {num entries ${lpCount(arena, ref)}}\n`;
  let index = 0;
  for (let off = lpFirst(arena, ref); off !== 0; off = lpNext(arena, ref, off)) {
    const bytes = lpEntryBytes(arena, ref, off);
    lpGet(arena, ref, off, value);
    const kind = value.isInteger ? "int" : "str";
    value.toText();
    const shown = latin1(value.buf, value.off, Math.min(value.len, SHOWN_LEN_MAX));
    const dots = value.len > SHOWN_LEN_MAX ? "..." : "";
    const at = ((ref & REF_OFFSET_MASK) << 3) + off;
    const raw = hex(arena.u8[ref >>> 27].subarray(at, at + Math.min(bytes, SHOWN_LEN_MAX)));
    text += `{index: ${index++}, offset: ${off}, bytes: ${bytes}, raw: ${raw}, ` +
      `[${kind}] ${JSON.stringify(shown)}${dots}}\n`;
  }
  return `${text}{end}\n`;
}

/** A quicklist and its nodes, a line each; `full` adds addresses. */
export function quicklistText(arena: Arena, root: number, full: boolean): string {
  let text = `{count : ${qlCount(arena, root)}}\n` +
    `{len : ${qlNodes(arena, root)}}\n` +
    `{fill : ${qlFill(arena, root)}}\n` +
    `{compress : ${qlDepth(arena, root)}}\n`;
  let index = 0;
  for (let node = qlHead(arena, root); node !== 0; node = nodeNext(arena, node)) {
    const container = isPlain(arena, node) ? "PLAIN" : "PACKED";
    const encoding = isOpen(arena, node) ? "RAW" : "LZF";
    const data = nodeData(arena, node);
    text += `{node(${index++}) container : ${container}, encoding: ${encoding}, ` +
      `size: ${nodeBytes(arena, node)}, count: ${nodeCount(arena, node)}` +
      (full
        ? `, data: ${data >>> 0}, bytes: ${nodeLen(arena, node)}, ` +
          `block: ${arena.usable(data)}}\n`
        : "}\n");
  }
  return text;
}

/** Bytes that a quicklist's nodes have when none is compressed, without the blocks' unused room. */
export function quicklistOpenBytes(arena: Arena, root: number): number {
  let bytes = 0;
  for (let node = qlHead(arena, root); node !== 0; node = nodeNext(arena, node)) {
    bytes += nodeBytes(arena, node);
  }
  return bytes;
}

function hex(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
