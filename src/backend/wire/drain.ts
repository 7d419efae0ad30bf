/** What was sent in a communicator and has not been received is received before the communicator is freed. */
import { setImmediate } from '../../clock.js';
import type { MpiAddon } from '../../native/mpi.js';
import { maxPayloadBytes } from './endpoint.js';

const wordBytes = Int32Array.BYTES_PER_ELEMENT;

/** Messages that one rank has sent to, and received from, each member of a communicator. */
export class Traffic {
  readonly sent: number[] = [];
  readonly received: number[] = [];

  /** @param sent - By rank in the communicator, as `received`. */
  add(sent: Int32Array, received: Int32Array): void {
    sent.forEach((count, rank) => (this.sent[rank] = (this.sent[rank] ?? 0) + count));
    received.forEach((count, rank) => (this.received[rank] = (this.received[rank] ?? 0) + count));
  }
}

/** Collective over the communicator; resolves when this rank has received all that the others have sent to it. */
export async function drain(mpi: MpiAddon, communicator: number, { sent, received }: Traffic): Promise<void> {
  const [rank, size] = [mpi.rank(communicator), mpi.size(communicator)];
  const own = Int32Array.from({ length: size }, (_, dest) => sent[dest] ?? 0);
  const all = await mpi.allgather(communicator, new Uint8Array(own.buffer));
  const words = new Int32Array(all.buffer, all.byteOffset, all.byteLength / wordBytes);
  let scratch: Uint8Array | undefined;
  for (let source = 0; source < size; source++) {
    const owed = (words[source * size + rank] ?? 0) - (received[source] ?? 0);
    for (let i = 0; i < owed; i++) {
      const request = mpi.irecv(communicator, (scratch ??= new Uint8Array(maxPayloadBytes)), source, -1);
      while (mpi.test(request) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
