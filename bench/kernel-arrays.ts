/** Arrays of every dtype over one memory, and numbers that all operations agree on: small, positive, never NaN. */
import type { TypedArray } from '../src/types/buffers.js';
import type { Dtype } from '../src/types/dtype.js';

const classes = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
} as const;

/** A view of `bytes` bytes. */
export function arrayOver(buffer: ArrayBufferLike, dtype: Dtype, at: number, bytes: number): TypedArray {
  const Class = classes[dtype];
  return new Class(buffer as ArrayBuffer, at, bytes / Class.BYTES_PER_ELEMENT);
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
