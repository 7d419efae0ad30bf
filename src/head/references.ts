/** The values that lie with the workers, and the tasks that need them. */
import { ClosedError, InvalidArgumentError, ReferenceLostError, ShoalError, WindowExhaustedError } from '../errors.js';
import { show } from '../show.js';
import type { StoreContent } from '../native/value-stores.js';
import type { TaskSpec } from '../protocol/pool-messages.js';
import type { Forgotten, ReferencePlace, TaskReferences } from '../protocol/thread-messages.js';
import type { LeaseGrant } from './leases.js';
import type { ValueCounts } from './pool-events.js';
import type { WorkerSide } from './worker-side.js';

/** A value that tasks can have. */
interface Known {
  /** Tasks that were submitted with it and have not ended. */
  users: number;
  /** No further task gets it. */
  released: boolean;
}

/** One that was shared: it lies once on each host. */
interface Shared extends Known {
  readonly sizeBytes: number;
  /** Workers that have been told where it is. */
  readonly holders: Set<number>;
}

/** What the ranks of a task have returned, each to its own thread. */
interface Kept extends Known {
  /** Of that task. */
  readonly lease: number;
  /** By rank. */
  readonly worldRanks: readonly number[];
}

/** One per head. */
export class References {
  readonly #workers: WorkerSide;
  readonly #maxSharedBytes: number;
  readonly #shared = new Map<string, Shared>();
  readonly #kept = new Map<string, Kept>();
  /** By worker: what it is to forget before its next task, and may have forgotten. */
  readonly #toForget = new Map<number, { readonly shared: string[]; readonly leases: number[] }>();
  /** By worker: leases up to this one were of threads that are gone. */
  readonly #gone = new Map<number, number>();
  #newestLease = 0;
  #sharedBytes = 0;
  #nextId = 1;

  /** @param maxSharedBytes - Of all shared data on a host. */
  constructor(workers: WorkerSide, maxSharedBytes: number) {
    this.#workers = workers;
    this.#maxSharedBytes = maxSharedBytes;
  }

  /**
   * Lay a value once on each host. What it views is read before this returns. Resolves with its id.
   *
   * @param id - Of no other value; default: one is made.
   * @throws {@link WindowExhaustedError} when no room is left or a host has none, {@link InvalidArgumentError} for an id in use
   */
  async share(content: StoreContent, id: string = `d${this.#nextId++}`): Promise<string> {
    const { sizeBytes } = content;
    const leftBytes = this.#maxSharedBytes - this.#sharedBytes;
    if (sizeBytes > leftBytes) {
      throw new WindowExhaustedError(
        `share: the data takes ${sizeBytes} bytes, and of maxSharedBytes (${this.#maxSharedBytes}) ${leftBytes} are ` +
          `left on each host. Release what no task needs any more, or launch with a larger maxSharedBytes`,
        { requestedBytes: sizeBytes, largestFreeBytes: leftBytes },
      );
    }
    if (this.#shared.has(id)) throw new InvalidArgumentError(`share: expected a new id, received ${show(id)}`);
    const shared: Shared = { sizeBytes, holders: new Set(), users: 0, released: false };
    this.#shared.set(id, shared);
    this.#sharedBytes += sizeBytes;
    try {
      await this.#workers.values.lay(id, content);
    } catch (cause) {
      this.#unshare(id, shared);
      // A fault of this package, and no want of memory.
      if (cause instanceof ShoalError || cause instanceof TypeError) throw cause;
      throw new WindowExhaustedError(
        `share: a host cannot hold ${sizeBytes} bytes more: ${(cause as Error).message}`,
        { requestedBytes: sizeBytes, largestFreeBytes: 0 },
        { cause },
      );
    }
    return id;
  }

  /** A task has ended: what its ranks have returned stays with them. @param id - That of the task. */
  keep(id: string, { lease }: LeaseGrant, worldRanks: readonly number[]): void {
    this.#kept.set(id, { lease, worldRanks, users: 0, released: false });
  }

  /** A task that was to be kept has failed: what some of its ranks may have returned is of no use. */
  discard({ lease }: LeaseGrant, worldRanks: readonly number[]): void {
    for (const worldRank of worldRanks) this.#forget(worldRank, [], [lease]);
  }

  /**
   * A task is submitted.
   *
   * @throws {@link ClosedError}, {@link ReferenceLostError}, {@link InvalidArgumentError} when it needs a value that was
   *   released or lost, or values of several gangs; nothing is then noted.
   */
  use(spec: TaskSpec): void {
    const { references } = spec;
    if (!references) return;
    const known = references.map((id) => this.#find(id));
    const lost = this.lossOf(spec);
    if (lost) throw lost;
    this.#assertTogether(spec);
    for (const each of known) each.users++;
  }

  /** A task that `use` was called for has ended. */
  unuse({ references }: TaskSpec): void {
    for (const id of references ?? []) {
      const known = this.#shared.get(id) ?? this.#kept.get(id);
      if (!known) continue;
      known.users--;
      this.#dropIfUnused(id);
    }
  }

  /** No further task gets the value. Has no effect for an id that is not known. */
  release(id: string): void {
    const known = this.#shared.get(id) ?? this.#kept.get(id);
    if (!known) return;
    known.released = true;
    this.#dropIfUnused(id);
  }

  get counts(): ValueCounts {
    return { shared: this.#shared.size, sharedBytes: this.#sharedBytes, kept: this.#kept.size };
  }

  /** The workers that a task has to run on, by rank; undefined: any. */
  workersFor({ references }: TaskSpec): readonly number[] | undefined {
    for (const id of references ?? []) {
      const kept = this.#kept.get(id);
      if (kept) return kept.worldRanks;
    }
    return undefined;
  }

  /** Why a task cannot run any more: a value that it needs is gone with its worker. */
  lossOf({ references }: TaskSpec): ReferenceLostError | undefined {
    for (const id of references ?? []) {
      const kept = this.#kept.get(id);
      const worldRank = kept?.worldRanks.find((each) => (this.#gone.get(each) ?? 0) >= kept.lease);
      if (worldRank === undefined) continue;
      return new ReferenceLostError(
        `what task ${id} has returned is lost: the thread of worker ${worldRank} that had it is gone; run that task again`,
        { id, worldRank },
      );
    }
    return undefined;
  }

  /** The thread of a worker is gone; `lease` is the last that it had. */
  threadGone(worldRank: number, lease: number): void {
    this.#gone.set(worldRank, Math.max(lease, this.#gone.get(worldRank) ?? 0));
  }

  /** The process of a worker is gone. */
  workerGone(worldRank: number): void {
    this.threadGone(worldRank, this.#newestLease);
  }

  /** What a worker is told with a task; undefined: nothing. What does not lie there is left out. */
  tell({ references = [], keep = false }: TaskSpec, worldRank: number, lease: number): TaskReferences | undefined {
    this.#newestLease = Math.max(this.#newestLease, lease);
    const forget = this.#toForget.get(worldRank);
    if (references.length === 0 && !forget && !keep) return undefined;
    this.#toForget.delete(worldRank);
    const places = references.flatMap((id) => this.#placeOf(id, worldRank) ?? []);
    return { places, keep, forget: forget ?? { shared: [], leases: [] } };
  }

  #placeOf(id: string, worldRank: number): ReferencePlace | undefined {
    const kept = this.#kept.get(id);
    if (kept) return { id, lease: kept.lease };
    const store = this.#workers.placeOf(worldRank, id);
    if (!store) return undefined;
    this.#shared.get(id)?.holders.add(worldRank);
    return { id, store };
  }

  #find(id: string): Known {
    const known = this.#shared.get(id) ?? this.#kept.get(id);
    if (known && !known.released) return known;
    throw new ClosedError(`the task has a reference (${id}) that was released; submit tasks before that`, { id });
  }

  /** All values that were kept are to be on the workers that the task runs on. */
  #assertTogether(spec: TaskSpec): void {
    const on = this.workersFor(spec);
    if (!on) return;
    const refuse = (what: string): never => {
      throw new InvalidArgumentError(`the task has references to what tasks have returned ${what}`);
    };
    for (const id of spec.references ?? []) {
      const { worldRanks } = this.#kept.get(id) ?? {};
      if (!worldRanks || worldRanks.join() === on.join()) continue;
      refuse(
        `on workers ${on.join(', ')} and on workers ${worldRanks.join(', ')}; it can run where all its values are`,
      );
    }
    if (spec.workers !== on.length)
      refuse(`on ${on.length} ranks; expected workers to be that, received ${spec.workers}`);
    if (spec.fresh) refuse('to the threads of its workers; with fresh it would run on others');
  }

  #dropIfUnused(id: string): void {
    const shared = this.#shared.get(id);
    if (shared?.released && shared.users === 0) this.#unshare(id, shared);
    const kept = this.#kept.get(id);
    if (!kept?.released || kept.users > 0) return;
    this.#kept.delete(id);
    for (const worldRank of kept.worldRanks) this.#forget(worldRank, [], [kept.lease]);
  }

  #unshare(id: string, { sizeBytes, holders }: Shared): void {
    this.#shared.delete(id);
    this.#sharedBytes -= sizeBytes;
    this.#workers.values.remove(id);
    for (const worldRank of holders) this.#forget(worldRank, [id], []);
  }

  #forget(worldRank: number, shared: readonly string[], leases: readonly number[]): void {
    const forgotten: Forgotten = { shared, leases };
    this.#workers.forget(worldRank, { type: 'forget', ...forgotten });
    // The next task may come there before that.
    const toForget = this.#toForget.get(worldRank) ?? { shared: [], leases: [] };
    toForget.shared.push(...shared);
    toForget.leases.push(...leases);
    this.#toForget.set(worldRank, toForget);
  }
}
