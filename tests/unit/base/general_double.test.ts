/** core/base/general_double.ts against what C's printf prints. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { latin1 } from "../../../core/base/bytes.ts";
import { GENERAL_TEXT_LEN_MAX, writeGeneral } from "../../../core/base/general_double.ts";
import { Prng } from "../../../core/base/prng.ts";
import { seed } from "../../support/gen.ts";

/** Numbers and their texts as "%.17g" and "%.5g". */
const PRINTED: readonly (readonly [number, string, string])[] = [
  [0, "0", "0"],
  [-0, "-0", "-0"],
  [1, "1", "1"],
  [-250, "-250", "-250"],
  [123456, "123456", "1.2346e+05"],
  [0.1, "0.10000000000000001", "0.1"],
  [-0.1, "-0.10000000000000001", "-0.1"],
  [0.5, "0.5", "0.5"],
  [1 / 3, "0.33333333333333331", "0.33333"],
  [0.0001, "0.0001", "0.0001"],
  [0.00001, "1.0000000000000001e-05", "1e-05"],
  [99999.5, "99999.5", "1e+05"],
  [12344.5, "12344.5", "12344"],
  [12345.5, "12345.5", "12346"],
  [1e16, "10000000000000000", "1e+16"],
  [1e17, "1e+17", "1e+17"],
  [123456789012345678, "1.2345678901234568e+17", "1.2346e+17"],
  [1e22, "1e+22", "1e+22"],
  [1e100, "1e+100", "1e+100"],
  [1.7976931348623157e308, "1.7976931348623157e+308", "1.7977e+308"],
  [5e-324, "4.9406564584124654e-324", "4.9407e-324"],
  // Exactly between two texts: the even one.
  [2 ** -25, "2.9802322387695312e-08", "2.9802e-08"],
  [3 * 2 ** -25, "8.9406967163085938e-08", "8.9407e-08"],
  [Infinity, "inf", "inf"],
  [-Infinity, "-inf", "-inf"],
  [NaN, "nan", "nan"],
];

const buf = new Uint8Array(GENERAL_TEXT_LEN_MAX + 4);

function general(v: number, digits: number): string {
  return latin1(buf, 4, writeGeneral(buf, 4, v, digits) - 4);
}

describe("writeGeneral", () => {
  test("prints what C's printf prints", () => {
    for (const [v, text17, text5] of PRINTED) {
      assert.equal(general(v, 17), text17);
      assert.equal(general(v, 5), text5);
    }
  });

  test("prints 17 digits that read back as the same double and fit the promised room", () => {
    const n = seed();
    const prng = new Prng(n);
    const view = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < 20_000; i++) {
      view.setUint32(0, prng.nextU32());
      view.setUint32(4, prng.nextU32());
      const v = view.getFloat64(0);
      const text = general(v, 17);
      assert.ok(text.length <= GENERAL_TEXT_LEN_MAX, `seed ${n}: ${text}`);
      if (Number.isFinite(v)) assert.equal(Number(text), v, `seed ${n}`);
    }
  });
});
