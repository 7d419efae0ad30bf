import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertPrinted, runExample } from '../support/example.js';
import { mustRun, root } from '../support/spawn.js';

const test = suite('examples that are ports, and the first task');
const jiti = join(root, 'node_modules/jiti/lib/jiti-cli.mjs');
const folder = mkdtempSync(join(tmpdir(), 'shoal-ports-'));
test.after(() => rmSync(folder, { recursive: true }));
const readmeOf = (name: string): string => readFileSync(join(root, 'examples', name, 'README.md'), 'utf8');
const linesOf = (svg: Buffer): number => svg.toString().match(/<polyline/g)!.length;

test('ray-tour: tasks, an object, an actor, waiting, and π with its progress', () => {
  const { written, shown } = runExample('ray-tour', 'ray-tour.svg');
  assert.equal([linesOf(written), linesOf(shown)], [2, 2]);
});

test('ray-allreduce: workers add their tensors up, and pass one on', () => {
  assertPrinted(mustRun(process.execPath, [jiti, 'examples/ray-allreduce/main.ts'], root), readmeOf('ray-allreduce'));
});

test('mpi4py-tour: messages, values, a product and π', () => {
  const figure = join(folder, 'figure.svg');
  const args = ['dist/cli.js', 'run', '-n', '4', 'examples/mpi4py-tour/main.ts', figure];
  const out = mustRun(process.execPath, args, root);
  assertPrinted(out, readmeOf('mpi4py-tour'));
  const rows = Array.from({ length: 8 }, (_, row) => 20 * row);
  const of = (rank: number): unknown[] => [
    rank === 3 ? [7, 100, 99] : null,
    [['a', 'b'], rank === 0 ? [1, 4, 9, 16] : null],
    rows,
    3.14159,
  ];
  assert.equal(JSON.parse(out.replace(/^0 \| /, '')), [0, 1, 2, 3].map(of));
  assert.equal(
    [readFileSync(figure), readFileSync(join(root, 'docs/figures/examples/mpi4py-tour.svg'))].map(linesOf),
    [1, 1],
  );
});

test('sum: the task, and the script', () => {
  assertPrinted(mustRun(process.execPath, [jiti, 'examples/sum/main.ts'], root), readmeOf('sum'));
  const out = mustRun(process.execPath, ['dist/cli.js', 'run', '-n', '4', 'examples/sum/world.ts'], root);
  const lines = [0, 1, 2, 3].map((rank) => `${rank} | rank ${rank} of 4: 10`);
  assert.equal(out.trim().split('\n').sort(), lines);
});

test.run();
