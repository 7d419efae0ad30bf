/** The head's table of communicators: which assignment needs a new one, which reuses one, and which are given back. */
import type { CommunicatorMembers } from '../protocol/round-messages.js';

/** What an assignment says about its communicator; a task of one rank has none, number 0. */
export interface CommunicatorOrder {
  readonly id: number;
  readonly action: 'none' | 'create' | 'reuse';
}

interface Entry extends CommunicatorMembers {
  inUse: boolean;
}

/** Counts of what was ordered. */
export interface CommunicatorCounts {
  splits: number;
  cacheHits: number;
}

/** Keeps at most `limit` idle communicators, least recently used first out; 0 makes one for every assignment. */
export class CommunicatorCache {
  readonly counts: CommunicatorCounts = { splits: 0, cacheHits: 0 };
  readonly #limit: number;
  /** By members, in order of last use. */
  readonly #entries = new Map<string, Entry>();
  #nextId = 1;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Order the communicator of a gang. */
  assign(worldRanks: readonly number[]): CommunicatorOrder {
    if (worldRanks.length === 1) return { id: 0, action: 'none' };
    const key = worldRanks.join(',');
    const cached = this.#entries.get(key);
    const entry: Entry = cached ?? { id: this.#nextId++, worldRanks, inUse: true };
    entry.inUse = true;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.counts[cached ? 'cacheHits' : 'splits']++;
    return { id: entry.id, action: cached ? 'reuse' : 'create' };
  }

  /**
   * A gang has ended. Returns what its members give back: a communicator that did not end clean, and those beyond the
   * limit. Messages may still be on their way in one that did not end clean.
   */
  release(worldRanks: readonly number[], clean: boolean): CommunicatorMembers[] {
    const key = worldRanks.join(',');
    const entry = this.#entries.get(key);
    if (!entry) return [];
    entry.inUse = false;
    const idle = [...this.#entries.values()].filter((other) => !other.inUse && other !== entry);
    const spare = clean ? [...idle, entry] : idle;
    const dropped = spare.slice(0, Math.max(0, spare.length - this.#limit));
    if (!clean) dropped.push(entry);
    for (const other of dropped) this.#entries.delete(other.worldRanks.join(','));
    return dropped;
  }

  /** The communicator of a gang was never made. */
  forget(worldRanks: readonly number[]): void {
    this.#entries.delete(worldRanks.join(','));
  }

  /** A worker is gone: what it was a member of can be neither used nor freed. */
  lost(worldRank: number): void {
    for (const [key, { worldRanks }] of this.#entries) if (worldRanks.includes(worldRank)) this.#entries.delete(key);
  }

  /** A new epoch: all are gone with the old one. */
  reset(): void {
    this.#entries.clear();
  }
}
