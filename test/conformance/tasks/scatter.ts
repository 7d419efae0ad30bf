/** Cases of scatter. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('scatter'),

  'rank of the root': async (c) => {
    for (let root = 0; root < c.size; root++) {
      const table = c.array(Float32Array, 10 * c.size);
      for (let i = 0; i < table.length; i++) table[i] = root * 1_000 + i;
      const out = c.array(Float32Array, 10).fill(-1);
      await collective.scatter(c.rank === root ? table : undefined, { root, out });
      c.elements(`root ${root}`, out, 10, (i) => root * 1_000 + c.rank * 10 + i);
    }
  },
  'own block of the buffer': async (c) => {
    for (let root = 0; root < c.size; root++) {
      const table = c.array(Int32Array, 4 * c.size);
      for (let i = 0; i < table.length; i++) table[i] = i;
      const out = c.rank === root ? table.subarray(4 * root, 4 * root + 4) : c.array(Int32Array, 4);
      await collective.scatter(c.rank === root ? table : undefined, { root, out });
      c.elements(`root ${root}`, out, 4, (i) => 4 * c.rank + i);
      c.elements(`the table of root ${root}`, table, 4 * c.size, (i) => i);
    }
  },
  'row to a vector with strides': async (c) => {
    const table = c.array(Float64Array, 8 * c.size);
    for (let i = 0; i < table.length; i++) table[i] = i;
    const data = c.array(Float64Array, 8 * 3).fill(-1);
    const root = c.draw(c.size);
    const out = { data, shape: [8], strides: [3] };
    const row = { data: table, shape: [8 * c.size], strides: [1] };
    await collective.scatter(c.rank === root ? row : undefined, { root, out });
    c.elements('the vector', data, 24, (i) => (i % 3 === 0 ? c.rank * 8 + i / 3 : -1));
  },
  'buffers of the others are not looked at': async (c) => {
    const root = c.draw(c.size);
    const table = c.array(Int32Array, c.rank === root ? 2 * c.size : 1).fill(c.rank);
    const out = c.array(Int32Array, 2);
    await collective.scatter(table, { root, out });
    c.elements('the block', out, 2, () => root);
    c.elements('the buffer', table, table.length, () => c.rank);
  },
  'unmatched length of the buffer': async (c) => {
    const root = c.draw(c.size);
    const isRoot = c.rank === root;
    const table = c.array(Int32Array, 4 * c.size + 1).fill(1);
    const out = c.array(Int32Array, 4);
    const call = (): unknown => collective.scatter(isRoot ? table : undefined, { root, out });
    await c.refused('an element too many', call, isRoot ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH');
    const nothing = (): unknown => collective.scatter(undefined, { root, out });
    await c.refused('the root has nothing', nothing, isRoot ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH');
    c.elements('out', out, 4, () => 0);
  },
  'without out': async (c) => {
    const table = c.array(Int32Array, c.size);
    await c.refused('no out', () => c.call('scatter', 'awaited', table, { root: 0 }), 'INVALID_ARGUMENT');
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
