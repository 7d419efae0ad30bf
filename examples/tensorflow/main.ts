/** Trains a model of TensorFlow.js on 1, 2 and 4 workers: the same weights, and how fast each is. */
import { writeFileSync } from 'node:fs';
import { launch, taskModule } from 'shoal';
import { lineChart } from '../chart.js';
import { readDigits } from '../mnist/data.js';
import type { Training } from './train.js';

const [count, epochs, batch] = [2_000, 5, 200];
const folder = process.argv[2] ?? '.';
const { images, labels } = readDigits('train');

const pool = await launch({ workers: 4 });
const train = taskModule<typeof import('./train.js')>(new URL('./train.ts', import.meta.url));
const digits = await pool.share({ count, images: images.slice(0, count * 784), labels: labels.slice(0, count) });
const trainings = new Map<number, Training>();
const speeds = new Map<number, number>();
// More than once, since code is slow at first.
for (const workers of [1, 2, 4, 1, 2, 4, 1, 2, 4]) {
  const [first] = await pool.run(train, { workers, args: [digits, epochs, batch] });
  trainings.set(workers, first!);
  speeds.set(workers, Math.max(speeds.get(workers) ?? 0, first!.imagesPerSecond));
}
await pool.close();

const alone = trainings.get(1)!.weights;
const distance = (weights: readonly Float32Array[]): number =>
  Math.max(...weights.flatMap((array, i) => Array.from(array, (weight, j) => Math.abs(weight - alone[i]![j]!))));
for (const [workers, { losses, weights }] of trainings) {
  const apart = distance(weights) < 1e-6 ? 'less than 1e-6' : distance(weights).toExponential(1);
  console.log(`${workers} workers: loss ${losses.at(-1)!.toFixed(4)}, weights ${apart} from those of one`);
  console.error(`${workers} workers: ${speeds.get(workers)!.toFixed(0)} images per second`);
}

const curves = [...trainings].map(([workers, { losses }]) => ({
  name: `${workers} workers`,
  points: losses.map((loss, i) => [i + 1, loss] as const),
}));
const lines = [{ name: 'fastest epoch', points: [[0, 0] as const, ...speeds] }];
writeFileSync(`${folder}/tensorflow-loss.svg`, lineChart('Loss on 2,000 digits', 'epoch', 'loss', curves));
writeFileSync(`${folder}/tensorflow-speed.svg`, lineChart('Speed', 'workers', 'images per second', lines));
console.log('loss and speed are in tensorflow-loss.svg and tensorflow-speed.svg');
