/**
 * Replies whose elements may come in any order.
 */
import { bulk, type Want } from "../support/raw_cases.ts";

/** A set of just these members: a set in RESP3, an array before. */
export function setOf(...members: string[]): Want {
  return { resp2: inAnyOrder("*", members), resp3: inAnyOrder("~", members) };
}

/** An array of just these elements. */
export function arrayOf(...elements: string[]): RegExp {
  return inAnyOrder("*", elements);
}

/** An array of `count` bulk strings, each one of these. */
export function arrayFrom(count: number, elements: string[]): RegExp {
  const one = elements.map((element) => escapeRegExp(bulk(element))).join("|");
  return new RegExp(`^\\*${count}\r\n(?:${one}){${count}}$`);
}

/** A set of `count` bulk strings, each one of these. */
export function setFrom(count: number, members: string[]): Want {
  const one = members.map((member) => escapeRegExp(bulk(member))).join("|");
  const rest = `${count}\r\n(?:${one}){${count}}$`;
  return { resp2: new RegExp(`^\\*${rest}`), resp3: new RegExp(`^~${rest}`) };
}

/** As many bulk strings as there are elements, with each element among them. */
function inAnyOrder(type: string, elements: string[]): RegExp {
  const wanted = elements.map((element) => `(?=[^]*${escapeRegExp(bulk(element))})`).join("");
  const lengths = elements.map((element) => element.length);
  const one = [...new Set(lengths)].map((len) => `\\$${len}\r\n[^]{${len}}\r\n`).join("|");
  const all = elements.length === 0 ? "" : `(?:${one}){${elements.length}}`;
  return new RegExp(`^${escapeRegExp(type)}${elements.length}\r\n${wanted}${all}$`);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
