/** Cases of exscan. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('exscan'),

  'ranks count up': async (c) => {
    const { rank } = c;
    const expected = { sum: (rank * (rank + 1)) / 2, min: 1, max: rank } as const;
    for (const [op, value] of Object.entries(expected)) {
      const x = c.array(Int32Array, 10).fill(rank + 1);
      await collective.exscan(x, { op: op as keyof typeof expected });
      c.elements(op, x, 10, () => (rank === 0 ? 1 : value));
    }
  },
  'first rank is left as it was': async (c) => {
    for (const count of [1, 10, 2_000]) {
      const x = c.array(Int32Array, count);
      for (let i = 0; i < count; i++) x[i] = c.rank + i;
      const out = c.array(Int32Array, count).fill(-1);
      await collective.exscan(x, { out });
      const before = (i: number): number => c.rank * i + (c.rank * (c.rank - 1)) / 2;
      c.elements(`${count}`, out, count, (i) => (c.rank === 0 ? -1 : before(i)));
      c.elements('the input', x, count, (i) => c.rank + i);
    }
  },
  'order of the ranks': async (c) => {
    const values = [2 ** 53, 1, -(2 ** 53), 3];
    const x = c.array(Float64Array, 3).fill(values[c.rank % 4]!);
    await collective.exscan(x);
    let sum = values[0]!;
    for (let rank = 1; rank < c.rank; rank++) sum += values[rank % 4]!;
    c.elements('the left fold', x, 3, () => sum);
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 12).fill(1);
    const call = (): unknown => collective.exscan(x.subarray(0, 8), { out: x.subarray(4, 12) });
    await c.refused('an overlap', call, 'INVALID_ARGUMENT');
    c.elements('the array', x, 12, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
