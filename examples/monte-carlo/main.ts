/** Monte Carlo on 1, 2 and 4 workers: the same bits each time. The estimate is drawn as it comes near the closed form. */
import { writeFileSync } from 'node:fs';
import { launch, taskModule } from 'shoal';
import { lineChart } from '../chart.js';
import { blockSize } from './distance.js';

const blocks = 400;
const exact = (2 + Math.SQRT2 + 5 * Math.asinh(1)) / 15;
const figure = process.argv[2] ?? 'monte-carlo.svg';

const pool = await launch({ workers: 4 });
const distance = taskModule<typeof import('./distance.js')>(new URL('./distance.ts', import.meta.url));
let sums = new Float64Array();
for (const workers of [1, 2, 4]) {
  const [first] = await pool.run(distance, { workers, args: [blocks] });
  sums = first as Float64Array<ArrayBuffer>;
  const mean = sums.reduce((a, b) => a + b, 0) / (blocks * blockSize);
  console.log(`${workers} workers: ${mean}, closed form ${exact.toFixed(6)}`);
}
await pool.close();

let sum = 0;
const estimates = Array.from(sums, (block, i) => [i + 1, (sum += block) / ((i + 1) * blockSize)] as const);
const lines = [
  { name: 'estimate', points: estimates },
  { name: 'closed form', points: estimates.map(([i]) => [i, exact] as const) },
];
const title = 'Mean distance of two random points of the unit square';
writeFileSync(figure, lineChart(title, `blocks of ${blockSize} pairs`, 'distance', lines));
console.log(`the way of the estimate is in ${figure}`);
