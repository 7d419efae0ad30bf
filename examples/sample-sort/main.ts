/** A million numbers are sorted on four workers, checked against Node's sort, and drawn by the rank that got them. */
import { writeFileSync } from 'node:fs';
import { launch, taskModule } from 'shoal';
import { partsChart } from './parts-chart.js';

const count = 1_000_000;
const figure = process.argv[2] ?? 'sample-sort.svg';
// Small numbers are more frequent than large ones, so that equal intervals would give unequal parts.
const numbers = Float64Array.from({ length: count }, (_, i) => -Math.log(((i * 69_621 + 1) % 1_000_003) / 1_000_003));

const pool = await launch({ workers: 4 });
const sort = taskModule<typeof import('./sort.js')>(new URL('./sort.ts', import.meta.url));
const shared = await pool.share(numbers);
const parts = await pool.run(sort, { workers: 4, args: [shared, 32] });
await pool.close();

const expected = numbers.slice().sort();
let at = 0;
const isSorted = parts.every((part) => part.every((value) => value === expected[at++])) && at === count;
console.log(`${count} numbers on 4 workers: ${isSorted ? "as Node's sort has them" : 'not sorted'}`);
console.log(`the parts have ${parts.map((part) => part.length).join(', ')} numbers`);
writeFileSync(figure, partsChart(parts));
console.log(`the parts are in ${figure}`);
