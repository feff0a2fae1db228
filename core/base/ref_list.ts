/**
 * RefList: a growable list of int32 refs, kept and reused by whoever collects entries. A plain array
 * would do the same but turns refs above 2^30 into heap numbers.
 */
export class RefList {
  length = 0;
  refs: Int32Array;

  constructor(capacity = 64) {
    this.refs = new Int32Array(capacity);
  }

  push(ref: number): void {
    if (this.length === this.refs.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.refs);
      this.refs = grown;
    }
    this.refs[this.length++] = ref;
  }

  clear(): void {
    this.length = 0;
  }
}
