/** Arrays of every dtype over one memory, and numbers that all operations agree on: small, positive, never NaN. */
import type { TypedArray, TypedArrayClass } from '../src/types/buffers.js';
import type { Dtype } from '../src/types/dtype.js';
import { dtypesOfTag } from '../src/types/dtype.js';

/** A view of `bytes` bytes. */
export function arrayOver(buffer: ArrayBufferLike, dtype: Dtype, at: number, bytes: number): TypedArray {
  const [tag = ''] = [...dtypesOfTag.keys()].filter((name) => dtypesOfTag.get(name)?.includes(dtype));
  const Class = (globalThis as unknown as Record<string, TypedArrayClass<TypedArray>>)[tag];
  if (!Class) throw new TypeError(`no array holds ${dtype}`);
  return new Class(buffer as SharedArrayBuffer, at, bytes / Class.BYTES_PER_ELEMENT);
}

/** Bytes of an array of everyday numbers, another for another seed. */
export function everydayBytes(dtype: Dtype, bytes: number, seed: number): Uint8Array {
  const array = arrayOver(new ArrayBuffer(bytes), dtype, 0, bytes);
  const isWide = array instanceof BigInt64Array || array instanceof BigUint64Array;
  for (let i = 0; i < array.length; i++) {
    const value = (i * 7 + (seed % 1000)) % 61;
    // From 1 on, in steps of 1/32 and 1/4: results are normal numbers.
    if (dtype === 'float16') array[i] = 0x3c00 + value * 32;
    else if (dtype === 'bfloat16') array[i] = 0x3f80 + value;
    else array[i] = isWide ? BigInt(value) : value;
  }
  return new Uint8Array(array.buffer as ArrayBuffer);
}
