/**
 * What an array says of itself is read by the getters of the language: properties of its own and of subclasses can lie.
 */
import { InvalidArgumentError } from '../errors.js';
import type { TypedArray } from '../types/buffers.js';

const prototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
/** A getter of all typed arrays, taken when this module loads. */
function getter(name: PropertyKey): (array: unknown) => unknown {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is given its `this`
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get as () => unknown;
  return (array): unknown => Reflect.apply(get, array, []);
}
const tag = getter(Symbol.toStringTag) as (value: unknown) => string | undefined;
const bufferOf = getter('buffer') as (array: unknown) => ArrayBufferLike;
const byteOffsetOf = getter('byteOffset') as (array: unknown) => number;
const lengthOf = getter('length') as (array: unknown) => number;
// eslint-disable-next-line @typescript-eslint/unbound-method -- it is given its `this`
const elementAt = (prototype as Uint8Array).at;

type ArrayClass = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedArray;
const classes = new Map<string, ArrayClass>();
for (const name of [
  'Int8',
  'Uint8',
  'Uint8Clamped',
  'Int16',
  'Uint16',
  'Int32',
  'Uint32',
  'BigInt64',
  'BigUint64',
  'Float16',
  'Float32',
  'Float64',
]) {
  const known = (globalThis as Record<string, unknown>)[`${name}Array`] as ArrayClass | undefined;
  if (known) classes.set(`${name}Array`, known);
}

/** Elements of a typed array; undefined for what is none. */
export function countOfTyped(value: unknown): number | undefined {
  return tag(value) === undefined ? undefined : lengthOf(value);
}

/**
 * An array of the plain class over the same memory, which nobody else has. Sizes read from it are true, and stay so
 * until the buffer is detached or shrunk. Undefined for what is no typed array.
 *
 * @throws {@link InvalidArgumentError} when the buffer is detached, or has shrunk so that the array lies beyond its end.
 */
export function trusted(what: string, value: unknown): TypedArray | undefined {
  const Class = classes.get(tag(value) ?? '');
  if (!Class) return undefined;
  try {
    const length = lengthOf(value);
    // An array beyond the end of its buffer says that it is empty; what reads an element throws.
    if (length === 0) Reflect.apply(elementAt, value, [0]);
    return new Class(bufferOf(value), byteOffsetOf(value), length);
  } catch (cause) {
    const how = isResizable(bufferOf(value)) ? 'its buffer was detached, or has shrunk' : 'it is detached';
    throw new InvalidArgumentError(`${what} to be usable, but ${how}`, {}, { cause });
  }
}

/** ES2024: every supported Node has it, the es2022 library does not declare it. */
function isResizable(buffer: ArrayBufferLike): boolean {
  return (buffer as { resizable?: boolean }).resizable === true;
}
