/** Cases that every operation on values of any kind has. */
import type { Case, Cases } from './case.js';

export type ObjectOperation =
  'broadcastObject' | 'gatherObject' | 'allgatherObject' | 'scatterObject' | 'allreduceObject';

/** Values of every kind that is copied; the one of rank r is at r. */
export const values: readonly unknown[] = [
  undefined,
  null,
  true,
  -0,
  7n,
  'text',
  [1, [2, ['three']]],
  { key: 'value', nested: { list: [] } },
  new Map([['a', new Set([1, 2])]]),
  Float32Array.of(1, 2, 3),
];

/** A left fold that is neither commutative nor associative. */
export const pair = (before: unknown, next: unknown): unknown => [before, next];

/** What a call gives on this rank when the ranks bring these values. */
export function expected(c: Case, operation: ObjectOperation, brought: readonly unknown[], root: number): unknown {
  switch (operation) {
    case 'broadcastObject':
      return brought[root];
    case 'scatterObject':
      return brought[c.rank];
    case 'gatherObject':
      return c.rank === root ? brought : undefined;
    case 'allgatherObject':
      return brought;
    case 'allreduceObject': {
      let all = brought[0];
      for (const next of brought.slice(1)) all = pair(all, next);
      return all;
    }
  }
}

export function objectCases(operation: ObjectOperation): Cases {
  const isRooted = !operation.startsWith('all');
  const further = operation === 'allreduceObject' ? [pair] : [];
  const run = async (
    c: Case,
    brought: readonly unknown[],
    { root = 0, form = 'awaited', name }: { root?: number; form?: 'awaited' | 'blocking'; name?: string } = {},
  ): Promise<void> => {
    const options = { ...(isRooted && { root }), ...(name !== undefined && { name }) };
    const given = operation === 'scatterObject' ? (c.rank === root ? brought : undefined) : brought[c.rank];
    const result = await c.call(operation, form, given, ...further, options);
    c.same(`root ${root}`, result, expected(c, operation, brought, root));
  };
  const turned = (c: Case): unknown[] => {
    const first = c.draw(values.length);
    return Array.from({ length: c.size }, (_, rank) => values[(first + rank) % values.length]);
  };
  const cases: Record<string, (c: Case) => Promise<void>> = {
    'values of every kind': async (c) => {
      for (let turn = 0; turn < 3; turn++) await run(c, turned(c), { root: c.draw(c.size) });
    },
    'values of different lengths': (c) =>
      run(
        c,
        Array.from({ length: c.size }, (_, rank) => 'x'.repeat(rank === 1 ? 20_000 : rank)),
        { root: c.size - 1 },
      ),
    'message of zero elements': (c) =>
      run(
        c,
        Array.from({ length: c.size }, () => []),
      ),
    'different name': async (c) => {
      for (const name of ['default', '123?34!']) await run(c, turned(c), { name });
    },
    'blocking form': (c) => run(c, turned(c), { form: 'blocking', root: c.draw(c.size) }),
    nonblocking: async (c) => {
      const calls = Array.from({ length: 4 }, () => ({ brought: turned(c), root: c.draw(c.size) }));
      await Promise.all(calls.map(({ brought, root }) => run(c, brought, { root })));
    },
    'value that cannot be copied': async (c) => {
      const [odd, root] = isRooted && operation !== 'gatherObject' ? [0, 0] : [c.draw(c.size), 0];
      const bad = c.rank === odd;
      const list = Array.from({ length: c.size }, () => (bad ? { run: () => 0 } : 1));
      const given = operation === 'scatterObject' ? list : list[0];
      const call = (): unknown => c.call(operation, 'awaited', given, ...further, isRooted ? { root } : {});
      await c.refused('a function', call, bad ? 'NOT_SERIALIZABLE' : 'COLLECTIVE_MISMATCH');
    },
    'another operation': async (c) => {
      if (c.size === 1) return run(c, [1]);
      const odd = c.draw(c.size);
      const given = operation === 'scatterObject' ? Array.from({ length: c.size }, () => 1) : 1;
      const call = (): unknown =>
        c.rank === odd ? c.call('barrier', 'awaited') : c.call(operation, 'awaited', given, ...further, {});
      await c.refused('a barrier', call, 'COLLECTIVE_MISMATCH');
    },
    'wrong on one rank': async (c) => {
      const isOdd = c.rank === c.draw(c.size);
      const given = operation === 'scatterObject' ? Array.from({ length: c.size }, () => 1) : 1;
      const call = (): unknown => c.call(operation, 'awaited', given, ...further, isOdd ? { timeoutMs: -1 } : {});
      await c.refused('a limit below 0', call, isOdd ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH');
    },
  };
  if (isRooted) {
    cases['every root'] = async (c) => {
      for (let root = 0; root < c.size; root++) await run(c, turned(c), { root });
    };
    cases['invalid rank'] = async (c) => {
      for (const root of [c.size, -1]) {
        const given = operation === 'scatterObject' ? Array.from({ length: c.size }, () => 1) : 1;
        await c.refused(`root ${root}`, () => c.call(operation, 'awaited', given, { root }), 'INVALID_ARGUMENT');
      }
    };
  }
  return cases;
}
