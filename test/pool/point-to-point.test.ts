import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NotAwaitedError, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectsCode, sizes, times } from '../support/check.js';

const module = new URL('./tasks/point-to-point.js', import.meta.url);
const tasks = taskModule<typeof import('./tasks/point-to-point.js')>(module);
const test = suite('point to point, blocking and left over');
let pool: Pool;
let warnings: string[] = [];

test.before(async () => {
  pool = await launch({ workers: 7 });
  pool.on('warning', ({ message }) => {
    if (message.includes('nobody had')) warnings.push(message);
  });
});
test.before.each(() => {
  warnings = [];
});
test.after(() => pool.close({ force: true }));

test('blocking ping-pong of every length, plain and in the window', async () => {
  const lengths = [0, 0, 1, 1, 500, 500, 1_000, 1_000, 20_000, 20_000, 300_000, 300_000];
  const results = await pool.run(tasks, { export: 'pingPong', workers: 2, args: [lengths, 20] });
  assert.equal(results, [[], []]);
});

test('blocking messages of arrays that are used again come whole and in order', async () => {
  for (let drawn = 0; drawn < 4 * times; drawn++) {
    const seed = Number(process.env.SHOAL_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31)) + drawn;
    const results = await pool.run(tasks, { export: 'again', workers: 2, args: [seed, 150] });
    assert.equal(results, [[], []], `seed ${seed}`);
  }
});

test('an array that was sent before is refused as a new one is, once it is detached, freed, too short or in use', async () => {
  const results = await pool.run(tasks, { export: 'becomesBad', workers: 2 });
  const invalid = 'ERR_SHOAL_INVALID_ARGUMENT';
  const lost = ['ERR_SHOAL_MESSAGE_TRUNCATED', 'ERR_SHOAL_COLLECTIVE_MISMATCH'];
  const bad = [...Array<string>(3).fill(invalid), ...Array<string>(3).fill('ERR_SHOAL_CLOSED')];
  const rest = [...bad, ...Array<string>(4).fill(invalid)];
  assert.equal(results, [
    [...lost, '8,8,8', ...rest],
    [...lost, '7,7,7', ...rest],
  ]);
});

for (const size of sizes) {
  for (const length of [1, 50_000]) {
    test(`blocking shifts round a ring, ${length} elements, ${size} ranks`, async () => {
      const results = await pool.run(tasks, { export: 'ringSync', workers: size, args: [length] });
      const want = Array.from({ length: size }, (_, rank) => {
        const tokens = Array.from({ length: size }, (__, step) => (rank + 2 * size - 1 - step) % size);
        return [...tokens, 1, 5];
      });
      assert.equal(results, want);
    });
  }
}

test('a blocking send to itself that nothing receives is refused', async () => {
  const refused = Array<string>(2).fill('ERR_SHOAL_INVALID_ARGUMENT');
  assert.equal(await pool.run(tasks, { export: 'sendSelfSync', workers: 2 }), refused);
});

test('messages that nobody has received are one warning, and no later task sees them', async () => {
  const handle = pool.submit(tasks, { export: 'leavesMessages', workers: 2 });
  assert.equal(await handle.result(), [0, 1]);
  assert.is(warnings.length, 1, warnings.join('\n'));
  const left = 'a message of rank 0 with tag 0 and a message of rank 0 with tag 2: it is lost';
  assert.match(warnings[0]!, `task ${handle.id}: its function returned on rank 1 while nobody had received ${left}`);
  assert.equal(await pool.run(tasks, { export: 'firstMessage', workers: 2 }), [99, 99]);
});

test('a message to a rank that has returned is told, and no later task sees it', async () => {
  await pool.run(tasks, { export: 'sendsLate', workers: 2 });
  assert.is(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0]!, /nobody had received a message (to rank 1, which had returned|of rank 0 with tag 0)/);
  assert.equal(await pool.run(tasks, { export: 'firstMessage', workers: 2 }), [99, 99]);
});

test('a receive that nobody awaits is told', async () => {
  await pool.run(tasks, { export: 'forgetsReceive', workers: 2 });
  assert.is(warnings.length, 1, warnings.join('\n'));
  assert.match(warnings[0]!, 'nobody had awaited recv(source 0, tag 6), message call 1 of the rank');
});

test('a receive without a deadline that nobody serves ends when the others have returned', async () => {
  assert.equal(await pool.run(tasks, { export: 'forgetsForGood', workers: 3 }), [0, 1, 2]);
});

test("messages that nobody has received fail the task with unawaited: 'error'", async () => {
  const strict = await launch({ workers: 2, unawaited: 'error' });
  const run = strict.run(tasks, { export: 'leavesMessages', workers: 2 });
  const error = (await rejectsCode(run, 'NOT_AWAITED')) as NotAwaitedError;
  assert.equal(
    error.calls.map(({ operation }) => operation),
    ['message of rank 0 with tag 0', 'message of rank 0 with tag 2'],
  );
  assert.equal(await strict.run(tasks, { export: 'firstMessage', workers: 2 }), [99, 99]);
  await strict.close();
});

test('a rank that slept until it served itself is at rest: its end finds no damage', async () => {
  const error = await rejectsCode(pool.run(tasks, { export: 'servesItself', workers: 1 }), 'TASK_FAILED');
  assert.instance(error.cause, RangeError);
});

test('who waits for a message of a rank that exits is freed', async () => {
  await rejectsCode(pool.run(tasks, { export: 'diesWhileAwaited', workers: 3 }), 'TASK_EXITED');
  assert.equal(await pool.run(tasks, { export: 'firstMessage', workers: 2 }), [99, 99]);
});

test.run();
