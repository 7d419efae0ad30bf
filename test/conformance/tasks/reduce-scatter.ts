/** Cases of reduceScatter. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('reduceScatter'),

  'rank and index': async (c) => {
    for (const count of [1, 10, 1_500]) {
      const x = c.array(Int32Array, count * c.size);
      for (let i = 0; i < x.length; i++) x[i] = c.rank + Math.floor(i / count);
      const got = await collective.reduceScatter(x);
      c.elements(`${count}`, got, count, () => c.size * c.rank + (c.size * (c.size - 1)) / 2);
      c.elements('the input', x, count * c.size, (i) => c.rank + Math.floor(i / count));
    }
  },
  'spelt as in Ray': async (c) => {
    const x = c.array(Int32Array, 5 * c.size).fill(c.rank + 1);
    for (const form of ['awaited', 'blocking', 'prepared'] as const) {
      const got = (await c.call('reducescatter', form, x, { op: 'max' })) as Int32Array;
      c.elements(form, got, 5, () => c.size);
    }
  },
  'own block of the buffer': async (c) => {
    const x = c.array(Float64Array, 3 * c.size).fill(c.rank + 1);
    const out = x.subarray(3 * c.rank, 3 * c.rank + 3);
    await collective.reduceScatter(x, { op: 'max', out });
    c.elements('the buffer', x, 3 * c.size, (i) => (Math.floor(i / 3) === c.rank ? c.size : c.rank + 1));
  },
  'order of the ranks': async (c) => {
    const values = [2 ** 53, 1, -(2 ** 53), 3];
    const x = c.array(Float64Array, 7 * c.size);
    for (let i = 0; i < x.length; i++) x[i] = values[(c.rank + i) % 4]!;
    const got = await collective.reduceScatter(x);
    c.elements('the left fold', got, 7, (i) => {
      const at = 7 * c.rank + i;
      let sum = values[at % 4]!;
      for (let rank = 1; rank < c.size; rank++) sum += values[(rank + at) % 4]!;
      return sum;
    });
  },
  'unmatched length of the buffer': async (c) => {
    if (c.size === 1) {
      c.elements('alone', await collective.reduceScatter(Int32Array.of(5)), 1, () => 5);
      return;
    }
    const x = c.array(Int32Array, 4 * c.size - 1);
    await c.refused('an element too few', () => collective.reduceScatter(x), 'INVALID_ARGUMENT');
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 4 * c.size + 2).fill(1);
    const out = x.subarray(4 * c.rank + 2, 4 * c.rank + 6);
    const call = (): unknown => collective.reduceScatter(x.subarray(0, 4 * c.size), { out });
    await c.refused('an overlap', call, 'INVALID_ARGUMENT');
    c.elements('the array', x, 4 * c.size + 2, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
