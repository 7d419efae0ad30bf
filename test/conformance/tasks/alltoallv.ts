/** Cases of alltoallv. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { raggedCases } from './ragged-cases.js';

export const cases: Cases = {
  ...raggedCases('alltoallv'),

  'two neighbours': async (c) => {
    // As an exchange of borders does: nothing to any rank but those beside this one.
    const neighbours = [c.rank - 1, c.rank + 1].filter((each) => each >= 0 && each < c.size);
    const counts = Array.from({ length: c.size }, (_, each) => (neighbours.includes(each) ? 4 : 0));
    const x = c.array(Int32Array, 4 * neighbours.length);
    for (let i = 0; i < x.length; i++) x[i] = 100 * c.rank + neighbours[Math.floor(i / 4)]!;
    const got = await collective.alltoallv(x, { sendCounts: counts, recvCounts: counts });
    c.elements('from both', got, x.length, (i) => 100 * neighbours[Math.floor(i / 4)]! + c.rank);
  },
  'the same element to all': async (c) => {
    const x = c.array(Float64Array, 1).fill(c.rank);
    const ones = Array.from({ length: c.size }, () => 1);
    const got = await collective.alltoallv(x, { sendCounts: ones, sendDisplacements: ones.map(() => 0) });
    c.elements('one of each', got, c.size, (i) => i);
  },
  'unmatched counts': async (c) => {
    const x = c.array(Int32Array, 2 * c.size).fill(1);
    const out = c.array(Int32Array, 3 * c.size).fill(1);
    const twos = Array.from({ length: c.size }, () => 2);
    const call = (): unknown => collective.alltoallv(x, { sendCounts: twos, recvCounts: twos.map(() => 3), out });
    await c.refused('3 of 2 elements', call, 'COLLECTIVE_MISMATCH');
    c.elements('out', out, 3 * c.size, () => 1);
  },
  'out too short': async (c) => {
    const x = c.array(Int32Array, 2 * c.size).fill(1);
    const out = c.array(Int32Array, 2 * c.size - 1).fill(1);
    const twos = Array.from({ length: c.size }, () => 2);
    const call = (): unknown => collective.alltoallv(x, { sendCounts: twos, out });
    await c.refused('an element too few', call, 'COLLECTIVE_MISMATCH');
    c.elements('out', out, 2 * c.size - 1, () => 1);
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 2 * c.size).fill(1);
    const twos = Array.from({ length: c.size }, () => 2);
    await c.refused('the same array', () => collective.alltoallv(x, { sendCounts: twos, out: x }), 'INVALID_ARGUMENT');
    c.elements('the array', x, 2 * c.size, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
