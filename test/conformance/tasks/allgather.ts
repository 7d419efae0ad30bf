/** Cases of allgather. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('allgather'),

  'ranks count up': async (c) => {
    for (const length of [1, 10, 3_000]) {
      const x = c.array(Float32Array, length).fill(c.rank + 1);
      c.elements(`${length}`, await collective.allgather(x), c.size * length, (i) => Math.floor(i / length) + 1);
    }
  },
  'own block of the result': async (c) => {
    for (const count of [0, 1, 17]) {
      const table = c.array(Float64Array, c.size * count).fill(-1);
      const mine = table.subarray(c.rank * count, (c.rank + 1) * count);
      for (let i = 0; i < count; i++) mine[i] = c.rank * count + i;
      await collective.allgather(mine, { out: table });
      c.elements(`${count}`, table, c.size * count, (i) => i);
    }
  },
  'unmatched length of out': async (c) => {
    const x = c.array(Int32Array, 10).fill(1);
    for (const blocks of [0, 1, 3, 4, 7].filter((each) => each !== c.size)) {
      const out = c.array(Int32Array, 10 * blocks);
      await c.refused(`${blocks} blocks`, () => collective.allgather(x, { out }), 'INVALID_ARGUMENT');
      c.elements(`${blocks} blocks`, out, 10 * blocks, () => 0);
    }
  },
  'tensor of several dimensions': async (c) => {
    const data = c.array(Float32Array, 24);
    for (let i = 0; i < 24; i++) data[i] = c.rank * 100 + i;
    const out = c.array(Float32Array, 12 * c.size);
    const input = { data, shape: [2, 2, 3], strides: [12, 6, 2] };
    await collective.allgather(input, { out: { data: out, shape: [c.size, 2, 2, 3], strides: [12, 6, 3, 1] } });
    c.elements('the result', out, 12 * c.size, (i) => Math.floor(i / 12) * 100 + 2 * (i % 12));
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 4 * c.size + 1).fill(1);
    const shifted = x.subarray(c.rank * 4 + 1, c.rank * 4 + 5);
    const call = (): unknown => collective.allgather(shifted, { out: x.subarray(0, 4 * c.size) });
    await c.refused('an overlap', call, 'INVALID_ARGUMENT');
    c.elements('the array', x, 4 * c.size + 1, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
