/**
 * Barrier: all ranks arrive, none carries data.
 *
 * Source: arrive/depart flags with one writer per word, after Mellor-Crummey and Scott,
 * "Algorithms for Scalable Synchronization on Shared-Memory Multiprocessors" (1991), section 3.
 * Cost on one host: 1 step, P records of 128 bytes read per rank, no payload.
 */
import type { Algorithm } from './operation.js';

/** @see MPI-4.1 section 6.3 (MPI_Barrier) */
export const barrier: Algorithm = {
  name: 'barrier',
  operation: 1,
  sends: () => false,
  receives: () => false,
};
