/**
 * All-to-all: block t of rank s goes to block s of rank t.
 *
 * Source: direct copies through shared memory (`wasm/src/moves.cpp`). Where all blocks are staged, each rank copies those
 * that it gets. Cost on one host: 2 steps, 1 where all are staged; nP² bytes copied in all, (1/P)th of it per rank.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.8 (MPI_Alltoall) */
export const alltoall: Operation = {
  name: 'alltoall',
  number: 10,
  takes: 'buffer',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'each',
  gets: 'each',
  withoutOut: 'made',
  givesSame: false,
  isRooted: false,
  options: ['dtype', 'out', ...commonOptions],
  sends: () => true,
  receives: () => true,
};

/**
 * Options of {@link Alltoall.alltoall}.
 *
 * @example
 * const options: AlltoallOptions<Float32Array> = { out: new Float32Array(rows.length) };
 * const transposed = await collective.alltoall(rows, options);
 */
export interface AlltoallOptions<T extends NumericBuffer> {
  /**
   * Where the blocks go: as many elements as the buffer, and apart from it; an array that is made when it is left out. A
   * tensor needs one.
   */
  readonly out?: T | undefined;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/** The methods of the operation. */
export interface Alltoall {
  /**
   * Give each rank a block of every rank's buffer.
   *
   * Shape: `buffer` has as many elements on every rank, a multiple of `size`. Its elements from t × count on go to rank t; the
   * elements of the result from s × count on come from rank s. Ownership and errors as for {@link Allreduce.allreduce}.
   *
   * A list of `size` arrays stands for an array of as many blocks, as `buffer` and as `out`.
   *
   * @returns `out` if given, else an array of the buffer's class that was made. A prepared call makes one for all starts.
   * @example
   * const transposed = await collective.alltoall(rows); // block r is what rank r had for this rank
   * @see MPI-4.1 section 6.8 (MPI_Alltoall)
   */
  alltoall<T extends NumericBuffer>(
    buffer: T | readonly T[],
    options?: AlltoallOptions<T> & CollectiveOptions,
  ): Promise<T>;
  alltoall<T extends NumericBuffer, L extends readonly T[]>(
    buffer: T | readonly T[],
    options: Omit<AlltoallOptions<T>, 'out'> & { readonly out: L } & CollectiveOptions,
  ): Promise<L>;
  /** Blocking twin of {@link Alltoall.alltoall}. */
  alltoallSync<T extends NumericBuffer>(
    buffer: T | readonly T[],
    options?: AlltoallOptions<T> & CollectiveSyncOptions,
  ): T;
  alltoallSync<T extends NumericBuffer, L extends readonly T[]>(
    buffer: T | readonly T[],
    options: Omit<AlltoallOptions<T>, 'out'> & { readonly out: L } & CollectiveSyncOptions,
  ): L;
  /** Prepare a call of {@link Alltoall.alltoall} that is started again and again. @see MPI-4.1 section 6.13 */
  alltoallInit<T extends NumericBuffer>(
    buffer: T | readonly T[],
    options?: AlltoallOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T>;
}
