import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch, Reference, Shared, taskModule } from 'shoal';
import { rejectsCode, throwsCode } from '../support/check.js';
import { hasStores, openStores } from '../support/open-stores.js';

const tasks = taskModule<typeof import('./tasks/share.js')>(new URL('./tasks/share.js', import.meta.url));
const test = suite('shared data');
const MIB = 2 ** 20;
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 4, graceMs: 200, maxSharedBytes: 4 * MIB });
});
test.after(() => pool.close({ force: true }));

const data = () => ({
  x: Float64Array.from({ length: 1000 }, (_, i) => i),
  y: Int32Array.of(5, 6, 7),
  nested: { labels: ['a', 'b'], arrays: [new Uint8Array(3), new Uint8Array(0)] },
});

test('is an argument of any number of tasks, of any size', async () => {
  using shared = await pool.share(data());
  assert.ok(shared instanceof Shared && shared instanceof Reference);
  assert.ok(shared.sizeBytes > 8000 && shared.sizeBytes < 9000);
  for (const workers of [1, 2, 3, 4]) {
    const results = await pool.run(tasks, { workers, args: [shared, 2] });
    const expected = (rank: number) => ({ sum: 999_000 * workers, y: 5 + (rank % 3), labels: ['a', 'b'], count: 2 });
    assert.equal(
      results,
      results.map((_, rank) => expected(rank)),
    );
  }
});

test('is copied when it is shared', async () => {
  const x = Float64Array.of(1, 2);
  const shared = await (() => {
    const promise = pool.share({ x });
    x.fill(9);
    return promise;
  })();
  assert.equal(await pool.run(tasks, { export: 'later', args: [shared, 0] }), [1]);
  shared.release();
});

test('is what a collective reads', async () => {
  const count = 50_000;
  const x = Float32Array.from({ length: count }, (_, i) => i % 97);
  using shared = await pool.share(x);
  const results = await pool.run(tasks, { export: 'allreduce', workers: 3, args: [shared] });
  for (const out of results)
    assert.equal(
      out,
      x.map((value) => value * 3),
    );
});

test('holds every kind of view, and other data', async () => {
  const buffer = new ArrayBuffer(8);
  const views = [
    new Int8Array(3),
    new Uint8ClampedArray(5),
    new Int16Array(7),
    new BigInt64Array(2),
    new Float64Array(new SharedArrayBuffer(24), 8, 1),
    new DataView(new ArrayBuffer(11), 2, 5),
    buffer,
  ];
  using shared = await pool.share(views);
  const [found] = await pool.run(tasks, { export: 'kinds', args: [shared] });
  assert.equal(
    found,
    views.map((view) => [view.constructor.name, view.byteLength]),
  );
  const all = { text: 'ü', map: new Map([[1, new Set([2n])]]), date: new Date(0), none: undefined, zero: -0, re: /a/g };
  using other = await pool.share(all);
  assert.equal(await pool.run(tasks, { export: 'back', args: [other] }), [[all]]);
  using nothing = await pool.share(undefined);
  assert.equal(await pool.run(tasks, { export: 'back', args: [nothing, null] }), [[undefined, null]]);
});

test('stands anywhere in the arguments, and in those of each rank', async () => {
  using a = await pool.share({ x: Float64Array.of(1, 2, 3) });
  using b = await pool.share({ x: Float64Array.of(4) });
  assert.equal(await pool.run(tasks, { export: 'nested', args: [{ options: { rate: 2 }, data: a }] }), [6]);
  const perRankArgs = [
    [a, 0],
    [b, 0],
    [{ x: Float64Array.of(9) }, 0],
  ] as const;
  assert.equal(await pool.run(tasks, { export: 'later', workers: 3, perRankArgs }), [1, 4, 9]);
  const seen: number[] = [];
  for await (const value of pool.map(tasks, [a, b, a], { export: 'back' })) seen.push(value.length);
  assert.equal(seen, [1, 1, 1]);
});

test('one value has one object in a task, which is the task’s own', async () => {
  using shared = await pool.share({ x: Float64Array.of(1, 2) });
  for (let i = 0; i < 3; i++) {
    const results = await pool.run(tasks, { export: 'twice', args: [shared, shared, [shared]] });
    assert.equal(results, [[2, true, true]]);
  }
});

test('a task that was submitted before the release has it; what a task has left is empty afterwards', async () => {
  const shared = await pool.share({ x: Float64Array.of(7) });
  const handles = [1, 2, 3, 4, 5].map(() => pool.submit(tasks, { export: 'later', args: [shared, 20] }));
  shared.release();
  shared.release();
  for (const handle of handles) assert.equal(await handle.result(), [7]);
  const left = await pool.share(new Float64Array(10));
  await pool.run(tasks, { export: 'leave', workers: 4, args: [left] });
  left.release();
  const found = await pool.run(tasks, { export: 'leave', workers: 4, args: [undefined] });
  assert.equal(found, new Array(4).fill(hasStores ? 0 : 10));
});

test('is refused after its release, in another pool, in results and posts', async () => {
  const shared = await pool.share(data());
  const other = await launch({ workers: 1, transport: 'threads', window: MIB });
  const foreign = await rejectsCode(other.run(tasks, { args: [shared, 1] }), 'INVALID_ARGUMENT');
  assert.match(foreign.message, 'args[0]');
  await other.close();
  shared.release();
  const args = [{ deep: [shared] }] as never;
  const released = await rejectsCode(pool.run(tasks, { export: 'nested', args }), 'CLOSED');
  assert.match(released.message, 'args[0].deep[0]');
  throwsCode(() => pool.submit(tasks, { args: [shared, 1] }), 'CLOSED');
  await rejectsCode(pool.share({ shared }), 'NOT_SERIALIZABLE');
  const proxy = new Proxy(shared, {});
  await rejectsCode(pool.run(tasks, { export: 'back', args: [proxy] }), 'NOT_SERIALIZABLE');
  const error = await rejectsCode(pool.share({ on: { done: () => 1 } }), 'NOT_SERIALIZABLE');
  assert.is((error as unknown as { path: string }).path, 'value.on.done');
  assert.equal([pool.status().queued, pool.status().running], [0, 0]);
});

test('beyond what is left says what fits, and leaves nothing', async () => {
  const open = openStores();
  using half = await pool.share(new Uint8Array(2 * MIB));
  const error = await rejectsCode(pool.share(new Uint8Array(2 * MIB)), 'WINDOW_EXHAUSTED');
  const { requestedBytes, largestFreeBytes } = error as unknown as Record<string, number>;
  assert.ok(requestedBytes! > 2 * MIB && largestFreeBytes === 4 * MIB - half.sizeBytes);
  assert.is(openStores(), open + Number(hasStores));
  half.release();
  using whole = await pool.share(new Uint8Array(4 * MIB - 1000));
  assert.is(openStores(), open + Number(hasStores));
  assert.equal(await pool.run(tasks, { export: 'kinds', args: [[whole]] }), [[['Uint8Array', 4 * MIB - 1000]]]);
});

test('nothing grows over many rounds', async () => {
  const open = openStores();
  for (let round = 0; round < 200; round++) {
    const shared = await pool.share({ x: new Float64Array(100_000).fill(round) });
    assert.equal(await pool.run(tasks, { export: 'later', workers: 2, args: [shared, 0] }), [round, round]);
    shared.release();
  }
  assert.is(openStores(), open);
  let mapped = Infinity;
  // A mapping goes in a step of its own.
  while (mapped > 0) mapped = (await pool.run(tasks, { export: 'mapped', workers: 4 })).reduce((a, b) => a + b);
});

test('a task that is run again has it again; another epoch or thread too', async () => {
  using shared = await pool.share({ x: Float64Array.of(3) });
  assert.equal(await pool.run(tasks, { export: 'later', workers: 4, fresh: true, args: [shared, 0] }), [3, 3, 3, 3]);
  assert.equal(await pool.run(tasks, { export: 'later', workers: 4, args: [shared, 0] }), [3, 3, 3, 3]);
});

test('is gone with its pool', async () => {
  const open = openStores();
  const own = await launch({ workers: 1, transport: 'threads', window: MIB });
  const shared = await own.share(data());
  await own.close();
  shared.release();
  await rejectsCode(own.share(data()), 'CLOSED');
  await rejectsCode(own.run(tasks, { args: [shared, 1] }), 'CLOSED');
  assert.is(openStores(), open);
});

test.run();
