import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { drawChart, escapeXml } from "../../../bench/load/chart.ts";
import { type ChartModel, chartModel } from "../../../bench/load/chart_model.ts";
import { sampleResults } from "./sample_results.ts";

const DENO_COLOR = "#1f7a68";

describe("chart model", () => {
  test("ratios to the reference, which has no bars of its own", () => {
    const model = model16();
    assert.deepEqual(model.series.map((series) => series.name), ["deno"]);
    assert.deepEqual(model.rows.length, 1);
    const [panel] = model.rows[0];
    assert.equal(panel.heading, "pipeline 16");
    assert.equal(panel.detail, "2,000,000 random keys");
    assert.deepEqual(panel.tests.map((entry) => entry.label[0]), ["SET", "GET"]);
    assert.deepEqual(panel.tests[0].throughput, [1.5]);
    assert.deepEqual(panel.tests[0].cpu, [1]);
  });

  test("tiles only for what was measured", () => {
    assert.deepEqual(model16().tiles.map((tile) => tile.heading), [
      "used_memory per key, 1,000,000 keys",
      "RSS per key, 1,000,000 keys",
    ]);
  });

  test("without throughput there is no chart", () => {
    const { throughput: _, ...rest } = sampleResults();
    assert.equal(chartModel(rest), null);
  });
});

describe("picture", () => {
  test("is well-formed: every element closed, every text escaped", () => {
    const svg = drawChart(model16());
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    assert.match(svg, /Example &lt;CPU&gt; &amp; more/);
    const open: string[] = [];
    for (const [, slash, name, end] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
      if (slash === "/") assert.equal(open.pop(), name);
      else if (end === "") open.push(name);
    }
    assert.deepEqual(open, []);
  });

  test("bars stand in proportion to their ratios", () => {
    const model = model16();
    model.tiles = [];
    model.rows[0][0].tests[0].throughput = [0.5];
    model.rows[0][0].tests[1].throughput = [1.5];
    const [low, high] = bars(drawChart(model));
    assert.ok(Math.abs(high / low - 3) < 0.01, `${low} ${high}`);
  });

  test("what wasn't measured has no bar", () => {
    const model = model16();
    model.tiles = [];
    model.rows[0][0].tests[0].throughput = [null];
    assert.equal(bars(drawChart(model)).length, 1);
  });

  test("the line at 1.0 is named after the reference", () => {
    assert.match(drawChart(model16()), />redis-server = 1\.0</);
  });
});

test("escaping", () => {
  assert.equal(escapeXml(`<a b="c&d">`), "&lt;a b=&quot;c&amp;d&quot;&gt;");
});

function model16(): ChartModel {
  const model = chartModel(sampleResults());
  assert.ok(model !== null);
  return model;
}

/** Heights of the throughput bars: those in full colour, without the legend's rounded square. */
function bars(svg: string): number[] {
  const rects = svg.matchAll(/<rect [^>]*height="([\d.]+)" fill="([^"]+)"([^>]*)>/g);
  return [...rects].filter(([, , fill, rest]) => fill === DENO_COLOR && !/rx|opacity/.test(rest))
    .map(([, height]) => Number(height));
}
