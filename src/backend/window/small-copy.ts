/** A small array outside the window and its place there: copied word by word, so that every bit stays as it is. */
import type { TypedArray } from '../../types/buffers.js';
import type { Words } from '../../operands/strides.js';
import { wordsOf } from '../../operands/strides.js';
import type { NodeWindow } from './node-window.js';

/** Up to so many words a loop is faster than `set`. */
const fewWords = 32;

/** Both as words; made once for all starts of a call. */
export class SmallCopy {
  readonly #array: Words;
  readonly #place: Words;

  /** @param address - Where the copy lies, aligned to 8 bytes. */
  constructor(array: TypedArray, node: NodeWindow, address: number) {
    this.#array = wordsOf(array.BYTES_PER_ELEMENT, array.buffer, array.byteOffset, array.byteLength);
    this.#place = wordsOf(array.BYTES_PER_ELEMENT, node.bytes.buffer, address, array.byteLength);
  }

  /** Bytes that are left of the array: fewer than there were once it was detached or shrunk. */
  get sizeBytes(): number {
    return this.#array.byteLength;
  }

  /** False when the array was detached or shrunk. */
  copyIn(): boolean {
    return copy(this.#place, this.#array);
  }

  /** False when the array was detached or shrunk. */
  copyOut(): boolean {
    return copy(this.#array, this.#place);
  }
}

function copy(target: Words, source: Words): boolean {
  const { length } = target;
  if (source.length !== length) return false;
  if (length > fewWords) target.set(source);
  else for (let i = 0; i < length; i++) target[i] = source[i] ?? 0;
  return true;
}
