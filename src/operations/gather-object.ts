/**
 * Gather of values of any kind.
 *
 * Source: every rank learns how many bytes each sends, in a small allgather; then the bytes go as blocks of any length
 * (`src/calls/object-calls.ts`). Cost on one host: 2 steps and one for each 256 KiB that a rank sends, beside encoding
 * and decoding.
 */
import type { CollectiveOptions, CollectiveSyncOptions } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see mpi4py `gather`; torch.distributed.gather_object */
export const gatherObject: Operation = {
  name: 'gatherObject',
  number: 19,
  takes: 'object',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'each',
  withoutOut: 'made',
  givesSame: false,
  isRooted: true,
  options: ['root', ...commonOptions],
  sends: () => true,
  receives: (rank, root) => rank === root,
};

/**
 * Options of {@link GatherObject.gatherObject}.
 *
 * @example
 * const options: GatherObjectOptions = { root: 1 };
 * const nodes = await collective.gatherObject(context.node, options); // undefined but on rank 1
 */
export interface GatherObjectOptions {
  /** Rank that gets the values, default 0. */
  readonly root?: number | undefined;
}

/** The methods of the operation. */
export interface GatherObject {
  /**
   * Give the root a list of copies of all ranks' values, in rank order.
   *
   * What can be copied is what arguments of a task can be. Errors as for {@link Allreduce.allreduce}.
   *
   * @returns The list on the root, undefined on the others.
   * @throws {@link NotSerializableError} for a value with functions, promises or symbols; the group stays usable.
   * @example
   * const reports = await collective.gatherObject({ rank: context.rank, loss });
   * @see mpi4py `gather`; torch.distributed.gather_object
   */
  gatherObject<T>(value: T, options?: GatherObjectOptions & CollectiveOptions): Promise<T[] | undefined>;
  /** Blocking twin of {@link GatherObject.gatherObject}. */
  gatherObjectSync<T>(value: T, options?: GatherObjectOptions & CollectiveSyncOptions): T[] | undefined;
}
