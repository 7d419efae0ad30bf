import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { opsOf } from '../../src/types/contract.js';
import { dtypeNames, dtypesOfTag, itemBytes } from '../../src/types/dtype.js';
import { reduceOpNames } from '../../src/types/reduce-op.js';
import { root } from '../support/spawn.js';

const test = suite('docs/numeric-contract.md');
const page = readFileSync(join(root, 'docs/numeric-contract.md'), 'utf8');

/** Cells of a section's table, each as the names in it. */
function table(title: string): string[][][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${title}\n`))!;
  const rows = section.split('\n').filter((line) => /^\| `/.test(line));
  return rows.map((row) => {
    const cells = row.split('|').slice(1, -1);
    return cells.map((cell) =>
      cell.includes('`') ? [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!) : [cell.trim()],
    );
  });
}

test('the page has the dtypes, arrays and sizes of the code', () => {
  const rows = table('Dtypes');
  assert.equal(
    rows.map(([name]) => name![0]),
    [...dtypeNames],
  );
  for (const [[dtype], tags, [bytes]] of rows as [[(typeof dtypeNames)[number]], string[], [string]][]) {
    const inCode = [...dtypesOfTag].flatMap(([tag, dtypes]) => (dtypes.includes(dtype) ? [tag] : []));
    assert.equal([...tags].sort(), inCode.sort(), dtype);
    assert.is(Number(bytes), itemBytes[dtype], dtype);
  }
});

test('the page has the operations of the code', () => {
  const rows = table('Operations') as [(typeof dtypeNames)[number][], string[]][];
  assert.equal(rows.flatMap(([dtypes]) => dtypes).sort(), [...dtypeNames].sort());
  for (const [dtypes, ops] of rows) for (const dtype of dtypes) assert.equal(ops, opsOf(dtype), dtype);
});

test('the page says of every dtype and operation what it gives, and that the others are refused', () => {
  const groups: Readonly<Record<string, RegExp>> = {
    integers: /^u?int/,
    floats: /^b?float/,
    complex: /^complex/,
  };
  const results = page.split('## Results')[1]!;
  const said = new Map<string, string[]>();
  const rows = results.split('\n').filter((line) => /^\| [a-z]/.test(line) && !line.startsWith('| dtypes'));
  for (const row of rows) {
    const [dtypes, ops, result] = row
      .split('|')
      .slice(1)
      .map((cell) => cell.trim()) as [string, string, string];
    if (/any|accumulate/.test(ops)) continue;
    for (const name of dtypes.split(', ')) {
      const meant = dtypeNames.filter((dtype) => groups[name]?.test(dtype) ?? dtype === name);
      assert.ok(meant.length > 0, name);
      for (const dtype of meant) {
        for (const op of ops.split(', ')) said.set(`${dtype} ${op}`, [...(said.get(`${dtype} ${op}`) ?? []), result]);
      }
    }
  }
  for (const dtype of dtypeNames) {
    for (const op of reduceOpNames) {
      const lines = said.get(`${dtype} ${op}`) ?? [];
      assert.is(lines.length, 1, `${dtype} ${op}: ${lines.join(' | ')}`);
      assert.is(lines[0] === 'refused', !opsOf(dtype).includes(op), `${dtype} ${op}`);
      said.delete(`${dtype} ${op}`);
    }
  }
  assert.equal([...said.keys()], []);
});

test.run();
