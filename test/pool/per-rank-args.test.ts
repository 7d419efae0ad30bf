import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { rejectsCode, sizes, throwsCode } from '../support/check.js';

const tasks = taskModule<typeof import('./tasks/per-rank-args.js')>(
  new URL('./tasks/per-rank-args.js', import.meta.url),
);
const test = suite('arguments for each rank');
/** Bytes that no mailbox takes. */
const longCount = 20_000;
let pool: Pool;

test.before(async () => {
  pool = await launch({ workers: 7, graceMs: 200, maxMessageBytes: 1_000_000, maxQueueBytes: 3_000_000 });
});
test.after(() => pool.close({ force: true }));

test('every rank gets its own and no other: plain ones, short bytes, long bytes, lists of other lengths', async () => {
  const kinds: ((rank: number) => unknown[])[] = [
    (rank) => [rank * 10, `rank ${rank}`],
    (rank) => [Float64Array.of(rank, -0), { nested: [rank] }],
    (rank) => [new Float64Array(longCount).fill(rank)],
    (rank) => Array.from({ length: rank }, (_, i) => i),
    (rank) => (rank % 2 === 0 ? ['text'] : [new Float64Array(longCount)]),
  ];
  for (const size of sizes) {
    for (const kind of kinds) {
      const perRankArgs = Array.from({ length: size }, (_, rank) => kind(rank));
      const results = await pool.run(tasks, { workers: size, perRankArgs });
      assert.equal(
        results,
        perRankArgs.map((args, rank) => [rank, ...args]),
      );
    }
  }
});

test('copies them when it is called', async () => {
  const data = [Float64Array.of(1), Float64Array.of(2)];
  const perRankArgs = data.map((each) => [each]);
  const handle = pool.submit(tasks, { workers: 2, perRankArgs });
  data.forEach((each) => each.fill(9));
  perRankArgs.length = 0;
  assert.equal(await handle.result(), [
    [0, Float64Array.of(1)],
    [1, Float64Array.of(2)],
  ]);
});

test('another attempt gets the same', async () => {
  const own = await launch({ workers: 3, graceMs: 200, resourceLimits: { maxOldGenerationSizeMb: 64 } });
  const { transport } = own.status();
  own.on('warning', () => undefined);
  const perRankArgs = [1, 2, 3].map((each) => [transport, new Float64Array(longCount).fill(each)] as const);
  const results = own.run(tasks, { export: 'dieOnce', workers: 3, maxRetries: 3, perRankArgs });
  assert.equal(await results, [1, 2, 3]);
  await own.close();
});

const wrong: [name: string, options: object][] = [
  ['args too', { args: [1], perRankArgs: [[1], [2]] }],
  ['too few', { perRankArgs: [[1]] }],
  ['too many', { perRankArgs: [[1], [2], [3]] }],
  ['none', { perRankArgs: [] }],
  ['null', { perRankArgs: null }],
  ['an object', { perRankArgs: { 0: [1], 1: [2], length: 2 } }],
  ['an entry that is no array', { perRankArgs: [[1], 2] }],
  ['an entry that is a typed array', { perRankArgs: [[1], Float64Array.of(2)] }],
  ['a hole', { perRankArgs: Object.assign(new Array(2), { 1: [1] }) as unknown }],
];
for (const [name, options] of wrong) {
  test(`refuses ${name}, before anything is queued`, async () => {
    const given = { workers: 2, ...options } as object;
    const error = await rejectsCode(pool.run(tasks, given), 'INVALID_ARGUMENT');
    assert.match(error.message, 'perRankArgs');
    throwsCode(() => pool.submit(tasks, given), 'INVALID_ARGUMENT');
    assert.equal([pool.status().queued, pool.status().running], [0, 0]);
  });
}

test('refuses what has no copy, with its rank and path, and what is too large for one rank', async () => {
  const error = await rejectsCode(
    pool.run(tasks, { workers: 2, perRankArgs: [[1], [2, { onDone: () => 1 }]] }),
    'NOT_SERIALIZABLE',
  );
  assert.is((error as unknown as { path: string }).path, 'perRankArgs[1][1].onDone');
  const most = (): [Uint8Array] => [new Uint8Array(900_000)];
  assert.is((await pool.run(tasks, { workers: 3, perRankArgs: [most(), most(), []] })).length, 3);
  const large = { workers: 2, perRankArgs: [[], [new Uint8Array(1_000_001)]] };
  await rejectsCode(pool.run(tasks, large), 'MESSAGE_TOO_LARGE');
  await rejectsCode(pool.run(tasks, { workers: 4, perRankArgs: [most(), most(), most(), most()] }), 'QUEUE_FULL');
  assert.equal([pool.status().queued, pool.status().running], [0, 0]);
});

test.run();
