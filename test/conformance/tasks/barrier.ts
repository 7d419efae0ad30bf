/** Cases of barrier. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';

export const cases: Cases = {
  'every form': async (c) => {
    for (const form of ['awaited', 'blocking', 'prepared'] as const) {
      c.same(form, await c.call('barrier', form), undefined);
    }
  },
  'different name': async (c) => {
    for (const name of ['default', 'test', '123?34!']) await c.call('barrier', 'awaited', { name });
  },
  'nobody leaves before all are there': async (c) => {
    // Each rank in turn comes late. A rank that left early would take the number of the round before.
    for (let late = 0; late < c.size; late++) {
      const arrived = c.array(Float64Array, c.size);
      if (c.rank === late) for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      arrived[c.rank] = late + 1;
      await collective.barrier();
      await collective.allreduce(arrived);
      c.elements(`rank ${late} is late`, arrived, c.size, () => late + 1);
    }
  },
  'barrier implies the calls before it': async (c) => {
    const arrays = Array.from({ length: 10 }, () => c.array(Int32Array, 5).fill(1));
    const order: string[] = [];
    const calls = arrays.map((x, i) => collective.allreduce(x).then(() => order.push(`${i}`)));
    await collective.barrier().then(() => order.push('barrier'));
    await Promise.all(calls);
    c.same('the order of ends', order.at(-1), 'barrier');
    for (const x of arrays) c.elements('a call before', x, 5, () => c.size);
  },
  nonblocking: async () => {
    await Promise.all(Array.from({ length: 10 }, () => collective.barrier()));
  },
  'unmatched name': async (c) => {
    const name = c.rank === 0 && c.size > 1 ? 'a' : 'b';
    if (c.size === 1) return collective.barrier({ name });
    await c.refused('names', () => collective.barrier({ name }), 'COLLECTIVE_MISMATCH');
  },
  'another operation': async (c) => {
    const odd = c.draw(c.size);
    const x = c.array(Int32Array, 2).fill(1);
    const call = (): unknown => (c.rank === odd ? collective.broadcast(x) : collective.barrier());
    if (c.size === 1) await call();
    else await c.refused('a broadcast', call, 'COLLECTIVE_MISMATCH');
    c.elements('the array', x, 2, () => 1);
  },
  'wrong on one rank': async (c) => {
    const isOdd = c.rank === c.draw(c.size);
    const call = (): unknown => collective.barrier(isOdd ? { timeoutMs: -1 } : {});
    await c.refused('a limit below 0', call, isOdd ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH');
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
