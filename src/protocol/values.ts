/**
 * Values between driver and task: copied, never shared.
 *
 * Encoded form: uint32 length of the head, the head (msgpackr), then the raw bytes of all typed arrays, each
 * aligned to 8. Before packing, a walk refuses what has no value (functions, promises, symbols, weak
 * collections), naming its path, and replaces what msgpackr would change: −0, errors, large integers, arrays.
 */
import type * as Msgpackr from 'msgpackr';
import * as pack from 'msgpackr/pack';
import { errorClasses, NotSerializableError, ProtocolError, show, tagOf } from '../errors.js';

// The entry without native code; its own declarations do not resolve under nodenext.
const { Packr, addExtension } = pack as unknown as typeof Msgpackr;

class RawBytes {
  kind: string;
  offset: number;
  sizeBytes: number;
  constructor(kind: string, offset: number, sizeBytes: number) {
    this.kind = kind;
    this.offset = offset;
    this.sizeBytes = sizeBytes;
  }
}
class NegativeZero {
  sign = -1;
}
class BigInteger {
  digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
}
class ErrorFields {
  fields: Record<string, unknown> = {};
}

/** Raw bytes of the message that is being decoded; the extensions' `read` runs only inside `decodeValue`. */
let decodingRaw: Uint8Array | undefined;

const packr = new Packr({ moreTypes: true, structuredClone: true, copyBuffers: true });
// Extensions are global to msgpackr: numbers that an application's own are unlikely to have.
addExtension({
  Class: RawBytes,
  type: 71,
  write: ({ kind, offset, sizeBytes }: RawBytes) => [kind, offset, sizeBytes],
  read: ([kind, offset, sizeBytes]: [string, number, number]) => readRaw(kind, offset, sizeBytes),
});
addExtension({ Class: NegativeZero, type: 72, write: () => 0, read: () => -0 });
addExtension({
  Class: BigInteger,
  type: 73,
  write: ({ digits }: BigInteger) => digits,
  read: (digits: string) => BigInt(digits),
});
addExtension({
  Class: ErrorFields,
  type: 74,
  write: ({ fields }: ErrorFields) => fields,
  read: (fields: Record<string, unknown>) => readError(fields),
});

const headerBytes = 4;
const alignBytes = 8;

/**
 * Encode a value.
 *
 * @param path - How error messages call the value, such as `args`.
 * @throws {@link NotSerializableError} with the path of the first part that cannot be copied.
 */
export function encodeValue(value: unknown, path: string): Uint8Array {
  const writer = new Preparation();
  const prepared = writer.prepare(value, path);
  const head = packr.pack(prepared);
  const rawStart = alignUp(headerBytes + head.length);
  const encoded = new Uint8Array(rawStart + writer.rawBytes);
  new DataView(encoded.buffer).setUint32(0, head.length, true);
  encoded.set(head, headerBytes);
  for (const { offset, bytes } of writer.raws) encoded.set(bytes, rawStart + offset);
  return encoded;
}

/** Decode what `encodeValue` made. @throws {@link ProtocolError} when it is truncated or damaged. */
export function decodeValue(encoded: Uint8Array): unknown {
  const outer = decodingRaw;
  try {
    const headLength = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength).getUint32(0, true);
    const end = headerBytes + headLength;
    if (end > encoded.length) throw new RangeError(`the head says ${headLength} bytes, ${encoded.length} came`);
    decodingRaw = encoded.subarray(alignUp(end));
    return packr.unpack(encoded.subarray(headerBytes, end));
  } catch (cause) {
    throw new ProtocolError('a value between driver and task is truncated or damaged', {}, { cause });
  } finally {
    decodingRaw = outer;
  }
}

/** The walk before packing. */
class Preparation {
  readonly raws: { offset: number; bytes: Uint8Array }[] = [];
  rawBytes = 0;
  /** Copies of objects met already: keeps cycles and shared references. */
  readonly #seen = new Map<object, unknown>();

  prepare(value: unknown, path: string): unknown {
    switch (typeof value) {
      case 'function':
      case 'symbol':
        return refuse(path, `is ${show(value)}`);
      case 'number':
        return Object.is(value, -0) ? new NegativeZero() : value;
      case 'bigint':
        return new BigInteger(value.toString());
      case 'object':
        return value === null ? null : this.#prepareObject(value, path);
      default:
        return value;
    }
  }

  #prepareObject(value: object, path: string): unknown {
    const seen = this.#seen.get(value);
    if (seen !== undefined) return seen;
    if (ArrayBuffer.isView(value)) {
      return this.#raw(value, tagOf(value), new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    }
    const tag = tagOf(value);
    switch (tag) {
      case 'ArrayBuffer':
      case 'SharedArrayBuffer':
        return this.#raw(value, 'ArrayBuffer', new Uint8Array(value as ArrayBuffer));
      case 'Date':
      case 'RegExp':
        return value;
      case 'Boolean':
      case 'Number':
      case 'String':
        return value.valueOf();
      case 'Map':
        return this.#prepareMap(value as Map<unknown, unknown>, path);
      case 'Set':
        return this.#prepareSet(value as Set<unknown>, path);
    }
    if (value instanceof Error) return this.#prepareError(value, path);
    if (refusedTags.has(tag)) return refuse(path, `is a ${tag}`);
    if (Array.isArray(value)) {
      const copy: unknown[] = [];
      this.#seen.set(value, copy);
      for (let i = 0; i < value.length; i++) copy.push(this.#property(value, i, `${path}[${i}]`));
      return copy;
    }
    const copy: Record<string, unknown> = {};
    this.#seen.set(value, copy);
    for (const key of Object.keys(value)) define(copy, key, this.#property(value, key, `${path}${accessor(key)}`));
    return copy;
  }

  #raw(value: object, kind: string, bytes: Uint8Array): RawBytes {
    const raw = new RawBytes(kind, this.rawBytes, bytes.length);
    this.#seen.set(value, raw);
    this.raws.push({ offset: this.rawBytes, bytes });
    this.rawBytes = alignUp(this.rawBytes + bytes.length);
    return raw;
  }

  #prepareMap(value: Map<unknown, unknown>, path: string): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>();
    this.#seen.set(value, copy);
    let index = 0;
    for (const [key, entry] of value) {
      copy.set(this.prepare(key, `${path}.keys()[${index}]`), this.prepare(entry, `${path}.get(${show(key)})`));
      index++;
    }
    return copy;
  }

  #prepareSet(value: Set<unknown>, path: string): Set<unknown> {
    const copy = new Set<unknown>();
    this.#seen.set(value, copy);
    let index = 0;
    for (const entry of value) copy.add(this.prepare(entry, `${path}.values()[${index++}]`));
    return copy;
  }

  #prepareError(value: Error, path: string): ErrorFields {
    const copy = new ErrorFields();
    this.#seen.set(value, copy);
    for (const key of new Set(['name', 'message', 'stack', ...Object.getOwnPropertyNames(value)])) {
      copy.fields[key] = this.#property(value, key, `${path}${accessor(key)}`);
    }
    return copy;
  }

  #property(owner: object, key: string | number, path: string): unknown {
    let value: unknown;
    try {
      value = (owner as Record<string | number, unknown>)[key];
    } catch (cause) {
      throw new NotSerializableError(`${path} is a getter that throws`, { path }, { cause });
    }
    return this.prepare(value, path);
  }
}

const refusedTags = new Set([
  'Promise',
  'WeakMap',
  'WeakSet',
  'WeakRef',
  'FinalizationRegistry',
  'Generator',
  'AsyncGenerator',
  'MessagePort',
]);

function refuse(path: string, what: string): never {
  throw new NotSerializableError(
    `${path} ${what}; between driver and task go copies of values: numbers, strings, typed arrays, plain objects, ` +
      `arrays, maps, sets, dates and errors`,
    { path },
  );
}

/** Typed arrays by tag; DataView and ArrayBuffer too. */
const viewClasses: Readonly<Record<string, (new (buffer: ArrayBuffer) => unknown) | undefined>> = {
  ...Object.fromEntries(
    [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]
      .concat([Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView] as never[])
      .map((viewClass) => [viewClass.name, viewClass as unknown as new (buffer: ArrayBuffer) => unknown]),
  ),
  Float16Array: (globalThis as { Float16Array?: new (buffer: ArrayBuffer) => unknown }).Float16Array,
};

function readRaw(kind: string, offset: number, sizeBytes: number): unknown {
  if (!decodingRaw || offset + sizeBytes > decodingRaw.length) throw new RangeError(`${kind} is cut off`);
  const { buffer } = decodingRaw.slice(offset, offset + sizeBytes);
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

function readError(fields: Record<string, unknown>): Error {
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

/** Defines instead of assigning: a key named `__proto__` is data like any other. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, enumerable: true, writable: true });
}

function accessor(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function alignUp(value: number): number {
  return Math.ceil(value / alignBytes) * alignBytes;
}
