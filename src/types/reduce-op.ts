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

/**
 * Name of a reduction.
 *
 * @example
 * const op: ReduceOp = 'max';
 * const largest = await collective.allreduce(loss, { op });
 */
export type ReduceOp = (typeof reduceOpNames)[number];

/** With `accumulate: 'float32'`: carried in float32 across the ranks, rounded once at the end. */
const carriedOpNames = ['sum carried in float32', 'prod carried in float32', 'avg carried in float32'] as const;

/** Operations of the kernels in words, indexed by their number. */
export const kernelOpNames: readonly string[] = [...reduceOpNames, ...carriedOpNames];

/** The operation that a name or one of Ray's `ReduceOp` names stands for; undefined when there is none. */
export function reduceOpOf(name: unknown): ReduceOp | undefined {
  if (typeof name !== 'string') return undefined;
  const lower = name.toLowerCase();
  return reduceOpNames.find((op) => op === (lower === 'product' ? 'prod' : lower));
}

/** Number of an operation in the kernels. */
export function reduceOpId(op: ReduceOp, carried = false): number {
  return carried ? kernelOpNames.indexOf(`${op} carried in float32`) : reduceOpNames.indexOf(op);
}
