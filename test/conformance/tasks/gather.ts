/** Cases of gather. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('gather'),

  'rank of the root': async (c) => {
    for (let root = 0; root < c.size; root++) {
      const x = c.array(Float32Array, 10).fill(c.rank + 1);
      const got = await collective.gather(x, { root });
      if (c.rank === root) c.elements(`root ${root}`, got, 10 * c.size, (i) => Math.floor(i / 10) + 1);
      else c.same(`root ${root}, elsewhere`, got, undefined);
    }
  },
  'own block of the result': async (c) => {
    for (let root = 0; root < c.size; root++) {
      const table = c.array(Float64Array, 6 * c.size).fill(-1);
      const mine = table.subarray(6 * c.rank, 6 * c.rank + 6).fill(c.rank);
      await collective.gather(mine, { root, out: table });
      const kept = (i: number): number => (Math.floor(i / 6) === c.rank ? c.rank : -1);
      c.elements(`root ${root}`, table, 6 * c.size, (i) => (c.rank === root ? Math.floor(i / 6) : kept(i)));
    }
  },
  'vector with strides to a row': async (c) => {
    const data = c.array(Float64Array, 10 * 6);
    for (let i = 0; i < 10; i++) data[6 * i] = c.rank * 10 + i;
    const root = c.draw(c.size);
    const out = c.array(Float64Array, 10 * c.size);
    const row = { data: out, shape: [10 * c.size], strides: [1] };
    await collective.gather({ data, shape: [10], strides: [6] }, { root, out: row });
    c.elements('the row', out, 10 * c.size, (i) => (c.rank === root ? i : 0));
  },
  'rows of a table, root after root': async (c) => {
    // Every rank gathers the whole table, as an allgather in parts.
    const row = c.array(Int32Array, 5).fill(c.rank + 10);
    for (let root = 0; root < c.size; root++) {
      const table = await collective.gather(row, { root });
      if (table) c.elements(`root ${root}`, table, 5 * c.size, (i) => Math.floor(i / 5) + 10);
    }
  },
  'unmatched length of out': async (c) => {
    const root = c.draw(c.size);
    const isRoot = c.rank === root;
    const x = c.array(Int32Array, 4).fill(1);
    const out = c.array(Int32Array, 4 * c.size + 1);
    const code = isRoot ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH';
    await c.refused('the root’s out is too long', () => collective.gather(x, { root, ...(isRoot && { out }) }), code);
    c.elements('out', out, 4 * c.size + 1, () => 0);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
