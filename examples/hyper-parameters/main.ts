/** Looks for the best learning rate and batch of a model of handwritten digits, and draws all trials. */
import { writeFileSync } from 'node:fs';
import { launch } from 'shoal';
import { lineChart } from '../chart.js';
import { readDigits } from '../mnist/data.js';
import { search } from './search.js';
import type { HyperParameters } from './trial.js';

const [count, epochs] = [2_000, 6];
const figure = process.argv[2] ?? 'hyper-parameters.svg';
const { images, labels } = readDigits('train');
const few = { count, images: images.slice(0, count * 784), labels: labels.slice(0, count) };
const grid = [20, 100].flatMap((batch) => [0.003, 0.03, 0.3, 3].map((learningRate) => ({ learningRate, batch })));
const nameOf = ({ learningRate, batch }: HyperParameters): string => `rate ${learningRate}, batch ${batch}`;

const pool = await launch({ workers: 4 });
const digits = await pool.share(few);
const outcomes = await search(pool, digits, grid, epochs, ({ parameters, losses }) => {
  console.error(`${nameOf(parameters)}: loss ${losses.at(-1)!.toFixed(3)} after epoch ${losses.length}`);
});
await pool.close();

const finished = outcomes.filter(({ cancelled }) => !cancelled);
const [best] = finished.sort((a, b) => a.losses.at(-1)! - b.losses.at(-1)!);
console.log(`${grid.length} trials, ${grid.length - finished.length} cancelled since they lagged behind`);
console.log(`best: ${nameOf(best!.parameters)}, loss ${best!.losses.at(-1)!.toFixed(4)}`);

const untrained = [0, Math.log(10)] as const;
const lines = outcomes.map(({ parameters: { learningRate, batch }, losses, cancelled }) => ({
  name: `${learningRate}, ${batch}${cancelled ? ' ✕' : ''}`,
  // More than 3 is drawn as 3.
  points: [untrained, ...losses.map((loss, i) => [i + 1, loss < 3 ? loss : 3] as const)],
}));
writeFileSync(figure, lineChart('Loss by learning rate and batch; ✕: cancelled', 'epoch', 'loss', lines));
console.log(`all trials are in ${figure}`);
