/** Reduce operations: numbers mirror `wasm/src/dtype.h`. */

/** Names of all operations, indexed by their number in the kernels. */
export const reduceOpNames = [
  'sum',
  'prod',
  'min',
  'max',
  'avg',
  'land',
  'lor',
  'lxor',
  'band',
  'bor',
  'bxor',
] as const;

/** Name of a reduction. */
export type ReduceOp = (typeof reduceOpNames)[number];

/** Operations whose kernels are in this version. */
export const kernelOps: readonly ReduceOp[] = ['sum', 'prod', 'min', 'max'];

/** The operation that a name or one of Ray's `ReduceOp` names stands for; undefined when there is none. */
export function reduceOpOf(name: unknown): ReduceOp | undefined {
  if (typeof name !== 'string') return undefined;
  const lower = name.toLowerCase();
  return reduceOpNames.find((op) => op === (lower === 'product' ? 'prod' : lower));
}

/** Number of an operation in the kernels. */
export function reduceOpId(op: ReduceOp): number {
  return reduceOpNames.indexOf(op);
}
