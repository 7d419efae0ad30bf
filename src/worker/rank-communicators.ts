/** One rank's communicators: the pool's, and those of the tasks that it is or was a member of. */
import type { MpiAddon } from '../native/mpi.js';
import type { GoOrder } from '../protocol/round-messages.js';
import { drain, Traffic } from '../backend/wire/drain.js';

/** Tags of MPI_Comm_create_group: of groups that are made at the same time they differ. */
const groupTags = 16_384;
const poolTag = groupTags;

/**
 * Made by the control side, which alone enters rounds. Numbers of communicators: the head's outside, the addon's
 * inside.
 */
export class RankCommunicators {
  readonly #mpi: MpiAddon;
  readonly #worldRank: number;
  #pool: number;
  /** World ranks of the pool's communicator, by rank. */
  #members: readonly number[];
  readonly #made = new Map<number, number>();
  /** Messages in each so far. */
  readonly #traffic = new Map<number, Traffic>();
  readonly #wire: boolean;

  /**
   * @param pool - Communicator of all workers, by world rank.
   * @param wire - Whether tasks send messages in theirs.
   */
  constructor(mpi: MpiAddon, pool: number, worldRank: number, size: number, wire: boolean) {
    this.#wire = wire;
    this.#mpi = mpi;
    this.#pool = pool;
    this.#worldRank = worldRank;
    this.#members = Array.from({ length: size }, (_, rank) => rank);
  }

  /** A task has ended that has sent and received this in its communicator. */
  count(id: number, sent: Int32Array, received: Int32Array): void {
    const traffic = this.#traffic.get(id) ?? new Traffic();
    this.#traffic.set(id, traffic);
    traffic.add(sent, received);
  }

  /** Resolves when MPI can be entered. */
  async prepare(): Promise<void> {
    await this.#mpi.pass();
  }

  /** Take part in a round; resolves when this rank has what it makes. Collective. */
  async go({ pool, kind, group, free }: GoOrder): Promise<void> {
    for (const id of free) await this.#free(id);
    if (pool) {
      this.#pool = await this.#createGroup(pool, poolTag);
      this.#members = pool;
    }
    const rank = group?.worldRanks.indexOf(this.#worldRank) ?? 0;
    if (kind === 'split') {
      const made = await this.#mpi.split(this.#pool, group?.id ?? -1, rank);
      if (group) this.#made.set(group.id, made);
    } else if (kind && group) {
      this.#made.set(group.id, await this.#createGroup(group.worldRanks, group.id % groupTags));
    }
  }

  /**
   * MPI_Comm_free, once everything that was sent has been received. What arrived later would count as a message of the
   * next communicator with the same context. Open MPI would lose one of that for it.
   */
  async #free(id: number): Promise<void> {
    await this.#drain(id);
    const communicator = this.#made.get(id);
    this.#made.delete(id);
    if (communicator !== undefined) await this.#mpi.free(communicator);
  }

  async #drain(id: number): Promise<void> {
    const [communicator, traffic] = [this.#made.get(id), this.#traffic.get(id)];
    this.#traffic.delete(id);
    if (communicator === undefined || !this.#wire) return;
    await drain(this.#mpi, communicator, traffic ?? new Traffic());
  }

  /** Before MPI_Finalize: what tasks have sent is received. In the same order by all members. */
  async end(): Promise<void> {
    for (const id of [...this.#made.keys()].sort((a, b) => a - b)) await this.#drain(id);
  }

  /** The addon's number for one of the head's; −1 for a task of one rank. */
  handle(id: number): number {
    return this.#made.get(id) ?? -1;
  }

  #createGroup(worldRanks: readonly number[], tag: number): Promise<number> {
    const ranks = Int32Array.from(worldRanks, (worldRank) => this.#members.indexOf(worldRank));
    return this.#mpi.createGroup(this.#pool, new Uint8Array(ranks.buffer), tag);
  }
}
