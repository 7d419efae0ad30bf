/**
 * Allgather of blocks of any length: every rank gets those of all ranks.
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

/** @see MPI-4.1 section 6.7 (MPI_Allgatherv) */
export const allgatherv: Operation = {
  name: 'allgatherv',
  number: 14,
  takes: 'blocks',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'each',
  withoutOut: 'made',
  givesSame: false,
  isRooted: false,
  options: ['counts', 'displacements', 'dtype', 'out', ...commonOptions],
  sends: () => true,
  receives: () => true,
};

/**
 * Options of {@link Allgatherv.allgatherv}.
 *
 * @example
 * const counts = Array.from({ length: context.size }, (_, rank) => rank + 1);
 * const options: AllgathervOptions<Float64Array> = { counts };
 * const all = await collective.allgatherv(new Float64Array(context.rank + 1), options);
 */
export interface AllgathervOptions<T extends NumericBuffer> {
  /** Elements that come from each rank; what is left out is exchanged. */
  readonly counts?: ArrayLike<number> | undefined;
  /** Element of the result at which each rank's block begins; default: one behind the other. Needs `counts`. */
  readonly displacements?: ArrayLike<number> | undefined;
  /**
   * Where the blocks go, apart from the buffer: as many elements as they need, or more; what no block covers is left as
   * it was. An array that is made when it is left out. A tensor needs one.
   */
  readonly out?: T | undefined;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/** The methods of the operation. */
export interface Allgatherv {
  /**
   * Put the buffers of all ranks, of any length, into one array on every rank.
   *
   * Shape: `buffer` has any number of elements on each rank. Ownership and errors as for {@link Allreduce.allreduce}. Counts
   * that do not agree are a mismatch on every rank.
   *
   * @returns `out` if given, else an array of the buffer's class that was made.
   * @example
   * const found = await collective.allgatherv(Uint32Array.from(hits)); // of rank 0, then of rank 1, …
   * @see MPI-4.1 section 6.7 (MPI_Allgatherv)
   */
  allgatherv<T extends NumericBuffer>(buffer: T, options?: AllgathervOptions<T> & CollectiveOptions): Promise<T>;
  /** Blocking twin of {@link Allgatherv.allgatherv}. */
  allgathervSync<T extends NumericBuffer>(buffer: T, options?: AllgathervOptions<T> & CollectiveSyncOptions): T;
  /** Prepare a call of {@link Allgatherv.allgatherv} that is started again and again. @see MPI-4.1 section 6.13 */
  allgathervInit<T extends NumericBuffer>(
    buffer: T,
    options?: AllgathervOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T>;
}
