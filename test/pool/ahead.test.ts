import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch } from 'shoal';
import { codeOf, rejectsCode } from '../support/check.js';

const tasks = new URL('./tasks/misc.js', import.meta.url);
const test = suite('short tasks, many at once');
const many = 300;
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 2, graceMs: 100 });
});
test.after(async () => {
  await pool.close({ force: true });
});

/** Short tasks, each with what it returns; `at`: another is put there. */
function submitMany(at = -1, other?: () => Promise<unknown>): Promise<PromiseSettledResult<unknown>[]> {
  const runs = Array.from({ length: many }, (_, i) => {
    return i === at && other ? other() : pool.run(tasks, { export: 'echo', args: [i] });
  });
  return Promise.allSettled(runs);
}

function assertAllBut(at: number, ends: readonly PromiseSettledResult<unknown>[]): void {
  const expected = ends.map((_, i) => (i === at ? 'another' : `fulfilled ${i}`));
  const found = ends.map((end, i) => {
    if (i === at) return 'another';
    return end.status === 'fulfilled' ? `fulfilled ${String(end.value)}` : codeOf(end.reason);
  });
  assert.equal(found, expected);
}

const ends: [name: string, options: object, code: string][] = [
  ['throws', { export: 'reject', args: [0] }, 'ERR_SHOAL_TASK_FAILED'],
  ['ends its thread', { export: 'exit', args: [0, 3] }, 'ERR_SHOAL_TASK_EXITED'],
  ['lets an error escape', { export: 'uncaught', args: [0] }, 'ERR_SHOAL_TASK_FAILED'],
  ['does not end in time', { export: 'spin', args: [0], timeoutMs: 50 }, 'ERR_SHOAL_TASK_TIMEOUT'],
];
for (const [name, options, code] of ends) {
  test(`one that ${name} takes no other along`, async () => {
    await submitMany();
    const at = many / 3;
    const all = await submitMany(at, () => pool.run(tasks, options));
    assertAllBut(at, all);
    const end = all[at]!;
    assert.is(end.status === 'rejected' ? codeOf(end.reason) : end.status, code);
  });
}

test('those behind one that does not end are run by the other worker', async () => {
  await submitMany();
  const long = pool.submit(tasks, { export: 'politeHang' });
  assertAllBut(-1, await submitMany());
  assert.is(long.state, 'running');
  long.cancel();
  await rejectsCode(long.result(), 'CANCELLED');
});

test('one that is cancelled while it waits never runs, and the others do', async () => {
  await submitMany();
  const before = (await pool.run(tasks, { export: 'count', workers: 2 })) as number[];
  const counted = Array.from({ length: 40 }, () => pool.submit(tasks, { export: 'count' }));
  const cancelled = counted.filter((handle, i) => i % 2 === 1 && handle.state === 'queued');
  for (const handle of cancelled) handle.cancel();
  for (const handle of cancelled) await rejectsCode(handle.result(), 'CANCELLED');
  const rest = counted.filter((handle) => !cancelled.includes(handle));
  await Promise.all(rest.map((handle) => handle.result()));
  const after = (await pool.run(tasks, { export: 'count', workers: 2 })) as number[];
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  assert.is(sum(after) - sum(before), rest.length + 2);
});

test('a gang between them gets its workers', async () => {
  const before = submitMany();
  const gang = pool.run(tasks, { workers: 2, args: [8] });
  const after = submitMany();
  assert.equal(await gang, [1, 1]);
  assertAllBut(-1, await before);
  assertAllBut(-1, await after);
});

test('a pool that is closed meanwhile runs all of them', async () => {
  const other = await launch({ workers: 2 });
  const runs = Array.from({ length: many }, (_, i) => other.run(tasks, { export: 'echo', args: [i] }));
  await other.close();
  assert.equal(
    (await Promise.all(runs)).flat(),
    Array.from({ length: many }, (_, i) => i),
  );
});

test.run();
