/** The workers of a node manager, and the agent: by start-up token, and by world rank. A pid is an attribute. */
import type { RankRow } from '../protocol/control-messages.js';
import type { WorkerEntry } from './worker-entry.js';

/** Entries stay to the end of the job. */
export class WorkerTable {
  readonly #byToken = new Map<string, WorkerEntry>();
  readonly #byRank = new Map<number, WorkerEntry>();
  readonly #agents: number;

  /** @param agents - How many ranks of MPI's world, the first, are no workers. */
  constructor(agents: number) {
    this.#agents = agents;
  }

  get entries(): readonly WorkerEntry[] {
    return [...this.#byToken.values()];
  }

  add(entry: WorkerEntry): void {
    this.#byToken.set(entry.row.startupToken, entry);
    this.#byRank.set(entry.worldRank, entry);
  }

  at(worldRank: number): WorkerEntry | undefined {
    return this.#byRank.get(worldRank);
  }

  /** That of the process which a row of MPI's world is of; undefined: it is not here, or another. */
  entryOf(row: RankRow): WorkerEntry | undefined {
    const entry = this.#byToken.get(row.startupToken);
    if (!entry) return undefined;
    const { rank, pid, startTime } = entry.row;
    const isSame = rank === row.rank - this.#agents && pid === row.pid && startTime === row.startTime;
    return isSame ? entry : undefined;
  }

  /** Whoever has the rank or the token of a row. */
  holderOf(row: RankRow): WorkerEntry | undefined {
    return this.#byRank.get(row.rank - this.#agents) ?? this.#byToken.get(row.startupToken);
  }
}
