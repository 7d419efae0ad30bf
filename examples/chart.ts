/** Line charts as SVG, for the figures of the examples. */

/** A line through points `[x, y]`. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

const [width, height, left, right, top, bottom] = [640, 320, 70, 130, 40, 50];
export const colours = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf', '#8c564b', '#7f7f7f'];

/** An SVG document of lines over common axes, which go from the least to the largest value. */
export function lineChart(title: string, xLabel: string, yLabel: string, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points);
  const x = axis(
    all.map((point) => point[0]),
    left,
    width - right,
  );
  const y = axis(
    all.map((point) => point[1]),
    height - bottom,
    top,
  );
  const drawn = lines.map(({ name, points }, i) => {
    const path = points.map((point) => `${x.at(point[0]).toFixed(1)},${y.at(point[1]).toFixed(1)}`).join(' ');
    const colour = colours[i % colours.length]!;
    const named = label(width - right + 10, top + 10 + 18 * i, 'start', name, colour);
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>\n${named}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="white"/>
<path d="M${left} ${top}V${height - bottom}H${width - right}" fill="none" stroke="black"/>
${label((left + width - right) / 2, 20, 'middle', title)}
${label((left + width - right) / 2, height - 10, 'middle', xLabel)}
${label(8, top - 12, 'start', yLabel)}
${x.ticks.map((value) => label(x.at(value), height - bottom + 18, 'middle', String(value))).join('\n')}
${y.ticks.map((value) => label(left - 8, y.at(value) + 4, 'end', String(value))).join('\n')}
${drawn.join('\n')}
</svg>
`;
}

/** Where values lie between two places of the picture, and round values to name. */
function axis(values: readonly number[], from: number, to: number): { ticks: number[]; at(value: number): number } {
  const [least, largest] = [Math.min(...values), Math.max(...values)];
  const range = largest - least || 1;
  const power = 10 ** Math.floor(Math.log10(range));
  const step = power * [0.2, 0.5, 1, 2].find((part) => range / (part * power) <= 5.5)!;
  const first = Math.ceil(least / step);
  const count = Math.floor(largest / step) - first + 1;
  return {
    ticks: Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12))),
    at: (value) => from + ((value - least) / range) * (to - from),
  };
}

function label(x: number, y: number, anchor: string, text: string, colour = 'black'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${text}</text>`;
}
