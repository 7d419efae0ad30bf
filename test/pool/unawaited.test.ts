import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NotAwaitedError, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectsCode } from '../support/check.js';

const tasks = taskModule<typeof import('./tasks/unawaited.js')>(new URL('./tasks/unawaited.js', import.meta.url));
const test = suite('collectives that nobody awaits');
let pool: Pool;
let warnings: string[] = [];

test.before(async () => {
  pool = await launch({ workers: 2, env: { SHOAL_DEBUG: '1' } });
  pool.on('warning', ({ message }) => {
    // Of a call that failed with its group nobody hears either, but that is told in its own way.
    if (message.includes('nobody had awaited')) warnings.push(message);
  });
});
test.before.each(() => {
  warnings = [];
});
test.after(() => pool.close({ force: true }));

test('are one warning for each task, with operation, number, task, ranks and line', async () => {
  const handle = pool.submit(tasks, { export: 'forgets', workers: 2, args: [1, false] });
  assert.equal(await handle.result(), [1, 1]);
  assert.is(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0]!, `task ${handle.id}: its function returned on rank`);
  assert.match(warnings[0]!, 'allreduce, call 1 of the group, made at forgets (');
  assert.match(warnings[0]!, /unawaited\.(js|ts):\d+/);
});

test('several of them are one warning too', async () => {
  assert.equal(await pool.run(tasks, { export: 'forgets', workers: 2, args: [20, false] }), [20, 20]);
  assert.is(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0]!, /call 1 of the group.* call 2 of the group.* call 3 of the group.* further calls/);
});

test('are told when the function throws', async () => {
  await rejectsCode(pool.run(tasks, { export: 'forgets', workers: 2, args: [1, true] }), 'TASK_FAILED');
  assert.is(warnings.filter((text) => text.includes('its function threw on rank 0')).length, 1, warnings.join('\n'));
});

test('nothing is said of those that are awaited, returned or refused', async () => {
  for (const name of ['awaits', 'returnsIt', 'refused'] as const) await pool.run(tasks, { export: name, workers: 2 });
  assert.equal(warnings, []);
});

test("fail the task with unawaited: 'error'; without SHOAL_DEBUG the text says how to find the line", async () => {
  const strict = await launch({ workers: 2, unawaited: 'error', env: { SHOAL_DEBUG: '0' } });
  const run = strict.run(tasks, { export: 'forgets', workers: 2, args: [1, false] });
  const error = (await rejectsCode(run, 'NOT_AWAITED')) as NotAwaitedError;
  assert.equal(error.calls, [{ operation: 'allreduce', sequence: 1, at: undefined }]);
  assert.match(error.message, 'SHOAL_DEBUG=1 names the line');
  assert.equal(await strict.run(tasks, { export: 'awaits', workers: 2 }), [2, 2]);
  await strict.close();
});

test('other values of the option are refused', async () => {
  await rejectsCode(launch({ workers: 1, unawaited: 'ignore' as 'warn' }), 'INVALID_ARGUMENT');
});

test.run();
