/**
 * Scatter of values of any kind.
 *
 * Source: every rank learns how many bytes each sends, in a small allgather; then the bytes go as blocks of any length
 * (`src/calls/object-calls.ts`). Cost on one host: 2 steps and one for each 256 KiB that a rank sends, beside encoding
 * and decoding.
 */
import type { CollectiveOptions, CollectiveSyncOptions } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see mpi4py `scatter`; torch.distributed.scatter_object_list */
export const scatterObject: Operation = {
  name: 'scatterObject',
  number: 21,
  takes: 'object',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'each',
  gets: 'one',
  withoutOut: 'made',
  givesSame: false,
  isRooted: false,
  options: ['root', ...commonOptions],
  sends: (rank, root) => rank === root,
  receives: () => true,
};

/**
 * Options of {@link ScatterObject.scatterObject}.
 *
 * @example
 * const options: ScatterObjectOptions = { root: 0 };
 * const jobs = Array.from({ length: context.size }, (_, rank) => ({ seed: rank }));
 * const { seed } = await collective.scatterObject(jobs, options);
 */
export interface ScatterObjectOptions {
  /** Rank whose value goes out, default 0. */
  readonly root?: number | undefined;
}

/** The methods of the operation. */
export interface ScatterObject {
  /**
   * Give each rank a copy of its value of the root's list. Other ranks' `values` is not looked at.
   *
   * What can be copied is what arguments of a task can be. Errors as for {@link Allreduce.allreduce}.
   *
   * @returns This rank's value.
   * @throws {@link NotSerializableError} for a value with functions, promises or symbols; the group stays usable.
   * @example
   * const job = await collective.scatterObject(context.rank === 0 ? jobs : undefined);
   * @see mpi4py `scatter`; torch.distributed.scatter_object_list
   */
  scatterObject<T>(values: readonly T[] | undefined, options?: ScatterObjectOptions & CollectiveOptions): Promise<T>;
  /** Blocking twin of {@link ScatterObject.scatterObject}. */
  scatterObjectSync<T>(values: readonly T[] | undefined, options?: ScatterObjectOptions & CollectiveSyncOptions): T;
}
