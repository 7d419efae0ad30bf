import { launch, taskModule } from 'shoal';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runExample } from '../support/example.js';

const test = suite('examples/sample-sort');
const sort = taskModule<typeof import('../../examples/sample-sort/sort.js')>(
  new URL('../../../../examples/sample-sort/sort.ts', import.meta.url),
);

const inputs: Record<string, readonly number[]> = {
  none: [],
  one: [3],
  'fewer than ranks': [2, 1, 3],
  equal: new Array<number>(50).fill(7),
  'in order': Array.from({ length: 100 }, (_, i) => i),
  backwards: Array.from({ length: 101 }, (_, i) => -i),
  'few values': Array.from({ length: 200 }, (_, i) => (i * 7) % 3),
  'with infinities and zeros': [Infinity, 0, -0, -Infinity, 1e-300, -1e300, 0, -0],
  drawn: Array.from({ length: 1_000 }, () => Math.random() - 0.5),
};

test('any numbers on any number of ranks come as Node sorts them', async () => {
  const pool = await launch({ workers: 7 });
  for (const [name, list] of Object.entries(inputs)) {
    const expected = Float64Array.from(list).sort();
    for (const workers of [1, 2, 3, 4, 7]) {
      const parts = await pool.run(sort, { workers, args: [Float64Array.from(list), 8] });
      assert.is(parts.length, workers);
      assert.equal(
        parts.flatMap((part) => [...part]),
        [...expected],
        `${name} on ${workers}`,
      );
    }
  }
  await pool.close();
});

test('its command prints what the README says, and draws its figure', () => {
  const { written, shown } = runExample('sample-sort', 'sample-sort.svg');
  assert.is(written.toString(), shown.toString());
});

test.run();
