import { launch, taskModule } from 'shoal';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runExample } from '../support/example.js';

const test = suite('examples/monte-carlo');
const distance = taskModule<typeof import('../../examples/monte-carlo/distance.js')>(
  new URL('../../../../examples/monte-carlo/distance.ts', import.meta.url),
);

test('any number of ranks gives the same bits, near the closed form', async () => {
  const pool = await launch({ workers: 7 });
  const blocks = 50;
  const [one] = await pool.run(distance, { workers: 1, args: [blocks] });
  for (const workers of [2, 3, 4, 7]) {
    for (const sums of await pool.run(distance, { workers, args: [blocks] })) assert.equal(sums, one);
  }
  await pool.close();
  const exact = (2 + Math.SQRT2 + 5 * Math.asinh(1)) / 15;
  const mean = one!.reduce((a, b) => a + b, 0) / (blocks * 10_000);
  // The distance has a standard deviation of 0.248: five standard errors of the mean.
  assert.ok(Math.abs(mean - exact) < (5 * 0.248) / Math.sqrt(blocks * 10_000), `${mean}`);
});

test('its command prints what the README says, and draws its figure', () => {
  const { written, shown } = runExample('monte-carlo', 'monte-carlo.svg');
  assert.is(written.toString(), shown.toString());
});

test.run();
