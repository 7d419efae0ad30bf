/** Ray's names of the reductions. */

/**
 * Reductions of `shoal/ray`.
 *
 * @example await allreduce(x, 'default', ReduceOp.MAX);
 * @see ray.util.collective.types.ReduceOp
 */
export const ReduceOp = { SUM: 'SUM', PRODUCT: 'PRODUCT', MIN: 'MIN', MAX: 'MAX' } as const;

/** One of {@link ReduceOp}. */
export type ReduceOp = (typeof ReduceOp)[keyof typeof ReduceOp];
