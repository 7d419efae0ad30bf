/** What ranks compare of their lists: how many arrays, and the dtype and length of each. */
import type { ListShape } from '../../operations/call-name.js';
import { dtypeId, itemBytes } from '../../types/dtype.js';
import type { Item } from './list-items.js';

const hashPrime = 16_777_619;

/** Of the arrays of a list. */
export function shapeOf(items: readonly Item[]): ListShape {
  let [low, high, total] = [2_166_136_261, 3_141_592_653, 0];
  const mix = (word: number): void => {
    low = Math.imul(low ^ word, hashPrime) >>> 0;
    high = Math.imul(high ^ (word + low), hashPrime) >>> 0;
  };
  for (const { source, dtype } of items) {
    const count = source.array.byteLength / itemBytes[dtype];
    total += count;
    mix(dtypeId(dtype));
    mix(count >>> 0);
    mix(Math.floor(count / 2 ** 32));
  }
  return { arrays: items.length, total, hash: [low, high] };
}

/** The same as words that ranks exchange. */
export function shapeWords(items: readonly Item[]): Float64Array {
  const { arrays, total, hash } = shapeOf(items);
  return Float64Array.of(arrays, total, ...hash);
}

/** Whether what the ranks have said is the same. */
export function areAlike(all: Float64Array, size: number): boolean {
  const words = all.length / size;
  return all.every((word, i) => word === all[i % words]);
}
