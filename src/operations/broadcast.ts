/**
 * Broadcast: every rank's buffer becomes the root's.
 *
 * Source: one-to-all copy through shared memory (`wasm/src/plan.cpp`); chunks are claimed by whichever rank is awake.
 * Cost on one host: 1 step; n bytes read and n(P−1) written for window arrays. A plain array adds one copy into the
 * root's staging and one out of it per rank, in pieces of one staging half.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.4 (MPI_Bcast) */
export const broadcast: Operation = {
  name: 'broadcast',
  number: 2,
  takes: 'buffer',
  takesList: true,
  takesNumber: true,
  reduces: false,
  brings: 'one',
  gets: 'one',
  withoutOut: 'buffer',
  givesSame: true,
  isRooted: false,
  options: ['root', 'dtype', ...commonOptions],
  sends: (rank, root) => rank === root,
  receives: (rank, root) => rank !== root,
};

/**
 * Options of {@link Broadcast.broadcast}.
 *
 * @example
 * const options: BroadcastOptions = { root: 1 };
 * await collective.broadcast(weights, options);
 */
export interface BroadcastOptions {
  /** Rank whose buffer everyone gets, default 0. */
  readonly root?: number | undefined;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/** The methods of the operation. */
export interface Broadcast {
  /**
   * Make every rank's `buffer` a copy of the root's. Lists and numbers as for {@link Allreduce.allreduce}. Shape, ownership and errors as for {@link Allreduce.allreduce}.
   *
   * @returns `buffer`.
   * @example
   * await collective.broadcast(weights, { root: 0 }); // every rank has those of rank 0
   * @see MPI-4.1 section 6.4 (MPI_Bcast); ray.util.collective.broadcast
   */
  broadcast<T extends NumericBuffer>(buffer: T, options?: BroadcastOptions & CollectiveOptions): Promise<T>;
  broadcast<L extends readonly NumericBuffer[]>(buffers: L, options?: BroadcastOptions & CollectiveOptions): Promise<L>;
  broadcast<N extends number | bigint>(
    value: N,
    options?: BroadcastOptions & CollectiveOptions,
  ): Promise<N extends bigint ? bigint : number>;
  /** Blocking twin of {@link Broadcast.broadcast}. */
  broadcastSync<T extends NumericBuffer>(buffer: T, options?: BroadcastOptions & CollectiveSyncOptions): T;
  broadcastSync<L extends readonly NumericBuffer[]>(buffers: L, options?: BroadcastOptions & CollectiveSyncOptions): L;
  broadcastSync<N extends number | bigint>(
    value: N,
    options?: BroadcastOptions & CollectiveSyncOptions,
  ): N extends bigint ? bigint : number;
  /** Prepare a call of {@link Broadcast.broadcast} that is started again and again. @see MPI-4.1 section 6.13 */
  broadcastInit<T extends NumericBuffer>(
    buffer: T,
    options?: BroadcastOptions & CollectiveSyncOptions,
  ): PreparedCall<T>;
  broadcastInit<L extends readonly NumericBuffer[]>(
    buffers: L,
    options?: BroadcastOptions & CollectiveSyncOptions,
  ): PreparedCall<L>;
}
