/** The memory of a typed array as bytes and as words, made once for an array that is copied often. */
import type { TypedArray } from '../types/buffers.js';
import { isThere } from './held-bytes.js';

const wordBytes = 4;
/** Where both places are multiples of it, `set` copies by words. */
const setBytes = 8;

/** Of an array whose memory keeps its length, unless it is detached. */
export class ArrayMemory {
  readonly array: TypedArray;
  readonly buffer: ArrayBufferLike;
  readonly sizeBytes: number;
  readonly bytes: Uint8Array;
  /** Undefined where the array does not begin and end at a word. */
  readonly words: Uint32Array | undefined;
  /** It begins where `set` copies by words. */
  readonly isAligned: boolean;

  constructor(array: TypedArray) {
    const { buffer, byteOffset, byteLength } = array;
    this.array = array;
    this.buffer = buffer;
    this.sizeBytes = byteLength;
    this.bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const hasWords = byteOffset % wordBytes === 0 && byteLength % wordBytes === 0;
    this.words = hasWords ? new Uint32Array(buffer, byteOffset, byteLength / wordBytes) : undefined;
    this.isAligned = byteOffset % setBytes === 0;
  }

  /** Whether it has not been detached. */
  get isThere(): boolean {
    return this.sizeBytes === 0 || isThere(this.bytes);
  }

  /** Whether both have a byte in common. */
  overlaps({ array: { byteOffset }, buffer, sizeBytes }: ArrayMemory): boolean {
    const { array } = this;
    if (this.buffer !== buffer) return false;
    return array.byteOffset < byteOffset + sizeBytes && byteOffset < array.byteOffset + this.sizeBytes;
  }
}
