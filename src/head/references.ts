/** The values that lie with the workers, and the tasks that need them. */
import { ClosedError, InvalidArgumentError, show, WindowExhaustedError } from '../errors.js';
import type { StoreContent } from '../native/value-stores.js';
import type { TaskSpec } from '../protocol/pool-messages.js';
import type { TaskReferences } from '../protocol/thread-messages.js';
import type { WorkerSide } from './worker-side.js';

/** A value that tasks can have. */
interface Known {
  readonly sizeBytes: number;
  /** Workers that have been told where it is. */
  readonly holders: Set<number>;
  /** Tasks that were submitted with it and have not ended. */
  users: number;
  /** No further task gets it. */
  released: boolean;
}

/** One per head. */
export class References {
  readonly #workers: WorkerSide;
  readonly #maxSharedBytes: number;
  readonly #known = new Map<string, Known>();
  #sharedBytes = 0;
  /** By worker: what it is to forget before its next task, and may have forgotten. */
  readonly #toForget = new Map<number, string[]>();
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
   * @throws {@link WindowExhaustedError} when no room is left, {@link InvalidArgumentError} for an id in use
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
    if (this.#known.has(id)) throw new InvalidArgumentError(`share: expected a new id, received ${show(id)}`);
    const known: Known = { sizeBytes, holders: new Set(), users: 0, released: false };
    this.#known.set(id, known);
    this.#sharedBytes += sizeBytes;
    try {
      await this.#workers.share(id, content);
    } catch (error) {
      this.#drop(id, known);
      throw error;
    }
    return id;
  }

  /** A task is submitted. @throws {@link ClosedError} when it needs a value that was released; nothing is then noted. */
  use({ references }: TaskSpec): void {
    if (!references) return;
    const known = references.map((id) => this.#find(id));
    for (const each of known) each.users++;
  }

  /** A task that `use` was called for has ended. */
  unuse({ references }: TaskSpec): void {
    for (const id of references ?? []) {
      const known = this.#known.get(id);
      if (!known) continue;
      known.users--;
      this.#dropIfUnused(id, known);
    }
  }

  /** No further task gets the value. Has no effect for an id that is not known. */
  release(id: string): void {
    const known = this.#known.get(id);
    if (!known) return;
    known.released = true;
    this.#dropIfUnused(id, known);
  }

  /** What a worker is told with a task; undefined: nothing. What does not lie there is left out. */
  tell({ references = [] }: TaskSpec, worldRank: number): TaskReferences | undefined {
    const shared = this.#toForget.get(worldRank);
    if (references.length === 0 && !shared) return undefined;
    this.#toForget.delete(worldRank);
    const places = references.flatMap((id) => {
      const store = this.#workers.storeOf(worldRank, id);
      if (store) this.#known.get(id)?.holders.add(worldRank);
      return store ? [{ id, store }] : [];
    });
    return { places, forget: { shared: shared ?? [] } };
  }

  #find(id: string): Known {
    const known = this.#known.get(id);
    if (known && !known.released) return known;
    throw new ClosedError(`the task has a reference (${id}) that was released; submit tasks before that`, { id });
  }

  #dropIfUnused(id: string, known: Known): void {
    if (known.released && known.users === 0) this.#drop(id, known);
  }

  #drop(id: string, { sizeBytes, holders }: Known): void {
    this.#known.delete(id);
    this.#sharedBytes -= sizeBytes;
    this.#workers.unshare(id);
    for (const worldRank of holders) {
      this.#workers.forget(worldRank, { type: 'forget', shared: [id] });
      // The next task may come there before that.
      const toForget = this.#toForget.get(worldRank);
      if (toForget) toForget.push(id);
      else this.#toForget.set(worldRank, [id]);
    }
  }
}
