/**
 * Reduce-scatter: rank r gets the left fold of all ranks' block r.
 *
 * Source: direct reduction in shared memory (`wasm/src/moves.cpp`). Each rank folds its own block, and helps others when
 * it is ready. Cost on one host: 2 steps, 1 where all blocks are staged; nP² bytes read and nP written in all.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { ReduceOptions } from '../types/reduce-options.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.10.1 (MPI_Reduce_scatter_block) */
export const reduceScatter: Operation = {
  name: 'reduceScatter',
  number: 9,
  takes: 'buffer',
  takesList: false,
  takesNumber: false,
  reduces: true,
  brings: 'each',
  gets: 'one',
  withoutOut: 'made',
  givesSame: false,
  isRooted: false,
  options: ['op', 'dtype', 'accumulate', 'out', ...commonOptions],
  sends: () => true,
  receives: () => true,
};

/**
 * Options of {@link ReduceScatter.reduceScatter}; which operations and dtypes there are depends on the array's class.
 *
 * @example
 * const options: ReduceScatterOptions<Float32Array> = { op: 'avg' };
 * const mine = await collective.reduceScatter(gradients, options);
 */
export type ReduceScatterOptions<T extends NumericBuffer> = ReduceOptions<T> & {
  /**
   * Where this rank's block of the result goes; an array that is made when it is left out. It may be this rank's block
   * of the buffer. A tensor needs one.
   */
  readonly out?: T | undefined;
};

/** The methods of the operation. */
export interface ReduceScatter {
  /**
   * Reduce the buffers of all ranks element by element, and give each rank its block of the result.
   *
   * Shape: `buffer` has as many elements on every rank, a multiple of `size`; the result has a `size`-th of them. Rank r gets
   * `op` over the elements from r × count on. Ownership and errors as for {@link Allreduce.allreduce}.
   *
   * A list of `size` arrays stands for an array of as many blocks, one for each rank.
   *
   * @returns `out` if given, else an array of the buffer's class that was made. A prepared call makes one for all starts.
   * @example
   * const mine = await collective.reduceScatter(gradients, { op: 'avg' }); // gradients.length / size elements
   * @see MPI-4.1 section 6.10.1 (MPI_Reduce_scatter_block); ray.util.collective.reducescatter
   */
  reduceScatter<T extends NumericBuffer>(
    buffer: T | readonly T[],
    options?: ReduceScatterOptions<T> & CollectiveOptions,
  ): Promise<T>;
  /** Blocking twin of {@link ReduceScatter.reduceScatter}. */
  reduceScatterSync<T extends NumericBuffer>(
    buffer: T | readonly T[],
    options?: ReduceScatterOptions<T> & CollectiveSyncOptions,
  ): T;
  /** Prepare a call of {@link ReduceScatter.reduceScatter} that is started again and again. @see MPI-4.1 section 6.13 */
  reduceScatterInit<T extends NumericBuffer>(
    buffer: T | readonly T[],
    options?: ReduceScatterOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T>;
  /** Another name of {@link ReduceScatter.reduceScatter}, as Ray spells it. */
  reducescatter: ReduceScatter['reduceScatter'];
  /** Another name of {@link ReduceScatter.reduceScatterSync}. */
  reducescatterSync: ReduceScatter['reduceScatterSync'];
  /** Another name of {@link ReduceScatter.reduceScatterInit}. */
  reducescatterInit: ReduceScatter['reduceScatterInit'];
}
