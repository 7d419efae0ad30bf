/** One encoded value of every rank, to one rank or to all. */
import { LaunchError } from '../errors.js';
import type { MpiAddon } from '../native/mpi.js';
import { decodeValue, encodeValue } from '../protocol/values.js';

/** Room for one row: all ranks contribute the same number of bytes. */
const rowBytes = 2048;

/**
 * MPI_Gather; see `gather` of the addon for `root` and `senders`. Resolves with the rows on the root, else with none.
 */
export async function gatherRows<T>(
  mpi: MpiAddon,
  communicator: number,
  row: T,
  root: number,
  senders: number,
): Promise<T[]> {
  return unpack(await mpi.gather(communicator, pack(row, rowBytes), root, senders), rowBytes);
}

/** MPI_Allgather. Resolves with everybody's, in rank order. */
export async function exchangeRows<T>(
  mpi: MpiAddon,
  communicator: number,
  row: T,
  bytes: number = rowBytes,
): Promise<T[]> {
  return unpack(await mpi.allgather(communicator, pack(row, bytes)), bytes);
}

function pack(row: unknown, bytes: number): Uint8Array {
  const encoded = encodeValue(row, 'row');
  if (encoded.length > bytes) throw new LaunchError(`a row takes ${encoded.length} bytes; the limit is ${bytes}`);
  const padded = new Uint8Array(bytes);
  padded.set(encoded);
  return padded;
}

function unpack<T>(all: Uint8Array, bytes: number): T[] {
  return Array.from({ length: all.length / bytes }, (_, rank) => {
    return decodeValue(all.slice(rank * bytes, (rank + 1) * bytes)) as T;
  });
}
