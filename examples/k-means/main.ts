/** k-means finds ten kinds of handwritten digits, without being told which digit an image shows. */
import { writeFileSync } from 'node:fs';
import { encode } from 'fast-png';
import { launch, taskModule } from 'shoal';
import { readDigits } from '../mnist/data.js';

const [count, k, side] = [3_000, 10, 28];
const figure = process.argv[2] ?? 'k-means.png';
const digits = readDigits('t10k');
const labels = digits.labels.subarray(0, count);

const pool = await launch({ workers: 4 });
const kMeans = taskModule<typeof import('./k-means.js')>(new URL('./k-means.ts', import.meta.url));
const images = await pool.share(digits.images.slice(0, count * side * side));
const [clusters] = await pool.run(kMeans, { workers: 4, args: [images, side * side, k, 60] });
await pool.close();
const { centroids, clusterOf, rounds } = clusters!;

// Which digit do most images of a cluster show? The labels served for nothing else.
const seen = Array.from({ length: k }, () => new Array<number>(10).fill(0));
clusterOf.forEach((cluster, image) => seen[cluster]![labels[image]!]!++);
const right = seen.reduce((sum, counts) => sum + Math.max(...counts), 0);
console.log(`${count} images, ${k} clusters, ${rounds} rounds on 4 workers`);
console.log(`clusters of the digits ${seen.map((counts) => counts.indexOf(Math.max(...counts))).join(' ')}`);
console.log(`${((100 * right) / count).toFixed(1)} % of the images show the most frequent digit of their cluster`);

// The centroids side by side, each pixel four times.
const [width, height] = [side * k, 4 * side];
const data = Uint8Array.from({ length: width * height }, (_, at) => {
  const [row, column] = [Math.floor(at / width) >> 1, (at % width) >> 1];
  const cluster = (k / 2) * Math.floor(row / side) + Math.floor(column / side);
  return Math.round(centroids[(cluster * side + (row % side)) * side + (column % side)]!);
});
writeFileSync(figure, encode({ width, height, channels: 1, data }));
console.log(`their centres are in ${figure}`);
