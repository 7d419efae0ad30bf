/**
 * Allreduce: every rank's buffer becomes the left fold ((a0 + a1) + a2) + … in rank order.
 *
 * Source: direct reduction in shared memory (`wasm/src/plan.cpp`). Up to 512 bytes every rank folds the P staged inputs
 * itself. Above, the vector is cut into chunks of at least 64 KiB, at least one per rank. Each is folded once, in one
 * pass over the P sources, and written to all targets by whichever rank claims it. Cost on one host: 2 steps; nP bytes
 * read and nP written in all, (1/P)th of it per rank. A plain array adds one copy in and one out per rank, in pieces of
 * one staging half. Two ranks with plain arrays, and more with short ones, fold the staged inputs each for itself. That
 * costs 1 step, nP bytes read and n written per rank, and the same copies.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { ReduceListOptions, ReduceNumberOptions, ReduceOptions } from '../types/reduce-options.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.9.6 (MPI_Allreduce) */
export const allreduce: Operation = {
  name: 'allreduce',
  number: 3,
  takes: 'buffer',
  takesList: true,
  takesNumber: true,
  reduces: true,
  brings: 'one',
  gets: 'one',
  withoutOut: 'buffer',
  givesSame: true,
  isRooted: false,
  options: ['op', 'dtype', 'accumulate', 'out', ...commonOptions],
  sends: () => true,
  receives: () => true,
};

/**
 * Options of {@link Allreduce.allreduce}; which operations and dtypes there are depends on the array's class.
 *
 * @example
 * const options: AllreduceOptions<Float32Array> = { op: 'max', out: new Float32Array(gradients.length) };
 * const largest = await collective.allreduce(gradients, options);
 */
export type AllreduceOptions<T extends NumericBuffer> = ReduceOptions<T> & {
  /** Where the result goes; default: in place. Same class and shape as the buffer. */
  readonly out?: T | undefined;
};

/** The methods of the operation. */
export interface Allreduce {
  /**
   * Reduce `buffer` element by element over all ranks and leave the result on every rank.
   *
   * Shape: as many elements on every rank, those of a tensor in row-major order, whatever its strides. Afterwards
   * element i is `op` over all ranks' element i, with the same bits on all ranks. Ownership: `buffer` (and `out`)
   * belong to the call until the promise settles.
   *
   * A list of arrays is one call, in which each is reduced by itself: bit for bit what a call for each gives. All ranks
   * give as many, of the same dtypes and lengths in the same order. A number gives a number: a float64, and of a bigint an
   * int64.
   *
   * @returns `out` if given, else `buffer`; of a number the reduction.
   * @example
   * await collective.allreduce(gradients, { op: 'avg' }); // a Float32Array, or a list of them
   * const total = await collective.allreduce(loss);
   * @throws {@link InvalidArgumentError} before anything is sent; the group stays usable.
   * @throws {@link CollectiveMismatchError} on every rank, when ranks disagree; nothing is written and the group stays
   * usable.
   * @throws {@link CollectiveTimeoutError} with the missing ranks; the group has failed.
   * @throws {@link PeerFailedError} when another rank threw; the group has failed.
   * @see MPI-4.1 section 6.9.6 (MPI_Allreduce); ray.util.collective.allreduce
   */
  allreduce<T extends NumericBuffer>(buffer: T, options?: AllreduceOptions<T> & CollectiveOptions): Promise<T>;
  allreduce<L extends readonly NumericBuffer[]>(
    buffers: L,
    options?: ReduceListOptions<L> & CollectiveOptions,
  ): Promise<L>;
  allreduce<N extends number | bigint>(
    value: N,
    options?: ReduceNumberOptions & CollectiveOptions,
  ): Promise<N extends bigint ? bigint : number>;
  /** Blocking twin of {@link Allreduce.allreduce}. */
  allreduceSync<T extends NumericBuffer>(buffer: T, options?: AllreduceOptions<T> & CollectiveSyncOptions): T;
  allreduceSync<L extends readonly NumericBuffer[]>(
    buffers: L,
    options?: ReduceListOptions<L> & CollectiveSyncOptions,
  ): L;
  allreduceSync<N extends number | bigint>(
    value: N,
    options?: ReduceNumberOptions & CollectiveSyncOptions,
  ): N extends bigint ? bigint : number;
  /** Prepare a call of {@link Allreduce.allreduce} that is started again and again. @see MPI-4.1 section 6.13 */
  allreduceInit<T extends NumericBuffer>(
    buffer: T,
    options?: AllreduceOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T>;
  allreduceInit<L extends readonly NumericBuffer[]>(
    buffers: L,
    options?: ReduceListOptions<L> & CollectiveSyncOptions,
  ): PreparedCall<L>;
}
