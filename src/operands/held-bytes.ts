/** Whether memory of a caller is still there. */
import type { TypedArray } from '../types/buffers.js';

/** The bytes of an array, as a view that nobody else has: it has all of its bytes, or none any more. */
export function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return byteLength === 0 ? new Uint8Array(0) : new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Whether a view that had elements still has them. To read one is the fastest way, and a true one: compiled code of Node
 * 20 finds the `length` of before where it has also seen resizable buffers.
 */
export function isThere(view: Readonly<ArrayLike<number>>): boolean {
  return view[0] !== undefined;
}
