/** Copies between the window and arrays, in it or outside. */
import type { KernelExports } from '../../kernels/wasm-module.js';
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

/** Copies within the window with a kernel, which takes a quarter of the time for 2 KiB; all others as they are copied. */
export class WindowCopy implements ByteCopy {
  readonly #kernels: KernelExports;
  readonly #buffer: ArrayBufferLike;
  readonly #outside: ByteCopy;

  constructor(kernels: KernelExports, window: Uint8Array, outside: ByteCopy) {
    this.#kernels = kernels;
    this.#buffer = window.buffer;
    this.#outside = outside;
  }

  into(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean {
    if (array.buffer !== this.#buffer) return this.#outside.into(address, array, offset, sizeBytes);
    return this.#move(address, array.byteOffset + offset, sizeBytes, array.byteLength - offset);
  }

  stage(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean {
    if (array.buffer !== this.#buffer) return this.#outside.stage(address, array, offset, sizeBytes);
    return this.#move(address, array.byteOffset + offset, sizeBytes, array.byteLength - offset);
  }

  outOf(address: number, array: TypedArray, offset: number, sizeBytes: number): boolean {
    if (array.buffer !== this.#buffer) return this.#outside.outOf(address, array, offset, sizeBytes);
    return this.#move(array.byteOffset + offset, address, sizeBytes, array.byteLength - offset);
  }

  ofParts(parts: ArrayParts): OutsideArray {
    return this.#outside.ofParts(parts);
  }

  #move(target: number, source: number, sizeBytes: number, leftBytes: number): boolean {
    if (sizeBytes > leftBytes) return false;
    this.#kernels.shoal_copy(target, source, sizeBytes);
    return true;
  }
}

function bytesOf(array: TypedArray, offset: number, sizeBytes: number): Uint8Array | undefined {
  if (array.byteLength < offset + sizeBytes) return undefined;
  return new Uint8Array(array.buffer, array.byteOffset + offset, sizeBytes);
}
