/** Copies between the window and one array outside it. */
import type { TypedArray } from '../../types/buffers.js';
import type { ByteCopy } from './byte-copy.js';
import type { OutsideArray } from './outside-array.js';

/** Of one array, by the copy that suits its length. */
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
