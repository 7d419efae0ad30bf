/**
 * Gather: the root gets the blocks of all ranks, in rank order.
 *
 * Source: direct copies through shared memory (`wasm/src/moves.cpp`). Cost on one host: 2 steps, 1 where all blocks are
 * staged; nP bytes copied in all.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.5 (MPI_Gather) */
export const gather: Operation = {
  name: 'gather',
  number: 7,
  takes: 'buffer',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'each',
  withoutOut: 'made',
  givesSame: false,
  isRooted: true,
  options: ['dtype', 'root', 'out', ...commonOptions],
  sends: () => true,
  receives: (rank, root) => rank === root,
};

/**
 * Options of {@link Gather.gather}.
 *
 * @example
 * const options: GatherOptions<Float64Array> = { root: 1 };
 * const losses = await collective.gather(Float64Array.of(loss), options); // undefined but on rank 1
 */
export interface GatherOptions<T extends NumericBuffer> {
  /** Rank that gets the blocks, default 0. */
  readonly root?: number | undefined;
  /** As for {@link AllgatherOptions.out}, on the root; other ranks' is not used. */
  readonly out?: T | undefined;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/** The methods of the operation. */
export interface Gather {
  /**
   * Put the buffers of all ranks one behind the other, in rank order, on the root.
   *
   * Shape as for {@link Allgather.allgather}; ownership and errors as for {@link Allreduce.allreduce}.
   *
   * @returns On the root `out` if given, else an array of the buffer's class that was made; undefined on the others.
   * @example
   * const all = await collective.gather(mine, { root: 0 });
   * if (all) save(all);
   * @see MPI-4.1 section 6.5 (MPI_Gather)
   */
  gather<T extends NumericBuffer>(buffer: T, options?: GatherOptions<T> & CollectiveOptions): Promise<T | undefined>;
  gather<T extends NumericBuffer, L extends readonly T[]>(
    buffer: T,
    options: Omit<GatherOptions<T>, 'out'> & { readonly out: L } & CollectiveOptions,
  ): Promise<L | undefined>;
  /** Blocking twin of {@link Gather.gather}. */
  gatherSync<T extends NumericBuffer>(buffer: T, options?: GatherOptions<T> & CollectiveSyncOptions): T | undefined;
  gatherSync<T extends NumericBuffer, L extends readonly T[]>(
    buffer: T,
    options: Omit<GatherOptions<T>, 'out'> & { readonly out: L } & CollectiveSyncOptions,
  ): L | undefined;
  /** Prepare a call of {@link Gather.gather} that is started again and again. @see MPI-4.1 section 6.13 */
  gatherInit<T extends NumericBuffer>(
    buffer: T,
    options?: GatherOptions<T> & CollectiveSyncOptions,
  ): PreparedCall<T | undefined>;
}
