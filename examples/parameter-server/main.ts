/** Trains with a parameter server in step, and with each worker at its own pace; draws how both get better. */
import { writeFileSync } from 'node:fs';
import { launch } from 'shoal';
import { lineChart } from '../chart.js';
import type { Digits } from '../mnist/data.js';
import { readDigits } from '../mnist/data.js';
import type { Point } from './train.js';
import { cast, trainFreely, trainInStep } from './train.js';

const [workers, share, steps] = [3, 2_000, 100];
const figure = process.argv[2] ?? 'parameter-server.svg';

function take({ images, labels }: Digits, from: number, count: number): Digits {
  return { count, images: images.slice(from * 784, (from + count) * 784), labels: labels.slice(from, from + count) };
}

const all = readDigits('train');
const shares = Array.from({ length: workers }, (_, i) => take(all, i * share, share));
const test = take(readDigits('t10k'), 0, 1_000);
const pool = await launch({ workers: workers + 2 });
const lines = [];
for (const [name, train] of [
  ['in step', trainInStep],
  ['at their own pace', trainFreely],
] as const) {
  const actors = await cast(pool, shares, test);
  const points: Point[] = [];
  const weights = await train(actors, steps, (point) => points.push(point));
  const [accuracy] = await actors.judge.call('accuracy', [weights]);
  await actors.close();
  console.log(`${name}: ${steps * workers} gradients of ${workers} workers, ${(100 * accuracy!).toFixed(1)} % right`);
  lines.push({ name, points: points.map((point) => [point.gradients, 100 * point.accuracy] as const) });
}
await pool.close();
writeFileSync(figure, lineChart('Digits that the model recognises', 'gradients', '%', lines));
console.log(`how they get better is in ${figure}`);
