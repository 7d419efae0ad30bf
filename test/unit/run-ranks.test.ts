import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runRanks } from 'shoal/testing';
import { collective, context } from 'shoal/worker';
import { rejectsCode, sizes } from '../support/check.js';

const test = suite('runRanks');

test('runs a closure as n ranks, each with its own context', async () => {
  for (const size of sizes) {
    const seen: number[] = [];
    const results = await runRanks(
      size,
      async (offset: number) => {
        seen.push(context.rank);
        await new Promise((resolve) => setTimeout(resolve, context.rank));
        const [sum] = await collective.allreduce(Float64Array.of(context.rank + offset));
        return [context.rank, context.size, sum];
      },
      10,
    );
    const sum = (size * (size - 1)) / 2 + 10 * size;
    assert.equal(
      results,
      Array.from({ length: size }, (_, rank) => [rank, size, sum]),
    );
    assert.is(seen.length, size);
  }
});

test('says that a blocking form cannot work here', async () => {
  const error = await rejectsCode(
    runRanks(2, () => collective.barrierSync()),
    'TASK_FAILED',
  );
  assert.is((error.cause as { code: string }).code, 'ERR_SHOAL_UNSUPPORTED');
  assert.match((error.cause as Error).message, 'awaited form');
});

test('a signal that is first asked for after a rank has failed is aborted, and stays the same', async () => {
  const seen: unknown[] = [];
  const failed = await rejectsCode(
    runRanks(2, async () => {
      if (context.rank === 1) throw new Error('thrown by rank 1');
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { signal } = context;
      seen.push(signal.aborted, String(signal.reason), signal === context.signal);
    }),
    'TASK_FAILED',
  );
  assert.match(failed.message, 'thrown by rank 1');
  assert.equal(seen, [true, 'Error: rank 1 failed', true]);
});

test('the signal of every rank aborts when one fails', async () => {
  const waits = (): Promise<unknown> =>
    new Promise((resolve) => {
      context.signal.addEventListener('abort', () => {
        resolve([context.rank, String(context.signal.reason)]);
      });
    });
  const throwing = (): Promise<unknown> | never => {
    if (context.rank > 0) return waits();
    throw new TypeError('of rank 0');
  };
  const reasons: unknown[] = [];
  const error = await rejectsCode(
    runRanks(3, async () => {
      reasons.push(await throwing());
    }),
    'TASK_FAILED',
  );
  assert.match((error.cause as Error).message, 'of rank 0');
  assert.equal(reasons, [
    [1, 'Error: rank 0 failed'],
    [2, 'Error: rank 0 failed'],
  ]);
});

test('a collective that nobody awaits is an error that names the line', async () => {
  const forgets = async (): Promise<void> => {
    if (context.rank > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    void collective.barrier();
  };
  const error = await rejectsCode(runRanks(2, forgets), 'NOT_AWAITED');
  assert.match(error.message, /barrier, call 1 of the group, made at .*run-ranks\.test/);
});

test('hears what the ranks post, before the results', async () => {
  const heard: unknown[] = [];
  const size = 3;
  await runRanks({ size, onMessage: ({ rank, value }) => heard.push([rank, value]) }, () => {
    assert.is(context.post({ from: context.rank, array: Uint8Array.of(7) }), true);
  });
  assert.equal(
    heard,
    [0, 1, 2].map((rank) => [rank, { from: rank, array: Uint8Array.of(7) }]),
  );
  await runRanks(size, () => context.post('to nobody'));
  await rejectsCode(
    runRanks({ size, onMesage: () => undefined } as never, () => 1),
    'INVALID_ARGUMENT',
  );
  const error = await rejectsCode(
    runRanks(1, () => context.post(() => 1)),
    'TASK_FAILED',
  );
  assert.is((error.cause as { code: string }).code, 'ERR_SHOAL_NOT_SERIALIZABLE');
});

test('fills freed memory, so that a use after free shows', async () => {
  const results = await runRanks(2, () => {
    const array = collective.empty(Uint8Array, 5);
    collective.free(array);
    return [...array];
  });
  assert.equal(results, Array(2).fill(Array(5).fill(255)));
});

test('refuses bad arguments and values', async () => {
  for (const size of [0, -1, 1.5, NaN, 65, '2'])
    await rejectsCode(
      runRanks(size as number, () => 1),
      'INVALID_ARGUMENT',
    );
  await rejectsCode(runRanks(2, 5 as never), 'INVALID_ARGUMENT');
  await rejectsCode(
    runRanks(
      2,
      (x: unknown) => x,
      () => 1,
    ),
    'NOT_SERIALIZABLE',
  );
  await rejectsCode(
    runRanks(2, () => () => 1),
    'NOT_SERIALIZABLE',
  );
});

test('runs of ranks side by side do not meet', async () => {
  const run = (n: number): Promise<number[]> =>
    runRanks(3, async () => (await collective.allreduce(Int32Array.of(n)))[0]!);
  assert.equal(await Promise.all([run(1), run(10), run(100)]), [
    Array(3).fill(3),
    Array(3).fill(30),
    Array(3).fill(300),
  ]);
});

test('work that outlives its run rejects', async () => {
  let later: Promise<unknown> = Promise.resolve();
  await runRanks(1, () => {
    later = new Promise((resolve) => setTimeout(resolve, 5)).then(() => collective.allreduce(new Float32Array(1)));
    later.catch(() => undefined);
  });
  await rejectsCode(later, 'CLOSED');
});

test.run();
