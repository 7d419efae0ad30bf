/** Arrays of numbers that follow from a seed. */
import type { Dtype, TypedArray } from 'shoal/worker';
import { arrayOf } from './contract-model.js';

/** Small whole numbers; of the half types any bits. */
export function filled(dtype: Dtype, count: number, seed: number): TypedArray {
  const array = arrayOf(dtype, count);
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  for (let i = 0; i < array.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const value = (state >>> 24) % 7;
    (array as { [index: number]: number | bigint })[i] = typeof array[0] === 'bigint' ? BigInt(value) : value;
  }
  return array;
}

/** Where they lie. */
export function bytes({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
