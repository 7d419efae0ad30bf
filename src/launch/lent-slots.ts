/** What the head's side must remember of the slots of an MPI job: who writes into them on its behalf. */

/** One lent slot. */
interface LeaseBook {
  readonly slot: number;
  /** Ranks of the lease that are proven dead. */
  readonly dead: Set<number>;
  /** The worker that writes into the slot: one at a time, so that orders for a slot keep their order. */
  keeper: number;
  clearing: boolean;
}

/** Sends the orders of one slot to one living worker, and again to another when that one dies. */
export class LeaseBooks {
  readonly #books = new Map<number, LeaseBook>();
  readonly #markDead: (keeper: number, slot: number, rank: number) => void;
  readonly #clear: (keeper: number, slot: number) => void;

  constructor(
    markDead: (keeper: number, slot: number, rank: number) => void,
    clear: (keeper: number, slot: number) => void,
  ) {
    this.#markDead = markDead;
    this.#clear = clear;
  }

  /** A slot is lent; the first worker that is told keeps it. */
  open(slot: number, worldRank: number): void {
    if (!this.#books.has(slot)) {
      this.#books.set(slot, { slot, dead: new Set(), keeper: worldRank, clearing: false });
    }
  }

  markDead(slot: number, rank: number): void {
    const book = this.#books.get(slot);
    if (!book) return;
    book.dead.add(rank);
    this.#markDead(book.keeper, slot, rank);
  }

  /** Have a slot emptied. False: nobody was told of it. */
  clear(slot: number): boolean {
    const book = this.#books.get(slot);
    if (!book) return false;
    book.clearing = true;
    this.#clear(book.keeper, slot);
    return true;
  }

  /** A worker says that a slot is empty. False: it was not asked. */
  close(slot: number, worldRank: number): boolean {
    const book = this.#books.get(slot);
    return book !== undefined && book.clearing && book.keeper === worldRank && this.#books.delete(slot);
  }

  /** A worker has died: another living one does again what it may not have done. */
  died(worldRank: number, living: number | undefined): void {
    if (living === undefined) return;
    for (const book of this.#books.values()) {
      if (book.keeper !== worldRank) continue;
      book.keeper = living;
      for (const rank of book.dead) this.#markDead(living, book.slot, rank);
      if (book.clearing) this.#clear(living, book.slot);
    }
  }

  /** The job is gone and its window with it. Returns the slots that were still to be emptied. */
  reset(): number[] {
    const clearing = [...this.#books.values()].filter((book) => book.clearing).map(({ slot }) => slot);
    this.#books.clear();
    return clearing;
  }
}
