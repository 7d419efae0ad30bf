/**
 * emptyShared: one array for all ranks of a host.
 *
 * Source: MPI_Win_allocate_shared (MPI-4.1, section 12.2.3), with all of the memory on one rank. The root takes memory
 * of its part of the window and tells its address in a small allreduce. With that all ranks learn too whether anybody
 * had no room. Cost on one host: one small call, and n zeros that the root writes.
 */
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../types/buffers.js';
import type { CollectiveOptions, CollectiveSyncOptions } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 12.2.3 (MPI_Win_allocate_shared) */
export const emptyShared: Operation = {
  name: 'emptyShared',
  number: 4,
  takes: 'class',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'one',
  withoutOut: 'buffer',
  givesSame: true,
  isRooted: false,
  options: ['root', ...commonOptions],
  sends: () => true,
  receives: () => true,
};

/**
 * Options of {@link EmptyShared.emptyShared}.
 *
 * @example
 * const options: EmptySharedOptions = { root: 1 };
 * const mean = await collective.emptyShared(Float32Array, gradients.length, options);
 * await collective.allreduce(gradients, { op: 'avg', out: mean });
 */
export interface EmptySharedOptions {
  /** Rank whose part of the window holds the array, default 0. */
  readonly root?: number | undefined;
}

/** The methods of the operation. */
export interface EmptyShared {
  /**
   * Make a node-shared array of `count` zeros: all ranks of a host get the same memory. As `out` of an allreduce the
   * result is written once, and every rank reads it there.
   *
   * Collective: every rank of the group calls it, in the same order relative to its other collectives. All give the
   * same count and a class of the same dtype. Shape: `out` of an allreduce, or the buffer of a broadcast; a `subarray`
   * too. All ranks of a call give the same part of the same array. It is never what an allreduce reads: each rank
   * brings an array of its own. Ownership: collectives alone write it. A rank may read it when a call that wrote it has
   * ended, until it starts the next one that does. The root of a broadcast writes it before that call. Before it
   * writes again a `barrier` is needed, behind what the others have read: a broadcast of a node-shared array moves
   * nothing and keeps no copy of what it had before. What a rank writes otherwise reaches others or does not. Where ranks
   * share no memory (over MPI alone, or on several hosts) every rank has a copy. A program that keeps to these rules
   * computes the same. Life: until the task has ended on all its ranks, or all of them have called {@link
   * Collective.free}, each when it needs the array no longer.
   *
   * @throws {@link InvalidArgumentError} before anything is sent; the group stays usable.
   * @throws {@link CollectiveMismatchError} on every rank, when ranks disagree; nothing is made and the group stays
   *   usable.
   * @throws {@link WindowExhaustedError} on every rank, when there is no room; the group stays usable.
   * @example
   * const x = collective.empty(Float32Array, n);
   * const mean = await collective.emptyShared(Float32Array, n);
   * for (let step = 0; step < steps; step++) {
   *   computeGradients(x, mean);
   *   await collective.allreduce(x, { op: 'avg', out: mean });
   * }
   * const table = await collective.emptyShared(Float32Array, n);
   * for (const page of pages) {
   *   if (collective.rank === 0) table.set(page);
   *   await collective.broadcast(table);
   *   use(table);
   *   await collective.barrier(); // all have read it: rank 0 may write the next page
   * }
   * @see MPI-4.1 section 12.2.3 (MPI_Win_allocate_shared)
   */
  emptyShared<T extends TypedArray | Float16ArrayLike>(
    arrayClass: TypedArrayClass<T>,
    count: number,
    options?: EmptySharedOptions & CollectiveOptions,
  ): Promise<T>;
  /** Blocking twin of {@link EmptyShared.emptyShared}. */
  emptySharedSync<T extends TypedArray | Float16ArrayLike>(
    arrayClass: TypedArrayClass<T>,
    count: number,
    options?: EmptySharedOptions & CollectiveSyncOptions,
  ): T;
}
