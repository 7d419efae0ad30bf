import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch } from 'shoal';
import { codeOf, rejectsCode } from '../support/check.js';

const tasks = new URL('./tasks/misc.js', import.meta.url);
const test = suite('short tasks, many at once');
const many = 300;
const rounds = 5;
/** Tasks that a worker is given ahead at most. */
const mostAhead = 8;
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
    // What its worker has been given ahead by then differs from time to time.
    for (let round = 0; round < rounds; round++) {
      await submitMany();
      const at = many / 3;
      const all = await submitMany(at, () => pool.run(tasks, options));
      assertAllBut(at, all);
      const end = all[at]!;
      assert.is(end.status === 'rejected' ? codeOf(end.reason) : end.status, code);
    }
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

test('one that is cancelled before a worker has begun with it never runs, and the others run once', async () => {
  await submitMany();
  const handles = Array.from({ length: 60 }, (_, i) => pool.submit(tasks, { export: 'note', args: [i] }));
  const isCancelled = handles.map((handle, i) => i % 2 === 1 && handle.state === 'queued');
  for (const [i, handle] of handles.entries()) if (isCancelled[i]) handle.cancel();
  for (const [i, handle] of handles.entries()) {
    if (isCancelled[i]) await rejectsCode(handle.result(), 'CANCELLED');
    else await handle.result();
  }
  const ran = ((await pool.run(tasks, { export: 'note', workers: 2 })) as number[][]).flat().sort((a, b) => a - b);
  assert.equal(ran, [...new Set(ran)], 'none ran twice');
  // What two workers can have been given by then, they may have begun with before this thread knew.
  const given = 2 * (1 + mostAhead);
  const others = handles.flatMap((_, i) => (isCancelled[i] ? [] : [i]));
  assert.equal(
    ran.filter((i) => !isCancelled[i] || i >= given),
    others,
  );
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
