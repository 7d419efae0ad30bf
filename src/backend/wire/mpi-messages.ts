/** The wire over MPI point to point. */
import { loadMpi } from '../../native/mpi.js';
import type { MpiFamily } from '../../types/mpi-family.js';
import type { Messages } from './messages.js';
import type { WireHandle } from './wire-memory.js';

/** The wire of one process, as it is handed from thread to thread. */
export interface MpiWire {
  readonly handle: WireHandle;
  readonly family: MpiFamily;
  /** A communicator of all ranks that carries nothing else: for a world without tasks. */
  readonly world: number;
}

/** The message calls of one communicator. */
export function mpiMessages(family: MpiFamily, communicator: number): Messages {
  const mpi = loadMpi(family);
  return {
    isend: (bytes, dest, tag) => mpi.isend(communicator, bytes, dest, tag),
    irecv: (bytes, source, tag) => mpi.irecv(communicator, bytes, source, tag),
    test: (request) => mpi.test(request),
    cancel: (request) => {
      mpi.cancel(request);
    },
  };
}
