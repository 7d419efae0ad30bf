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
 * @throws {@link InvalidArgumentError} when the buffer is detached.
 */
export function trusted(what: string, value: unknown): TypedArray | undefined {
  const Class = classes.get(tag(value) ?? '');
  if (!Class) return undefined;
  try {
    return new Class(bufferOf(value), byteOffsetOf(value), lengthOf(value));
  } catch (cause) {
    throw new InvalidArgumentError(`${what} to be usable, but it is detached`, {}, { cause });
  }
}
