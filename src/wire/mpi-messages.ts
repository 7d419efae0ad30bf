/** The wire over MPI point to point. */
import { loadMpi } from '../native/mpi.js';
import type { MpiFamily } from '../types/mpi-family.js';
import type { Messages } from './messages.js';

/** Messages over a communicator that carries nothing else. */
export function mpiMessages(family: MpiFamily, communicator: number): Messages {
  const mpi = loadMpi(family);
  return {
    isend: (bytes, dest, tag) => mpi.isend(communicator, bytes, dest, tag),
    irecv: (bytes, source, tag) => mpi.irecv(communicator, bytes, source, tag),
    test: (request) => mpi.test(request),
  };
}
