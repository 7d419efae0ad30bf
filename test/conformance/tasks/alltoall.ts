/** Cases of alltoall. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('alltoall'),

  'who sends to whom': async (c) => {
    for (const count of [1, 2, 64, 1_000]) {
      const x = c.array(Int32Array, count * c.size);
      for (let i = 0; i < x.length; i++) x[i] = 1_000_000 * c.rank + i;
      const got = await collective.alltoall(x);
      c.elements(`${count}`, got, count * c.size, (i) => {
        return 1_000_000 * Math.floor(i / count) + c.rank * count + (i % count);
      });
    }
  },
  'there and back': async (c) => {
    const x = c.array(Float64Array, 5 * c.size);
    for (let i = 0; i < x.length; i++) x[i] = c.rank * 100 + i;
    c.elements('twice', await collective.alltoall(await collective.alltoall(x)), 5 * c.size, (i) => c.rank * 100 + i);
  },
  'unmatched length of the buffer': async (c) => {
    const x = c.array(Int32Array, 2 * c.size);
    const long = c.array(Int32Array, 2 * c.size + 1);
    await c.refused('an element too many in out', () => collective.alltoall(x, { out: long }), 'INVALID_ARGUMENT');
    if (c.size > 1)
      await c.refused('in the buffer', () => collective.alltoall(long, { out: long }), 'INVALID_ARGUMENT');
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 4 * c.size).fill(1);
    await c.refused('the same array', () => collective.alltoall(x, { out: x }), 'INVALID_ARGUMENT');
    const [first, second] = [x.subarray(0, 2 * c.size), x.subarray(c.size, 3 * c.size)];
    await c.refused('an overlap', () => collective.alltoall(first, { out: second }), 'INVALID_ARGUMENT');
    c.elements('the array', x, 4 * c.size, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
