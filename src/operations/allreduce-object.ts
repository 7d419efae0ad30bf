/**
 * Reduction of values of any kind.
 *
 * Source: every rank learns how many bytes each sends, in a small allgather; then the bytes go as blocks of any length
 * (`src/calls/object-calls.ts`). Cost on one host: 2 steps and one for each 256 KiB that a rank sends, beside encoding
 * and decoding.
 */
import type { CollectiveOptions, CollectiveSyncOptions } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see mpi4py `allreduce` */
export const allreduceObject: Operation = {
  name: 'allreduceObject',
  number: 22,
  takes: 'object',
  takesList: false,
  takesNumber: false,
  reduces: true,
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
export interface AllreduceObject {
  /**
   * Fold copies of all ranks' values in rank order, `fn(fn(v0, v1), v2)` …, on every rank for itself.
   *
   * What can be copied is what arguments of a task can be. What `fn` throws is thrown on that rank alone. Errors as for {@link Allreduce.allreduce}.
   *
   * @returns What `fn` gave last; with one rank a copy of the value.
   * @throws {@link NotSerializableError} for a value with functions, promises or symbols; the group stays usable.
   * @example
   * const longest = await collective.allreduceObject(word, (a, b) => (b.length > a.length ? b : a));
   * @see mpi4py `allreduce`
   */
  allreduceObject<T>(value: T, fn: (before: T, next: T) => T, options?: CollectiveOptions): Promise<T>;
  /** Blocking twin of {@link AllreduceObject.allreduceObject}. */
  allreduceObjectSync<T>(value: T, fn: (before: T, next: T) => T, options?: CollectiveSyncOptions): T;
}
