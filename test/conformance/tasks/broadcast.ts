/** Cases of broadcast. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('broadcast'),

  'rank of the root': async (c) => {
    for (let root = 0; root < c.size; root++) {
      for (const length of [1, 10, 3_000]) {
        const x = c.array(Float32Array, length).fill(c.rank + 2);
        await collective.broadcast(x, { root });
        c.elements(`root ${root}`, x, length, () => root + 2);
      }
    }
  },
  'plain array to tensor': async (c) => {
    const root = c.draw(c.size);
    const data = c.array(Float64Array, 12).fill(c.rank);
    const tensor = { data, shape: [2, 3], strides: [6, 2] };
    const plain = c.array(Float64Array, 6).fill(c.rank);
    await collective.broadcast(c.rank % 2 === 0 ? tensor : plain, { root });
    if (c.rank % 2 === 0) c.elements('the tensor', data, 12, (i) => (i % 2 === 0 ? root : c.rank));
    else c.elements('the array', plain, 6, () => root);
  },
  'nothing between much': async (c) => {
    for (const length of [0, 4_000, 0, 1]) {
      const x = c.array(Uint8Array, length).fill(c.rank === 0 ? 7 : 9);
      await collective.broadcast(x);
      c.elements(`${length}`, x, length, () => 7);
    }
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
