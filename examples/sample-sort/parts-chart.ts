/** A histogram of sorted numbers as SVG: each bar has the colour of the rank whose part it is in. */
import { colours } from '../chart.js';

const bars = 80;
const [width, height] = [640, 240];

export function partsChart(parts: readonly Float64Array[]): string {
  const largest = 5; // what is beyond would be too rare to be seen
  const counts = parts.map((part) => {
    const ofPart = new Array<number>(bars).fill(0);
    for (const value of part) if (value < largest) ofPart[Math.floor((value / largest) * bars)]!++;
    return ofPart;
  });
  const highest = Math.max(...counts.flat());
  const barWidth = (width - 40) / bars;
  const drawn = counts.flatMap((ofPart, rank) =>
    ofPart.map((count, bar) => {
      if (count === 0) return '';
      const before = counts.slice(0, rank).reduce((sum, other) => sum + other[bar]!, 0);
      const [y, tall] = [before, count].map((each) => (each / highest) * (height - 80)) as [number, number];
      const place = `x="${(20 + bar * barWidth).toFixed(1)}" y="${(height - 30 - y - tall).toFixed(1)}"`;
      return `<rect ${place} width="${barWidth.toFixed(1)}" height="${tall.toFixed(1)}" fill="${colours[rank]!}"/>\n`;
    }),
  );
  const names = parts.map(
    (part, rank) =>
      `<text x="${width - 20}" y="${40 + 18 * rank}" text-anchor="end" fill="${colours[rank]!}">rank ${rank}: ${part.length}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="white"/>
${drawn.join('')}${names.join('\n')}
<text x="20" y="${height - 10}">0</text>
<text x="${width - 20}" y="${height - 10}" text-anchor="end">${largest}</text>
<text x="${width / 2}" y="${height - 10}" text-anchor="middle">how many numbers have which value, and which rank has them</text>
</svg>
`;
}
