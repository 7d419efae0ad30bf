/**
 * Reduce: the root's result is the left fold ((a0 + a1) + a2) + … in rank order.
 *
 * Source: direct reduction in shared memory (`wasm/src/plan.cpp`), as allreduce, with the root as the only target. Cost
 * on one host: 2 steps; nP bytes read and n written in all, (1/P)th of it per rank.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { ReduceListOptions, ReduceNumberOptions, ReduceOptions } from '../types/reduce-options.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.9.1 (MPI_Reduce) */
export const reduce: Operation = {
  name: 'reduce',
  number: 5,
  takes: 'buffer',
  takesList: true,
  takesNumber: true,
  reduces: true,
  brings: 'one',
  gets: 'one',
  withoutOut: 'buffer',
  givesSame: false,
  isRooted: true,
  options: ['op', 'dtype', 'accumulate', 'root', 'out', ...commonOptions],
  sends: () => true,
  receives: (rank, root) => rank === root,
};

/**
 * Options of {@link Reduce.reduce}; which operations and dtypes there are depends on the array's class.
 *
 * @example
 * const options: ReduceToOptions<Float32Array> = { op: 'sum', root: 0 };
 * const total = await collective.reduce(gradients, options); // undefined but on rank 0
 */
export type ReduceToOptions<T extends NumericBuffer> = ReduceOptions<T> & {
  /** Rank that gets the result, default 0. */
  readonly root?: number | undefined;
  /** Where the root's result goes; default: in place. Same class and shape as the buffer. Other ranks' is not used. */
  readonly out?: T | undefined;
};

/** The methods of the operation. */
export interface Reduce {
  /**
   * Reduce `buffer` element by element over all ranks and leave the result on the root alone.
   *
   * Shape: as many elements on every rank. Afterwards element i of the root's result is `op` over all ranks' element i.
   * Other ranks' arrays are not written. Lists and numbers as for {@link Allreduce.allreduce}. Ownership and errors as for {@link Allreduce.allreduce}.
   *
   * @returns On the root `out` if given, else `buffer`; undefined on the others.
   * @example
   * const total = await collective.reduce(counts, { op: 'sum', root: 0 });
   * if (total) console.log(total); // on rank 0
   * @see MPI-4.1 section 6.9.1 (MPI_Reduce); ray.util.collective.reduce
   */
  reduce<T extends NumericBuffer>(buffer: T, options?: ReduceToOptions<T> & CollectiveOptions): Promise<T | undefined>;
  reduce<L extends readonly NumericBuffer[]>(
    buffers: L,
    options?: ReduceListOptions<L> & { readonly root?: number } & CollectiveOptions,
  ): Promise<L | undefined>;
  reduce<N extends number | bigint>(
    value: N,
    options?: ReduceNumberOptions & { readonly root?: number } & CollectiveOptions,
  ): Promise<(N extends bigint ? bigint : number) | undefined>;
  /** Blocking twin of {@link Reduce.reduce}. */
  reduceSync<T extends NumericBuffer>(buffer: T, options?: ReduceToOptions<T> & CollectiveSyncOptions): T | undefined;
  reduceSync<L extends readonly NumericBuffer[]>(
    buffers: L,
    options?: ReduceListOptions<L> & { readonly root?: number } & CollectiveSyncOptions,
  ): L | undefined;
  reduceSync<N extends number | bigint>(
    value: N,
    options?: ReduceNumberOptions & { readonly root?: number } & CollectiveSyncOptions,
  ): (N extends bigint ? bigint : number) | undefined;
  /** Prepare a call of {@link Reduce.reduce} that is started again and again. @see MPI-4.1 section 6.13 */
  reduceInit<T extends NumericBuffer>(
    buffer: T,
    options?: ReduceToOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T | undefined>;
  reduceInit<L extends readonly NumericBuffer[]>(
    buffers: L,
    options?: ReduceListOptions<L> & { readonly root?: number } & CollectiveSyncOptions,
  ): PreparedCall<L | undefined>;
}
