import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Gang, Kept, Pool } from 'shoal';
import { Actor, connect, Gang as GangClass, Kept as KeptClass, launch, Pool as PoolClass, TaskHandle } from 'shoal';
import { taskModule, Trace } from 'shoal';
import { runRanks } from 'shoal/testing';
import { collective, context } from 'shoal/worker';
import { lineProblem } from '../support/first-line.js';

const tasks = taskModule<typeof import('./tasks/caller-lines.js')>(new URL('./tasks/caller-lines.js', import.meta.url));
const untyped = new URL('./tasks/caller-lines.js', import.meta.url);
const test = suite('lines of callers');
const file = 'pool/caller-lines.test';
const threads = { workers: 1, transport: 'threads', window: 2 ** 23 } as const;
let pool: Pool;
let closed: Pool;

test.before(async () => {
  pool = await launch({ workers: 2, graceMs: 300 });
  closed = await launch(threads);
  await closed.close();
});
test.after(() => pool.close({ force: true }));

for (const name of ['badArguments', 'deadGroups', 'deadlines', 'mismatches'] as const) {
  test(`${name}: the first line is the one in the task that waits for the call`, async () => {
    const found = (await pool.run(tasks, { export: name, workers: 2 })).flat();
    assert.is(found.length, 0, found.join('\n'));
  });
}

const bad = (): void => undefined; // no function is copied
const never = { export: 'waits', workers: 2 } as const;
const aborted = AbortSignal.abort();
const failing = { export: 'throws' } as const;

async function withGang(use: (gang: Gang) => unknown): Promise<unknown> {
  const gang = await pool.gang({ workers: 1 });
  try {
    return await use(gang);
  } finally {
    await gang.close({ force: true });
  }
}

async function released(): Promise<Kept> {
  const kept = await pool.run(untyped, { export: 'nothing', keep: true });
  kept.release();
  return kept;
}

async function each(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) assert.ok(item);
}

/** By what is called, `of.method`, and how it fails. */
const calls: Readonly<Record<string, () => unknown>> = {
  'launch, a bad option': async () => await launch({ workers: -1 as never }),
  'launch, a signal': async () => await launch({ ...threads, signal: aborted }),
  'launch, a bad thread': async () => await launch({ ...threads, execArgv: ['--import', './no.js'] }),
  'connect, nobody there': async () => await connect('127.0.0.1:1'),
  'connect, no address': async () => await connect(7 as never),
  'taskModule, a relative path': () => taskModule('./task.js'),
  'runRanks, a bad size': async () => await runRanks(0, bad),
  'runRanks, a bad argument': async () => await runRanks(1, bad as (f: unknown) => void, bad),
  'runRanks, a task that fails': async () =>
    await runRanks(2, () => {
      throw new RangeError('nothing to read');
    }),
  'collective outside of a task': async () => await collective.barrier(),
  'context outside of a task': () => context.rank,
  'pool.run, a bad option': async () => await pool.run(tasks, { ...never, workers: -1 as never }),
  'pool.run, a bad argument': async () => await pool.run(untyped, { args: [bad] }),
  'pool.run, too many workers': async () => await pool.run(tasks, { ...never, workers: 99 }),
  'pool.run, no module': async () => await pool.run(new URL('./none.js', import.meta.url)),
  'pool.run, no export': async () => await pool.run(untyped, { export: 'none' }),
  'pool.run, a task that fails': async () => await pool.run(tasks, failing),
  'pool.run, a deadline': async () => await pool.run(tasks, { ...never, timeoutMs: 20 }),
  'pool.run, a signal': async () => await pool.run(tasks, { ...never, signal: aborted }),
  'pool.run, a released value': async () => await pool.run(untyped, { args: [await released()] }),
  'pool.run, a closed pool': async () => await closed.run(untyped),
  'pool.submit, a bad option': () => pool.submit(tasks, { ...never, workers: -1 as never }),
  'pool.submit, a closed pool': () => closed.submit(untyped),
  'taskHandle.result, a task that fails': async () => await pool.submit(tasks, failing).result(),
  'taskHandle.result, twice': async () => {
    const handle = pool.submit(tasks, failing);
    await handle.result().catch(() => undefined);
    await handle.result();
  },
  'taskHandle.cancel': async () => {
    const handle = pool.submit(tasks, never);
    handle.cancel();
    await handle.result();
  },
  'pool.map, a bad option': () => pool.map(untyped, [1], { concurrency: -1 }),
  'pool.map, no items': () => pool.map(untyped, 7 as never),
  'pool.map, a bad item': async () => await each(pool.map(untyped, [bad], failing)),
  'pool.map, a bad iterator': async () => await each(pool.map(untyped, { [Symbol.iterator]: () => 7 } as never)),
  'pool.map, a bad step': async () =>
    await each(pool.map(untyped, { [Symbol.iterator]: () => ({ next: () => 7 }) } as never)),
  'pool.map, a task that fails': async () => await each(pool.map(untyped, [1], failing)),
  'pool.map, a signal': async () => await pool.map(untyped, [1], { ...failing, signal: aborted }).next(),
  'pool.map, a closed pool': () => closed.map(untyped, [1]),
  'pool.share, a bad value': async () => await pool.share({ bad }),
  'pool.share, a closed pool': async () => await closed.share(1),
  'pool.gang, a bad option': async () => await pool.gang({ workers: -1 as never }),
  'pool.gang, too many workers': async () => await pool.gang({ workers: 99 }),
  'pool.gang, a deadline': async () => await withGang(async () => await pool.gang({ workers: 2, timeoutMs: 20 })),
  'pool.gang, a signal': async () => await pool.gang({ workers: 2, signal: aborted }),
  'pool.gang, a closed pool': async () => await closed.gang({ workers: 1 }),
  'pool.explain, no id': async () => await pool.explain(7 as never),
  'pool.explain, no such task': async () => await pool.explain('t9999'),
  'pool.trace, a bad option': async () => await pool.trace({ maxEvents: -1 }),
  'pool.trace, a closed pool': async () => await closed.trace(),
  'pool.close, a bad option': async () => await pool.close({ force: 7 as never }),
  'gang.run, a bad option': async () =>
    await withGang(async (gang) => await gang.run(tasks, { timeoutMs: -1 } as never)),
  'gang.run, a task that fails': async () => await withGang(async (gang) => await gang.run(tasks, failing)),
  'gang.submit, a bad argument': async () => await withGang((gang) => gang.submit(untyped, { args: [bad] })),
  'gang.submit, a task that fails': async () =>
    await withGang(async (gang) => await gang.submit(tasks, failing).result()),
  'gang.actor, a bad option': async () =>
    await withGang(async (gang) => await gang.actor(untyped, { args: 7 as never })),
  'gang.actor, no class': async () => await withGang(async (gang) => await gang.actor(untyped, { export: 'none' })),
  'gang.close, a bad option': async () => await withGang(async (gang) => await gang.close({ force: 7 as never })),
  'gang.run, closed': async () => {
    const gang = await pool.gang({ workers: 1 });
    await gang.close();
    await gang.run(tasks, failing);
  },
  'actor.call, no name': async () =>
    await withGang(async (gang) => await (await gang.actor(tasks, { export: 'Model' })).call(7 as never)),
  'actor.call, no method': async () =>
    await withGang(async (gang) => await (await gang.actor(untyped, { export: 'Model' })).call('none')),
  'actor.call, a method that throws': async () =>
    await withGang(async (gang) => await (await gang.actor(tasks, { export: 'Model' })).call('throws')),
  'actor.dispose': async () =>
    await withGang(async (gang) => {
      const actor = await gang.actor(tasks, { export: 'Model' });
      await actor.dispose();
      await actor.call('throws');
    }),
  'kept.get, a released value': async () => await (await released()).get(),
  'trace.save, no path': async () => await (await pool.trace()).save(''),
  'trace.save, no folder': async () => await (await pool.trace()).save('/proc/none/trace.json'),
};

for (const [name, call] of Object.entries(calls)) {
  test(`${name}: the first line is the caller's`, async () => {
    assert.is(await lineProblem(name, file, call), undefined);
  });
}

/** What cannot fail but by a lost connection, or has no promise. */
const safe = ['pool.status', 'pool.stats', 'pool.metrics', 'trace.stop', 'actor.drop'];

test('every method is among them', () => {
  const classes = {
    pool: PoolClass,
    taskHandle: TaskHandle,
    gang: GangClass,
    actor: Actor,
    kept: KeptClass,
    trace: Trace,
  };
  const methods = Object.entries(classes).flatMap(([owner, { prototype }]) => {
    const properties = Object.entries(Object.getOwnPropertyDescriptors(prototype));
    const named = properties.filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor');
    return named.map(([name]) => `${owner}.${name}`);
  });
  const tried = Object.keys(calls).map((name) => name.split(',')[0]);
  assert.equal(
    methods.filter((method) => !tried.includes(method) && !safe.includes(method)),
    [],
  );
});

test.run();
