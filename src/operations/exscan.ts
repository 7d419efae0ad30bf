/**
 * Exclusive scan: rank r's result is the left fold of the buffers of ranks 0 to r − 1.
 *
 * Source: direct reduction in shared memory (`wasm/src/moves.cpp`), from the last rank down, so that results may go in
 * place. Each prefix is folded anew: what is carried in float32 could not go on from a rounded result. Cost on one host:
 * 2 steps, 1 where all buffers are staged; nP²/2 bytes read and nP written in all.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { ReduceNumberOptions, ReduceOptions } from '../types/reduce-options.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.11.2 (MPI_Exscan) */
export const exscan: Operation = {
  name: 'exscan',
  number: 12,
  takes: 'buffer',
  takesList: false,
  takesNumber: true,
  reduces: true,
  brings: 'one',
  gets: 'one',
  withoutOut: 'buffer',
  givesSame: false,
  isRooted: false,
  options: ['op', 'dtype', 'accumulate', 'out', ...commonOptions],
  sends: () => true,
  receives: (rank) => rank !== 0,
};

/**
 * Options of {@link Exscan.exscan}; which operations and dtypes there are depends on the array's class.
 *
 * @example
 * const options: ExscanOptions<Float64Array> = { op: 'sum' };
 * const [before] = await collective.exscan(Float64Array.of(context.rank === 0 ? 0 : loss), options);
 */
export type ExscanOptions<T extends NumericBuffer> = ReduceOptions<T> & {
  /** Where the result goes; default: in place. Same class and shape as the buffer. */
  readonly out?: T | undefined;
};

/** The methods of the operation. */
export interface Exscan {
  /**
   * Reduce `buffer` element by element over the ranks before this one.
   *
   * Shape: as many elements on every rank. Afterwards element i of rank r's result is `op` over element i of ranks 0 to r − 1.
   * Rank 0 has nobody before it: its result is left as it was. Ownership and errors as for {@link Allreduce.allreduce}.
   *
   * @returns `out` if given, else `buffer`.
   * @example
   * const [before] = await collective.exscan(BigInt64Array.of(1n)); // rank 0: as it was; 1n on rank 1, 2n on rank 2, …
   * @see MPI-4.1 section 6.11.2 (MPI_Exscan)
   */
  exscan<T extends NumericBuffer>(buffer: T, options?: ExscanOptions<T> & CollectiveOptions): Promise<T>;
  exscan<N extends number | bigint>(
    value: N,
    options?: ReduceNumberOptions & CollectiveOptions,
  ): Promise<N extends bigint ? bigint : number>;
  /** Blocking twin of {@link Exscan.exscan}. */
  exscanSync<T extends NumericBuffer>(buffer: T, options?: ExscanOptions<T> & CollectiveSyncOptions): T;
  exscanSync<N extends number | bigint>(
    value: N,
    options?: ReduceNumberOptions & CollectiveSyncOptions,
  ): N extends bigint ? bigint : number;
  /** Prepare a call of {@link Exscan.exscan} that is started again and again. @see MPI-4.1 section 6.13 */
  exscanInit<T extends NumericBuffer>(buffer: T, options?: ExscanOptions<T> & CollectiveSyncOptions): PreparedCall<T>;
}
