/** Slots of leases that ended without some of their workers: a worker that is not gone may still write there. */
import type { LeaseGrant } from './leases.js';

/** Has each slot emptied when the last of the workers that its lease ended without is gone. */
export class AbandonedSlots {
  /** By slot: the absent workers, and the lease that each of them had. */
  readonly #absent = new Map<number, Map<number, number>>();
  readonly #clear: (slot: number) => void;

  constructor(clear: (slot: number) => void) {
    this.#clear = clear;
  }

  /** A lease has ended without these workers. */
  add({ slot, lease }: LeaseGrant, worldRanks: readonly number[]): void {
    this.#absent.set(slot, new Map(worldRanks.map((worldRank) => [worldRank, lease])));
  }

  has(slot: number): boolean {
    return this.#absent.has(slot);
  }

  /** A worker is gone; `lease` is the last that it had. */
  gone(worldRank: number, lease: number): void {
    for (const [slot, absent] of this.#absent) {
      if (absent.get(worldRank) !== lease) continue;
      absent.delete(worldRank);
      if (absent.size > 0) continue;
      this.#absent.delete(slot);
      this.#clear(slot);
    }
  }

  /** All workers are gone, or about to be: nobody is waited for. */
  clearAll(): void {
    for (const slot of this.#absent.keys()) this.#clear(slot);
    this.#absent.clear();
  }
}
