/** Line charts as SVG, for the figures of the examples. */

/** A line through points `[x, y]`. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

const [width, height, left, right, top, bottom] = [640, 360, 70, 20, 40, 50];
const colours = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#17becf', '#8c564b', '#7f7f7f'];

/** An SVG document of lines over common axes, which go from the least to the largest value. */
export function lineChart(title: string, xLabel: string, yLabel: string, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points);
  const x = axis(
    all.map(([value]) => value),
    left,
    width - right,
  );
  const y = axis(
    all.map(([, value]) => value),
    height - bottom,
    top,
  );
  const xTicks = x.ticks.map((value) => label(x.at(value), height - bottom + 18, 'middle', show(value)));
  const yTicks = y.ticks.map((value) => label(left - 8, y.at(value) + 4, 'end', show(value)));
  const drawn = lines.map(({ name, points }, i) => {
    const path = points.map(([a, b]) => `${x.at(a).toFixed(1)},${y.at(b).toFixed(1)}`).join(' ');
    const colour = colours[i % colours.length]!;
    const named = label(width - right - 8, top + 16 + 16 * i, 'end', name, colour);
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>\n${named}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="white"/>
<path d="M${left} ${top}V${height - bottom}H${width - right}" fill="none" stroke="black"/>
${label(width / 2, 22, 'middle', title)}
${label(width / 2, height - 10, 'middle', xLabel)}
${label(8, top - 12, 'start', yLabel)}
${[...xTicks, ...yTicks, ...drawn].join('\n')}
</svg>
`;
}

/** Where values lie between two places of the picture, and five values to name. */
function axis(values: readonly number[], from: number, to: number): { ticks: number[]; at(value: number): number } {
  const [least, largest] = [Math.min(...values), Math.max(...values)];
  const range = largest - least || 1;
  return {
    ticks: [0, 1, 2, 3, 4].map((i) => least + (i / 4) * range),
    at: (value) => from + ((value - least) / range) * (to - from),
  };
}

function label(x: number, y: number, anchor: string, text: string, colour = 'black'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${text}</text>`;
}

function show(value: number): string {
  return String(Number(value.toPrecision(4)));
}
