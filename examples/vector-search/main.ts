/** Searches 10,000 handwritten digits for those that are most like others, one task a query. */
import { writeFileSync } from 'node:fs';
import { encode } from 'fast-png';
import { launch, taskModule } from 'shoal';
import { readDigits } from '../mnist/data.js';
import type { Match } from './search.js';
import { normalise } from './search.js';

const [side, dims, count, queries, k] = [28, 784, 10_000, 100, 9];
const figure = process.argv[2] ?? 'vector-search.png';
const known = readDigits('train');
const asked = readDigits('t10k');

const pool = await launch({ workers: 4 });
const search = taskModule<typeof import('./search.js')>(new URL('./search.ts', import.meta.url));
// An image's pixels are its embedding here. The vectors lie once in memory, however many workers read them.
const vectors = await pool.share(normalise(known.images.subarray(0, count * dims), dims));
const embeddings = normalise(asked.images.subarray(0, queries * dims), dims).values;
const items = Array.from({ length: queries }, (_, i) => {
  return { vectors, query: embeddings.slice(i * dims, (i + 1) * dims), k };
});
const found: Match[][] = [];
for await (const matches of pool.map(search, items)) found.push(matches);
await pool.close();

const right = found.filter((matches, i) => known.labels[matches[0]!.index] === asked.labels[i]).length;
console.log(
  `${queries} queries over ${count} vectors of ${dims} numbers, ${(vectors.sizeBytes / 1e6).toFixed(1)} MB shared`,
);
console.log(`${right} of them find an image of the same digit first`);

// A row for each of eight queries: its image, a gap, and what it has found.
const [rows, columns] = [8, 1 + k];
const width = columns * side + 4;
const data = new Uint8Array(width * rows * side).fill(128);
for (let row = 0; row < rows; row++) {
  draw(asked.images, row, row, 0);
  found[row]!.forEach(({ index }, i) => draw(known.images, index, row, 4 + (i + 1) * side));
}
writeFileSync(figure, encode({ width, height: rows * side, channels: 1, data }));
console.log(`what eight of them find is in ${figure}`);

function draw(images: Uint8Array, index: number, row: number, left: number): void {
  for (let y = 0; y < side; y++) {
    const from = (index * side + y) * side;
    data.set(images.subarray(from, from + side), (row * side + y) * width + left);
  }
}
