/** A small array outside the window and its place there: copied word by word, so that every bit stays as it is. */
import type { TypedArray } from '../../types/buffers.js';
import type { Words } from '../../operands/strides.js';
import { wordsOf } from '../../operands/strides.js';
import { isThere } from '../../operands/held-bytes.js';
import type { ArrayParts } from '../../operands/array-parts.js';
import type { OutsideArray } from './outside-array.js';
import type { RankWindow } from './rank-window.js';

/** Up to so many words a loop is faster than anything else. */
const fewWords = 32;
/** Between places that are not multiples of it `set` goes byte by byte, on shared memory. */
const setBytes = 8;

/** What a small call has outside the window, and its place there. */
export interface Small {
  /** Bytes that are left outside: fewer than there were once an array was detached or shrunk. */
  readonly sizeBytes: number;
  /** False when an array was detached or shrunk. */
  copyIn(): boolean;
  /** The same. */
  copyOut(): boolean;
}

/** Several arrays as one. */
export class SmallParts implements Small {
  readonly #parts: ArrayParts;
  readonly #copies: OutsideArray;
  readonly #address: number;

  constructor(parts: ArrayParts, window: RankWindow, address: number) {
    this.#parts = parts;
    this.#copies = window.copy.ofParts(parts);
    this.#address = address;
  }

  get sizeBytes(): number {
    return this.#parts.bytesLeft;
  }

  copyIn(): boolean {
    return this.#copies.into(this.#address, 0, this.#parts.sizeBytes);
  }

  copyOut(): boolean {
    return this.#copies.outOf(this.#address, 0, this.#parts.sizeBytes);
  }
}

/** Both as words; made once for all starts of a call. */
export class SmallCopy implements Small {
  readonly #array: Words;
  readonly #place: Words;
  readonly #address: number;
  readonly #window: RankWindow;
  readonly #how: 'loop' | 'set' | 'copy';

  /** @param address - Where the copy lies, aligned to 8 bytes. */
  constructor(array: TypedArray, window: RankWindow, address: number) {
    this.#window = window;
    this.#address = address;
    this.#array = wordsOf(array.BYTES_PER_ELEMENT, array.buffer, array.byteOffset, array.byteLength);
    this.#place = wordsOf(array.BYTES_PER_ELEMENT, window.node.bytes.buffer, address, array.byteLength);
    if (this.#place.length <= fewWords) this.#how = 'loop';
    else this.#how = array.byteOffset % setBytes === 0 ? 'set' : 'copy';
  }

  get sizeBytes(): number {
    return this.#array.byteLength;
  }

  copyIn(): boolean {
    if (this.#how !== 'copy') return copy(this.#place, this.#array, this.#how);
    return this.#window.copy.into(this.#address, this.#array, 0, this.#place.byteLength);
  }

  copyOut(): boolean {
    if (this.#how !== 'copy') return copy(this.#array, this.#place, this.#how);
    return this.#window.copy.outOf(this.#address, this.#array, 0, this.#place.byteLength);
  }
}

function copy(target: Words, source: Words, how: 'loop' | 'set'): boolean {
  if (!isThere(target) || !isThere(source)) return false;
  const { length } = target;
  if (how === 'set') target.set(source);
  else for (let i = 0; i < length; i++) target[i] = source[i] ?? 0;
  return true;
}
