/**
 * The head's table of communicators: which assignment makes one, reuses one, or frees some.
 *
 * With threads a communicator is an entry of this table, so that scheduling has one path for every transport.
 */

/** What an assignment says about its communicator. */
export interface CommunicatorOrder {
  readonly id: number;
  readonly action: 'none' | 'create' | 'reuse';
  /** Communicators that members free in the same round. */
  readonly free: readonly number[];
}

interface Entry {
  readonly id: number;
  readonly key: string;
  inUse: boolean;
}

/** Counts of what was ordered. */
export interface CommunicatorCounts {
  rounds: number;
  splits: number;
  cacheHits: number;
}

/** Keeps at most `limit` idle communicators, least recently used first out; 0 makes one for every assignment. */
export class CommunicatorTable {
  readonly counts: CommunicatorCounts = { rounds: 0, splits: 0, cacheHits: 0 };
  readonly #limit: number;
  /** In order of last use. */
  readonly #entries = new Map<string, Entry>();
  #nextId = 1;
  #toFree: number[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Order the communicator of a gang; a task of one rank needs none. */
  assign(worldRanks: readonly number[]): CommunicatorOrder {
    if (worldRanks.length === 1) return { id: 0, action: 'none', free: [] };
    const key = worldRanks.join(',');
    const cached = this.#entries.get(key);
    if (cached && !cached.inUse) {
      cached.inUse = true;
      this.#touch(cached);
      this.counts.cacheHits++;
      return { id: cached.id, action: 'reuse', free: [] };
    }
    const entry = { id: this.#nextId++, key, inUse: true };
    this.#entries.set(key, entry);
    this.counts.rounds++;
    this.counts.splits++;
    const free = this.#toFree;
    this.#toFree = [];
    return { id: entry.id, action: 'create', free };
  }

  /** A gang has ended; a communicator that did not end clean is never used again. */
  release(worldRanks: readonly number[], clean: boolean): void {
    const entry = this.#entries.get(worldRanks.join(','));
    if (!entry) return;
    entry.inUse = false;
    if (!clean) this.#drop(entry);
    const idle = [...this.#entries.values()].filter((other) => !other.inUse);
    for (const other of idle.slice(0, Math.max(0, idle.length - this.#limit))) this.#drop(other);
  }

  #touch(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#toFree.push(entry.id);
  }
}
