/** Which operations are right on this transport, by dtype, against docs/coverage.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Dtype } from '../../src/types/dtype.js';
import { dtypeNames } from '../../src/types/dtype.js';
import { root } from '../support/spawn.js';
import { closeWorld, ranks } from '../support/world.js';
import type { Covered } from './tasks/coverage.js';

const tasks = new URL('./tasks/coverage.js', import.meta.url);
const page = join(root, 'docs/coverage.md');
const test = suite('coverage');

/** A letter for each class of dtypes. */
const classes: Readonly<Record<string, readonly Dtype[]>> = {
  b: ['bool'],
  i: dtypeNames.filter((name) => name.includes('int')),
  h: ['float16', 'bfloat16'],
  f: ['float32', 'float64'],
  c: ['complex64', 'complex128'],
};

/** The column of this run. */
function columnName(): string {
  const { SHOAL_TEST_TRANSPORT: kind, SHOAL_TRANSPORT, SHOAL_MPIEXEC = '', SHOAL_WINDOW } = process.env;
  if (kind !== 'pool') return { local: 'one thread', processes: 'processes' }[kind ?? ''] ?? 'loopback';
  if (SHOAL_TRANSPORT === 'threads') return 'threads';
  const family = SHOAL_MPIEXEC.includes('mpich') ? 'MPICH' : 'Open MPI';
  return SHOAL_WINDOW === 'false' ? `${family}, wire` : family;
}

/** Classes of which all dtypes are among these, or how many there are where that is not all to be said. */
function cellOf(dtypes: readonly Dtype[]): string {
  const whole = Object.entries(classes).filter(([, names]) => names.every((name) => dtypes.includes(name)));
  const counted = whole.flatMap(([, names]) => names);
  const others = dtypes.filter((name) => !counted.includes(name));
  return [...whole.map(([letter]) => letter), ...others].join(' ') || 'none';
}

test('every operation is right for the dtypes that the page says', async () => {
  const seen = (await ranks(3, tasks, 'coverage')) as Covered[];
  const column = columnName();
  const now = new Map(
    Object.keys(seen[0]!).map((name) => {
      const onAll = seen[0]![name]!.filter((dtype) => seen.every((covered) => covered[name]!.includes(dtype)));
      return [name, cellOf(onAll)];
    }),
  );
  const text = readFileSync(page, 'utf8');
  const [head = '', ...rows] = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
  const index = cellsOf(head).indexOf(column);
  assert.ok(index > 0, `no column ${column}`);
  if (process.env.SHOAL_WRITE_COVERAGE === '1') {
    writeFileSync(page, rewritten(text, rows, index, now));
    return;
  }
  const written = new Map(rows.map((row) => [cellsOf(row)[0], cellsOf(row)[index]]));
  assert.equal(
    [...written],
    [...now].map(([name, cell]) => [`\`${name}\``, cell]),
  );
});

function cellsOf(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** The page with other cells in one column. */
function rewritten(text: string, rows: readonly string[], index: number, now: ReadonlyMap<string, string>): string {
  const width = cellsOf(text.split('\n').find((line) => line.startsWith('| '))!).length;
  const known = new Map(rows.map((row) => [cellsOf(row)[0]!, cellsOf(row)]));
  const lines = [...now].map(([name, cell]) => {
    const cells = known.get(`\`${name}\``) ?? [`\`${name}\``, ...Array<string>(width - 1).fill('')];
    cells[index] = cell;
    return `| ${cells.join(' | ')} |`;
  });
  const [before, after] = [text.indexOf('|---'), text.lastIndexOf('|')];
  const rule = text.slice(before, text.indexOf('\n', before));
  return `${text.slice(0, before)}${rule}\n${lines.join('\n')}${text.slice(after + 1)}`;
}

test.after(closeWorld);
test.run();
