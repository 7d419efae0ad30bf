/** Cases of gatherv. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { raggedCases } from './ragged-cases.js';

export const cases: Cases = {
  ...raggedCases('gatherv'),

  'unmatched counts': async (c) => {
    const root = c.draw(c.size);
    const x = c.array(Int32Array, 2).fill(1);
    const out = c.array(Int32Array, 3 * c.size).fill(1);
    const counts = Array.from({ length: c.size }, () => 3);
    const call = (): unknown => collective.gatherv(x, { root, ...(c.rank === root && { counts, out }) });
    await c.refused('3 of 2 elements', call, 'COLLECTIVE_MISMATCH');
    c.elements('out', out, 3 * c.size, () => 1);
  },
  'out too short': async (c) => {
    const root = c.draw(c.size);
    const x = c.array(Int32Array, 2).fill(1);
    const out = c.array(Int32Array, 2 * c.size - 1).fill(1);
    const call = (): unknown => collective.gatherv(x, { root, ...(c.rank === root && { out }) });
    await c.refused('an element too few', call, 'COLLECTIVE_MISMATCH');
    c.elements('out', out, 2 * c.size - 1, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
