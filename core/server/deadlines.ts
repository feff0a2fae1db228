/**
 * Deadlines: who waits until when; the nearest one is at hand.
 *
 * A binary heap in an array, each element knowing its index, so that one that is withdrawn is found at once:
 * adding and removing are O(log n), looking at the first is O(1).
 */
import { assert } from "../base/assert.ts";

/** Something with a deadline. */
export interface Timed {
  /** Monotonic time in microseconds. */
  deadlineUs: number;
  /** Index in the heap, -1 outside; the heap's own. */
  heapIndex: number;
}

export class Deadlines<T extends Timed> {
  private readonly heap: T[] = [];

  get count(): number {
    return this.heap.length;
  }

  /** The one whose deadline is the nearest, or null. */
  get first(): T | null {
    return this.heap.length === 0 ? null : this.heap[0];
  }

  add(item: T): void {
    assert(item.heapIndex < 0, "it has a deadline already");
    this.heap.push(item);
    this.moveUp(item, this.heap.length - 1);
  }

  /** Withdraws an item; one that has no deadline is left alone. */
  remove(item: T): void {
    const { heap } = this;
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = heap.pop()!;
    if (last === item) return;
    this.moveUp(last, index);
    this.moveDown(last, last.heapIndex);
  }

  /** Checks order and indexes. */
  validateIntegrity(): void {
    const { heap } = this;
    for (let i = 0; i < heap.length; i++) {
      assert(heap[i].heapIndex === i, "an item knows its index");
      const parent = heap[(i - 1) >> 1];
      assert(i === 0 || parent.deadlineUs <= heap[i].deadlineUs, "no parent is later");
    }
  }

  /** Puts an item at `index` or as far above as its deadline takes it. */
  private moveUp(item: T, index: number): void {
    const { heap } = this;
    while (index > 0) {
      const above = heap[(index - 1) >> 1];
      if (above.deadlineUs <= item.deadlineUs) break;
      heap[index] = above;
      above.heapIndex = index;
      index = (index - 1) >> 1;
    }
    heap[index] = item;
    item.heapIndex = index;
  }

  private moveDown(item: T, index: number): void {
    const { heap } = this;
    for (let child = 2 * index + 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && heap[child + 1].deadlineUs < heap[child].deadlineUs) child++;
      if (item.deadlineUs <= heap[child].deadlineUs) break;
      heap[index] = heap[child];
      heap[index].heapIndex = index;
      index = child;
    }
    heap[index] = item;
    item.heapIndex = index;
  }
}
