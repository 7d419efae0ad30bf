/** Cases of allreduce. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('allreduce'),

  'ranks count up': async (c) => {
    let product = 1;
    for (let each = 1; each <= c.size; each++) product *= each;
    const expected = { sum: (c.size * (c.size + 1)) / 2, prod: product, min: 1, max: c.size } as const;
    for (const [op, value] of Object.entries(expected)) {
      const x = c.array(Float32Array, 1).fill(c.rank + 1);
      const got = await collective.allreduce(x, { op: op as keyof typeof expected });
      c.elements(op, got, 1, () => value);
    }
  },
  'bits of each rank': async (c) => {
    const all = 2 ** c.size - 1;
    const expected = { bor: all, band: 0, bxor: all } as const;
    for (const [op, value] of Object.entries(expected)) {
      const x = c.array(Int32Array, 2).fill(1 << c.rank);
      await collective.allreduce(x, { op: op as keyof typeof expected });
      c.elements(op, x, 2, () => (c.size === 1 ? 1 : value));
    }
  },
  'the same buffer many times': async (c) => {
    const x = c.array(Float64Array, 10).fill(1);
    for (let i = 1; i <= 5; i++) {
      await collective.allreduce(x);
      c.elements(`time ${i}`, x, 10, () => c.size ** i);
    }
  },
  'more elements than ranks, and fewer': async (c) => {
    for (const count of [1, c.size - 1, c.size, c.size + 1, 16 * c.size, 5_000]) {
      const x = c.array(Int32Array, count);
      for (let i = 0; i < count; i++) x[i] = c.rank + i;
      await collective.allreduce(x);
      c.elements(`${count}`, x, count, (i) => c.size * i + (c.size * (c.size - 1)) / 2);
    }
  },
  'many small ones': async (c) => {
    const x = c.array(Int32Array, 1);
    for (let i = 0; i < 30; i++) {
      x[0] = c.rank === i % c.size ? i : 0;
      await collective.allreduce(x);
      c.elements(`call ${i}`, x, 1, () => i);
    }
  },
  'order of the ranks': async (c) => {
    // Not associative in floats: 1 is lost beside 2 ** 53, so that any other order than the left fold shows.
    const x = c.array(Float64Array, 33);
    const value = (rank: number, i: number): number => [2 ** 53, 1, -(2 ** 53), 3][(rank + i) % 4]!;
    for (let i = 0; i < x.length; i++) x[i] = value(c.rank, i);
    await collective.allreduce(x);
    const all = await collective.allgather(x);
    c.elements('the bits of all ranks', all, 33 * c.size, (i) => x[i % 33]);
    c.elements('the left fold', x, 33, (i) => {
      let sum = value(0, i);
      for (let rank = 1; rank < c.size; rank++) sum += value(rank, i);
      return sum;
    });
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 12).fill(1);
    const [input, shifted] = [x.subarray(0, 8), x.subarray(4, 12)];
    await c.refused('an out that overlaps', () => collective.allreduce(input, { out: shifted }), 'INVALID_ARGUMENT');
    c.elements('the array', x, 12, () => 1);
    await collective.allreduce(input, { out: input });
    c.elements('the array itself as out', x, 12, (i) => (i < 8 ? c.size : 1));
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
