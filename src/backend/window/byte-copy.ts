/** Copies between the window and arrays outside it. */
import type { OsAddon } from '../../native/os.js';
import type { ArrayParts } from '../../operands/array-parts.js';
import type { TypedArray } from '../../types/buffers.js';
import type { OutsideArray } from './outside-array.js';
import { AddonParts, SetParts } from './outside-parts.js';

/** All return false, and copy nothing, when the array has not so many bytes any more. */
export interface ByteCopy {
  /** Copy bytes of an array, from `offset` on, to an address of the window. */
  into(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean;
  /** The same, to memory that other ranks read: those before and these. */
  stage(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean;
  /** Copy bytes at an address of the window to an array, from `offset` on. */
  outOf(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean;
  /** The same copies of several arrays as one. */
  ofParts(parts: ArrayParts): OutsideArray;
}

/** Copies with the addon's loops: they are not slower where two addresses are not multiples of 8 bytes, as `set` is. */
export class AddonCopy implements ByteCopy {
  readonly #os: OsAddon;
  readonly #window: Uint8Array;
  /** What a call reads and writes in place is noted once. */
  readonly #ofParts = new WeakMap<ArrayParts, AddonParts>();

  constructor(os: OsAddon, window: Uint8Array) {
    this.#os = os;
    this.#window = window;
  }

  into(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean {
    return this.#os.copyBytes(this.#window, address, array, offset, sizeBytes);
  }

  stage(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean {
    return this.#os.stageBytes(this.#window, address, array, offset, sizeBytes);
  }

  outOf(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean {
    return this.#os.copyBytes(array, offset, this.#window, address, sizeBytes);
  }

  ofParts(parts: ArrayParts): OutsideArray {
    const known = this.#ofParts.get(parts) ?? new AddonParts(this.#os, this.#window, parts);
    this.#ofParts.set(parts, known);
    return known;
  }
}

/** Copies with `set`, where there is no addon. */
export class SetCopy implements ByteCopy {
  readonly #window: Uint8Array;

  constructor(window: Uint8Array) {
    this.#window = window;
  }

  into(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean {
    const piece = bytesOf(array, offset, sizeBytes);
    if (piece) this.#window.set(piece, address);
    return piece !== undefined;
  }

  stage(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean {
    return this.into(address, array, offset, sizeBytes);
  }

  outOf(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean {
    const piece = bytesOf(array, offset, sizeBytes);
    piece?.set(this.#window.subarray(address, address + sizeBytes));
    return piece !== undefined;
  }

  ofParts(parts: ArrayParts): OutsideArray {
    return new SetParts(this.#window, parts);
  }
}

function bytesOf(array: TypedArray, offset: number, sizeBytes: number): Uint8Array | undefined {
  if (array.byteLength < offset + sizeBytes) return undefined;
  return new Uint8Array(array.buffer, array.byteOffset + offset, sizeBytes);
}
