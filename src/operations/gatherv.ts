/**
 * Gather of blocks of any length: the root gets those of all ranks.
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

/** @see MPI-4.1 section 6.5 (MPI_Gatherv) */
export const gatherv: Operation = {
  name: 'gatherv',
  number: 15,
  takes: 'blocks',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'each',
  withoutOut: 'made',
  givesSame: false,
  isRooted: true,
  options: ['counts', 'displacements', 'root', 'dtype', 'out', ...commonOptions],
  sends: () => true,
  receives: (rank, root) => rank === root,
};

/**
 * Options of {@link Gatherv.gatherv}. Counts, displacements and `out` are the root's; other ranks' are not used.
 *
 * @example
 * const options: GathervOptions<Float64Array> = { root: 0 };
 * const all = await collective.gatherv(new Float64Array(context.rank + 1), options);
 */
export interface GathervOptions<T extends NumericBuffer> {
  /** Rank that gets the blocks, default 0. */
  readonly root?: number | undefined;
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
export interface Gatherv {
  /**
   * Put the buffers of all ranks, of any length, into one array on the root. Otherwise as {@link Allgatherv.allgatherv}.
   *
   * @returns On the root `out` if given, else an array of the buffer's class that was made; undefined on the others.
   * @example
   * const lines = await collective.gatherv(mine, { root: 0 });
   * @see MPI-4.1 section 6.5 (MPI_Gatherv)
   */
  gatherv<T extends NumericBuffer>(buffer: T, options?: GathervOptions<T> & CollectiveOptions): Promise<T | undefined>;
  /** Blocking twin of {@link Gatherv.gatherv}. */
  gathervSync<T extends NumericBuffer>(buffer: T, options?: GathervOptions<T> & CollectiveSyncOptions): T | undefined;
  /** Prepare a call of {@link Gatherv.gatherv} that is started again and again. @see MPI-4.1 section 6.13 */
  gathervInit<T extends NumericBuffer>(
    buffer: T,
    options?: GathervOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T | undefined>;
}
