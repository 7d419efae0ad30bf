/** First-fit allocator for a rank's arena. Its books are private to the rank; nothing of it is shared. */

const alignBytes = 64;

/** Allocates addresses in `[start, start + sizeBytes)`, each aligned to 64 bytes. */
export class Allocator {
  readonly #start: number;
  readonly #end: number;
  /** Live allocations: address → bytes, rounded up to the alignment. */
  readonly #live = new Map<number, number>();
  /** Free ranges, sorted by address, never adjacent. */
  #free: { address: number; sizeBytes: number }[];

  constructor(start: number, sizeBytes: number) {
    this.#start = Math.ceil(start / alignBytes) * alignBytes;
    this.#end = start + sizeBytes;
    this.#free = [{ address: this.#start, sizeBytes: this.#end - this.#start }];
  }

  /** Returns an address, or undefined when no free range is long enough. A request of 0 bytes takes one unit. */
  allocate(sizeBytes: number): number | undefined {
    const wanted = Math.max(1, Math.ceil(sizeBytes / alignBytes)) * alignBytes;
    const index = this.#free.findIndex((range) => range.sizeBytes >= wanted);
    const range = this.#free[index];
    if (!range) return undefined;
    const { address } = range;
    if (range.sizeBytes === wanted) this.#free.splice(index, 1);
    else this.#free[index] = { address: address + wanted, sizeBytes: range.sizeBytes - wanted };
    this.#live.set(address, wanted);
    return address;
  }

  /** Returns the bytes that were freed, or undefined when nothing is allocated at `address`. */
  free(address: number): number | undefined {
    const sizeBytes = this.#live.get(address);
    if (sizeBytes === undefined) return undefined;
    this.#live.delete(address);
    let index = this.#free.findIndex((range) => range.address > address);
    if (index < 0) index = this.#free.length;
    this.#free.splice(index, 0, { address, sizeBytes });
    this.#join(index);
    this.#join(index - 1);
    return sizeBytes;
  }

  /** Whether the whole range lies in one live allocation. */
  owns(address: number, sizeBytes: number): boolean {
    if ((this.#live.get(address) ?? -1) >= sizeBytes) return true; // the whole array, the usual case
    for (const [start, length] of this.#live) {
      if (address >= start && address + sizeBytes <= start + length) return true;
    }
    return false;
  }

  /** The live allocations as [address, bytes]. */
  live(): IterableIterator<[number, number]> {
    return this.#live.entries();
  }

  /** Free everything at once. */
  reset(): void {
    this.#live.clear();
    this.#free = [{ address: this.#start, sizeBytes: this.#end - this.#start }];
  }

  /** Longest free range in bytes. */
  get largestFreeBytes(): number {
    return Math.max(0, ...this.#free.map((range) => range.sizeBytes));
  }

  #join(index: number): void {
    const [left, right] = [this.#free[index], this.#free[index + 1]];
    if (left && right && left.address + left.sizeBytes === right.address) {
      this.#free.splice(index, 2, { address: left.address, sizeBytes: left.sizeBytes + right.sizeBytes });
    }
  }
}
