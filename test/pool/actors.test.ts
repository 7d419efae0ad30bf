import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Gang, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectsCode, until } from '../support/check.js';

const url = new URL('./tasks/gangs.js', import.meta.url);
const tasks = taskModule<typeof import('./tasks/gangs.js')>(url);
const test = suite('actors');
const size = 3;
let pool: Pool;
let gang: Gang;

test.before(async () => {
  pool = await launch({ workers: size, graceMs: 200 });
  pool.on('warning', () => undefined);
  gang = await pool.gang({ workers: size });
});
test.after(() => pool.close({ force: true }));

test('an actor is an instance on every rank, which lasts; its methods are tasks with collectives', async () => {
  const model = await gang.actor(tasks, { export: 'Model', args: [2, 1] });
  // 1 × gradient + 2 × gradient + 3 × gradient, in each step.
  for (let step = 1; step <= 4; step++) {
    assert.equal(await model.call('step', [[1, 0.5]]), Array(size).fill([1 + 6 * step, 1 + 3 * step]));
  }
  assert.equal(await model.call('add', [10, 1]), Array(size).fill(15));
  assert.equal(await model.call('add', [1]), Array(size).fill(16));
  assert.equal(await model.call('add', undefined, { perRankArgs: [[1], [2], [3, 4]] }), [17, 18, 23]);
  const states = await model.call('state');
  assert.equal(
    states.map(([, steps, rank]) => [steps, rank]),
    [17, 18, 23].map((steps, rank) => [steps, rank]),
  );
  const handle = gang.submit(tasks, { export: 'who' });
  const [called, [who]] = await Promise.all([model.call('add', [0]), handle.result()]);
  assert.equal([called, who!.size], [[17, 18, 23], size]);
  await model.dispose();
});

test('actors of one class are apart, also with arguments for each rank, and calls keep their order', async () => {
  const first = await gang.actor(tasks, { export: 'Model', args: [1] });
  const second = await gang.actor(url, {
    export: 'Model',
    perRankArgs: [
      [1, 5],
      [2, 6],
      [3, 7],
    ],
  });
  const calls = [1, 2, 3].flatMap((by) => [first.call('add', [by]), second.call('add', [10 * by])]);
  assert.equal(
    (await Promise.all(calls)).map(([value]) => value),
    [1, 10, 3, 30, 6, 60],
  );
  const steps = await second.call('step', [[0, 0, 0]]).then(
    () => 'all',
    (error: unknown) => (error as Error).name,
  );
  assert.is(steps, 'all');
  await Promise.all([first.dispose(), second.dispose()]);
});

test('what is no class, or not there, is an error that names what is', async () => {
  for (const name of ['absent', 'arrow', 'notAClass', 'who']) {
    const error = await rejectsCode(gang.actor(url, { export: name }), 'EXPORT_NOT_FOUND');
    assert.match(error.message, `to export a class named "${name}", found`);
    assert.match(error.message, 'it exports "Closing", "Model"');
  }
  await rejectsCode(gang.actor(url), 'EXPORT_NOT_FOUND');
  await rejectsCode(gang.actor(new URL('file:///nowhere.js')), 'MODULE_NOT_FOUND');
  await rejectsCode(gang.actor(url, { export: 'Model', arguments: [] } as object), 'INVALID_ARGUMENT');
  const model = await gang.actor(url, { export: 'Closing', args: [1] });
  for (const name of ['stp', 'constructor', 'toString', 'notAMethod', 'accessor', '__proto__', '']) {
    const error = await rejectsCode(model.call(name), 'EXPORT_NOT_FOUND');
    assert.match(error.message, `the actor of class "Closing" to have a method "${name}"; it has`);
    assert.match(error.message, /"step", "add", "state", "fails"/);
  }
  await rejectsCode(model.call(1 as unknown as string), 'INVALID_ARGUMENT');
  await rejectsCode(model.call('add', [1], { perRankArgs: [[1], [1], [1]] } as object), 'INVALID_ARGUMENT');
  await rejectsCode(model.call('add', undefined, { perRankArgs: [[1]] }), 'INVALID_ARGUMENT');
  await rejectsCode(model.call('add', [() => 1]), 'NOT_SERIALIZABLE');
  await rejectsCode(model.call('add', [1], { retries: 1 } as object), 'INVALID_ARGUMENT');
  assert.equal(await model.call('add', [1]), [1, 1, 1]);
  await model.dispose();
});

test('pools, gangs, actors and handles are no arguments; an actor of a closed gang says so', async () => {
  const other = await launch({ workers: 1 });
  try {
    const own = await other.gang({ workers: 1 });
    const model = await own.actor(tasks, { export: 'Closing', args: [1] });
    const handle = own.submit(tasks, { export: 'who' });
    for (const value of [other, own, model, handle]) {
      const error = await rejectsCode(gang.run(url, { export: 'who', args: [{ value }] }), 'NOT_SERIALIZABLE');
      assert.match(error.message, 'args[0].value');
    }
    await handle.result();
    await own.close();
    const { message } = await rejectsCode(model.call('add', [1]), 'CLOSED');
    assert.match(message, 'the gang of this actor was closed');
  } finally {
    await other.close();
  }
});

test('a constructor that throws on all ranks or one makes no actor, and the gang goes on', async () => {
  const error = await rejectsCode(gang.actor(tasks, { export: 'Model', args: [-1] }), 'TASK_FAILED');
  assert.match((error.cause as Error).message, 'length -1');
  const one = await rejectsCode(gang.actor(tasks, { export: 'Model', args: [1, 1001] }), 'TASK_FAILED');
  assert.is((one as unknown as { rank: number }).rank, 1);
  assert.equal(await gang.run(tasks, { args: [1] }), [6, 6, 6]);
});

test('a method that throws fails its call alone', async () => {
  const model = await gang.actor(tasks, { export: 'Model', args: [1] });
  const error = await rejectsCode(model.call('fails', ['throw', 2]), 'TASK_FAILED');
  assert.is((error as unknown as { rank: number }).rank, 2);
  assert.match((error.cause as Error).message, 'on purpose');
  assert.equal(await model.call('add', [1]), [1, 1, 1]);
  await model.dispose();
});

test('a disposed actor takes no calls; its own disposal is called once, by dispose or the end of the gang', async () => {
  await gang.run(tasks, { export: 'disposals' });
  const own = await gang.actor(tasks, { export: 'Closing', args: [1] });
  const last = own.call('add', [7]);
  await Promise.all([own.dispose(), own.dispose(), own[Symbol.asyncDispose]()]);
  assert.equal(await last, [7, 7, 7]);
  const error = await rejectsCode(own.call('add', [1]), 'CLOSED');
  assert.match(error.message, 'the actor of class Closing was disposed of; make another');
  assert.equal(await gang.run(tasks, { export: 'disposals' }), Array(size).fill(['closed 7']));
  const left = await gang.actor(tasks, { export: 'Closing', args: [1] });
  await gang.close();
  await rejectsCode(left.call('add', [1]), 'CLOSED');
  await left.dispose();
  assert.equal(await pool.run(tasks, { export: 'disposals', workers: size }), Array(size).fill(['closed 0']));
  await rejectsCode(gang.actor(tasks, { export: 'Model', args: [1] }), 'CLOSED');
  gang = await pool.gang({ workers: size });
});

test('a method that costs its rank the thread closes the gang, and its actors with it', async () => {
  const model = await gang.actor(tasks, { export: 'Model', args: [1] });
  await rejectsCode(model.call('fails', ['exit', 0]), 'TASK_EXITED');
  await until(() => gang.state === 'closed');
  const error = await rejectsCode(model.call('add', [1]), 'CLOSED');
  assert.match(error.message, /actor\.call: gang \S+ is closed; make another with pool\.gang\(\)/);
  await model.dispose();
  gang = await pool.gang({ workers: size });
  assert.equal(await gang.run(tasks, { args: [1] }), [6, 6, 6]);
});

test.run();
