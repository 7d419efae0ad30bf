import { launch } from 'shoal';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Digits } from '../../examples/mnist/data.js';
import { readDigits } from '../../examples/mnist/data.js';
import { addGradient, countCorrect, parameters } from '../../examples/mnist/softmax.js';
import type { Point } from '../../examples/parameter-server/train.js';
import { cast, trainFreely, trainInStep } from '../../examples/parameter-server/train.js';
import { runExample } from '../support/example.js';

const test = suite('examples/parameter-server');
const [workers, share, batch, learningRate] = [3, 200, 100, 0.2];
const { images, labels } = readDigits('t10k');
const take = (from: number, count: number): Digits => ({
  count,
  images: images.slice(from * 784, (from + count) * 784),
  labels: labels.slice(from, from + count),
});
const shares = Array.from({ length: workers }, (_, i) => take(i * share, share));

test('in step, the weights are those of one process that takes all batches as one', async () => {
  const pool = await launch({ workers: workers + 2 });
  const actors = await cast(pool, shares, take(0, 600));
  const points: Point[] = [];
  const weights = await trainInStep(actors, 20, (point) => points.push(point));
  await pool.close({ force: true });

  const alone = new Float32Array(parameters);
  for (let step = 0; step < 20; step++) {
    const gradient = new Float32Array(parameters);
    const from = (step * batch) % share;
    for (const digits of shares) addGradient(alone, digits, from, from + batch, gradient);
    for (let i = 0; i < parameters; i++) alone[i]! -= (learningRate * gradient[i]!) / (workers * batch);
  }
  weights.forEach((weight, i) => assert.ok(Math.abs(weight - alone[i]!) < 1e-6, `${i}: ${weight}, ${alone[i]}`));
  const accuracy = countCorrect(alone, take(0, 600), 0, 600) / 600;
  assert.equal(points.at(-1)!.gradients, 60);
  assert.ok(Math.abs(points.at(-1)!.accuracy - accuracy) < 0.01);
});

test('at their own pace, each gradient is applied, and the model learns', async () => {
  const pool = await launch({ workers: workers + 2 });
  const actors = await cast(pool, shares, take(0, 600));
  const points: Point[] = [];
  await trainFreely(actors, 20, (point) => points.push(point));
  await actors.close();
  assert.is(pool.status().gangs.length, 0);
  await pool.close();
  assert.equal(
    points.map(({ gradients }) => gradients).sort((a, b) => a - b),
    [30, 60],
  );
  assert.ok(points.at(-1)!.accuracy > 0.7, `${points.at(-1)!.accuracy}`);
});

test('its command prints what the README says, and draws both ways', () => {
  const { written, shown } = runExample('parameter-server', 'parameter-server.svg');
  for (const svg of [written, shown]) assert.is(svg.toString().match(/<polyline/g)!.length, 2);
});

test.run();
