/** Cases of buckets, after those of fused allreduces. */
import type { TypedArray } from 'shoal/worker';
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';

export const cases: Cases = {
  'many tensors of every dimension, fused': async (c) => {
    const bucket = collective.bucket({ op: 'sum' });
    const tensors = Array.from({ length: 30 }, (_, i) => {
      const shape = Array.from({ length: 1 + (i % 3) }, () => 3);
      return { data: c.array(Float32Array, 3 ** shape.length).fill(c.rank + i), shape };
    });
    await Promise.all(tensors.map((tensor) => bucket.add(tensor)));
    const base = (c.size * (c.size - 1)) / 2;
    for (const [i, { data, shape }] of tensors.entries()) {
      c.elements(`tensor ${i}`, data, 3 ** shape.length, () => base + c.size * i);
    }
  },
  'one by one, each awaited': async (c) => {
    const bucket = collective.bucket({ op: 'max' });
    for (let i = 0; i < 20; i++) c.same(`add ${i}`, (await bucket.add(Int32Array.of(c.rank + i)))[0], c.size - 1 + i);
  },
  'ranks add at other times': async (c) => {
    const bucket = collective.bucket({ op: 'sum', bytes: 64 });
    const arrays = Array.from({ length: 30 }, () => c.array(Float64Array, 3).fill(1));
    for (const [i, x] of arrays.entries()) {
      void bucket.add(x);
      if ((i + c.rank) % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await bucket.flush();
    for (const x of arrays) c.elements('a sum', x, 3, () => c.size);
  },
  'several buckets, one after the other': async (c) => {
    for (const bytes of [1, 100, 10_000]) {
      const bucket = collective.bucket({ bytes });
      const arrays: TypedArray[] = [];
      for (const length of [1, 10, 200]) {
        const x = c.array(Float32Array, length).fill(2);
        arrays.push(x);
        void bucket.add(x);
      }
      await bucket.flush();
      for (const x of arrays) c.elements(`${bytes} bytes`, x, x.length, () => 2 * c.size);
    }
  },
  'different shapes': async (c) => {
    const bucket = collective.bucket();
    if (c.size === 1) return bucket.flush();
    const x = c.array(Float32Array, c.rank === 0 ? 2 : 3).fill(5);
    await c.refused('shapes', () => bucket.add(x), 'COLLECTIVE_MISMATCH');
    c.elements('the array', x, x.length, () => 5);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
