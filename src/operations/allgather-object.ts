/**
 * Allgather of values of any kind.
 *
 * Source: every rank learns how many bytes each sends, in a small allgather; then the bytes go as blocks of any length
 * (`src/calls/object-calls.ts`). Cost on one host: 2 steps and one for each 256 KiB that a rank sends, beside encoding
 * and decoding.
 */
import type { CollectiveOptions, CollectiveSyncOptions } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see mpi4py `allgather`; torch.distributed.all_gather_object */
export const allgatherObject: Operation = {
  name: 'allgatherObject',
  number: 20,
  takes: 'object',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'each',
  withoutOut: 'made',
  givesSame: false,
  isRooted: false,
  options: commonOptions,
  sends: () => true,
  receives: () => true,
};

/** The methods of the operation. */
export interface AllgatherObject {
  /**
   * Give every rank a list of copies of all ranks' values, in rank order.
   *
   * What can be copied is what arguments of a task can be. Errors as for {@link Allreduce.allreduce}.
   *
   * @returns The list.
   * @throws {@link NotSerializableError} for a value with functions, promises or symbols; the group stays usable.
   * @example
   * const hosts = await collective.allgatherObject(context.node);
   * @see mpi4py `allgather`; torch.distributed.all_gather_object
   */
  allgatherObject<T>(value: T, options?: CollectiveOptions): Promise<T[]>;
  /** Blocking twin of {@link AllgatherObject.allgatherObject}. */
  allgatherObjectSync<T>(value: T, options?: CollectiveSyncOptions): T[];
}
