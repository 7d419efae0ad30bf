/**
 * All-to-all of blocks of any length.
 *
 * Source: every rank learns all counts in a small allgather. Then each stages what it sends, and takes what it gets from
 * the stagings of the others (`src/backend/window/ragged-transfer.ts`). Cost on one host: 2 steps and one for each 256 KiB
 * that a rank sends; one copy in and one out.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.8 (MPI_Alltoallv) */
export const alltoallv: Operation = {
  name: 'alltoallv',
  number: 17,
  takes: 'blocks',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'each',
  gets: 'each',
  withoutOut: 'made',
  givesSame: false,
  isRooted: false,
  options: ['sendCounts', 'sendDisplacements', 'recvCounts', 'recvDisplacements', 'dtype', 'out', ...commonOptions],
  sends: () => true,
  receives: () => true,
};

/**
 * Options of {@link Alltoallv.alltoallv}.
 *
 * @example
 * const options: AlltoallvOptions<Uint32Array> = { sendCounts: new Array(context.size).fill(1) };
 * const got = await collective.alltoallv(new Uint32Array(context.size), options);
 */
export interface AlltoallvOptions<T extends NumericBuffer> {
  /** Elements that each rank gets of this one. */
  readonly sendCounts: ArrayLike<number>;
  /** Element of the buffer at which each rank's block begins; default: one behind the other. */
  readonly sendDisplacements?: ArrayLike<number> | undefined;
  /** Elements that come from each rank; what is left out is exchanged. */
  readonly recvCounts?: ArrayLike<number> | undefined;
  /** Element of the result at which each rank's block begins; default: one behind the other. Needs `recvCounts`. */
  readonly recvDisplacements?: ArrayLike<number> | undefined;
  /**
   * Where the blocks go, apart from the buffer: as many elements as they need, or more; what no block covers is left as
   * it was. An array that is made when it is left out. A tensor needs one.
   */
  readonly out?: T | undefined;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/** The methods of the operation. */
export interface Alltoallv {
  /**
   * Give each rank a block of any length of every rank's buffer.
   *
   * Shape: rank t gets `sendCounts[t]` elements of this rank's `buffer`. Ownership and errors as for {@link
   * Allreduce.allreduce}. Counts that do not agree are a mismatch on every rank.
   *
   * @returns `out` if given, else an array of the buffer's class that was made.
   * @example
   * const sorted = await collective.alltoallv(keys, { sendCounts }); // what each rank had for this one
   * @see MPI-4.1 section 6.8 (MPI_Alltoallv)
   */
  alltoallv<T extends NumericBuffer>(buffer: T, options: AlltoallvOptions<T> & CollectiveOptions): Promise<T>;
  /** Blocking twin of {@link Alltoallv.alltoallv}. */
  alltoallvSync<T extends NumericBuffer>(buffer: T, options: AlltoallvOptions<T> & CollectiveSyncOptions): T;
  /** Prepare a call of {@link Alltoallv.alltoallv} that is started again and again. @see MPI-4.1 section 6.13 */
  alltoallvInit<T extends NumericBuffer>(
    buffer: T,
    options: AlltoallvOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T>;
}
