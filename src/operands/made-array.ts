/** Arrays that a call makes for its result, when its caller gives none. */
import { totalmem } from 'node:os';
import { counted, withArticle } from '../grammar.js';
import { InvalidArgumentError } from '../errors.js';
import type { TypedArray } from '../types/buffers.js';
import { dtypesOfTag } from '../types/dtype.js';
import type { Operand } from './operand.js';

type ArrayClass = new (length: number) => TypedArray;

/** The classes of the runtime as they are now: user code may replace the globals later. */
const classes: ReadonlyMap<string, ArrayClass> = new Map(
  [...dtypesOfTag.keys()].flatMap((tag) => {
    const made = (globalThis as Readonly<Record<string, unknown>>)[tag];
    return typeof made === 'function' ? [[tag, made as ArrayClass] as const] : [];
  }),
);

/** Of this host. */
const memoryBytes = totalmem();

/**
 * An array of zeros of the class of a caller's typed array, of `items` items.
 *
 * @param what - The call, for errors.
 * @throws {@link InvalidArgumentError} for a tensor or an array that is none of the runtime's, and where there is no
 * memory for it.
 */
export function makeLike(what: string, given: unknown, source: Operand, sizeBytes: number): TypedArray {
  const Class = ArrayBuffer.isView(given) ? classes.get(source.tag) : undefined;
  if (!Class) {
    throw new InvalidArgumentError(
      `${what}: expected out, since the buffer is no typed array of the runtime: only of these one is made`,
    );
  }
  const length = sizeBytes / source.array.BYTES_PER_ELEMENT;
  try {
    // Node 26 ends the worker where there is no memory for an array; others throw.
    if (sizeBytes > memoryBytes) throw new RangeError('Array buffer allocation failed');
    return new Class(length);
  } catch (cause) {
    throw new InvalidArgumentError(
      `${what}: ${withArticle(source.tag)} of ${counted(length, 'element')} cannot be made; give a smaller buffer`,
      { requestedBytes: sizeBytes },
      { cause },
    );
  }
}
