/**
 * Allreduce: every rank's buffer becomes the left fold ((a0 + a1) + a2) + … in rank order.
 *
 * Source: direct reduction in shared memory. Up to 4 KiB every rank folds the P staged inputs itself;
 * above, the vector is cut into chunks of at least 64 KiB, each folded once, in one pass over the P
 * sources, and written to all targets by whichever rank claims it.
 * Cost on one host: 2 steps; nP bytes read and nP written in all, (1/P)th of it per rank; a plain
 * array adds one copy in and one out per rank, in pieces of one staging half.
 */
import type { Algorithm } from './operation.js';

/** @see MPI-4.1 section 6.9.6 (MPI_Allreduce) */
export const allreduce: Algorithm = {
  name: 'allreduce',
  operation: 3,
  sends: () => true,
  receives: () => true,
};
