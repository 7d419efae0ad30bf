/** Slots of an MPI job's window that are lent to tasks, and which worker writes into each on behalf of the head. */

/** One lent slot. */
interface LentSlot {
  readonly slot: number;
  /** Ranks of the lease that are proven dead. */
  readonly dead: Set<number>;
  /** The worker that writes into the slot: one at a time, so that orders for a slot keep their order. */
  keeper: number;
  /** Lent to several workers. */
  isShared: boolean;
  clearing: boolean;
}

/** Sends the orders of one slot to one living worker, and again to another when that one dies. */
export class LentSlots {
  readonly #lent = new Map<number, LentSlot>();
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
    const lent = this.#lent.get(slot);
    if (lent) lent.isShared = true;
    else this.#lent.set(slot, { slot, dead: new Set(), keeper: worldRank, isShared: false, clearing: false });
  }

  markDead(slot: number, rank: number): void {
    const lent = this.#lent.get(slot);
    if (!lent) return;
    lent.dead.add(rank);
    this.#markDead(lent.keeper, slot, rank);
  }

  /** Have a slot emptied. False: nobody was told of it. */
  clear(slot: number): boolean {
    const lent = this.#lent.get(slot);
    if (!lent) return false;
    lent.clearing = true;
    this.#clear(lent.keeper, slot);
    return true;
  }

  /** The only worker of a slot says with its outcome that it has emptied it: nobody need be told to. */
  emptied(slot: number, worldRank: number): void {
    const lent = this.#lent.get(slot);
    if (lent && !lent.isShared && !lent.clearing && lent.keeper === worldRank) this.#lent.delete(slot);
  }

  /** A worker says that a slot is empty. False: it was not asked. */
  close(slot: number, worldRank: number): boolean {
    const lent = this.#lent.get(slot);
    return lent !== undefined && lent.clearing && lent.keeper === worldRank && this.#lent.delete(slot);
  }

  /** A worker has died: another living one does again what it may not have done. */
  died(worldRank: number, living: number | undefined): void {
    if (living === undefined) return;
    for (const lent of this.#lent.values()) {
      if (lent.keeper !== worldRank) continue;
      lent.keeper = living;
      for (const rank of lent.dead) this.#markDead(living, lent.slot, rank);
      if (lent.clearing) this.#clear(living, lent.slot);
    }
  }

  /** The job is gone and its window with it. Returns the slots that were still to be emptied. */
  reset(): number[] {
    const clearing = [...this.#lent.values()].filter((lent) => lent.clearing).map(({ slot }) => slot);
    this.#lent.clear();
    return clearing;
  }
}
