/** Cases of scatterObject. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { objectCases } from './object-cases.js';

export const cases: Cases = {
  ...objectCases('scatterObject'),

  'list of another length': async (c) => {
    const root = c.draw(c.size);
    for (const length of [0, c.size + 1]) {
      const list = c.rank === root ? Array.from({ length }, () => 1) : undefined;
      const code = c.rank === root ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH';
      await c.refused(`${length} values`, () => collective.scatterObject(list, { root }), code);
    }
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
