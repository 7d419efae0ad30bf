/** Which rendezvous a job gets. */
import { LaunchError } from '../errors.js';
import type { Rendezvous } from '../protocol/control-messages.js';
import type { MpiFamily } from '../types/mpi-family.js';

/** What a user may ask for. */
export type RendezvousChoice = 'auto' | Rendezvous;

/** By family, and why. Debian's MPICH has no working MPI_Comm_accept. */
export const rendezvousOf: Readonly<Record<MpiFamily, { readonly rendezvous: Rendezvous; readonly reason: string }>> = {
  openmpi: { rendezvous: 'accept-connect', reason: 'MPI_Comm_accept and MPI_Comm_connect work inside one job' },
  mpich: { rendezvous: 'intercomm', reason: 'MPI_Comm_accept does not work in the common builds of MPICH' },
};

/** @throws {@link LaunchError} for what the family cannot do. */
export function chooseRendezvous(choice: RendezvousChoice, family: MpiFamily): Rendezvous {
  if (choice === 'auto') return rendezvousOf[family].rendezvous;
  if (choice !== 'accept-connect' || family !== 'mpich') return choice;
  throw new LaunchError(
    `rendezvous 'accept-connect' does not work with MPICH: ${rendezvousOf.mpich.reason}; leave rendezvous out or say 'intercomm'`,
    { family, rendezvous: choice },
  );
}

/** Ranks of the job that are no workers. */
export function agentsOf(rendezvous: Rendezvous): number {
  return rendezvous === 'gather' ? 0 : 1;
}
