/**
 * Plain text tables for a terminal: first columns to the left, figures to the right.
 */

/** Lays out `rows` below `head`; a column is flush left when its index is below `leftColumns`. */
export function formatTable(head: string[], rows: string[][], leftColumns: number): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length))
  );
  const line = (cells: string[]) =>
    cells.map((cell, column) =>
      column < leftColumns ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    ).join("  ").trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** 1234567 as `1,234,567`; a dash for a figure that isn't there. */
export function whole(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Fixed decimals; a dash for a figure that isn't there. */
export function fixed(value: number | null, decimals: number): string {
  return value === null || !Number.isFinite(value) ? "-" : value.toFixed(decimals);
}

/** A ratio as `1.25x`; a dash for one that isn't there. */
export function times(value: number | null): string {
  return value === null || !Number.isFinite(value) ? "-" : `${value.toFixed(2)}x`;
}
