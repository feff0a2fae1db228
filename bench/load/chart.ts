/**
 * Draws the chart of a result file as an SVG picture.
 *
 * Layout, top to bottom: title and legend; for each pipeline depth a row of panels, one per keyspace,
 * each with bars of throughput ratio around the line at 1.0 and a lower strip of CPU ratio; tiles with
 * memory figures; a footnote. All throughput panels share one scale, and so do all CPU strips, so that
 * bars can be compared across the picture.
 *
 *     | title                      legend |
 *     | [throughput ] [throughput ]       |  pipeline 1
 *     | [cpu        ] [cpu        ]       |
 *     | ...                               |  pipeline 16, 64
 *     | [tile] [tile] [tile]              |
 *
 * The picture has a light card as its own background, so that it reads the same in a light and in a
 * dark page, and uses no script, style sheet or outside font: it must work inside an `<img>`.
 */

import type { ChartModel, ChartPanel, ChartTest, ChartTile } from "./chart_model.ts";

const WIDTH = 900;
const MARGIN = 32;
const GUTTER = 34;
const PANEL_GAP = 30;
const BAR_AREA_HEIGHT = 112;
const CPU_AREA_HEIGHT = 46;
const BAR_WIDTH_MAX = 34;
const LABEL_WIDTH_MIN = 23;
const TILE_BAR_PITCH = 18;
const TILE_GAP = 36;
const TILES_IN_A_ROW = 3;

const INK = "#20242c";
const MUTED = "#6a7180";
const GRID = "#e6e3dc";
const CARD = "#fcfbf8";
const EDGE = "#dcd8cf";
const FONT = "ui-sans-serif, system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

/** Where a panel's bars are and how ratios map to pixels. */
interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
  /** Ratio at the top edge. */
  limit: number;
}

/** The whole picture as SVG text. */
export function drawChart(model: ChartModel): string {
  const out: string[] = [];
  const limit = scaleLimit(model, (test) => test.throughput);
  const cpuLimit = scaleLimit(model, (test) => test.cpu);
  let y = drawHeader(out, model);
  for (const row of model.rows) y = drawRow(out, model, row, y, limit, cpuLimit);
  y = drawTiles(out, model.tiles, y);
  y = drawFootnote(out, model.footnote, y);
  const height = Math.ceil(y + 14);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
    `width="${WIDTH}" height="${height}" role="img" font-family="${FONT}">`,
    `<title>${escapeXml(model.title)}</title>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="12" ` +
    `fill="${CARD}" stroke="${EDGE}"/>`,
    ...out,
    "</svg>",
    "",
  ].join("\n");
}

/** Escapes text for XML content and attributes. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function drawHeader(out: string[], model: ChartModel): number {
  text(out, MARGIN, 44, model.title, `font-size="21" font-weight="700" fill="${INK}"`);
  text(out, MARGIN, 65, model.subtitle, `font-size="12.5" fill="${MUTED}"`);
  let x = MARGIN;
  const y = 92;
  for (const series of model.series) {
    rect(out, x, y - 10, 12, 12, series.color, 'rx="2.5"');
    text(out, x + 18, y, series.label, `font-size="12.5" font-weight="600" fill="${INK}"`);
    x += 18 + textWidth(series.label, 12.5) + 26;
  }
  line(out, x, y - 4, x + 20, y - 4, INK, 'stroke-width="1.6"');
  text(out, x + 26, y, `${model.reference} = 1.0`, `font-size="12.5" fill="${INK}"`);
  return 108;
}

function drawRow(
  out: string[],
  model: ChartModel,
  row: ChartPanel[],
  top: number,
  limit: number,
  cpuLimit: number,
): number {
  const inner = WIDTH - 2 * MARGIN - GUTTER - PANEL_GAP * (row.length - 1);
  const width = inner / row.length;
  const barTop = top + 34;
  const cpuTop = barTop + BAR_AREA_HEIGHT + 26;
  row.forEach((panel, i) => {
    const left = MARGIN + GUTTER + i * (width + PANEL_GAP);
    text(out, left, top + 18, panel.heading, `font-size="13" font-weight="700" fill="${INK}"`);
    const detailLeft = left + textWidth(panel.heading, 13) + 16;
    text(out, detailLeft, top + 18, panel.detail, `font-size="12" fill="${MUTED}"`);
    const bars = { left, top: barTop, width, height: BAR_AREA_HEIGHT, limit };
    const cpu = { left, top: cpuTop, width, height: CPU_AREA_HEIGHT, limit: cpuLimit };
    drawGrid(out, bars, i === 0);
    drawGrid(out, cpu, i === 0);
    const slots = panel.tests.length;
    panel.tests.forEach((test, slot) => {
      drawBars(out, model, bars, slots, slot, test.throughput, 1);
      drawBars(out, model, cpu, slots, slot, test.cpu, 0.5);
      drawTestLabel(out, bars, cpu, slots, slot, test);
    });
    drawReference(out, bars);
    drawReference(out, cpu);
    // Figures come last, above the lines.
    panel.tests.forEach((test, slot) => {
      drawFigures(out, bars, slots, slot, test.throughput, false);
      drawFigures(out, cpu, slots, slot, test.cpu, true);
    });
    const caption = "server CPU per request, lower is better";
    text(out, left, cpuTop - 8, caption, `font-size="10.5" fill="${MUTED}"`);
  });
  return cpuTop + CPU_AREA_HEIGHT + 38;
}

/** Grid lines with their figures, the figures only at the left edge of the picture. */
function drawGrid(out: string[], area: Area, figures: boolean): void {
  const step = area.limit > 4 ? 2 : area.limit > 2.5 ? 1 : 0.5;
  for (let value = 0; value <= area.limit + 1e-9; value += step) {
    const y = yOf(area, value);
    line(out, area.left, y, area.left + area.width, y, GRID, 'stroke-width="1"');
    if (!figures) continue;
    const attributes = `font-size="10.5" text-anchor="end" fill="${MUTED}"`;
    text(out, area.left - 8, y + 3.5, value.toFixed(1), attributes);
  }
}

function drawReference(out: string[], area: Area): void {
  const y = yOf(area, 1);
  line(out, area.left, y, area.left + area.width, y, INK, 'stroke-width="1.4"');
}

function drawBars(
  out: string[],
  model: ChartModel,
  area: Area,
  slots: number,
  slot: number,
  values: (number | null)[],
  opacity: number,
): void {
  const { first, barWidth } = barPlaces(area, slots, slot, values.length);
  values.forEach((value, i) => {
    if (value === null || !Number.isFinite(value)) return;
    const y = yOf(area, value);
    const height = area.top + area.height - y;
    const style = opacity === 1 ? "" : `opacity="${opacity}"`;
    rect(out, first + i * barWidth + 0.75, y, barWidth - 1.5, height, model.series[i].color, style);
  });
}

/**
 * The figure of each bar: above it, turned upright where bars are too narrow, or `inside` at its
 * foot for the low CPU strip, where a figure above would sit on the line at 1.0 most of the time.
 */
function drawFigures(
  out: string[],
  area: Area,
  slots: number,
  slot: number,
  values: (number | null)[],
  inside: boolean,
): void {
  const { first, barWidth } = barPlaces(area, slots, slot, values.length);
  const halo = `paint-order="stroke" stroke="${CARD}" stroke-width="2.5" stroke-linejoin="round"`;
  const style = `fill="${INK}" ${inside ? "" : halo}`;
  values.forEach((value, i) => {
    if (value === null || !Number.isFinite(value)) return;
    const figure = value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
    const x = first + (i + 0.5) * barWidth;
    const y = inside ? area.top + area.height - 5 : figureBaseline(area, value);
    if (barWidth >= LABEL_WIDTH_MIN) {
      text(out, x, y, figure, `font-size="10.5" text-anchor="middle" ${style}`);
    } else {
      const turned = `transform="rotate(-90 ${round(x + 3.5)} ${round(y)})"`;
      text(out, x + 3.5, y, figure, `font-size="9.5" ${style} ${turned}`);
    }
  });
}

/** Just above the bar, or above the line at 1.0 where the figure would be struck through by it. */
function figureBaseline(area: Area, value: number): number {
  const above = yOf(area, value) - 4;
  const lineAt = yOf(area, 1);
  return above > lineAt - 3 && above < lineAt + 11 ? lineAt - 4 : above;
}

/** Left edge of a test's first bar, and the width of each; the group is centred in its slot. */
function barPlaces(area: Area, slots: number, slot: number, bars: number) {
  const pitch = area.width / slots;
  const barWidth = Math.min(BAR_WIDTH_MAX, (pitch * 0.86) / Math.max(1, bars));
  return { first: area.left + slot * pitch + (pitch - barWidth * bars) / 2, barWidth };
}

function drawTestLabel(
  out: string[],
  bars: Area,
  cpu: Area,
  slots: number,
  slot: number,
  test: ChartTest,
): void {
  const x = bars.left + (slot + 0.5) * (bars.width / slots);
  const y = cpu.top + cpu.height + 14;
  const centered = 'text-anchor="middle"';
  text(out, x, y, test.label[0], `font-size="11" font-weight="600" ${centered} fill="${INK}"`);
  if (test.label[1] === "") return;
  text(out, x, y + 12, test.label[1], `font-size="10" ${centered} fill="${MUTED}"`);
}

function drawTiles(out: string[], tiles: ChartTile[], top: number): number {
  let y = top;
  for (let i = 0; i < tiles.length; i += TILES_IN_A_ROW) {
    y = drawTileRow(out, tiles.slice(i, i + TILES_IN_A_ROW), y);
  }
  return y;
}

function drawTileRow(out: string[], tiles: ChartTile[], top: number): number {
  line(out, MARGIN, top, WIDTH - MARGIN, top, GRID, 'stroke-width="1"');
  const width = (WIDTH - 2 * MARGIN - TILE_GAP * (tiles.length - 1)) / tiles.length;
  tiles.forEach((tile, i) => drawTile(out, tile, MARGIN + i * (width + TILE_GAP), top + 26, width));
  const rows = Math.max(...tiles.map((tile) => tile.bars.length));
  return top + 26 + 12 + rows * TILE_BAR_PITCH + 14;
}

function drawTile(out: string[], tile: ChartTile, left: number, top: number, width: number): void {
  text(out, left, top, tile.heading, `font-size="12.5" font-weight="600" fill="${INK}"`);
  const labelWidth = Math.max(...tile.bars.map((bar) => textWidth(bar.label, 11))) + 8;
  const figureWidth = Math.max(...tile.bars.map((bar) => textWidth(bar.text, 11))) + 8;
  const longest = Math.max(1e-9, ...tile.bars.map((bar) => bar.value));
  const room = Math.max(10, width - labelWidth - figureWidth);
  tile.bars.forEach((bar, i) => {
    const y = top + 12 + i * TILE_BAR_PITCH;
    const length = Math.max(1, (bar.value / longest) * room);
    text(out, left, y + 10.5, bar.label, `font-size="11" fill="${MUTED}"`);
    rect(out, left + labelWidth, y + 1, length, 12, bar.color, 'rx="1.5"');
    const x = left + labelWidth + length + 6;
    text(out, x, y + 10.5, bar.text, `font-size="11" font-weight="600" fill="${INK}"`);
  });
}

/** Breaks the note into lines at its spaces. */
function drawFootnote(out: string[], note: string, top: number): number {
  let y = top + 10;
  let current = "";
  const flush = () => {
    if (current !== "") text(out, MARGIN, y, current, `font-size="10.5" fill="${MUTED}"`);
    y += 14;
    current = "";
  };
  for (const word of note.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (textWidth(longer, 10.5) > WIDTH - 2 * MARGIN) {
      flush();
      current = word;
    } else {
      current = longer;
    }
  }
  flush();
  return y - 10;
}

/** Smallest half above the largest ratio, with room for its label, and never below 1.5. */
function scaleLimit(model: ChartModel, pick: (test: ChartTest) => (number | null)[]): number {
  let largest = 1.25;
  for (const panel of model.rows.flat()) {
    for (const test of panel.tests) {
      for (const value of pick(test)) {
        if (value !== null && Number.isFinite(value)) largest = Math.max(largest, value);
      }
    }
  }
  return Math.ceil((largest + 0.1) * 2) / 2;
}

function yOf(area: Area, value: number): number {
  return area.top + area.height * (1 - value / area.limit);
}

/** Rough width of a text; system fonts differ, so everything laid out with it has slack. */
function textWidth(content: string, fontSize: number): number {
  return content.length * fontSize * 0.56;
}

function text(out: string[], x: number, y: number, content: string, attributes: string): void {
  out.push(`<text x="${round(x)}" y="${round(y)}" ${attributes}>${escapeXml(content)}</text>`);
}

function rect(
  out: string[],
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  attributes: string,
): void {
  out.push(
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" ` +
      `height="${round(Math.max(0, height))}" fill="${fill}" ${attributes}/>`,
  );
}

function line(
  out: string[],
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  stroke: string,
  attributes: string,
): void {
  out.push(
    `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ` +
      `stroke="${stroke}" ${attributes}/>`,
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
