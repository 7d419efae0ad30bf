/** Cases that every operation with blocks of one length has. */
import type { Dtype, TypedArray } from 'shoal/worker';
import { dtypeNames } from '../../../src/types/dtype.js';
import type { Case, Cases } from './case.js';
import type { TableCall } from './table-call.js';
import { classOf, facts, opsFor, tableCall } from './table-call.js';
import { listCases } from './list-cases.js';
import { unmatchedCases } from './unmatched-cases.js';

/** The cases of an operation. */
export function tableCases(operation: string): Cases {
  const { reduces, isRooted, withoutOut } = facts[operation]!;
  const run = (c: Case, call: Omit<TableCall, 'operation'>): Promise<void> => tableCall(c, { operation, ...call });
  const drawn = (c: Case): { dtype: Dtype; op: NonNullable<TableCall['op']>; root: number } => {
    const dtype = c.oneOf(dtypeNames);
    return { dtype, op: c.oneOf(opsFor(operation, dtype)), root: c.draw(c.size) };
  };
  const cases: Record<string, (c: Case) => Promise<void>> = {
    'different array size': async (c) => {
      for (const count of [2, 32, 513]) await run(c, { dtype: 'float32', count, root: c.draw(c.size) });
      for (const count of [1, 3 * c.size + 1]) await run(c, { ...drawn(c), count });
    },
    'different dtype': async (c) => {
      for (const dtype of ['uint8', 'float16', 'float32', 'float64', 'bool', 'complex64'] as const) {
        await run(c, { dtype, count: 5, op: c.oneOf(opsFor(operation, dtype)) });
      }
    },
    'different name': async (c) => {
      for (const name of ['default', 'test', '123?34!']) await run(c, { ...drawn(c), count: 10, name });
    },
    'message of zero elements': async (c) => {
      for (const into of ['out', 'default'] as const) await run(c, { ...drawn(c), count: 0, into });
    },
    'non-contiguous input': async (c) => {
      for (const count of [1, 11]) await run(c, { ...drawn(c), count, strided: true });
    },
    'blocking form': async (c) => {
      for (const count of [1, 40]) await run(c, { ...drawn(c), count, form: 'blocking' });
    },
    'persistent form': async (c) => {
      for (const count of [1, 40]) await run(c, { ...drawn(c), count, form: 'prepared' });
    },
    nonblocking: async (c) => {
      const calls = Array.from({ length: 4 }, () => ({ ...drawn(c), count: c.draw(30) }));
      await Promise.all(calls.map((call) => run(c, call)));
    },
    stress: async (c) => {
      const many = Array.from({ length: 12 }, (_, i) => ({
        dtype: 'float32' as const,
        count: 1 + (i % 3),
        root: i % c.size,
      }));
      await Promise.all(many.map((call) => run(c, call)));
    },
    'an option that there is none of': async (c) => {
      const values: TypedArray = c.array(Int32Array, c.size);
      const call = (): unknown => c.call(operation, 'awaited', values, { out: values, count: 1 });
      await c.refused('an option', call, 'INVALID_ARGUMENT');
    },
    ...unmatchedCases(operation),
    ...listCases(operation),
  };
  if (withoutOut !== 'has none' && withoutOut !== 'refused') {
    const title = withoutOut === 'buffer' ? 'in place' : 'result made by the call';
    cases[title] = async (c) => {
      for (const count of [1, 9, 130]) await run(c, { ...drawn(c), count, into: 'default' });
    };
  }
  if (reduces) {
    cases['different op'] = async (c) => {
      const dtype = c.oneOf(dtypeNames);
      for (const op of opsFor(operation, dtype)) await run(c, { dtype, op, count: 7 });
    };
    cases['op that the dtype has not'] = async (c) => {
      const values = c.array(classOf('float32'), c.size);
      const call = (): unknown => c.call(operation, 'awaited', values, { op: 'band' });
      await c.refused('bits of floats', call, 'INVALID_ARGUMENT');
      const unknown = (): unknown => c.call(operation, 'awaited', values, { op: 'maxloc' });
      await c.refused('an op that there is none of', unknown, 'INVALID_ARGUMENT');
    };
  }
  if (isRooted) {
    cases['every root'] = async (c) => {
      for (let root = 0; root < c.size; root++) await run(c, { ...drawn(c), root, count: 1 + c.draw(20) });
    };
    cases['invalid rank'] = async (c) => {
      for (const root of [c.size, -1, 0.5, NaN]) {
        const values = c.array(Int32Array, c.size);
        const out = operation === 'broadcast' ? {} : { out: c.array(Int32Array, 1) };
        const call = (): unknown => c.call(operation, 'awaited', values, { root, ...out });
        await c.refused(`root ${root}`, call, 'INVALID_ARGUMENT');
      }
    };
  }
  return cases;
}
