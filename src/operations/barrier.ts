/**
 * Barrier: all ranks arrive, none carries data.
 *
 * Source: arrive/depart flags with one writer per word, after Mellor-Crummey and Scott,
 * "Algorithms for Scalable Synchronization on Shared-Memory Multiprocessors" (1991), section 3.
 * Cost on one host: 1 step, P descriptors of 64 bytes read per rank, no payload.
 */
import type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './call-options.js';
import type { Operation } from './operation.js';
import { commonOptions } from './operation.js';

/** @see MPI-4.1 section 6.3 (MPI_Barrier) */
export const barrier: Operation = {
  name: 'barrier',
  number: 1,
  takes: 'nothing',
  takesList: false,
  takesNumber: false,
  reduces: false,
  brings: 'one',
  gets: 'one',
  withoutOut: 'buffer',
  givesSame: true,
  isRooted: false,
  options: commonOptions,
  sends: () => false,
  receives: () => false,
};

/** The methods of the operation. */
export interface Barrier {
  /**
   * Resolve when every rank has called it. Errors as for {@link Allreduce.allreduce}.
   *
   * @example
   * if (context.rank === 0) prepare();
   * await collective.barrier(); // rank 0 has prepared
   * @see MPI-4.1 section 6.3 (MPI_Barrier); ray.util.collective.barrier
   */
  barrier(options?: CollectiveOptions): Promise<void>;
  /** Blocking twin of {@link Barrier.barrier}. */
  barrierSync(options?: CollectiveSyncOptions): void;
  /** Prepare a call of {@link Barrier.barrier} that is started again and again. @see MPI-4.1 section 6.13 */
  barrierInit(options?: CollectiveSyncOptions): PreparedCall<void>;
}
