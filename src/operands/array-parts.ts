/** Several arrays that a call treats as one, one behind the other. */
import type { TypedArray } from '../types/buffers.js';

/** Copies bytes of one of the arrays, from `offset` on; `place` counts from where the whole copy begins. */
export type CopyPart = (array: TypedArray, offset: number, sizeBytes: number, place: number) => boolean;

/** See above. */
export class ArrayParts {
  readonly sizeBytes: number;
  readonly #arrays: readonly TypedArray[];
  /** Byte of the whole at which each begins. */
  readonly #starts: Float64Array;

  constructor(arrays: readonly TypedArray[]) {
    this.#arrays = arrays;
    this.#starts = new Float64Array(arrays.length);
    let start = 0;
    for (const [index, { byteLength }] of arrays.entries()) {
      this.#starts[index] = start;
      start += byteLength;
    }
    this.sizeBytes = start;
  }

  /** Bytes that are left of the arrays: fewer than there were once one was detached or shrunk. */
  get bytesLeft(): number {
    return this.#arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Copy a range of the whole part by part. False as soon as `copy` gives false. */
  copyRange(offset: number, sizeBytes: number, copy: CopyPart): boolean {
    const end = offset + sizeBytes;
    for (let index = this.#indexAt(offset); index < this.#arrays.length; index++) {
      const start = this.#starts[index] ?? 0;
      if (start >= end) break;
      const array = this.#arrays[index];
      const next = this.#starts[index + 1] ?? this.sizeBytes;
      const first = Math.max(start, offset);
      const length = Math.min(next, end) - first;
      if (array && length > 0 && !copy(array, first - start, length, first - offset)) return false;
    }
    return true;
  }

  /** The last array that begins at a byte or before it. */
  #indexAt(offset: number): number {
    let [low, high] = [0, this.#starts.length];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}
