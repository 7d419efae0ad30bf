/** What a node manager keeps of one worker, or of the agent. */
import type { StartPhases } from '../head/worker-side.js';
import type { Connection } from '../protocol/connection.js';
import type { FromRank, ToRank } from '../protocol/control-messages.js';
import type { WorkerWatch } from './worker-watch.js';

/** In the table under its start-up token. */
export class WorkerEntry {
  readonly connection: Connection<FromRank, ToRank>;
  /** Its row has the world rank; the agent's is −1. */
  readonly watch: WorkerWatch;
  readonly phases: { -readonly [phase in keyof StartPhases]?: number };
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  living = true;
  /** Shared-memory files that MPI made for it. */
  files: readonly string[] = [];
  #end!: () => void;

  constructor(connection: Connection<FromRank, ToRank>, watch: WorkerWatch, connected: number) {
    this.connection = connection;
    this.watch = watch;
    this.phases = { connected };
    this.gone = new Promise((resolve) => (this.#end = resolve));
  }

  get worldRank(): number {
    return this.watch.row.rank;
  }

  get registered(): boolean {
    return this.phases.registered !== undefined;
  }

  /** The process is gone. */
  end(): void {
    this.living = false;
    this.#end();
  }

  /** What it is at while it is not registered. */
  phase(rendezvous: string): string {
    const { mpiReady, gathered } = this.phases;
    if (mpiReady === undefined) return 'in MPI_Init';
    if (gathered === undefined) return `in the rendezvous (${rendezvous})`;
    return this.worldRank < 0 ? 'told that it is adopted' : "joining its host's window, or starting its task thread";
  }
}
