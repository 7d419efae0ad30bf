import { hostname } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectsCode, sizes, throwsCode } from '../support/check.js';

const tasks = taskModule<typeof import('./tasks/misc.js')>(new URL('./tasks/misc.js', import.meta.url));
const test = suite('pool');
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 7, graceMs: 200 });
});
test.after(() => pool.close({ force: true }));

test('returns results in rank order', async () => {
  for (const size of sizes) {
    assert.equal(await pool.run(tasks, { workers: size, args: [10] }), Array(size).fill((size * (size - 1)) / 2));
  }
});

test('tells a task where it runs', async () => {
  const facts = await pool.run(tasks, { workers: 3, export: 'facts' });
  facts.forEach((fact, rank) => {
    assert.is(fact.rank, rank);
    assert.is(fact.size, 3);
    assert.is(fact.worldRank, fact.localRank);
    assert.is(fact.node, hostname());
    assert.is(fact.attempt, 1);
    assert.is(fact.aborted, false);
  });
});

test('evaluates a module outside any task: context.rank at top level fails at once', async () => {
  const facts = await pool.run(tasks, { workers: 2, export: 'facts' });
  assert.equal(
    facts.map((fact) => fact.topLevel),
    ['ERR_SHOAL_NOT_IN_TASK', 'ERR_SHOAL_NOT_IN_TASK'],
  );
});

test('keeps module state between tasks of a session, and starts afresh when asked', async () => {
  const own = await launch({ workers: 1 });
  assert.equal(await own.run(tasks, { export: 'count' }), [1]);
  assert.equal(await own.run(tasks, { export: 'count' }), [2]);
  assert.equal(await own.run(tasks, { export: 'count', fresh: true }), [1]);
  assert.equal(await own.run(tasks, { export: 'count', fresh: true }), [1]);
  assert.equal(await own.run(tasks, { export: 'count' }), [2]);
  await own.close();
});

test('runs tasks side by side on disjoint workers', async () => {
  const handles = Array.from({ length: 3 }, () => pool.submit(tasks, { workers: 2, export: 'sleep', args: [100] }));
  assert.equal(
    handles.map((handle) => handle.state),
    ['running', 'running', 'running'],
  );
  assert.is(pool.status().running, 3);
  const used = (await Promise.all(handles.map((handle) => handle.result()))).flat();
  assert.is(new Set(used).size, 6);
  assert.is(pool.status().running, 0);
});

test('copies arguments when they are submitted', async () => {
  const data = { list: [1, 2], array: Float32Array.of(1, 2) };
  const handle = pool.submit(new URL(tasks.url), { workers: 2, export: 'echo', args: [data] });
  data.array.fill(9);
  data.list.push(3);
  assert.equal(await handle.result(), Array(2).fill({ list: [1, 2], array: Float32Array.of(1, 2) }));
});

test('copies window arrays out when they are returned', async () => {
  const [first, second] = await pool.run(tasks, { workers: 2, export: 'windowResult' });
  await pool.run(tasks, { workers: 7, args: [1000] });
  assert.equal([...first!.array, ...second!.array], [1, 1, 1, 1, 2, 2, 2, 2]);
  assert.ok(first!.array.buffer instanceof ArrayBuffer);
});

test('lets the awaited and the blocking form meet in one call', async () => {
  for (const size of sizes) {
    const want = Array.from({ length: 50 }, (_, i) => (size * (size - 1)) / 2 + size * i);
    const results = await pool.run(tasks, { workers: size, export: 'blocking' });
    assert.equal(results, Array(size).fill([...want, size]));
  }
});

test('ends a blocking wait at its deadline, on every rank', async () => {
  const results = await pool.run(tasks, { workers: 3, export: 'syncTimeout' });
  assert.equal(results, Array(3).fill('ERR_SHOAL_COLLECTIVE_TIMEOUT'));
});

test('counts rounds, splits and cache hits', async () => {
  const own = await launch({ workers: 3 });
  await own.run(tasks, { workers: 1, args: [1] });
  await own.run(tasks, { workers: 3, args: [1] });
  await own.run(tasks, { workers: 3, args: [1] });
  const { rounds, splits, cacheHits } = own.status();
  assert.equal({ rounds, splits, cacheHits }, { rounds: 1, splits: 1, cacheHits: 1 });
  await own.close();
});

test('a leftover timer of an earlier task gets ERR_SHOAL_CLOSED and the running task is left alone', async () => {
  await pool.run(tasks, { workers: 7, export: 'leaveTimer', args: [60] });
  const codes = await pool.run(tasks, { workers: 7, export: 'readLeftovers', args: [120] });
  assert.equal(codes, Array(7).fill(Array(3).fill('ERR_SHOAL_CLOSED')));
});

test('closes: accepted tasks run to their end, later ones are refused, a second close waits for the same end', async () => {
  const own = await launch({ workers: 2 });
  const handles = [1, 2, 3].map(() => own.submit(tasks, { workers: 2, export: 'sleep', args: [30] }));
  const closed = own.close();
  throwsCode(() => own.submit(tasks, { args: [1] }), 'CLOSED');
  await rejectsCode(own.run(tasks, { args: [1] }), 'CLOSED');
  await Promise.all([closed, own.close()]);
  assert.equal(
    handles.map((handle) => handle.state),
    Array(3).fill('succeeded'),
  );
});

test('closes by force: running and queued tasks are cancelled', async () => {
  const own = await launch({ workers: 1, graceMs: 50 });
  const handles = [1, 2].map(() => own.submit(tasks, { export: 'hang' }));
  const results = handles.map((handle) => rejectsCode(handle.result(), 'CANCELLED'));
  await own[Symbol.asyncDispose]();
  await Promise.all(results);
  assert.equal(
    handles.map((handle) => handle.state),
    ['cancelled', 'cancelled'],
  );
});

test('says what happens in events', async () => {
  const own = await launch({ workers: 2 });
  const seen: string[] = [];
  own.on('taskStarted', ({ name, worldRanks, attempt, waitedMs }) => {
    assert.equal([worldRanks.length, attempt, waitedMs >= 0], [1, 1, true]);
    seen.push(`started ${name}`);
  });
  own.on('taskDone', ({ name, waitedMs, ranMs }) => {
    assert.ok(waitedMs >= 0 && ranMs > 0);
    seen.push(`done ${name}`);
  });
  own.on('taskFailed', ({ name, error }) => seen.push(`failed ${name} ${(error as { code?: string }).code}`));
  own.on('drain', () => seen.push('drain'));
  await own.run(tasks, { name: 'good', args: [1] });
  own.submit(tasks, { name: 'unread', export: 'reject', args: [0] });
  await own.close();
  const ends = ['done good', 'drain', 'started unread', 'failed unread ERR_SHOAL_TASK_FAILED', 'drain'];
  assert.equal(seen, ['started good', ...ends]);
});

test('runs a .ts module', async () => {
  const typescript = new URL('../../../fixtures/typed.ts', import.meta.url);
  assert.equal(await pool.run(typescript, { workers: 2, args: [20] }), [41, 41]);
});

test.run();
