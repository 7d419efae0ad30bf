/** Cases of allreduceObject. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { objectCases } from './object-cases.js';

/** A product of 2 by 2 matrices: associative, and not commutative. */
type Matrix = readonly [number, number, number, number];
const product = ([a, b, c, d]: Matrix, [e, f, g, h]: Matrix): Matrix => [
  a * e + b * g,
  a * f + b * h,
  c * e + d * g,
  c * f + d * h,
];

/** A value and where it is. */
interface Located {
  readonly value: number;
  readonly at: number;
}

export const cases: Cases = {
  ...objectCases('allreduceObject'),

  'product of matrices': async (c) => {
    const matrix = (rank: number): Matrix => (rank % 2 === 0 ? [1, rank, 0, 1] : [0, 1, 1, rank]);
    let want = matrix(0);
    for (let rank = 1; rank < c.size; rank++) want = product(want, matrix(rank));
    c.same('the product', await collective.allreduceObject(matrix(c.rank), product), want);
  },
  'largest and where it is': async (c) => {
    const value = (rank: number): number => (rank * 5) % 3;
    const larger = (one: Located, other: Located): Located => (other.value > one.value ? other : one);
    let at = 0;
    for (let rank = 1; rank < c.size; rank++) if (value(rank) > value(at)) at = rank;
    const got = await collective.allreduceObject({ value: value(c.rank), at: c.rank }, larger);
    c.same('the first of the largest', got, { value: value(at), at });
  },
  'no function': async (c) => {
    await c.refused('no fn', () => collective.allreduceObject(1, undefined as never), 'INVALID_ARGUMENT');
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
