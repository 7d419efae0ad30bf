/** Cases of allgatherv. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { raggedCases } from './ragged-cases.js';

export const cases: Cases = {
  ...raggedCases('allgatherv'),

  'rows of a table': async (c) => {
    // 7 rows more than a multiple of the size: the last rank has them.
    const rows = 3 * c.size + 7;
    const counts = Array.from({ length: c.size }, (_, rank) => (rank === c.size - 1 ? 3 + 7 : 3) * 4);
    const mine = c.array(Int32Array, counts[c.rank]!).fill(c.rank + 10);
    const table = await collective.allgatherv(mine, { counts });
    c.elements('the table', table, rows * 4, (i) => Math.min(Math.floor(i / 12), c.size - 1) + 10);
  },
  'unmatched counts': async (c) => {
    const x = c.array(Int32Array, 2).fill(1);
    const out = c.array(Int32Array, 3 * c.size).fill(1);
    const counts = Array.from({ length: c.size }, () => 3);
    await c.refused('3 of 2 elements', () => collective.allgatherv(x, { counts, out }), 'COLLECTIVE_MISMATCH');
    c.elements('out', out, 3 * c.size, () => 1);
  },
  'out too short': async (c) => {
    const x = c.array(Int32Array, 2).fill(1);
    const out = c.array(Int32Array, 2 * c.size - 1).fill(1);
    await c.refused('an element too few', () => collective.allgatherv(x, { out }), 'COLLECTIVE_MISMATCH');
    c.elements('out', out, 2 * c.size - 1, () => 1);
  },
  'blocks that meet': async (c) => {
    if (c.size === 1) {
      c.elements('alone', await collective.allgatherv(Int32Array.of(1)), 1, () => 1);
      return;
    }
    const x = c.array(Int32Array, 2);
    const counts = Array.from({ length: c.size }, () => 2);
    const out = c.array(Int32Array, 3 * c.size);
    const call = (): unknown => collective.allgatherv(x, { counts, displacements: counts.map((_, i) => i), out });
    await c.refused('an overlap', call, 'INVALID_ARGUMENT');
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 2 * c.size).fill(1);
    const call = (): unknown => collective.allgatherv(x.subarray(0, 2), { out: x });
    await c.refused('a part of out', call, 'INVALID_ARGUMENT');
    c.elements('the array', x, 2 * c.size, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
