/**
 * Broadcast: every rank's buffer becomes the root's.
 *
 * Source: one-to-all copy through shared memory; chunks are claimed by whichever rank is awake.
 * Cost on one host: 1 step; n bytes read and n(P−1) written for window arrays; a plain array adds
 * one copy into the root's staging and one out of it per rank, in pieces of one staging half.
 */
import type { Algorithm } from './operation.js';

/** @see MPI-4.1 section 6.4 (MPI_Bcast) */
export const broadcast: Algorithm = {
  name: 'broadcast',
  operation: 2,
  sends: (rank, root) => rank === root,
  receives: (rank, root) => rank !== root,
};
