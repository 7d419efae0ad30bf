/** The walk over a value before it is packed: refuses what has no value, replaces what msgpackr would change. */
import { NotSerializableError, show, tagOf } from '../errors.js';

/** Raw bytes start at multiples of this, so that any typed array can be made over them. */
const alignBytes = 8;

/** A typed array, DataView or ArrayBuffer, whose bytes lie beside the head. */
export class RawBytes {
  kind: string;
  offset: number;
  sizeBytes: number;
  constructor(kind: string, offset: number, sizeBytes: number) {
    this.kind = kind;
    this.offset = offset;
    this.sizeBytes = sizeBytes;
  }
}
/** −0, which msgpack has not. */
export class NegativeZero {
  sign = -1;
}
/** A bigint of any length. */
export class BigInteger {
  digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
}
/** An error as its fields. */
export class ErrorFields {
  fields: Record<string, unknown> = {};
}

/** An object with a key `__proto__`, which msgpackr would rename, as its entries. */
export class ObjectEntries {
  entries: [string, unknown][] = [];
}

/** The walk before packing. */
export class Preparation {
  /** Bytes to put behind the head, and where. */
  readonly raws: { offset: number; bytes: Uint8Array }[] = [];
  rawBytes = 0;
  /** Copies of objects met already: keeps cycles and shared references. */
  readonly #seen = new Map<object, unknown>();
  /**
   * Errors and such objects whose fields are being prepared. msgpackr keeps references to plain objects only, so one
   * that two fields share is written twice, and one that refers to itself is refused.
   */
  readonly #open = new Set<object>();

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
    if (this.#open.has(value)) return refuse(path, 'refers to itself through an error or a key __proto__');
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
    if (Object.hasOwn(value, '__proto__')) return this.#prepareEntries(value, path);
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
    this.#open.add(value);
    for (const key of new Set(['name', 'message', 'stack', ...Object.getOwnPropertyNames(value)])) {
      copy.fields[key] = this.#property(value, key, `${path}${accessor(key)}`);
    }
    this.#open.delete(value);
    return copy;
  }

  #prepareEntries(value: object, path: string): ObjectEntries {
    const copy = new ObjectEntries();
    this.#open.add(value);
    for (const key of Object.keys(value)) {
      copy.entries.push([key, this.#property(value, key, `${path}${accessor(key)}`)]);
    }
    this.#open.delete(value);
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

/** Defines instead of assigning: a key named `__proto__` is data like any other. */
export function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, enumerable: true, writable: true });
}

function accessor(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** The next multiple of `alignBytes`. */
export function alignUp(value: number): number {
  return Math.ceil(value / alignBytes) * alignBytes;
}
