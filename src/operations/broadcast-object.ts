/**
 * Broadcast of a value of any kind.
 *
 * Source: every rank learns how many bytes each sends, in a small allgather; then the bytes go as blocks of any length
 * (`src/calls/object-calls.ts`). Cost on one host: 2 steps and one for each 256 KiB that a rank sends, beside encoding
 * and decoding.
 */
import type { CollectiveOptions, CollectiveSyncOptions } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see mpi4py `bcast`; torch.distributed.broadcast_object_list */
export const broadcastObject: Operation = {
  name: 'broadcastObject',
  number: 18,
  takes: 'object',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'one',
  withoutOut: 'made',
  givesSame: false,
  isRooted: false,
  options: ['root', ...commonOptions],
  sends: (rank, root) => rank === root,
  receives: (rank, root) => rank !== root,
};

/**
 * Options of {@link BroadcastObject.broadcastObject}.
 *
 * @example
 * const options: BroadcastObjectOptions = { root: 1 };
 * const settings = await collective.broadcastObject(context.rank === 1 ? { rate: 0.1 } : undefined, options);
 */
export interface BroadcastObjectOptions {
  /** Rank whose value goes out, default 0. */
  readonly root?: number | undefined;
}

/** The methods of the operation. */
export interface BroadcastObject {
  /**
   * Give every rank a copy of the root's value.
   *
   * What can be copied is what arguments of a task can be. Errors as for {@link Allreduce.allreduce}.
   *
   * @returns `value` itself on the root, a copy on the others.
   * @throws {@link NotSerializableError} for a value with functions, promises or symbols; the group stays usable.
   * @example
   * const config = await collective.broadcastObject(context.rank === 0 ? await readConfig() : undefined);
   * @see mpi4py `bcast`; torch.distributed.broadcast_object_list
   */
  broadcastObject<T>(value: T | undefined, options?: BroadcastObjectOptions & CollectiveOptions): Promise<T>;
  /** Blocking twin of {@link BroadcastObject.broadcastObject}. */
  broadcastObjectSync<T>(value: T | undefined, options?: BroadcastObjectOptions & CollectiveSyncOptions): T;
}
