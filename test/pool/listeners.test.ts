import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch } from 'shoal';
import { rejectionOf, until } from '../support/check.js';

const tasks = new URL('./tasks/misc.js', import.meta.url);
const test = suite('listeners that throw');
const events = ['taskStarted', 'taskDone', 'taskFailed', 'workerDied', 'workerReplaced', 'drain', 'warning'] as const;
const thrown: string[] = [];
const collect = (error: unknown): void => void thrown.push(String(error));
let pool: Pool;

test.before(async () => {
  process.on('uncaughtException', collect);
  pool = await launch({ workers: 3, graceMs: 100 });
  for (const event of events) {
    pool.on(event, () => {
      throw new Error(`listener of ${event}`);
    });
  }
});
test.after(async () => {
  await pool.close({ force: true });
  process.off('uncaughtException', collect);
});

test('every task ends as usual, whatever the size of its gang', async () => {
  for (let i = 0; i < 12; i++) {
    const workers = 1 + (i % 3);
    assert.equal(await pool.run(tasks, { workers, export: 'echo', args: [i] }), Array(workers).fill(i));
  }
  await until(() => thrown.filter((text) => text.includes('taskDone')).length === 12);
});

test('failures that nobody asks for and threads that are replaced do no harm either', async () => {
  for (let i = 0; i < 4; i++) {
    pool.submit(tasks, { export: 'failUntil', workers: 2 });
    await rejectionOf(pool.run(tasks, { export: 'exit', args: [0, 1], workers: 1 + (i % 2) }));
  }
  assert.equal(await pool.run(tasks, { workers: 3, export: 'echo', args: ['x'] }), ['x', 'x', 'x']);
  await until(() => ['taskFailed', 'workerReplaced', 'drain'].every((event) => thrown.join().includes(event)));
});

test('errors of listeners go where errors of listeners of Node go, and nowhere else', () => {
  assert.equal([...new Set(thrown.map((text) => /^Error: listener of \w+$/.test(text)))], [true]);
});

test.run();
