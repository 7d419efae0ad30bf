import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, PoolStats } from 'shoal';
import { launch } from 'shoal';
import { rejectsCode, throwsCode, until } from '../support/check.js';

const tasks = new URL('./tasks/misc.js', import.meta.url);
const test = suite('pool.stats');
/** So many that the time of a call of them is measured each time. */
const floats = 100_000;
let pool: Pool;
const absent: number[] = [];

test.before(async () => {
  pool = await launch({ workers: 2, maxQueue: 1, graceMs: 50 });
  pool.on('workerReplaced', ({ absentMs }) => absent.push(absentMs));
});
test.after(() => pool.close({ force: true }));

/** One of each way to end, and two that are not accepted. */
async function work(): Promise<void> {
  assert.equal(await pool.run(tasks, { workers: 2, args: [floats] }), [1, 1]);
  await rejectsCode(pool.run(tasks, { workers: 2, export: 'reject', args: [0] }), 'TASK_FAILED');
  await rejectsCode(pool.run(tasks, { export: 'hang', timeoutMs: 20 }), 'TASK_TIMEOUT');
  const begun = once(pool, 'taskStarted');
  const busy = pool.submit(tasks, { workers: 2, export: 'politeHang' });
  await begun;
  const queued = pool.submit(tasks, { workers: 2, export: 'count' });
  throwsCode(() => pool.submit(tasks, { export: 'count' }), 'QUEUE_FULL');
  throwsCode(() => pool.submit(tasks, { workers: 3, export: 'count' }), 'INSUFFICIENT_WORKERS');
  queued.cancel();
  await rejectsCode(queued.result(), 'CANCELLED');
  busy.cancel();
  await busy.result().catch(() => undefined);
  await until(() => absent.length > 0);
}

test('nothing has been done at first, and all workers are there', async () => {
  const { tasks: counts, waitMs, runMs, collectives, workers } = await pool.stats();
  assert.equal([...new Set(Object.values(counts))], [0]);
  assert.equal([waitMs.count, runMs.sumMs, collectives.calls], [0, 0, 0]);
  assert.equal([workers.idle, workers.busy, workers.lost], [2, 0, 0]);
});

test('tasks are counted by how they ended, attempts by how long they waited and ran', async () => {
  await work();
  const { tasks: counts, waitMs, runMs, workersReplaced, queued, running }: PoolStats = await pool.stats();
  const { submitted, started, succeeded, failed, timedOut, cancelled, lost } = counts;
  assert.equal([submitted, started], [5, 4]);
  assert.equal([succeeded, failed, timedOut, cancelled, lost], [1, 1, 1, 2, 0]);
  assert.equal([counts.rejected, counts.refused, counts.retried], [1, 1, 0]);
  assert.equal([waitMs.count, runMs.count, queued, running], [4, 4, 0, 0]);
  assert.ok(runMs.maxMs >= 20 && runMs.sumMs >= runMs.maxMs, 'the task that timed out ran for its limit');
  for (const { buckets, count } of [waitMs, runMs]) {
    assert.is(
      buckets.reduce((sum, bucket) => sum + bucket.count, 0),
      count,
    );
    assert.is(buckets.at(-1)!.upToMs, Infinity);
  }
  assert.ok(workersReplaced >= 1 && absent.every((ms) => ms >= 0));
});

test('collectives are counted with their bytes and their time', async () => {
  const { collectives } = await pool.stats();
  // The floats on each of 2 ranks; the barrier of a rank whose peer fails may have been begun before that.
  assert.ok([2, 3].includes(collectives.calls), `${collectives.calls} calls`);
  assert.equal([collectives.ranks, collectives.bytes], [collectives.calls, 2 * 4 * floats]);
  const { elapsedMs, movedMs, reducedMs } = collectives;
  assert.ok(movedMs > 0 && reducedMs > 0, 'a long plain array is copied, and reduced');
  assert.ok(movedMs + reducedMs <= elapsedMs + 1e-6, `${movedMs} + ${reducedMs} of ${elapsedMs} ms`);
});

test('memory and time on cores of the workers are there, of threads too', async () => {
  const { workers } = await pool.stats();
  assert.ok(workers.rssBytes + workers.heapBytes > 1_000_000);
  assert.ok(workers.cpuMs > 0);
});

test('metrics() has the same figures', async () => {
  const text = await pool.metrics();
  for (const line of [
    'shoal_tasks_submitted_total 5',
    'shoal_tasks_ended_total{outcome="succeeded"} 1',
    'shoal_tasks_ended_total{outcome="timed_out"} 1',
    'shoal_tasks_rejected_total 1',
    'shoal_task_attempts_total 4',
    'shoal_task_run_seconds_count 4',
    'shoal_task_wait_seconds_bucket{le="+Inf"} 4',
    `shoal_collective_bytes_total ${2 * 4 * floats}`,
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} in\n${text}`);
  }
});

test.run();
