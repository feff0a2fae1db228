/**
 * Counts whole RESP replies in a stream without keeping them.
 *
 * `#pending` is the number of values still to come before the current top-level reply is complete:
 * 1 when a value begins, plus its elements when it is an aggregate. Chunks may end anywhere; only an
 * unfinished line is kept.
 */

const LF = 10;

/** Feed it chunks; read `replies`, `errors` and `firstError`. */
export class ReplyCounter {
  replies = 0;
  errors = 0;
  firstError = "";
  #pending = 0;
  #skip = 0;
  #line = "";

  feed(chunk: Uint8Array): void {
    let off = 0;
    while (off < chunk.length) {
      if (this.#skip > 0) {
        const taken = Math.min(this.#skip, chunk.length - off);
        off += taken;
        this.#skip -= taken;
        if (this.#skip === 0) this.#complete();
        continue;
      }
      const end = chunk.indexOf(LF, off);
      if (end < 0) {
        this.#line += latin1(chunk, off, chunk.length);
        return;
      }
      // "+OK" and ":1" are nearly all there is in a load: no string is made for them.
      const plain = this.#line === "" && (chunk[off] === 0x2b || chunk[off] === 0x3a);
      if (this.#pending === 0) this.#pending = 1;
      if (plain) this.#complete();
      else this.#header(this.#line + latin1(chunk, off, end - 1));
      this.#line = "";
      off = end + 1;
    }
  }

  #header(text: string): void {
    const line = text.endsWith("\r") ? text.slice(0, -1) : text;
    const count = Number(line.slice(1));
    switch (line[0]) {
      case "-":
      case "!":
        this.errors++;
        if (this.firstError === "") this.firstError = line.slice(1);
        if (line[0] === "-") this.#complete();
        else this.#skip = count + 2;
        return;
      case "$":
      case "=":
        if (count < 0) this.#complete();
        else this.#skip = count + 2;
        return;
      case "*":
      case "~":
      case ">":
      case "%":
        if (count <= 0) this.#complete();
        else this.#pending += (line[0] === "%" ? 2 * count : count) - 1;
        return;
      default:
        this.#complete();
    }
  }

  #complete(): void {
    this.#pending--;
    if (this.#pending === 0) this.replies++;
  }
}

function latin1(chunk: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(chunk[i]);
  return text;
}
