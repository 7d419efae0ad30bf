/** Several arrays that a call treats as one, one behind the other. */
import type { TypedArray } from '../types/buffers.js';
import { bytesOf, isThere } from './held-bytes.js';

/** Copies a part of the whole: bytes of one array, `place` bytes behind where the whole copy begins. */
export type CopyPart = (bytes: Uint8Array, place: number) => void;

/** See above. */
export class ArrayParts {
  readonly sizeBytes: number;
  /** The bytes of each array, as views that nobody else has. */
  readonly arrays: readonly Uint8Array[];
  readonly #sizes: readonly number[];
  /** Byte of the whole at which each begins; the last is where the whole ends. */
  readonly #starts: readonly number[];

  constructor(arrays: readonly TypedArray[]) {
    this.arrays = arrays.map(bytesOf);
    this.#sizes = this.arrays.map(({ byteLength }) => byteLength);
    const starts = [0];
    let end = 0;
    for (const size of this.#sizes) starts.push((end += size));
    this.#starts = starts;
    this.sizeBytes = end;
  }

  /** Bytes that are left of the arrays: fewer than there were once one was detached or shrunk. */
  get bytesLeft(): number {
    return this.arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Whether all arrays that have bytes of a range are what they were: none was detached or shrunk. */
  holds(offset: number, sizeBytes: number): boolean {
    const { arrays } = this;
    const [sizes, starts, end] = [this.#sizes, this.#starts, offset + sizeBytes];
    for (let index = this.#indexAt(offset); index < sizes.length && (starts[index] ?? end) < end; index++) {
      const array = arrays[index];
      if (sizes[index] !== 0 && array && !isThere(array)) return false;
    }
    return true;
  }

  /** Copy a range of the whole part by part. False, and nothing is copied, where it does not hold the range any more. */
  copyRange(offset: number, sizeBytes: number, copy: CopyPart): boolean {
    if (!this.holds(offset, sizeBytes)) return false;
    const end = offset + sizeBytes;
    for (let index = this.#indexAt(offset); index < this.arrays.length; index++) {
      const [start = end, next = end] = [this.#starts[index], this.#starts[index + 1]];
      if (start >= end) break;
      const [first, last] = [Math.max(start, offset), Math.min(next, end)];
      if (first < last) copy(this.#bytesOf(index, first - start, last - start), first - offset);
    }
    return true;
  }

  #bytesOf(index: number, first: number, last: number): Uint8Array {
    const bytes = this.arrays[index] ?? new Uint8Array(0);
    return last - first === bytes.length ? bytes : bytes.subarray(first, last);
  }

  /** The last array that begins at a byte or before it. */
  #indexAt(offset: number): number {
    let [low, high] = [0, this.#sizes.length];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}
