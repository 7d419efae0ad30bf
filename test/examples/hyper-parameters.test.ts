import { launch, taskModule } from 'shoal';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { search } from '../../examples/hyper-parameters/search.js';
import type { HyperParameters } from '../../examples/hyper-parameters/trial.js';
import type { Digits } from '../../examples/mnist/data.js';
import { readDigits } from '../../examples/mnist/data.js';
import { addGradient, parameters } from '../../examples/mnist/softmax.js';
import { runExample } from '../support/example.js';

const test = suite('examples/hyper-parameters');
const trial = taskModule<typeof import('../../examples/hyper-parameters/trial.js')>(
  new URL('../../../../examples/hyper-parameters/trial.ts', import.meta.url),
);
const count = 120;
const { images, labels } = readDigits('t10k');
const digits: Digits = { count, images: images.slice(0, count * 784), labels: labels.slice(0, count) };

/** The losses of one process. */
function lossesAlone({ learningRate, batch }: HyperParameters, epochs: number): number[] {
  const weights = new Float32Array(parameters);
  return Array.from({ length: epochs }, () => {
    let loss = 0;
    for (let first = 0; first < count; first += batch) {
      const gradient = new Float32Array(parameters);
      const length = Math.min(batch, count - first);
      loss += addGradient(weights, digits, first, first + length, gradient);
      for (let i = 0; i < parameters; i++) weights[i]! -= (learningRate * gradient[i]!) / length;
    }
    return loss / count;
  });
}

test('a trial on any number of ranks has the losses of one process', async () => {
  const pool = await launch({ workers: 3 });
  const wanted = { learningRate: 0.3, batch: 50 };
  const losses = lossesAlone(wanted, 4);
  for (const workers of [1, 2, 3]) {
    const heard: number[] = [];
    const handle = pool.submit(trial, { workers, args: [digits, wanted, 4] });
    handle.on('message', ({ value }) => heard.push((value as { loss: number }).loss));
    for (const loss of await handle.result()) assert.ok(Math.abs(loss - losses[3]!) < 1e-5, `${loss}`);
    assert.is(heard.length, 4);
    heard.forEach((loss, i) => assert.ok(Math.abs(loss - losses[i]!) < 1e-5, `${loss}, ${losses[i]}`));
  }
  await pool.close();
});

test('a trial that lags behind is cancelled, also one whose loss is no number; the best comes to its end', async () => {
  const pool = await launch({ workers: 2 });
  const epochs = 60;
  const [good, slow, lost] = [
    { learningRate: 0.1, batch: 10 },
    { learningRate: 1e-9, batch: 40 },
    { learningRate: 1e38, batch: 40 },
  ];
  const outcomes = await search(pool, await pool.share(digits), [lost, good, slow], epochs, () => {});
  await pool.close();
  assert.equal(
    outcomes.map(({ parameters: { learningRate }, cancelled }) => ({ learningRate, cancelled })),
    [
      { learningRate: 1e38, cancelled: true },
      { learningRate: 0.1, cancelled: false },
      { learningRate: 1e-9, cancelled: true },
    ],
  );
  assert.is(outcomes[1]!.losses.length, epochs);
  for (const { losses } of [outcomes[0]!, outcomes[2]!]) assert.ok(losses.length < epochs, `${losses.length}`);
});

test('its command prints what the README says, and draws all trials', () => {
  const { written, shown } = runExample('hyper-parameters', 'hyper-parameters.svg');
  for (const svg of [written, shown]) assert.is(svg.toString().match(/<polyline/g)!.length, 8);
});

test.run();
