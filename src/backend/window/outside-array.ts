/** What a call reads or writes outside the window: an array, or several as one. */
import type { ArrayParts } from '../../operands/array-parts.js';
import type { TypedArray } from '../../types/buffers.js';
import type { ByteCopy } from './byte-copy.js';

/** Copies between the window and what is outside it. All return false where that has not so many bytes any more. */
export interface OutsideArray {
  /** Bytes that are left of it. */
  readonly bytesLeft: number;
  /** To memory of this rank's own. */
  into(address: number, offset: number, sizeBytes: number): boolean;
  /** To memory that other ranks read. */
  stage(address: number, offset: number, sizeBytes: number): boolean;
  outOf(address: number, offset: number, sizeBytes: number): boolean;
}

/** Of one array. */
export class OutsideSingle implements OutsideArray {
  readonly #array: TypedArray;
  readonly #copy: ByteCopy;

  constructor(array: TypedArray, copy: ByteCopy) {
    this.#array = array;
    this.#copy = copy;
  }

  get bytesLeft(): number {
    return this.#array.byteLength;
  }

  into(address: number, offset: number, sizeBytes: number): boolean {
    return this.#copy.into(address, this.#array, offset, sizeBytes);
  }

  stage(address: number, offset: number, sizeBytes: number): boolean {
    return this.#copy.stage(address, this.#array, offset, sizeBytes);
  }

  outOf(address: number, offset: number, sizeBytes: number): boolean {
    return this.#copy.outOf(address, this.#array, offset, sizeBytes);
  }
}

/** Of several as one; some may lie in the window. */
export class OutsideParts implements OutsideArray {
  readonly #parts: ArrayParts;
  readonly #copy: ByteCopy;

  constructor(parts: ArrayParts, copy: ByteCopy) {
    this.#parts = parts;
    this.#copy = copy;
  }

  get bytesLeft(): number {
    return this.#parts.bytesLeft;
  }

  into(address: number, offset: number, sizeBytes: number): boolean {
    return this.#parts.copyRange(offset, sizeBytes, (array, from, length, place) =>
      this.#copy.into(address + place, array, from, length),
    );
  }

  stage(address: number, offset: number, sizeBytes: number): boolean {
    return this.#parts.copyRange(offset, sizeBytes, (array, from, length, place) =>
      this.#copy.stage(address + place, array, from, length),
    );
  }

  outOf(address: number, offset: number, sizeBytes: number): boolean {
    return this.#parts.copyRange(offset, sizeBytes, (array, to, length, place) =>
      this.#copy.outOf(address + place, array, to, length),
    );
  }
}
