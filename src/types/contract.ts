/**
 * Which operations there are on which dtypes; the kernels have exactly these. docs/numeric-contract.md says what each
 * returns.
 */
import type { Dtype } from './dtype.js';
import type { ReduceOp } from './reduce-op.js';

/** Operations whose sums can be carried in float32 across the ranks, of the two types of half width. */
export const carriedOps: readonly ReduceOp[] = ['sum', 'prod', 'avg'];

const arithmetic: readonly ReduceOp[] = ['sum', 'prod', 'min', 'max'];
const logical: readonly ReduceOp[] = ['land', 'lor', 'lxor'];
const bitwise: readonly ReduceOp[] = ['band', 'bor', 'bxor'];

/** Operations on a dtype: no mean of integers and truth values, no bits of floats. */
export function opsOf(dtype: Dtype): readonly ReduceOp[] {
  const isExact = /^(bool|u?int\d+)$/.test(dtype);
  return [...arithmetic, ...(isExact ? [] : (['avg'] as const)), ...logical, ...(isExact ? bitwise : [])];
}

/** Whether `accumulate: 'float32'` has a meaning. */
export function canCarry(dtype: Dtype, op: ReduceOp): boolean {
  return (dtype === 'float16' || dtype === 'bfloat16') && carriedOps.includes(op);
}
