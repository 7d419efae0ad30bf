/** Which memory the calls in flight use. Costs the logarithm of their number, however many there are. */
import type { TypedArray } from '../types/buffers.js';

interface Range<Owner> {
  readonly start: number;
  readonly end: number;
  readonly owner: Owner;
}

/** Ranges of buffers, none of which overlaps another. */
export class BuffersInUse<Owner> {
  /** By buffer, in the order of their addresses. */
  readonly #ranges = new Map<ArrayBufferLike, Range<Owner>[]>();

  /** Nobody uses anything. */
  get isEmpty(): boolean {
    return this.#ranges.size === 0;
  }

  /** Who uses any byte of these arrays; undefined: nobody. */
  userOf(arrays: readonly TypedArray[]): Owner | undefined {
    for (const { buffer, byteOffset, byteLength } of arrays) {
      const ranges = this.#ranges.get(buffer);
      if (!ranges || byteLength === 0) continue;
      const next = ranges[firstEndingAfter(ranges, byteOffset)];
      if (next && next.start < byteOffset + byteLength) return next.owner;
    }
    return undefined;
  }

  /**
   * Note that `owner` uses these arrays, which nobody else uses.
   *
   * @returns Takes it back: an array may have been detached meanwhile, so the ranges are those of now.
   */
  take(arrays: readonly TypedArray[], owner: Owner): () => void {
    const taken: [ArrayBufferLike, Range<Owner>][] = [];
    for (const { buffer, byteOffset, byteLength } of arrays) {
      if (byteLength === 0) continue;
      const ranges = this.#ranges.get(buffer) ?? [];
      const index = firstEndingAfter(ranges, byteOffset);
      const range = { start: byteOffset, end: byteOffset + byteLength, owner };
      if (ranges[index] && ranges[index].start < range.end) continue; // `out` is the buffer itself
      ranges.splice(index, 0, range);
      this.#ranges.set(buffer, ranges);
      taken.push([buffer, range]);
    }
    return () => {
      for (const [buffer, range] of taken.splice(0)) {
        const ranges = this.#ranges.get(buffer);
        if (!ranges) continue;
        const index = firstEndingAfter(ranges, range.start);
        if (ranges[index] === range) ranges.splice(index, 1);
        if (ranges.length === 0) this.#ranges.delete(buffer);
      }
    };
  }
}

function firstEndingAfter(ranges: readonly { readonly end: number }[], address: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.end ?? 0) > address) high = middle;
    else low = middle + 1;
  }
  return low;
}
