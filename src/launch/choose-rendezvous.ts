/** Which rendezvous a job gets. */
import { LaunchError } from '../errors.js';
import type { Rendezvous } from '../protocol/control-messages.js';
import type { MpiLauncher } from './family.js';

/** What a user may ask for. */
export type RendezvousChoice = 'auto' | Rendezvous;

/** What a launcher is, as far as the choice goes. */
type Version = Pick<MpiLauncher, 'family' | 'version'>;

const withoutAccept = 'MPI_Comm_accept does not work in the common builds of MPICH';

/** Which one works, and why. */
export function rendezvousOf({ family, version }: Version): {
  readonly rendezvous: Rendezvous;
  readonly reason: string;
} {
  if (family === 'mpich') return { rendezvous: 'intercomm', reason: withoutAccept };
  // 6.0.0rc2: no component of its collectives takes an intercommunicator under `--with-ft ulfm`.
  if (Number.parseInt(version) >= 6) {
    return { rendezvous: 'gather', reason: 'Open MPI 6 makes no intercommunicator where ranks may die' };
  }
  return { rendezvous: 'accept-connect', reason: 'MPI_Comm_accept and MPI_Comm_connect work inside one job' };
}

/** @throws {@link LaunchError} for what the family cannot do. */
export function chooseRendezvous(choice: RendezvousChoice, launcher: Version): Rendezvous {
  if (choice === 'auto') return rendezvousOf(launcher).rendezvous;
  const { family } = launcher;
  if (choice !== 'accept-connect' || family !== 'mpich') return choice;
  throw new LaunchError(
    `rendezvous 'accept-connect' does not work with MPICH: ${withoutAccept}; leave rendezvous out or say 'intercomm'`,
    { family, rendezvous: choice },
  );
}

/** Ranks of the job that are no workers. */
export function agentsOf(rendezvous: Rendezvous): number {
  return rendezvous === 'gather' ? 0 : 1;
}
