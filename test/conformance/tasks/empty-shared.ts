/** Cases of emptyShared, after those of windows that the ranks of a node share. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';

export const cases: Cases = {
  'zeros, then what the root broadcasts': async (c) => {
    for (let root = 0; root < c.size; root++) {
      const shared = await collective.emptyShared(Int32Array, 600);
      c.elements('new', shared, 600, () => 0);
      await collective.barrier();
      if (c.rank === root) shared.fill(root + 1);
      await collective.broadcast(shared, { root });
      c.elements(`of rank ${root}`, shared, 600, () => root + 1);
      await collective.barrier();
      collective.free(shared);
    }
  },
  'result of an allreduce': async (c) => {
    const shared = await collective.emptyShared(Float64Array, 5_000);
    const x = c.array(Float64Array, 5_000).fill(c.rank + 1);
    for (let i = 1; i <= 3; i++) {
      await collective.allreduce(x, { out: shared });
      c.elements(`time ${i}`, shared, 5_000, () => (c.size * (c.size + 1)) / 2);
      c.elements('the input', x, 5_000, () => c.rank + 1);
      await collective.barrier();
    }
    collective.free(shared);
  },
  'of zero elements': async (c) => {
    const shared = await collective.emptyShared(Int8Array, 0);
    c.same('its length', shared.length, 0);
    collective.free(shared);
  },
  'many, made and freed': async (c) => {
    for (let i = 0; i < 20; i++) {
      const shared = await collective.emptyShared(Uint8Array, 10_000);
      c.same(
        'zeros',
        shared.every((byte) => byte === 0),
        true,
      );
      await collective.barrier();
      collective.free(shared);
    }
  },
  'unmatched count': async (c) => {
    if (c.size === 1) return;
    const call = (): unknown => collective.emptyShared(Int32Array, c.rank === 0 ? 4 : 5);
    await c.refused('counts', call, 'COLLECTIVE_MISMATCH');
  },
  'as an input': async (c) => {
    const shared = await collective.emptyShared(Int32Array, 4);
    await c.refused('it is folded with itself', () => collective.allreduce(shared), 'INVALID_ARGUMENT');
    collective.free(shared);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
