import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { actNames } from './tasks/port.js';

const tasks = taskModule<typeof import('./tasks/port.js')>(new URL('./tasks/port.js', import.meta.url));
const test = suite("the thread's own port");
let pool: Pool;
let warnings: string[] = [];

test.before(async () => {
  pool = await launch({ workers: 2, graceMs: 300 });
  pool.on('warning', ({ message }) => warnings.push(message));
});
test.before.each(() => {
  warnings = [];
});
test.after(() => pool.close({ force: true }));

test('user code sees nothing of the control channel', async () => {
  assert.equal(await pool.run(tasks, { export: 'sees' }), [[null, null, 'object']]);
});

for (const name of actNames) {
  test(`parentPort is harmless: ${name}`, async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const handle = pool.submit(tasks, { export: 'act', workers: 2, args: [name], timeoutMs: 20_000 });
      ids.add(handle.id);
      assert.equal(await handle.result(), [3, 3], name);
    }
    assert.is(ids.size, 3);
    // Threads stay as they are: what was done to one is of no effect on the next test.
    assert.equal(await pool.run(tasks, { export: 'act', workers: 2, args: [''], timeoutMs: 20_000 }), [3, 3]);
  });
}

test('what a task posts on parentPort is told once for each worker, with the way that works', async () => {
  const own = await launch({ workers: 2 });
  const told: string[] = [];
  own.on('warning', ({ message }) => told.push(message));
  for (let i = 0; i < 3; i++) await own.run(tasks, { export: 'act', workers: 2, args: ['flood'] });
  await own.close();
  assert.is(told.length, 2, told.join('\n'));
  for (const worker of [0, 1]) assert.ok(told.some((text) => text.startsWith(`worker ${worker}: `)));
  for (const text of told) assert.match(text, 'context.post(value)');
});

test.run();
