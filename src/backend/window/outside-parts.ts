/** Copies between the window and several arrays as one; some may lie in the window. */
import type { ArrayList, OsAddon } from '../../native/os.js';
import type { ArrayParts } from '../../operands/array-parts.js';
import type { OutsideArray } from './outside-array.js';

/** All arrays of a range in one call of the addon. */
export class AddonParts implements OutsideArray {
  readonly #os: OsAddon;
  readonly #window: Uint8Array;
  readonly #parts: ArrayParts;
  readonly #list: ArrayList;

  constructor(os: OsAddon, window: Uint8Array, parts: ArrayParts) {
    this.#os = os;
    this.#window = window;
    this.#parts = parts;
    this.#list = os.listArrays(parts.arrays);
  }

  get bytesLeft(): number {
    return this.#parts.bytesLeft;
  }

  into(address: number, offset: number, sizeBytes: number): boolean {
    return (
      this.#parts.holds(offset, sizeBytes) && this.#os.gather(this.#window, address, this.#list, offset, sizeBytes)
    );
  }

  stage(address: number, offset: number, sizeBytes: number): boolean {
    return (
      this.#parts.holds(offset, sizeBytes) &&
      this.#os.gatherStaged(this.#window, address, this.#list, offset, sizeBytes)
    );
  }

  outOf(address: number, offset: number, sizeBytes: number): boolean {
    return (
      this.#parts.holds(offset, sizeBytes) && this.#os.scatter(this.#list, offset, this.#window, address, sizeBytes)
    );
  }
}

/** Array by array with `set`, where there is no addon. */
export class SetParts implements OutsideArray {
  readonly #window: Uint8Array;
  readonly #parts: ArrayParts;

  constructor(window: Uint8Array, parts: ArrayParts) {
    this.#window = window;
    this.#parts = parts;
  }

  get bytesLeft(): number {
    return this.#parts.bytesLeft;
  }

  into(address: number, offset: number, sizeBytes: number): boolean {
    return this.#parts.copyRange(offset, sizeBytes, (bytes, place) => {
      this.#window.set(bytes, address + place);
    });
  }

  stage(address: number, offset: number, sizeBytes: number): boolean {
    return this.into(address, offset, sizeBytes);
  }

  outOf(address: number, offset: number, sizeBytes: number): boolean {
    return this.#parts.copyRange(offset, sizeBytes, (bytes, place) => {
      bytes.set(this.#window.subarray(address + place, address + place + bytes.length));
    });
  }
}
