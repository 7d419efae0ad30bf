/**
 * Allgather: every rank gets the blocks of all ranks, in rank order.
 *
 * Source: direct copies through shared memory (`wasm/src/moves.cpp`). Where all blocks are staged, each rank copies them
 * for itself. Cost on one host: 2 steps, 1 where all are staged; nP² bytes copied in all, (1/P)th of it per rank.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.7 (MPI_Allgather) */
export const allgather: Operation = {
  name: 'allgather',
  number: 6,
  takes: 'buffer',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'each',
  withoutOut: 'made',
  givesSame: true,
  isRooted: false,
  options: ['dtype', 'out', ...commonOptions],
  sends: () => true,
  receives: () => true,
};

/**
 * Options of {@link Allgather.allgather}.
 *
 * @example
 * const options: AllgatherOptions<Float64Array> = { out: new Float64Array(context.size) };
 * const losses = await collective.allgather(Float64Array.of(loss), options);
 */
export interface AllgatherOptions<T extends NumericBuffer> {
  /**
   * Where the blocks go: as many elements as `size` buffers; an array that is made when it is left out. The buffer may
   * be this rank's block of it. A tensor needs one. A list has an array for each rank's block.
   */
  readonly out?: T | undefined;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/** The methods of the operation. */
export interface Allgather {
  /**
   * Put the buffers of all ranks one behind the other, in rank order, on every rank.
   *
   * Shape: `buffer` has as many elements on every rank; the result has `size` times as many. Elements from r × count on are
   * rank r's. Ownership and errors as for {@link Allreduce.allreduce}.
   *
   * @returns `out` if given, else an array of the buffer's class that was made. A prepared call makes one for all starts.
   * @example
   * const losses = await collective.allgather(Float64Array.of(loss)); // losses[r] is rank r's
   * @see MPI-4.1 section 6.7 (MPI_Allgather); ray.util.collective.allgather
   */
  allgather<T extends NumericBuffer>(buffer: T, options?: AllgatherOptions<T> & CollectiveOptions): Promise<T>;
  allgather<T extends NumericBuffer, L extends readonly T[]>(
    buffer: T,
    options: Omit<AllgatherOptions<T>, 'out'> & { readonly out: L } & CollectiveOptions,
  ): Promise<L>;
  /** Blocking twin of {@link Allgather.allgather}. */
  allgatherSync<T extends NumericBuffer>(buffer: T, options?: AllgatherOptions<T> & CollectiveSyncOptions): T;
  allgatherSync<T extends NumericBuffer, L extends readonly T[]>(
    buffer: T,
    options: Omit<AllgatherOptions<T>, 'out'> & { readonly out: L } & CollectiveSyncOptions,
  ): L;
  /** Prepare a call of {@link Allgather.allgather} that is started again and again. @see MPI-4.1 section 6.13 */
  allgatherInit<T extends NumericBuffer>(
    buffer: T,
    options?: AllgatherOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T>;
}
