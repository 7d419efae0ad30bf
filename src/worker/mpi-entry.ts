/** How a rank enters MPI: once, whether the node manager asks for it or the rank has to learn where that is. */
import type { MpiAddon } from '../native/mpi.js';
import type { RankRow, Rendezvous } from '../protocol/control-messages.js';
import { enterMpi } from './join-job.js';
import type { LaunchedRank } from './launcher-environment.js';
import type { RendezvousResult } from './rendezvous.js';
import { performRendezvous } from './rendezvous.js';

/** One per process. */
export class MpiEntry {
  /** Set once MPI_Init has returned. */
  mpi: MpiAddon | undefined;
  /** The job's; undefined: this rank learns it in the rendezvous. */
  token: string | undefined;
  readonly #launched: LaunchedRank;
  readonly #row: RankRow;
  readonly #jobFolder: string;
  readonly #entered: () => void;
  #rendezvous: Promise<RendezvousResult> | undefined;

  /** @param entered - Called when MPI_Init has returned. */
  constructor(launched: LaunchedRank, row: RankRow, jobFolder: string, entered: () => void) {
    this.#launched = launched;
    this.#row = row;
    this.#jobFolder = jobFolder;
    this.#entered = entered;
  }

  /** Resolves when this rank is in MPI and all have met. Called again it gives the same. */
  enter(method: Rendezvous): Promise<RendezvousResult> {
    this.#rendezvous ??= enterMpi(this.#launched, this.#jobFolder).then((mpi) => {
      this.mpi = mpi;
      this.#entered();
      return performRendezvous(mpi, method, this.#row, this.token);
    });
    return this.#rendezvous;
  }
}
