import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, TaskHandle } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectsCode, throwsCode } from '../support/check.js';

const tasks = taskModule<typeof import('./tasks/priority.js')>(new URL('./tasks/priority.js', import.meta.url));
const test = suite('priorities');
const size = 3;
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: size, graceMs: 200 });
});
test.after(() => pool.close({ force: true }));
test.after.each(async () => {
  await pool.run(tasks, { export: 'noted', workers: size });
});

const hold = (workers: number): TaskHandle => pool.submit(tasks, { export: 'hold', workers, priority: 1_000 });

async function release(...handles: readonly TaskHandle[]): Promise<void> {
  for (const handle of handles) handle.cancel();
  for (const handle of handles) await rejectsCode(handle.result(), 'CANCELLED');
}

for (const priority of [1_001, -1_001, 0.5, NaN, Infinity, '1', null, {}, true, 1n]) {
  test(`refuses priority: ${String(priority)} (${typeof priority})`, async () => {
    const error = await rejectsCode(pool.run(tasks, { priority: priority as number, args: ['x'] }), 'INVALID_ARGUMENT');
    assert.match(error.message, 'priority to be an integer from -1000 to 1000');
    throwsCode(() => pool.submit(tasks, { priority: priority as number, args: ['x'] }), 'INVALID_ARGUMENT');
    assert.is(pool.status().queued, 0);
  });
}

test('what waits starts by priority, and within one in order', async () => {
  const holding = [hold(size - 1), hold(1)];
  const priorities = [0, -5, 3, undefined, 1_000, 3, -1_000, 0, 3];
  const runs = priorities.map((priority, i) =>
    pool.run(tasks, { args: [`${priority ?? 0} ${i}`], ...(priority !== undefined && { priority }) }),
  );
  assert.is(pool.status().queued, priorities.length);
  // One worker for all of them.
  await release(holding[1]!);
  await Promise.all(runs);
  const order = (await pool.run(tasks, { export: 'noted' })).flat();
  assert.equal(order, ['1000 4', '3 2', '3 5', '3 8', '0 0', '0 3', '0 7', '-5 1', '-1000 6']);
  await release(holding[0]!);
});

test('a gang of a higher priority keeps workers free until it has enough, whatever else waits', async () => {
  const holding = hold(size - 1);
  const gang = pool.submit(tasks, { args: ['gang'], workers: size, priority: 1 });
  const small = Array.from({ length: 40 }, (_, i) => pool.submit(tasks, { args: [`small ${i}`] }));
  assert.is(pool.status().workers.filter(({ state }) => state === 'idle').length, 1);
  assert.is(pool.status().queued, 41);
  const equal = pool.run(tasks, { args: ['equal'], priority: 1 });
  await equal;
  assert.is(gang.state, 'queued');
  assert.ok(small.every(({ state }) => state === 'queued'));
  const before = small.map(async (each) => {
    await each.result();
    return gang.state;
  });
  await release(holding);
  await gang.result();
  assert.equal([...new Set(await Promise.all(before))], ['succeeded']);
});

test('many short tasks of random priorities all run once', async () => {
  const names = Array.from({ length: 400 }, (_, i) => `short ${i}`);
  await Promise.all(names.map((name, i) => pool.run(tasks, { args: [name], priority: (i * 7) % 5 })));
  const all = (await pool.run(tasks, { export: 'noted', workers: size })).flat();
  assert.equal(all.sort(), names.sort());
});

test.run();
