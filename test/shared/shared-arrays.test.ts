import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { opsOf } from '../../src/types/contract.js';
import { dtypeNames } from '../../src/types/dtype.js';
import { sizes, times } from '../support/check.js';
import fc from '../support/property.js';
import { closeWorld, ranks } from '../support/world.js';
import type { SharedCase } from './tasks/shared-arrays.js';

const tasks = new URL('./tasks/shared-arrays.js', import.meta.url);
const test = suite('node-shared arrays');

const transport = process.env['SHOAL_TEST_TRANSPORT'] ?? '';
/** Ranks that share a thread cannot block it. */
const canBlock = ['pool', 'processes'].includes(transport);
const isWindow = transport !== 'loopback' && process.env['SHOAL_WINDOW'] !== 'false';

const oneCase: fc.Arbitrary<SharedCase> = fc.constantFrom(...dtypeNames).chain((dtype) =>
  fc.record({
    dtype: fc.constant(dtype),
    op: fc.constantFrom(...opsOf(dtype)),
    count: fc.oneof(
      { weight: 9, arbitrary: fc.nat(140) },
      { weight: 1, arbitrary: fc.constantFrom(1_000, 4_099, 20_011) },
    ),
    root: fc.nat(6),
    seed: fc.nat(1_000_000),
  }),
);

test('any dtype, operation and count, in any form: all ranks read the model’s numbers, for as long as they like', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sizes),
      fc.array(oneCase, { minLength: 1, maxLength: 6 }),
      async (size, all) => {
        assert.equal(((await ranks(size, tasks, 'results', all, canBlock)) as string[][]).flat(), []);
      },
    ),
    { numRuns: 8 * times },
  );
});

/** Codes of what `refused` tries; on rank 0, and on the others where that is something else. */
function expected(size: number): Record<string, readonly [first: string, others?: string]> {
  const mismatch = size === 1 ? 'none' : 'COLLECTIVE_MISMATCH';
  const invalid = 'INVALID_ARGUMENT';
  return {
    'no class': [invalid],
    'a view without elements': [invalid],
    'no number': [invalid],
    'below 0': [invalid],
    'a part of one': [invalid],
    'no count': [invalid],
    'no such root': [invalid],
    'no such option': [invalid],
    'no number of milliseconds': [invalid],
    'no name': [invalid],
    'too long': ['WINDOW_EXHAUSTED'],
    'other counts': [mismatch],
    'other classes': [mismatch],
    'other roots': [mismatch],
    'other names': [mismatch],
    'bad on one rank': [invalid, mismatch],
    'in place': [invalid],
    'as what a rank brings': [invalid],
    'shared onto shared': [invalid],
    'with gaps': [invalid],
    'a broadcast with gaps': [invalid],
    'other parts': [mismatch],
    'other arrays': [mismatch],
    'plain on one rank': [mismatch],
    'plain on the others': [mismatch],
    'few elements, plain on one rank': [mismatch],
    'a broadcast from plain': [mismatch],
    'a broadcast of other parts': [mismatch],
    'too long a part': [invalid],
    'free of a part': [invalid],
    'free in flight': [invalid],
    'freed twice': [invalid],
    freed: ['CLOSED'],
  };
}

for (const size of sizes) {
  test(`parts of one array are results of calls in flight together, ${size} ranks`, async () => {
    assert.equal(((await ranks(size, tasks, 'parts')) as string[][]).flat(), []);
  });

  test(`bad arguments, parts that differ and what is not shared on all ranks are refused, ${size} ranks`, async () => {
    const all = (await ranks(size, tasks, 'refused')) as { codes: Record<string, string>; wrong: string[] }[];
    for (const [rank, { codes, wrong }] of all.entries()) {
      const want = Object.entries(expected(size)).map(([what, [first, others = first]]) => [
        what,
        rank === 0 ? first : others,
      ]);
      assert.equal(codes, Object.fromEntries(want), `rank ${rank}`);
      assert.equal(wrong, []);
    }
  });

  test(`a call that is known misses when its array was freed, ${size} ranks`, async () => {
    assert.equal(((await ranks(size, tasks, 'again')) as string[][]).flat(), []);
  });

  test(`all ranks of a host have the same memory, ${size} ranks`, async () => {
    const seen = await ranks(size, tasks, 'isOneCopy');
    assert.equal(
      seen,
      Array.from({ length: size }, (_, rank) => rank === 0 || isWindow),
    );
  });

  test(`memory is used again when all ranks have freed it, ${size} ranks`, async () => {
    const freed = await ranks(size, tasks, 'manyArrays', 17, 2 ** 20, -1);
    assert.equal(freed, Array(size).fill({ made: 17, code: 'none' }));
  });

  test(`the others read on when the holder has returned, ${size} ranks`, async () => {
    const sum = (size * (size + 1)) / 2;
    for (const count of [10, 50_000]) {
      const all = (await ranks(size, tasks, 'readOn', count)) as Float32Array[];
      for (const array of all) assert.ok(array.length === count && array.every((value) => value === sum));
    }
  });
}

test('memory is not used again before the last rank has freed it', async () => {
  const lazy = (await ranks(3, tasks, 'manyArrays', 17, 2 ** 20, 2)) as { made: number; code: string }[];
  for (const each of lazy) assert.equal(each, lazy[0]!);
  assert.is(lazy[0]!.code, isWindow ? 'ERR_SHOAL_WINDOW_EXHAUSTED' : 'none');
});

test('errors say of each rank what it wanted to make, and which part it gave', async () => {
  const [[made, written, read, other] = []] = (await ranks(2, tasks, 'texts')) as string[][][];
  assert.equal(made, ['emptyShared(uint16 × 12, name "a", root 0)', 'emptyShared(float64 × 12, name "b", root 0)']);
  const sum = 'allreduce(float32 × 10, op sum, into byte';
  assert.equal(written, [`${sum} 0 of the shared array of call 2)`, `${sum} 4 of the shared array of call 2)`]);
  const broadcast = 'broadcast(float32 × 10, root 0';
  assert.equal(read, [`${broadcast})`, `${broadcast}, into byte 4 of the shared array of call 2)`]);
  assert.equal(other, ['emptyShared(int8 × 3, root 0)', 'barrier()']);
});

if (transport === 'pool') {
  test('an array of a task that has ended is refused', async () => {
    const all = 7; // the same workers in both tasks
    await ranks(all, tasks, 'outlive', 'keep');
    const codes = await ranks(all, tasks, 'outlive', 'use');
    assert.equal(codes, Array(all).fill(['CLOSED', 'INVALID_ARGUMENT']));
  });
}

test.after(closeWorld);
test.run();
