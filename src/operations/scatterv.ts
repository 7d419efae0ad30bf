/**
 * Scatter of blocks of any length: each rank gets its block of the root's buffer.
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

/** @see MPI-4.1 section 6.6 (MPI_Scatterv) */
export const scatterv: Operation = {
  name: 'scatterv',
  number: 16,
  takes: 'blocks',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'each',
  gets: 'one',
  withoutOut: 'refused',
  givesSame: false,
  isRooted: false,
  options: ['counts', 'displacements', 'root', 'dtype', 'out', ...commonOptions],
  sends: (rank, root) => rank === root,
  receives: () => true,
};

/**
 * Options of {@link Scatterv.scatterv}. Counts and displacements are the root's; other ranks' are not used.
 *
 * @example
 * const counts = Array.from({ length: context.size }, (_, rank) => rank + 1);
 * const options: ScattervOptions<Float64Array> = { counts, out: new Float64Array(context.rank + 1) };
 * await collective.scatterv(context.rank === 0 ? new Float64Array(10) : undefined, options);
 */
export interface ScattervOptions<T extends NumericBuffer> {
  /** Rank whose buffer is handed out, default 0. */
  readonly root?: number | undefined;
  /** Elements that each rank gets; the root needs them. */
  readonly counts?: ArrayLike<number> | undefined;
  /** Element of the root's buffer at which each rank's block begins; default: one behind the other. */
  readonly displacements?: ArrayLike<number> | undefined;
  /** Where this rank's block goes, apart from the buffer: as many elements as the root's count for this rank. */
  readonly out: T;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/** The methods of the operation. */
export interface Scatterv {
  /**
   * Give each rank its block, of any length, of the root's buffer.
   *
   * Shape: `out` has as many elements as the root's count for this rank. Other ranks' `buffer` is not looked at: give
   * undefined. Ownership and errors as for {@link Allreduce.allreduce}. Counts that do not agree are a mismatch on every rank.
   *
   * @returns `out`.
   * @example
   * const counts = Array.from({ length: context.size }, (_, rank) => rank + 1);
   * const buffer = context.rank === 0 ? new Float32Array(10) : undefined;
   * await collective.scatterv(buffer, { counts, out: new Float32Array(context.rank + 1) });
   * @see MPI-4.1 section 6.6 (MPI_Scatterv)
   */
  scatterv<T extends NumericBuffer>(buffer: T | undefined, options: ScattervOptions<T> & CollectiveOptions): Promise<T>;
  /** Blocking twin of {@link Scatterv.scatterv}. */
  scattervSync<T extends NumericBuffer>(buffer: T | undefined, options: ScattervOptions<T> & CollectiveSyncOptions): T;
  /** Prepare a call of {@link Scatterv.scatterv} that is started again and again. @see MPI-4.1 section 6.13 */
  scattervInit<T extends NumericBuffer>(
    buffer: T | undefined,
    options: ScattervOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T>;
}
