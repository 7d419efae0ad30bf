import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mustRun, root } from '../support/spawn.js';

const test = suite('examples');
const jiti = 'node_modules/jiti/lib/jiti-cli.mjs';

test('ray-allreduce: workers add their tensors up, and pass one on', () => {
  const out = mustRun(process.execPath, [jiti, 'examples/ray-allreduce/main.ts'], root);
  assert.equal(JSON.parse(out), [
    { sum: [2, 2, 2, 2], passed: [1, 1, 1, 1] },
    { sum: [2, 2, 2, 2], passed: [2, 2, 2, 2] },
  ]);
});

test('mpi4py-tour: messages, values, a product and π', () => {
  const out = mustRun(process.execPath, ['dist/cli.js', 'run', '-n', '4', 'examples/mpi4py-tour/main.ts'], root);
  const rows = Array.from({ length: 8 }, (_, row) => 20 * row);
  const of = (rank: number): unknown[] => [
    rank === 3 ? [7, 100, 99] : null,
    [['a', 'b'], rank === 0 ? [1, 4, 9, 16] : null],
    rows,
    3.14159,
  ];
  assert.equal(JSON.parse(out.replace(/^0 \| /, '')), [0, 1, 2, 3].map(of));
});

test('sum: the program of the README', () => {
  const out = mustRun(process.execPath, [jiti, 'examples/sum/main.ts'], root);
  assert.match(out, '6');
});

test.run();
