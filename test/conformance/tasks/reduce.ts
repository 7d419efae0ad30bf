/** Cases of reduce. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { tableCases } from './table-cases.js';

export const cases: Cases = {
  ...tableCases('reduce'),

  'ranks count up': async (c) => {
    let product = 1;
    for (let each = 2; each < c.size + 2; each++) product *= each;
    const sum = (c.size * (c.size + 3)) / 2;
    for (const [op, value] of [
      ['sum', sum],
      ['prod', product],
      ['min', 2],
      ['max', c.size + 1],
    ] as const) {
      const root = c.draw(c.size);
      const x = c.array(Float64Array, 10).fill(c.rank + 2);
      await collective.reduce(x, { op, root });
      c.elements(`${op} at rank ${root}`, x, 10, () => (c.rank === root ? value : c.rank + 2));
    }
  },
  'reduce twice': async (c) => {
    const root = c.draw(c.size);
    const x = c.array(Int32Array, 3).fill(c.rank === root ? 2 : 10);
    for (const time of [1, 2]) {
      await collective.reduce(x, { root });
      const value = 2 + time * 10 * (c.size - 1);
      c.elements(`time ${time}`, x, 3, () => (c.rank === root ? value : 10));
    }
  },
  'order of the ranks': async (c) => {
    // A sum of floats that shows any other order than the left fold; the root has no part in the order.
    const values = [2 ** 53, 1, -(2 ** 53), 3];
    for (let root = 0; root < c.size; root++) {
      const x = c.array(Float64Array, 5).fill(values[c.rank % 4]!);
      await collective.reduce(x, { root });
      if (c.rank !== root) continue;
      let sum = values[0]!;
      for (let rank = 1; rank < c.size; rank++) sum += values[rank % 4]!;
      c.elements(`root ${root}`, x, 5, () => sum);
    }
  },
  'reduce, then broadcast': async (c) => {
    for (const [op, value] of [
      ['sum', (c.size * (c.size - 1)) / 2],
      ['min', 0],
      ['max', c.size - 1],
    ] as const) {
      const x = c.array(Int32Array, 1).fill(c.rank);
      const out = c.array(Int32Array, 1);
      await collective.reduce(x, { op, root: 0, out });
      await collective.broadcast(out, { root: 0 });
      c.elements(op, out, 1, () => value);
    }
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 12).fill(1);
    const root = c.draw(c.size);
    const call = (): unknown => collective.reduce(x.subarray(0, 8), { root, out: x.subarray(4, 12) });
    if (c.rank === root || c.size === 1) await c.refused('an out that overlaps', call, 'INVALID_ARGUMENT');
    else
      await c.refused(
        'the root’s out overlaps',
        () => collective.reduce(x.subarray(0, 8), { root }),
        'COLLECTIVE_MISMATCH',
      );
    c.elements('the array', x, 12, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
