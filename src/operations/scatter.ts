/**
 * Scatter: each rank gets its block of the root's buffer.
 *
 * Source: direct copies through shared memory (`wasm/src/moves.cpp`). Cost on one host: 2 steps, 1 where the root's
 * blocks are staged; nP bytes copied in all.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.6 (MPI_Scatter) */
export const scatter: Operation = {
  name: 'scatter',
  number: 8,
  takes: 'buffer',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'each',
  gets: 'one',
  withoutOut: 'refused',
  givesSame: false,
  isRooted: false,
  options: ['dtype', 'root', 'out', ...commonOptions],
  sends: (rank, root) => rank === root,
  receives: () => true,
};

/**
 * Options of {@link Scatter.scatter}.
 *
 * @example
 * const options: ScatterOptions<Float32Array> = { root: 0, out: new Float32Array(2) };
 * const whole = new Float32Array(2 * context.size);
 * await collective.scatter(context.rank === 0 ? whole : undefined, options);
 */
export interface ScatterOptions<T extends NumericBuffer> {
  /** Rank whose buffer is handed out, default 0. */
  readonly root?: number | undefined;
  /** Where this rank's block goes. The root's may be its block of the buffer. */
  readonly out: T;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/** The methods of the operation. */
export interface Scatter {
  /**
   * Give each rank its block of the root's buffer.
   *
   * Shape: the root's `buffer` has `size` times as many elements as each rank's `out`. Elements from r × count on go to rank
   * r. Other ranks' `buffer` is not looked at: give undefined. Ownership and errors as for {@link Allreduce.allreduce}.
   *
   * A list of `size` arrays stands for an array of as many blocks, one for each rank.
   *
   * @returns `out`.
   * @example
   * const part = await collective.scatter(context.rank === 0 ? whole : undefined, { out: new Float32Array(n) });
   * @see MPI-4.1 section 6.6 (MPI_Scatter)
   */
  scatter<T extends NumericBuffer>(
    buffer: T | readonly T[] | undefined,
    options: ScatterOptions<T> & CollectiveOptions,
  ): Promise<T>;
  /** Blocking twin of {@link Scatter.scatter}. */
  scatterSync<T extends NumericBuffer>(
    buffer: T | readonly T[] | undefined,
    options: ScatterOptions<T> & CollectiveSyncOptions,
  ): T;
  /** Prepare a call of {@link Scatter.scatter} that is started again and again. @see MPI-4.1 section 6.13 */
  scatterInit<T extends NumericBuffer>(
    buffer: T | readonly T[] | undefined,
    options: ScatterOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T>;
}
