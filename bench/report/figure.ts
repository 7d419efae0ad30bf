/**
 * Writes a log-log line chart as SVG: two colour schemes, by the reader's; lines told apart by colour, dash and mark.
 */
import { writeFileSync } from 'node:fs';

/** One line of the chart. */
export interface Line {
  readonly label: string;
  /** Lines of others are dashed. */
  readonly isOurs: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A chart. */
export interface Figure {
  readonly title: string;
  /** Machine and versions, one string a line. */
  readonly notes: readonly string[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** Where the x axis is labelled, and how. */
  readonly xTicks: readonly number[];
  readonly xText: (x: number) => string;
  readonly yText: (y: number) => string;
  readonly lines: readonly Line[];
}

const width = 960;
const plot = { left: 78, right: 700, top: 48, bottom: 452 };
const [noteTop, noteHeight] = [66, 15];
const legendStep = 22;
/** Told apart with every common colour blindness; the second of each pair is for dark paper. */
const colours = [
  ['#0072b2', '#56b4e9'],
  ['#d55e00', '#ff8c42'],
  ['#008060', '#2fc99a'],
  ['#b0438a', '#e58ac4'],
  ['#7a6a00', '#d9c62e'],
  ['#555555', '#b5b5b5'],
  ['#5b3fbf', '#a794f5'],
] as const;
const marks = ['M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0', 'M-4-4h8v8h-8z', 'M0-5L5 4H-5z', 'M0-5L5 0L0 5L-5 0z'];

const style = (): string => {
  const scheme = (which: 0 | 1): string => {
    return colours.map((pair, i) => `.c${i}{stroke:${pair[which]};fill:${pair[which]}}`).join('');
  };
  return (
    `text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:16px;font-weight:600}.note{font-size:11px}` +
    `.paper{fill:#fff}.grid{stroke:#ddd}.minor{stroke:#f1f1f1}.line{fill:none!important;stroke-width:2}` +
    `${scheme(0)}@media(prefers-color-scheme:dark){text{fill:#ddd}.paper{fill:#16191d}.grid{stroke:#3a3f46}` +
    `.minor{stroke:#23272c}${scheme(1)}}`
  );
};

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const at = (value: number): string => value.toFixed(1);

function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${escaped(words)}</text>`;
}

/** Position on a logarithmic axis between two ends. */
function logScale(values: readonly number[], from: number, to: number): (value: number) => number {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => from + ((Math.log(value) - low) / (high - low || 1)) * (to - from);
}

/** Powers of ten around the values; between them 2 and 5. */
function decades(values: readonly number[]): { readonly value: number; readonly isMajor: boolean }[] {
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  const powers = Array.from({ length: Math.max(1, high - low) + 1 }, (_, i) => 10 ** (low + i));
  const all = powers.flatMap((power) => [1, 2, 5].map((step) => ({ value: power * step, isMajor: step === 1 })));
  return all.slice(0, -2);
}

/** The chart as an SVG document. */
function drawFigure(figure: Figure): string {
  const { title, notes, xLabel, yLabel, xTicks, xText, yText, lines } = figure;
  const points = lines.flatMap((line) => line.points);
  const yTicks = decades(points.map(([, y]) => y));
  const x = logScale([...xTicks, ...points.map(([value]) => value)], plot.left + 12, plot.right - 12);
  const y = logScale([yTicks[0]!.value, yTicks.at(-1)!.value], plot.bottom, plot.top);
  const middle = (plot.top + plot.bottom) / 2;
  const height = plot.bottom + noteTop + notes.length * noteHeight;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title><style>${style()}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    text(plot.left, 28, title, 'class="title"'),
    ...yTicks.map(({ value, isMajor }) => {
      const path = `<path class="${isMajor ? 'grid' : 'minor'}" d="M${plot.left} ${at(y(value))}H${plot.right}"/>`;
      return isMajor ? path + text(plot.left - 8, y(value) + 4, yText(value), 'text-anchor="end"') : path;
    }),
    ...xTicks.map((value) => {
      const line = `<path class="grid" d="M${at(x(value))} ${plot.top}V${plot.bottom}"/>`;
      return line + text(x(value), plot.bottom + 18, xText(value), 'text-anchor="middle"');
    }),
    text((plot.left + plot.right) / 2, plot.bottom + 40, xLabel, 'text-anchor="middle"'),
    text(0, 0, yLabel, `text-anchor="middle" transform="translate(20 ${middle}) rotate(-90)"`),
    ...lines.map(({ isOurs, points: own }, i) => {
      const [colour, mark] = [`c${i % colours.length}`, marks[i % marks.length]!];
      const dash = isOurs ? '' : ' stroke-dasharray="6 4"';
      const spots = own.map(([px, py]) => [at(x(px)), at(y(py))] as const);
      const path = `<polyline class="line ${colour}" points="${spots.map((spot) => spot.join()).join(' ')}"${dash}/>`;
      return (
        path +
        spots.map(([px, py]) => `<path class="${colour}" d="${mark}" transform="translate(${px} ${py})"/>`).join('')
      );
    }),
    ...lines.map(({ label, isOurs }, i) => {
      const [colour, row] = [`c${i % colours.length}`, plot.top + 8 + i * legendStep];
      const dash = isOurs ? '' : ' stroke-dasharray="6 4"';
      const sample = `<path class="line ${colour}" d="M${plot.right + 16} ${row}h36"${dash}/>`;
      const mark = `<path class="${colour}" d="${marks[i % marks.length]!}" transform="translate(${plot.right + 34} ${row})"/>`;
      return sample + mark + text(plot.right + 60, row + 4, label);
    }),
    ...notes.map((note, i) => text(plot.left, plot.bottom + noteTop + i * noteHeight, note, 'class="note"')),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

/** Write the chart to a file. */
export function writeFigure(file: string, figure: Figure): void {
  writeFileSync(file, drawFigure(figure));
}
