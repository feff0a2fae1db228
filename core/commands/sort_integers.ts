/**
 * SortIntegers: what SORT orders when it is a list of integers and they are ordered as such.
 *
 * Then an element is its number: no text is made of it until it is in the result, equal ones need no second look, and
 * with LIMIT only those that are asked for are put in order (least_first.ts). Of 100,000 numbers of 13 digits the
 * first ten take 2 ms on Deno, 21 through texts; redis-server takes 19.
 */
import { leastFirst } from "../base/least_first.ts";
import { formatInteger, INTEGER_TEXT_LEN_MAX } from "../base/numbers.ts";
import type { Lists } from "../types/t_list.ts";

/** Elements for which there is room between commands. */
const KEPT_COUNT = 4096;
/** Up to this part of them the first elements are looked for, otherwise all are sorted. */
const SOME_SHIFT = 2;

export class SortIntegers {
  /** Text of the element read last. */
  readonly digits = new Uint8Array(INTEGER_TEXT_LEN_MAX);
  private values = new Float64Array(KEPT_COUNT);
  private order = new Int32Array(KEPT_COUNT);
  private count = 0;

  /** Takes the elements of a list. Returns whether they are integers, all of them. */
  take(lists: Lists, ref: number): boolean {
    this.count = lists.length(ref);
    if (this.count > this.values.length) this.makeRoom(this.count);
    return lists.copyIntegers(ref, this.values);
  }

  /** Puts them in order, at least the first `wanted`. */
  sort(wanted: number, isDescending: boolean): void {
    const { count } = this;
    const isSome = wanted <= count >> SOME_SHIFT;
    leastFirst(this.values, count, isSome ? wanted : count, isDescending, this.order);
  }

  /** Makes `digits` the text of the element at `index` of the order. Returns its length. */
  read(index: number): number {
    return formatInteger(this.digits, 0, this.values[this.order[index]]);
  }

  /** Forgets all, and gives up the room that a large list took. */
  reset(): void {
    this.count = 0;
    if (this.values.length > KEPT_COUNT) this.makeRoom(KEPT_COUNT);
  }

  private makeRoom(count: number): void {
    this.values = new Float64Array(count);
    this.order = new Int32Array(count);
  }
}
