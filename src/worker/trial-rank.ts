/** Entry of a rank of `shoal doctor`'s trial: does once, with its peer, everything that a pool rests on. */
import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from '../clock.js';
import type { Rendezvous } from '../protocol/control-messages.js';
import { enterMpi, joinRanks, ownRow, prepareForMpi } from './join-job.js';
import { launchedRank } from './launcher-environment.js';
import { performRendezvous } from './rendezvous.js';

const windowBytes = 2 * 1024 * 1024;
const [file = '', rendezvous = ''] = process.argv.slice(2);

/** What rank 0 writes to the file it is given. */
export interface TrialReport {
  readonly libraryVersion: string;
  /** The ranks of the host see one memory. */
  readonly window: boolean;
  /** How rows come to the head here, and how many did. */
  readonly rendezvous: Rendezvous;
  readonly gathered: number;
  /** Size of a communicator that `MPI_Comm_split` made of all ranks. */
  readonly splitSize: number;
  /** Whether a message came back as it was sent. */
  readonly roundTrip: boolean;
}

prepareForMpi();
const launched = launchedRank(process.env);
if (!launched) throw new Error('this file is started by mpiexec for `shoal doctor`');
const mpi = await enterMpi(launched, dirname(file));
const row = ownRow(launched);
const { rows } = await performRendezvous(mpi, rendezvous as Rendezvous, row, '');
const { rank, size, wire } = await joinRanks(mpi, launched.family, 0, row, windowBytes);
const half = await mpi.split(0, 0, rank);
const sent = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const received = new Uint8Array(sent.length);
// A ring: with two ranks there and back.
const requests = [mpi.irecv(half, received, (rank + size - 1) % size, 1), mpi.isend(half, sent, (rank + 1) % size, 1)];
while (requests.length > 0) {
  for (const [i, request] of [...requests.entries()].reverse()) if (mpi.test(request) === 1) requests.splice(i, 1);
  await new Promise((resolve) => setImmediate(resolve));
}
const report: TrialReport = {
  libraryVersion: mpi.libraryVersion(),
  rendezvous: rendezvous as Rendezvous,
  gathered: rows?.length ?? 0,
  window: wire === undefined,
  splitSize: mpi.size(half),
  roundTrip: received.every((byte, i) => byte === sent[i]),
};
await mpi.free(half);
if (rank === 0) writeFileSync(file, JSON.stringify(report));
await mpi.finalize();
process.exit(0);
