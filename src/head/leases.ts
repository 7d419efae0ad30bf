/** Leases: a slot of the window lent to one task, under a number that is never used again in the pool. */
import assert from 'node:assert/strict';

/** A lease in use. */
export interface LeaseGrant {
  readonly lease: number;
  readonly slot: number;
}

/** Hands out slots. A slot comes back only when every member of its lease has acknowledged its end or is dead. */
export class Leases {
  readonly #free: number[];
  #last = 0;

  constructor(slots: number) {
    this.#free = Array.from({ length: slots }, (_, slot) => slot);
  }

  take(): LeaseGrant {
    const slot = this.#free.shift();
    assert(slot !== undefined, 'there are more slots than gangs can run at once');
    return { lease: ++this.#last, slot };
  }

  giveBack({ slot }: LeaseGrant): void {
    this.#free.push(slot);
  }
}
