import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../support/spawn.js';

const test = suite('README.md');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The cells of a table's rows by their first cell and their column's title. */
function cellsOf(table: string): Map<string, string> {
  const [head, , ...rows] = table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return new Map(rows.flatMap(([name, ...cells]) => cells.map((cell, i) => [`${name} at ${head![i + 1]}`, cell])));
}

test('it has at most 120 lines', () => {
  assert.ok(read('README.md').split('\n').length <= 121);
});

test('its ratios are those of docs/performance.md', () => {
  const measured = read('docs/performance.md').split('Times as fast as the faster call of `c-openmpi`:')[1]!;
  const all = cellsOf(/(\|.*\n)+/.exec(measured)![0]);
  const shown = cellsOf(/(\|.*\n)+/.exec(read('README.md').split('## How fast it is')[1]!)![0]);
  assert.ok(shown.size >= 12);
  for (const [where, ratio] of shown) assert.is(ratio, all.get(where), where);
});

test('its other ratio of tasks is that of docs/performance.md', () => {
  const ratio = /([\d.]+) times the throughput of piscina/.exec(read('README.md'))![1]!;
  assert.match(read('docs/performance.md'), new RegExp(`threads: throughput \\| +${ratio}× piscina`));
});

test.run();
