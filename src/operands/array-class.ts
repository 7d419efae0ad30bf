/** The classes that arrays are made of, for `collective.empty` and `emptyShared`. */
import { InvalidArgumentError } from '../errors.js';
import { show, tagOf } from '../show.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import { dtypesOfTag } from '../types/dtype.js';
import { viewOf } from './tensor.js';
import { trusted } from './trusted-array.js';

/** Bytes of an array of a class. @throws {@link InvalidArgumentError} */
export function arrayBytes(what: string, arrayClass: unknown, count: unknown): number {
  const itemBytes = (arrayClass as { BYTES_PER_ELEMENT?: number } | undefined)?.BYTES_PER_ELEMENT;
  if (typeof arrayClass !== 'function' || typeof itemBytes !== 'number') {
    throw new InvalidArgumentError(
      `${what}: expected a typed array class such as Float32Array, received ${show(arrayClass)}`,
    );
  }
  if (!Number.isInteger(count) || (count as number) < 0) {
    throw new InvalidArgumentError(`${what}: expected count to be an integer >= 0, received ${show(count)}`);
  }
  return (count as number) * itemBytes;
}

/**
 * What a class says of itself may not be so: its array must be as long as the memory that it was given.
 *
 * @throws {@link InvalidArgumentError}
 */
export function checkMade(what: string, arrayClass: unknown, array: unknown, count: number, sizeBytes: number): void {
  const made = viewOf(array)?.array ?? trusted(`${what}: expected the array`, array);
  if (made?.byteLength === sizeBytes) return;
  throw new InvalidArgumentError(
    `${what}: expected a class whose ${count} elements take ${sizeBytes} bytes, as its BYTES_PER_ELEMENT says; ` +
      `received ${show(arrayClass)}, whose array has ${made ? `${made.byteLength} bytes` : 'none'}`,
  );
}

/** What the arrays of a class hold, unless a call says otherwise. @throws {@link InvalidArgumentError} */
export function dtypeOfClass<T extends TypedArray | Float16ArrayLike>(
  what: string,
  arrayClass: TypedArrayClass<T>,
): Dtype {
  const sizeBytes = arrayBytes(what, arrayClass, 1);
  const sample = new arrayClass(new SharedArrayBuffer(sizeBytes), 0, 1);
  checkMade(what, arrayClass, sample, 1, sizeBytes);
  const dtype = viewOf(sample)?.dtype ?? dtypesOfTag.get(tagOf(sample))?.[0];
  if (dtype !== undefined) return dtype;
  throw new InvalidArgumentError(`${what}: expected a class that holds a dtype, received ${show(arrayClass)}`);
}
