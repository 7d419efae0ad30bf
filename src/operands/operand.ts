/** What a caller gives as `buffer` or `out`, typed array or tensor, as elements in a row. */
import { ClosedError, InvalidArgumentError } from '../errors.js';
import { show, tagOf } from '../show.js';
import type { TypedArray } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import { dtypesOfTag, itemBytes } from '../types/dtype.js';
import type { Layout } from './strides.js';
import { countOf, isContiguous, mayOverlap, PackedCopy, spanOf, wordsOf } from './strides.js';
import type { TaskArrays } from './task-arrays.js';
import { isTensor, readTensor, viewOf } from './tensor.js';
import { trusted } from './trusted-array.js';

/** A buffer of a call. */
export interface Operand {
  /**
   * The elements in row-major order: the caller's own memory, or a packed copy that `gather` fills, then of any class.
   */
  readonly array: TypedArray;
  /** Class of the caller's array. */
  readonly tag: string;
  /** What the caller must leave alone while the call runs. */
  readonly memory: TypedArray;
  /** What a tensor says that it holds. */
  readonly dtype: Dtype | undefined;
  /** Of a tensor with one. */
  readonly layout: Layout | undefined;
  /** Where the elements lie apart. */
  readonly packed: PackedCopy | undefined;
}

/**
 * Read a buffer; nothing is copied yet.
 *
 * @param what - The call, for errors.
 * @param role - The argument: `buffer` or `out`.
 */
export function readOperand(what: string, role: string, value: unknown, arrays: TaskArrays): Operand {
  const own = trusted(`${what}: expected ${role}`, value);
  if (own && dtypesOfTag.has(tagOf(own))) return whole(checkMemory(what, role, own, arrays), undefined);
  const view = viewOf(value);
  if (view) return whole(checkMemory(what, role, view.array, arrays), view.dtype);
  if (!isTensor(value)) {
    throw new InvalidArgumentError(
      `${what}: expected ${role} to be a typed array such as Float32Array, or a tensor with one as its data, received ${show(value)}`,
    );
  }
  const { data, dtype, layout } = readTensor(what, role, value);
  checkMemory(what, role, data, arrays);
  if (!layout) return whole(data, dtype);
  const sizeBytes = itemBytes[dtype];
  const perElement = sizeBytes / data.BYTES_PER_ELEMENT;
  const [first, end] = spanOf(layout);
  const memory = data.subarray(first * perElement, end * perElement);
  const tag = tagOf(data);
  if (isContiguous(layout)) return { array: memory, tag, memory, dtype, layout, packed: undefined };
  const array = wordsOf(sizeBytes, new ArrayBuffer(countOf(layout.axes) * sizeBytes));
  const ownWords = wordsOf(sizeBytes, memory.buffer, memory.byteOffset, memory.byteLength);
  const inSpan = { axes: layout.axes, offset: layout.offset - first };
  const packed = new PackedCopy(ownWords, array, inSpan, sizeBytes / array.BYTES_PER_ELEMENT);
  return { array, tag, memory, dtype, layout, packed };
}

/** The result is to be written there. */
export function assertWritable(what: string, role: string, { layout }: Operand): void {
  if (!layout || !mayOverlap(layout)) return;
  const strides = layout.axes.map(({ stride }) => stride);
  throw new InvalidArgumentError(
    `${what}: expected the elements of ${role} to lie apart, but with shape ${shapeText(layout)} and ` +
      `strides ${strides.join(', ')} some may share memory; copy it first`,
  );
}

/** A shape in words. */
export function shapeText({ axes }: Layout): string {
  return axes.map(({ size }) => size).join(' × ');
}

function whole(array: TypedArray, dtype: Dtype | undefined): Operand {
  return { array, tag: tagOf(array), memory: array, dtype, layout: undefined, packed: undefined };
}

function checkMemory(what: string, role: string, array: TypedArray, arrays: TaskArrays): TypedArray {
  if (isDetached(array)) throw new InvalidArgumentError(`${what}: expected ${role} to be usable, but it is detached`);
  if (!arrays.holds(array) || array.byteLength === 0 || arrays.owns(array)) return array;
  throw new ClosedError(
    `${what}: ${role} comes from collective.empty, but from no array of this task. It was freed, its task has ended, ` +
      `or it belongs to another rank. Use an array of collective.empty`,
  );
}

/** Whether the memory of an array without bytes was taken away. */
export function isDetached(array: TypedArray): boolean {
  if (array.byteLength !== 0 || array.buffer instanceof SharedArrayBuffer) return false;
  try {
    return new Uint8Array(array.buffer).length !== 0 && array.length !== 0;
  } catch {
    return true; // a view of a detached buffer cannot be made
  }
}
