/** Calls that differ between ranks: all are told, nothing is written, and the group goes on. */
import type { Dtype, ReduceOp, TypedArray } from 'shoal/worker';
import type { Case, Cases } from './case.js';
import { classOf, facts } from './table-call.js';

interface Ordinary {
  readonly count?: number;
  readonly dtype?: Dtype;
  readonly op?: ReduceOp;
  readonly root?: number;
  readonly name?: string;
}

/** A call that is good by itself; what it would write is full of ones. */
function ordinary(c: Case, operation: string, { count = 4, dtype = 'int32', op, root = 0, name }: Ordinary): Call {
  const { brings, gets, reduces, isRooted, withoutOut } = facts[operation]!;
  const length = (blocks: 'one' | 'each'): number => (blocks === 'each' ? c.size * count : count);
  const buffer = c.array(classOf(dtype), length(brings)).fill(1 as never);
  const out = withoutOut === 'has none' ? undefined : c.array(classOf(dtype), length(gets)).fill(1 as never);
  const options = {
    ...(reduces && op && { op }),
    ...(isRooted && { root }),
    ...(out && { out }),
    ...(name !== undefined && { name }),
  };
  return { values: [buffer, options], arrays: out ? [buffer, out] : [buffer] };
}

interface Call {
  readonly values: readonly unknown[];
  readonly arrays: readonly TypedArray[];
}

/** What one rank has otherwise than the others. */
const differences: readonly (readonly [title: string, usual: Ordinary, other: Ordinary])[] = [
  ['unmatched shape', { count: 4 }, { count: 3 }],
  ['unmatched dtype', { dtype: 'int32' }, { dtype: 'float32' }],
  ['unmatched op', { op: 'sum' }, { op: 'max' }],
  ['unmatched root', { root: 0 }, { root: 1 }],
  ['unmatched name', { name: 'a' }, { name: 'b' }],
];

export function unmatchedCases(operation: string): Cases {
  const { reduces, isRooted } = facts[operation]!;
  const cases: Record<string, (c: Case) => Promise<void>> = {};
  for (const [title, usual, other] of differences) {
    if ((title === 'unmatched op' && !reduces) || (title === 'unmatched root' && !isRooted)) continue;
    cases[title] = async (c) => {
      const odd = c.draw(c.size);
      if (c.size === 1) return tellsNobody(c, operation, usual);
      const call = ordinary(c, operation, c.rank === odd ? other : usual);
      await fails(c, title, call, () => c.call(operation, 'awaited', ...call.values), 'COLLECTIVE_MISMATCH');
    };
  }
  cases['another operation'] = async (c) => {
    const odd = c.draw(c.size);
    if (c.size === 1) return tellsNobody(c, operation, {});
    const call = ordinary(c, operation, {});
    const make = (): unknown =>
      c.rank === odd ? c.call('barrier', 'awaited') : c.call(operation, 'awaited', ...call.values);
    await fails(c, 'a barrier', call, make, 'COLLECTIVE_MISMATCH');
  };
  cases['wrong on one rank'] = async (c) => {
    const odd = c.draw(c.size);
    const call = ordinary(c, operation, {});
    const [buffer, options] = call.values as [unknown, object];
    const isOdd = c.rank === odd;
    const make = (): unknown => c.call(operation, 'awaited', buffer, isOdd ? { ...options, timeoutMs: -1 } : options);
    await fails(c, 'a limit below 0', call, make, isOdd ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH');
  };
  return cases;
}

/** On one rank alone there is nobody to differ from: the call is good. */
async function tellsNobody(c: Case, operation: string, usual: Ordinary): Promise<void> {
  await c.call(operation, 'awaited', ...ordinary(c, operation, usual).values);
}

async function fails(c: Case, title: string, call: Call, make: () => unknown, code: string): Promise<void> {
  await c.refused(title, make, code);
  for (const array of call.arrays) c.elements(`${title}: an array`, array, array.length, () => 1);
}
