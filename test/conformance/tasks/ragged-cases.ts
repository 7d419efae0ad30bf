/** Cases that every operation whose blocks have any length has. */
import type { Case, Cases } from './case.js';
import type { Lengths, RaggedCall } from './ragged-call.js';
import { raggedCall } from './ragged-call.js';

export function raggedCases(operation: RaggedCall['operation']): Cases {
  const isRooted = operation === 'gatherv' || operation === 'scatterv';
  const run = (c: Case, call: Omit<RaggedCall, 'operation'>): Promise<void> => raggedCall(c, { operation, ...call });
  const drawn = (c: Case, limit = 12): Lengths => {
    const list = Array.from({ length: c.size * c.size }, () => c.draw(limit));
    return (from, to) => list[from * c.size + to]!;
  };
  const cases: Record<string, (c: Case) => Promise<void>> = {
    'counts given by all': async (c) => {
      for (const spare of [undefined, 0, 2]) {
        await run(c, { lengths: drawn(c), root: c.draw(c.size), knows: true, ...(spare !== undefined && { spare }) });
      }
    },
    'counts exchanged': async (c) => {
      for (const spare of [undefined, 0, 2]) {
        await run(c, { lengths: drawn(c), root: c.draw(c.size), ...(spare !== undefined && { spare }) });
      }
    },
    'every block as long, with displacements': async (c) => {
      for (const count of [0, 1, c.size]) {
        await run(c, { lengths: () => count, root: c.draw(c.size), gap: c.size - count + 1, spare: 1 });
      }
    },
    'any block, with displacements': async (c) => {
      for (const gap of [1, 5]) await run(c, { lengths: drawn(c), root: c.draw(c.size), gap, spare: 0 });
    },
    'blocks as long as the rank': async (c) => {
      await run(c, { lengths: (from) => from, root: c.draw(c.size) });
      await run(c, { lengths: (_, to) => to, root: c.draw(c.size) });
    },
    'message of zero elements': async (c) => {
      for (const knows of [true, false]) await run(c, { lengths: () => 0, knows, root: c.draw(c.size) });
    },
    'one rank has all': async (c) => {
      const one = c.draw(c.size);
      await run(c, { lengths: (from) => (from === one ? 9 : 0), root: c.draw(c.size) });
    },
    'large blocks': async (c) => {
      const one = c.draw(c.size);
      await run(c, { lengths: (from) => (from === one ? 3_000 : 5), root: c.draw(c.size), knows: c.draw(2) === 0 });
    },
    'different name': async (c) => {
      for (const name of ['default', 'test', '123?34!']) await run(c, { lengths: drawn(c), name });
    },
    'blocking form': (c) => run(c, { lengths: drawn(c), form: 'blocking', root: c.draw(c.size) }),
    'persistent form': (c) => run(c, { lengths: drawn(c), form: 'prepared', knows: true, root: c.draw(c.size) }),
    nonblocking: async (c) => {
      const calls = Array.from({ length: 4 }, () => ({
        lengths: drawn(c),
        root: c.draw(c.size),
        knows: c.draw(2) === 0,
      }));
      await Promise.all(calls.map((call) => run(c, call)));
    },
    'another operation': async (c) => {
      const odd = c.draw(c.size);
      if (c.size === 1) return run(c, { lengths: () => 1 });
      const x = c.array(Int32Array, c.size).fill(1);
      const out = c.array(Int32Array, c.size * c.size).fill(1);
      const call = (): unknown =>
        c.rank === odd ? c.call('barrier', 'awaited') : c.call(operation, 'awaited', x, plainOptions(c, out));
      await c.refused('a barrier', call, 'COLLECTIVE_MISMATCH');
      c.elements('out', out, out.length, () => 1);
    },
    'unmatched name': async (c) => {
      if (c.size === 1) return run(c, { lengths: () => 1, name: 'a' });
      const name = c.rank === c.draw(c.size) ? 'a' : 'b';
      const x = c.array(Int32Array, c.size);
      const out = c.array(Int32Array, c.size * c.size);
      const call = (): unknown => c.call(operation, 'awaited', x, { ...plainOptions(c, out), name });
      await c.refused('names', call, 'COLLECTIVE_MISMATCH');
    },
    'wrong on one rank': async (c) => {
      const isOdd = c.rank === c.draw(c.size);
      const x = c.array(Int32Array, c.size).fill(1);
      const out = c.array(Int32Array, c.size * c.size).fill(1);
      const bad = isOdd ? { timeoutMs: -1 } : {};
      const call = (): unknown => c.call(operation, 'awaited', x, { ...plainOptions(c, out), ...bad });
      await c.refused('a limit below 0', call, isOdd ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH');
      c.elements('out', out, out.length, () => 1);
    },
    'counts below 0': async (c) => {
      const bad = Array.from({ length: c.size }, () => -1);
      await c.refused('negative counts', () => withCounts(c, bad), codeOf(c));
      await c.refused(
        'a count that is no integer',
        () =>
          withCounts(
            c,
            bad.map(() => 0.5),
          ),
        codeOf(c),
      );
      await c.refused('a count too many', () => withCounts(c, [...bad.map(() => 0), 0]), codeOf(c));
    },
  };
  if (isRooted) {
    cases['every root'] = async (c) => {
      for (let root = 0; root < c.size; root++) await run(c, { lengths: drawn(c), root });
    };
    cases['invalid rank'] = async (c) => {
      const out = c.array(Int32Array, 1);
      const call = (): unknown => c.call(operation, 'awaited', out, { ...plainOptions(c, out), root: c.size });
      await c.refused('a root that is none', call, 'INVALID_ARGUMENT');
    };
  }
  return cases;

  /** Good options of a call with one element for each rank. */
  function plainOptions({ size, rank }: Case, out: Int32Array): object {
    const ones = Array.from({ length: size }, () => 1);
    if (operation === 'scatterv') return { out: out.subarray(0, 1), ...(rank === 0 && { counts: ones }) };
    return { out, ...(operation === 'alltoallv' && { sendCounts: ones }) };
  }

  function withCounts(c: Case, counts: readonly number[]): unknown {
    const x = c.array(Int32Array, c.size);
    const out = c.array(Int32Array, c.size * c.size);
    const options = operation === 'alltoallv' ? { sendCounts: counts } : { counts };
    return c.call(operation, 'awaited', x, { ...options, out: operation === 'scatterv' ? out.subarray(0, 1) : out });
  }

  /** Counts of a rank that needs none are not looked at. */
  function codeOf({ rank }: Case): string {
    return isRooted && rank !== 0 ? 'COLLECTIVE_MISMATCH' : 'INVALID_ARGUMENT';
  }
}
