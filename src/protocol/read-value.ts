/** From packed wrappers back to values. */
import { errorClasses } from '../errors.js';
import { define } from './prepare-value.js';

/** Typed arrays by tag; DataView and ArrayBuffer too. */
const viewClasses: Readonly<Record<string, (new (buffer: ArrayBuffer) => unknown) | undefined>> = {
  ...Object.fromEntries(
    [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]
      .concat([Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView] as never[])
      .map((viewClass) => [viewClass.name, viewClass as unknown as new (buffer: ArrayBuffer) => unknown]),
  ),
  Float16Array: (globalThis as { Float16Array?: new (buffer: ArrayBuffer) => unknown }).Float16Array,
};

/** Make a typed array of its own from the raw bytes of a message. */
export function readRaw(raw: Uint8Array | undefined, kind: string, offset: number, sizeBytes: number): unknown {
  if (!raw || offset + sizeBytes > raw.length) throw new RangeError(`${kind} is cut off`);
  const { buffer } = raw.slice(offset, offset + sizeBytes);
  if (kind === 'ArrayBuffer') return buffer;
  const viewClass = viewClasses[kind];
  if (!viewClass) throw new TypeError(`this runtime has no ${kind}`);
  return new viewClass(buffer);
}

const standardErrors: Readonly<Record<string, ErrorConstructor | undefined>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Make an error of its class again: ours by code, JavaScript's by name. */
export function readError(fields: Record<string, unknown>): Error {
  const { name, message, stack, cause, ...own } = fields;
  const known = errorClasses.find((errorClass) => errorClass.code === fields.code);
  const prototype = (known ?? standardErrors[String(name)] ?? Error).prototype as object;
  const error = Object.create(prototype) as Error;
  // Through Error's own constructor, so that it prints and inspects as an error.
  const made = Object.setPrototypeOf(new Error(String(message)), Object.getPrototypeOf(error) as object) as Error;
  const hidden = { configurable: true, writable: true, enumerable: false };
  if (made.name !== name) Object.defineProperty(made, 'name', { ...hidden, value: name });
  Object.defineProperty(made, 'stack', { ...hidden, value: stack });
  if (Object.hasOwn(fields, 'cause')) Object.defineProperty(made, 'cause', { ...hidden, value: cause });
  for (const [key, value] of Object.entries(own)) define(made, key, value);
  return made;
}

/** Make an object again from its entries. */
export function readEntries(entries: readonly (readonly [string, unknown])[]): object {
  const made = {};
  for (const [key, value] of entries) define(made, key, value);
  return made;
}
