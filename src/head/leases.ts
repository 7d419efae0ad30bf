/** Leases: a slot of the window lent to one task, under a number that is never used again in the pool. */
import { assert } from '../assert.js';

/** A lease in use. */
export interface LeaseGrant {
  readonly lease: number;
  readonly slot: number;
}

/**
 * Hands out slots. A slot comes back when every member of its lease has acknowledged its end or is dead, and it was
 * emptied.
 */
export class Leases {
  readonly #free: number[];
  #last = 0;

  constructor(slots: number) {
    this.#free = Array.from({ length: slots }, (_, slot) => slot);
  }

  take(): LeaseGrant {
    const slot = this.#free.shift();
    assert(slot !== undefined, 'nothing is scheduled without a free slot');
    return { lease: ++this.#last, slot };
  }

  /** Leases that can be taken now. */
  get available(): number {
    return this.#free.length;
  }

  giveBack(slot: number): void {
    this.#free.push(slot);
  }
}
