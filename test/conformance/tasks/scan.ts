/** Cases of scan. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('scan'),

  'ranks count up': async (c) => {
    const { rank } = c;
    const expected = { sum: (rank * (rank + 1)) / 2, min: 0, max: rank, prod: 0 } as const;
    for (const [op, value] of Object.entries(expected)) {
      const x = c.array(Int32Array, 10).fill(rank);
      await collective.scan(x, { op: op as keyof typeof expected });
      c.elements(op, x, 10, () => value);
    }
  },
  'rank and index': async (c) => {
    for (const count of [1, c.size, 2_000]) {
      const x = c.array(Float64Array, count);
      for (let i = 0; i < count; i++) x[i] = c.rank + i;
      await collective.scan(x);
      c.elements(`${count}`, x, count, (i) => (c.rank + 1) * i + (c.rank * (c.rank + 1)) / 2);
    }
  },
  'order of the ranks': async (c) => {
    const values = [2 ** 53, 1, -(2 ** 53), 3];
    const x = c.array(Float64Array, 3).fill(values[c.rank % 4]!);
    await collective.scan(x);
    let sum = values[0]!;
    for (let rank = 1; rank <= c.rank; rank++) sum += values[rank % 4]!;
    c.elements('the left fold', x, 3, () => sum);
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 12).fill(1);
    const call = (): unknown => collective.scan(x.subarray(0, 8), { out: x.subarray(4, 12) });
    await c.refused('an overlap', call, 'INVALID_ARGUMENT');
    c.elements('the array', x, 12, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
