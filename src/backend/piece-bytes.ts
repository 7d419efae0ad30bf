/** The bytes of a piece of a plain array. */
import { InvalidArgumentError } from '../errors.js';
import { counted } from '../grammar.js';
import type { TypedArray } from '../types/buffers.js';
import type { CallArguments } from './call-arguments.js';

/** `sizeBytes` bytes from element `start`, or the error to fail with when the array has lost them under way. */
export function bytesOf(
  { operation, itemBytes }: CallArguments,
  array: TypedArray,
  start: number,
  sizeBytes: number,
): Uint8Array | InvalidArgumentError {
  const offset = start * itemBytes;
  if (array.byteLength >= offset + sizeBytes) return new Uint8Array(array.buffer, array.byteOffset + offset, sizeBytes);
  return lostBuffer(operation.name, array.byteLength);
}

/** The caller's memory went away while a call was using it. @param bytesLeft - Of its array, now. */
export function lostBuffer(what: string, bytesLeft: number): InvalidArgumentError {
  // Memory that cannot be shrunk is gone as a whole.
  const how = bytesLeft === 0 ? 'it was detached' : `it was shrunk to ${counted(bytesLeft, 'byte')}`;
  return new InvalidArgumentError(
    `${what}: expected the buffer to stay as it was until the call ends, but ${how}. ` +
      `Await the call before you transfer the buffer`,
  );
}
