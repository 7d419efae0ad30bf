/** What is known of one worker of a job, or of its agent, wherever it is. */
import type { StartPhases } from '../head/worker-side.js';
import type { RankRow } from '../protocol/control-messages.js';

/** Its row has the world rank; the agent's is −1. */
export class WorkerRecord {
  readonly row: RankRow;
  readonly phases: { -readonly [phase in keyof StartPhases]?: number } = {};
  living = true;

  constructor(row: RankRow) {
    this.row = row;
  }

  get worldRank(): number {
    return this.row.rank;
  }

  get registered(): boolean {
    return this.phases.registered !== undefined;
  }

  /** What it is at while it is not registered. */
  phase(rendezvous: string): string {
    const { connected, mpiReady, gathered } = this.phases;
    if (mpiReady === undefined) return 'in MPI_Init';
    if (gathered === undefined) return `in the rendezvous (${rendezvous})`;
    if (connected === undefined) return 'looking for its node manager';
    return this.worldRank < 0 ? 'told that it is adopted' : 'joining its window or wire, or starting its task thread';
  }
}
