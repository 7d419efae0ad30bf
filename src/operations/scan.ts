/**
 * Scan: rank r's result is the left fold of the buffers of ranks 0 to r.
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

/** @see MPI-4.1 section 6.11.1 (MPI_Scan) */
export const scan: Operation = {
  name: 'scan',
  number: 11,
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
  receives: () => true,
};

/**
 * Options of {@link Scan.scan}; which operations and dtypes there are depends on the array's class.
 *
 * @example
 * const options: ScanOptions<Float64Array> = { op: 'max' };
 * const largestSoFar = await collective.scan(Float64Array.of(loss), options);
 */
export type ScanOptions<T extends NumericBuffer> = ReduceOptions<T> & {
  /** Where the result goes; default: in place. Same class and shape as the buffer. */
  readonly out?: T | undefined;
};

/** The methods of the operation. */
export interface Scan {
  /**
   * Reduce `buffer` element by element over this rank and those before it.
   *
   * Shape: as many elements on every rank. Afterwards element i of rank r's result is `op` over element i of ranks 0 to r.
   * Ownership and errors as for {@link Allreduce.allreduce}.
   *
   * @returns `out` if given, else `buffer`.
   * @example
   * const [upToMe] = await collective.scan(BigInt64Array.of(1n)); // 1n on rank 0, 2n on rank 1, …
   * @see MPI-4.1 section 6.11.1 (MPI_Scan)
   */
  scan<T extends NumericBuffer>(buffer: T, options?: ScanOptions<T> & CollectiveOptions): Promise<T>;
  scan<N extends number | bigint>(
    value: N,
    options?: ReduceNumberOptions & CollectiveOptions,
  ): Promise<N extends bigint ? bigint : number>;
  /** Blocking twin of {@link Scan.scan}. */
  scanSync<T extends NumericBuffer>(buffer: T, options?: ScanOptions<T> & CollectiveSyncOptions): T;
  scanSync<N extends number | bigint>(
    value: N,
    options?: ReduceNumberOptions & CollectiveSyncOptions,
  ): N extends bigint ? bigint : number;
  /** Prepare a call of {@link Scan.scan} that is started again and again. @see MPI-4.1 section 6.13 */
  scanInit<T extends NumericBuffer>(buffer: T, options?: ScanOptions<T> & CollectiveSyncOptions): PreparedCall<T>;
}
