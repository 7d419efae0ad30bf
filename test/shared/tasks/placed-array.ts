/** Arrays as they lie in memory: plain, at an odd offset, shared, in the window, with strides, or node-shared. */
import type { Dtype, Tensor, TypedArray, TypedArrayClass } from 'shoal/worker';
import type { Collective } from 'shoal/worker';
import { collective } from 'shoal/worker';
import { itemBytes } from '../../../src/types/dtype.js';

/** How an array lies in memory. */
export const places = ['plain', 'odd', 'shared', 'window', 'strided', 'reversed'] as const;

/** A place of one rank's own, or of all. */
export type Place = (typeof places)[number] | 'node-shared';

const poison = 0xa5;

/**
 * An array of those bytes at a place, what to call with, and what gives its bytes back: `undefined` where others
 * changed.
 */
export interface Placed {
  readonly argument: TypedArray | Tensor;
  bytes(): Uint8Array | undefined;
  free(): void;
}

/** Put the bytes of an array there. */
export async function place(
  where: Place,
  dtype: Dtype,
  values: TypedArray,
  group: Collective = collective,
): Promise<Placed> {
  const Class = values.constructor as new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => TypedArray;
  const { length, BYTES_PER_ELEMENT: bytesEach } = values;
  const raw = new Uint8Array(values.buffer);
  const free = (): void => undefined;
  if (where === 'node-shared') {
    const array = await group.emptyShared(Class as unknown as TypedArrayClass<TypedArray>, length);
    const bytes = (): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, raw.length).slice();
    return { argument: array, bytes, free: () => collective.free(array) };
  }
  if (where === 'window') {
    const array = collective.empty(Class as unknown as TypedArrayClass<TypedArray>, length);
    const own = new Uint8Array(array.buffer, array.byteOffset, raw.length);
    own.set(raw);
    return { argument: array, bytes: () => own.slice(), free: () => collective.free(array) };
  }
  const item = itemBytes[dtype];
  const count = raw.length / item;
  const step = { strided: 3, reversed: -2 }[where as string] ?? 1;
  const margin = 5 * item;
  const total = count * Math.abs(step) * item + 2 * margin;
  const buffer = where === 'shared' ? new SharedArrayBuffer(total) : new ArrayBuffer(total);
  const memory = new Uint8Array(buffer).fill(poison);
  const first = step < 0 && count > 0 ? margin + (count - 1) * -step * item : margin;
  const at = (i: number): number => first + i * step * item;
  for (let i = 0; i < count; i++) memory.set(raw.subarray(i * item, (i + 1) * item), at(i));
  const bytes = (): Uint8Array | undefined => {
    const result = new Uint8Array(raw.length);
    const rest = memory.slice();
    for (let i = 0; i < count; i++) {
      result.set(memory.subarray(at(i), at(i) + item), i * item);
      rest.fill(poison, at(i), at(i) + item);
    }
    return rest.every((byte) => byte === poison) ? result : undefined;
  };
  if (step === 1) return { argument: new Class(buffer, margin, length), bytes, free };
  // A tensor counts in its own elements: pairs, of complex numbers.
  const data = new Class(buffer, 0, total / bytesEach);
  return { argument: { data, dtype, shape: [count], strides: [step], offset: first / item }, bytes, free };
}

/** The same, block by block: what to call with is a list. */
export async function placeBlocks(where: Place, dtype: Dtype, values: TypedArray, blocks: number): Promise<Placed> {
  const length = values.length / blocks;
  const placed: Placed[] = [];
  for (let block = 0; block < blocks; block++) {
    placed.push(await place(where, dtype, values.slice(block * length, (block + 1) * length)));
  }
  return {
    argument: placed.map(({ argument }) => argument) as unknown as Tensor,
    bytes: () => {
      const each = placed.map((one) => one.bytes());
      return each.every((bytes) => bytes !== undefined) ? Buffer.concat(each) : undefined;
    },
    free: () => {
      for (const one of placed) one.free();
    },
  };
}
