/** Cases of scatterv. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { raggedCases } from './ragged-cases.js';

export const cases: Cases = {
  ...raggedCases('scatterv'),

  'columns of a table': async (c) => {
    // Rank r gets r + 1 elements, which lie apart.
    const root = c.draw(c.size);
    const counts = Array.from({ length: c.size }, (_, rank) => rank + 1);
    const displacements = counts.map((_, rank) => rank * (c.size + 1));
    const table = c.array(Int32Array, c.size * (c.size + 1));
    for (let i = 0; i < table.length; i++) table[i] = i;
    const out = c.array(Int32Array, c.rank + 1);
    const given = c.rank === root ? table : undefined;
    await collective.scatterv(given, { root, out, ...(c.rank === root && { counts, displacements }) });
    c.elements('the column', out, c.rank + 1, (i) => c.rank * (c.size + 1) + i);
  },
  'block of another length': async (c) => {
    const odd = c.draw(c.size);
    const counts = Array.from({ length: c.size }, () => 2);
    const table = c.array(Int32Array, 2 * c.size);
    const out = c.array(Int32Array, c.rank === odd ? 1 : 2).fill(1);
    const call = (): unknown =>
      collective.scatterv(c.rank === 0 ? table : undefined, { out, ...(c.rank === 0 && { counts }) });
    await c.refused('a block of 2 in 1', call, 'COLLECTIVE_MISMATCH');
    c.elements('out', out, out.length, () => 1);
  },
  'block outside of the buffer': async (c) => {
    const root = c.draw(c.size);
    const isRoot = c.rank === root;
    const table = c.array(Int32Array, 2 * c.size);
    const counts = Array.from({ length: c.size }, () => 2);
    const displacements = counts.map(() => 2 * c.size - 1);
    const out = c.array(Int32Array, 2).fill(1);
    const call = (): unknown =>
      collective.scatterv(isRoot ? table : undefined, { root, out, ...(isRoot && { counts, displacements }) });
    await c.refused('it ends behind it', call, isRoot ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH');
    c.elements('out', out, 2, () => 1);
  },
  'root without counts': async (c) => {
    const out = c.array(Int32Array, 1);
    const call = (): unknown => c.call('scatterv', 'awaited', c.array(Int32Array, c.size), { root: 0, out });
    await c.refused('no counts', call, c.rank === 0 ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH');
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
