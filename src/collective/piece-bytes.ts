/** The bytes of a piece of a plain array. */
import { InvalidArgumentError } from '../errors.js';
import type { TypedArray } from '../types/buffers.js';
import type { Request } from './request.js';

/** `sizeBytes` bytes from element `start`, or the error to fail with when the array has lost them under way. */
export function bytesOf(
  { algorithm, itemBytes }: Request,
  array: TypedArray,
  start: number,
  sizeBytes: number,
): Uint8Array | InvalidArgumentError {
  const offset = start * itemBytes;
  if (array.byteLength >= offset + sizeBytes) return new Uint8Array(array.buffer, array.byteOffset + offset, sizeBytes);
  return new InvalidArgumentError(
    `${algorithm.name}: expected the buffer to stay as it was until the call ends, ` +
      `but it was detached or shrunk to ${array.byteLength} bytes; await the call before you transfer the buffer`,
  );
}
