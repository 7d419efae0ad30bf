/** Text in columns, without lines between them. */
import Table from 'cli-table3';

/** A line: one cell for each column, or one alone that has the whole width. */
export type Row = readonly string[];

const noBorder = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '', left: '', right: '' };
const noEdge = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
const noFoot = { bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' };

/** How columns stand. */
interface Layout {
  /** Between two of them. */
  readonly gap?: string;
  /** All but the first end at their right side. */
  readonly areNumbers?: boolean;
}

/**
 * Lines of text. What is too long for its column ends with a mark.
 *
 * @param widths - In characters; Infinity: as wide as what is in it.
 */
export function inColumns(rows: readonly Row[], widths: readonly number[], layout: Layout = {}): string[] {
  const { gap = ' ', areNumbers = false } = layout;
  const table = new Table({
    chars: { ...noBorder, ...noEdge, ...noFoot, middle: gap },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colWidths: widths.map((width) => (width === Infinity ? null : width)),
    colAligns: widths.map((_, index) => (areNumbers && index > 0 ? 'right' : 'left')),
  });
  for (const row of rows) {
    const isWhole = row.length === 1 && widths.length > 1;
    table.push(isWhole ? [{ content: row[0] ?? '', colSpan: widths.length }] : [...row]);
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}
