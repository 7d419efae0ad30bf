import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool, ReferenceLostError } from 'shoal';
import { Kept, launch, Reference, taskModule } from 'shoal';
import { rejectsCode, throwsCode, until } from '../support/check.js';

const tasks = taskModule<typeof import('./tasks/keep.js')>(new URL('./tasks/keep.js', import.meta.url));
const test = suite('what tasks keep');
const MIB = 2 ** 20;
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 4, graceMs: 200 });
});
test.after(() => pool.close({ force: true }));

/** Nothing is left in the window of any worker: as much fits as before. */
async function assertEmpty(before: readonly number[]): Promise<void> {
  assert.equal(await pool.run(tasks, { export: 'room', workers: 4, args: [MIB / 4] }), before);
}
const roomOf = (): Promise<number[]> => pool.run(tasks, { export: 'room', workers: 4, args: [MIB / 4] });

test('every rank of a later task gets what its rank has returned, and no other', async () => {
  const before = await roomOf();
  for (const workers of [1, 2, 3, 4]) {
    const kept = await pool.run(tasks, { workers, keep: true, args: [1000] });
    assert.ok(kept instanceof Kept && kept instanceof Reference);
    assert.is(kept.workers, workers);
    // Others come between.
    await pool.run(tasks, { export: 'room', workers: 4, args: [MIB] });
    for (const steps of [1, 2, 3]) {
      const results = await pool.run(tasks, { export: 'step', args: [kept, 10] });
      const values = results.map((_, rank) => rank + 1 + 10 * steps);
      const after = values.reduce((a, b) => a + b);
      assert.equal(
        results.map(({ owner, worldRank, ...rest }) => ({ ...rest, isOwn: owner === worldRank })),
        values.map((value, rank) => ({ steps, before: value, after, plain: rank, isOwn: true })),
      );
    }
    kept.release();
  }
  await assertEmpty(before);
});

test('it runs where the values are, also when others are idle or many tasks wait', async () => {
  const kept = await Promise.all(
    [1, 2, 3, 4].map(() => pool.run(tasks, { keep: true, export: 'where', args: [1, 20] })),
  );
  const owners = await Promise.all(kept.map((each) => each.get()));
  assert.is(new Set(owners.map(([owner]) => owner![0])).size, 4);
  const waiting: Promise<unknown>[] = [];
  for (let i = 0; i < 40; i++) {
    const each = kept[(i * 7) % 4]!;
    waiting.push(
      pool.run(tasks, { export: 'where', args: [each, i % 3] }).then(([result]) => {
        assert.is(result![0], owners[(i * 7) % 4]![0]![0]);
      }),
    );
    if (i % 10 === 0) waiting.push(pool.run(tasks, { export: 'where', workers: 2, args: [0, 5] }));
  }
  await Promise.all(waiting);
  for (const each of kept) each.release();
});

test('is the same object wherever it stands, and goes back as a copy', async () => {
  using kept = await pool.run(tasks, { export: 'back', workers: 2, keep: true, args: [{ x: Float64Array.of(1) }] });
  assert.equal(await pool.run(tasks, { export: 'same', args: [kept, kept, { c: kept }] }), [true, true]);
  assert.equal(await kept.get(), [{ x: Float64Array.of(1) }, { x: Float64Array.of(1) }]);
  for (const value of [null, undefined, 7, 'text', [1, [2]]]) {
    using each = await pool.run(tasks, { export: 'back', keep: true, args: [value] });
    assert.equal(await each.get(), [value]);
  }
});

test('a handle resolves with one reference, however often it is asked', async () => {
  const handles = [1, 2, 3].map((ms) => pool.submit(tasks, { export: 'where', keep: true, args: [1, ms] }));
  for (const handle of handles) {
    const kept = await handle.result();
    assert.ok(kept instanceof Kept && kept === (await handle.result()) && kept.workers === 1);
    const [[owner] = []] = await kept.get();
    assert.equal(await pool.run(tasks, { export: 'where', args: [kept, 0] }), [[owner, false]]);
    kept.release();
  }
  const cancelled = pool.submit(tasks, { export: 'where', keep: true, args: [1, 1_000] });
  cancelled.cancel();
  await rejectsCode(cancelled.result(), 'CANCELLED');
});

test('a gang’s tasks and calls keep, and get what others kept, as long as it is open and after', async () => {
  const before = await roomOf();
  const gang = await pool.gang({ workers: 3 });
  const model = await gang.run(tasks, { keep: true, args: [1000] });
  const part = await gang.submit(tasks, { export: 'bytes', keep: true, perRankArgs: [[1], [2], [3]] }).result();
  assert.equal([model.workers, part.workers], [3, 3]);
  const stepped = await gang.run(tasks, { export: 'step', args: [model, 10] });
  assert.equal(
    stepped.map(({ steps, before: value, owner, worldRank }) => [steps, value, owner === worldRank]),
    [1, 2, 3].map((value) => [1, value + 10, true]),
  );
  // `get` comes by a task of the gang: of others none runs there.
  assert.equal(await part.get(), [new Uint8Array(1), new Uint8Array(2), new Uint8Array(3)]);
  const perRankArgs = [[part], [[part, model]], [7]] as never;
  const backs = await gang.run(tasks, { export: 'kindsOf', perRankArgs });
  assert.equal(backs, [['Uint8Array'], ['Uint8Array', 'Model'], ['Number']]);

  const holder = await gang.actor(tasks, { export: 'Holder', args: [model, 'first'] });
  assert.equal(await holder.call('sum', [part]), ['first 1 11', 'first 2 12', 'first 3 13']);
  const weights = await holder.call('weights', [], { keep: true });
  assert.ok(weights instanceof Kept);
  assert.equal(await holder.call('isOwn', [weights]), [true, true, true]);
  assert.equal(await holder.call('isOwn', undefined, { perRankArgs: [[weights], [part as never], [weights]] }), [
    true,
    false,
    true,
  ]);
  await rejectsCode(holder.call('fail', [], { keep: true }), 'TASK_FAILED');
  const refused = await rejectsCode(gang.actor(tasks, { export: 'Holder', keep: true } as never), 'INVALID_ARGUMENT');
  assert.match(refused.message, 'an actor lives there');
  const outside = await pool.run(tasks, { export: 'where', keep: true, args: [1, 0] });
  await rejectsCode(gang.run(tasks, { export: 'back', args: [outside] }), 'INVALID_ARGUMENT');
  outside.release();

  await gang.close();
  // It outlives the gang: with its threads.
  assert.equal((await part.get()).length, 3);
  const [again] = await pool.run(tasks, { export: 'step', args: [model, 1] });
  assert.is(again!.steps, 2);
  const next = await pool.gang({ workers: 4 });
  await rejectsCode(next.run(tasks, { export: 'back', args: [part] }), 'INVALID_ARGUMENT');
  await next.close();
  for (const each of [model, part, weights]) each.release();
  await assertEmpty(before);
});

test('what a gang has kept is lost with a member', async () => {
  const gang = await pool.gang({ workers: 2 });
  const kept = await gang.run(tasks, { export: 'where', keep: true, args: [1, 0] });
  await rejectsCode(gang.run(tasks, { export: 'exit', args: [0] }), 'TASK_EXITED');
  await until(() => gang.state === 'closed');
  await rejectsCode(kept.get(), 'REFERENCE_LOST');
  kept.release();
  await until(() => pool.status().workers.every(({ state }) => state === 'idle'));
});

test('every rank may have others: perRankArgs', async () => {
  using a = await pool.run(tasks, { export: 'bytes', workers: 3, keep: true, perRankArgs: [[1], [2], [3]] });
  const perRankArgs = [[a], [{ other: 1 }], [[a]]] as never;
  const results = await pool.run(tasks, { export: 'back', perRankArgs });
  assert.equal(results, [new Uint8Array(1), { other: 1 }, [new Uint8Array(3)]]);
});

test('may be kept again: the arrays are freed with the last reference', async () => {
  const before = await roomOf();
  const first = await pool.run(tasks, { workers: 2, keep: true, args: [50_000] });
  const second = await pool.run(tasks, { export: 'back', keep: true, args: [first] });
  first.release();
  const [result] = await pool.run(tasks, { export: 'step', args: [second as typeof first, 1] });
  assert.is(result!.before, 2);
  second.release();
  await assertEmpty(before);
});

test('arrays of the window live on with whatever holds a view of them', async () => {
  using kept = await pool.run(tasks, { export: 'views', workers: 2, keep: true });
  for (let i = 0; i < 3; i++) {
    const results = await pool.run(tasks, { export: 'viewed', args: [kept as never] });
    assert.equal(results, [[[7, 7]], [[7, 7]]]);
  }
});

test('a kept array cannot be freed by a task, a node-shared one not be kept', async () => {
  const before = await roomOf();
  const kept = await pool.run(tasks, { keep: true, args: [1000] });
  const free = pool.run(tasks, { export: 'free', args: [kept as never] });
  await rejectsCode(free, 'TASK_FAILED');
  const weights = await pool.run(tasks, { export: 'step', args: [kept, 1] });
  assert.is(weights[0]!.before, 2);
  kept.release();
  await rejectsCode(pool.run(tasks, { export: 'shared', workers: 2, keep: true }), 'NOT_SERIALIZABLE');
  await assertEmpty(before);
});

test('of a task that fails on one rank nothing stays on the others', async () => {
  const before = await roomOf();
  for (let i = 0; i < 3; i++) {
    await rejectsCode(pool.run(tasks, { export: 'failing', workers: 4, keep: true, args: [5] }), 'TASK_FAILED');
  }
  await assertEmpty(before);
});

test('refuses wrong ranks, other workers, fresh threads, another pool, and after the release', async () => {
  const kept = await pool.run(tasks, { export: 'where', workers: 2, keep: true, args: [1, 0] });
  const three = await pool.run(tasks, { export: 'where', workers: 3, keep: true, args: [1, 0] });
  for (const options of [
    { workers: 3, args: [kept] },
    { args: [kept, three] },
    { fresh: true, args: [kept] },
    { perRankArgs: [[kept]] },
    { perRankArgs: [[kept], [1], [2]] },
    { keep: 1, args: [] },
  ]) {
    await rejectsCode(pool.run(tasks, { export: 'back', ...options } as never), 'INVALID_ARGUMENT');
  }
  throwsCode(() => pool.submit(tasks, { keep: 1 } as never), 'INVALID_ARGUMENT');
  const mapped = throwsCode(() => pool.map(tasks, [1], { keep: true } as never), 'INVALID_ARGUMENT');
  assert.match(mapped.message, 'keep them with run or submit');
  const own = await launch({ workers: 2, transport: 'threads', window: MIB });
  await rejectsCode(own.run(tasks, { export: 'back', args: [kept] }), 'INVALID_ARGUMENT');
  await own.close();
  kept.release();
  await rejectsCode(pool.run(tasks, { export: 'back', args: [kept] }), 'CLOSED');
  await rejectsCode(kept.get(), 'CLOSED');
  three.release();
  assert.equal([pool.status().queued, pool.status().running], [0, 0]);
});

test('two that lie on different workers cannot be of one task', async () => {
  const [a, b] = await Promise.all([0, 1].map(() => pool.run(tasks, { export: 'where', keep: true, args: [1, 30] })));
  await rejectsCode(pool.run(tasks, { export: 'same', args: [a, b, { c: a }] }), 'INVALID_ARGUMENT');
  a!.release();
  b!.release();
});

test('is lost with the thread of one of its workers: at once for what waits and what comes', async () => {
  const other = await pool.run(tasks, { export: 'where', workers: 2, keep: true, args: [1, 0] });
  const long = pool.submit(tasks, { export: 'where', workers: 4, args: [1, 200] });
  const ending = pool.run(tasks, { export: 'exit', workers: 4, priority: 1, args: [1] });
  const waiting = pool.run(tasks, { export: 'where', maxRetries: 5, args: [other, 0] });
  // Either may end first.
  const [, error] = await Promise.all([rejectsCode(ending, 'TASK_EXITED'), rejectsCode(waiting, 'REFERENCE_LOST')]);
  const lost = error as ReferenceLostError;
  assert.is(lost.worldRank, 1);
  await long.result();
  const again = await rejectsCode(pool.run(tasks, { export: 'where', args: [other, 0] }), 'REFERENCE_LOST');
  assert.match(again.message, 'worker 1');
  other.release();
  await until(() => pool.status().workers.every(({ state }) => state === 'idle'));
  await pool.run(tasks, { export: 'where', workers: 4, args: [1, 0] });
});

test('nothing grows over many rounds', async () => {
  const before = await roomOf();
  for (let round = 0; round < 150; round++) {
    const kept = await pool.run(tasks, { workers: 1 + (round % 4), keep: true, args: [20_000] });
    const [result] = await pool.run(tasks, { export: 'step', args: [kept, 1] });
    assert.is(result!.steps, 1);
    kept.release();
  }
  await assertEmpty(before);
});

test.run();
