/**
 * From a table of nodes back to the value. Everything in it is checked: it may come from whoever has the worker's
 * thread.
 */
import { types } from 'node:util';
import { errorClasses } from '../errors.js';
import type { Slot } from './value-nodes.js';
import { holesMark, Tag } from './value-nodes.js';

type Fill = (node: readonly unknown[], made: object) => void;

/** The value that a reference stands for. @throws When there is none. */
export type Resolve = (id: string) => unknown;

/** How a value is decoded. */
export interface DecodeOptions {
  /** Undefined: the value holds no references. */
  readonly resolve?: Resolve | undefined;
  /** Typed arrays view the bytes that are decoded, which nobody else changes; default: each has memory of its own. */
  readonly inPlace?: boolean;
}

/** One decoding. */
export class NodeDecoder {
  readonly #table: readonly unknown[];
  readonly #raw: Uint8Array;
  readonly #made: unknown[] = [];
  readonly #options: DecodeOptions;
  /** Raw bytes are used in order and once: a short message never stands for a long value. */
  #rawEnd = 0;

  /** @param raw - The bytes behind the table. */
  constructor(table: unknown, raw: Uint8Array, options: DecodeOptions) {
    if (!Array.isArray(table) || table.length === 0) throw new TypeError('the table of a value is a list');
    this.#table = table;
    this.#raw = raw;
    this.#options = options;
  }

  /** @throws An error of any kind for a table that no encoder makes. */
  decode(): unknown {
    // Leaves first, since the class of an error may stand in one; then empty objects; then what they hold.
    for (let index = 1; index < this.#table.length; index++) this.#made[index] = this.#leaf(this.#node(index));
    for (let index = 1; index < this.#table.length; index++) {
      if (this.#made[index] === undefined) this.#made[index] = this.#empty(this.#node(index));
    }
    for (let index = 1; index < this.#table.length; index++) {
      const node = this.#node(index);
      this.#fills[node[0] as number]?.(node, this.#made[index] as object);
    }
    return this.#value(this.#table[0]);
  }

  #node(index: number): readonly unknown[] {
    const node = this.#table[index];
    if (!Array.isArray(node) || node.length === 0) throw new TypeError(`entry ${index} is no node`);
    return node;
  }

  #value(slot: unknown): unknown {
    if (typeof slot === 'number' || typeof slot === 'string' || typeof slot === 'boolean' || slot === null) return slot;
    if (!Array.isArray(slot)) throw new TypeError('a slot holds what no slot holds');
    const [index] = slot as readonly unknown[];
    if (index === -1) return -0;
    if (index === -2) return undefined;
    if (typeof index === 'number' && Number.isInteger(index) && index >= 1 && index < this.#table.length) {
      return this.#made[index];
    }
    throw new RangeError(`there is no entry ${String(index)}`);
  }

  #text(slot: unknown): string {
    const text = this.#value(slot);
    if (typeof text !== 'string') throw new TypeError('expected a text');
    return text;
  }

  /** What is complete without reading other nodes; undefined for the rest. */
  #leaf(node: readonly unknown[]): unknown {
    const [tag, first, second, third] = node;
    switch (tag) {
      case Tag.text:
        if (!types.isUint8Array(first)) throw new TypeError('expected the bytes of a text');
        return Buffer.from(first).toString('utf16le');
      case Tag.bigint: {
        const [, sign, digits] = /^(-?)([0-9a-f]+)$/.exec(String(first)) ?? [];
        if (digits === undefined) throw new SyntaxError('expected the digits of an integer');
        return sign === '-' ? -BigInt(`0x${digits}`) : BigInt(`0x${digits}`);
      }
      case Tag.date:
        if (typeof first !== 'number') throw new TypeError('expected the milliseconds of a date');
        return new Date(first);
      case Tag.raw:
        return this.#rawValue(first, second, third);
      case Tag.reference:
        return this.#referred(first);
      default:
        return undefined;
    }
  }

  #rawValue(kind: unknown, offset: unknown, sizeBytes: unknown): unknown {
    const isRange = Number.isInteger(offset) && Number.isInteger(sizeBytes) && (sizeBytes as number) >= 0;
    const [start, end] = [offset as number, (offset as number) + (sizeBytes as number)];
    if (!isRange || start < this.#rawEnd || end > this.#raw.length)
      throw new RangeError('bytes of a value are missing');
    this.#rawEnd = end;
    const bytes = this.#options.inPlace && kind !== 'ArrayBuffer' ? undefined : this.#raw.slice(start, end);
    if (kind === 'ArrayBuffer') return bytes?.buffer;
    const viewClass = viewClasses.get(kind);
    if (!viewClass) throw new TypeError(`this runtime has no ${String(kind)}`);
    if (bytes) return new viewClass(bytes.buffer);
    const { buffer, byteOffset } = this.#raw;
    const count = (end - start) / (viewClass.BYTES_PER_ELEMENT ?? 1);
    if (!Number.isInteger(count)) throw new RangeError('part of an element is missing');
    return new viewClass(buffer, byteOffset + start, count);
  }

  #referred(id: unknown): unknown {
    const { resolve } = this.#options;
    if (typeof id !== 'string' || !resolve) throw new TypeError('a reference stands where none can be');
    return resolve(id);
  }

  #empty(node: readonly unknown[]): unknown {
    switch (node[0]) {
      case Tag.object:
        return {};
      case Tag.array:
        return [];
      case Tag.map:
        return new Map();
      case Tag.set:
        return new Set();
      case Tag.regExp:
        return new RegExp(this.#text(node[1]), this.#text(node[2]));
      case Tag.error:
        return this.#error(node);
      case Tag.text:
      case Tag.bigint:
      case Tag.date:
      case Tag.raw:
      case Tag.reference:
        return undefined;
      default:
        throw new TypeError(`there is no tag ${String(node[0])}`);
    }
  }

  /** An error of its class, ours by code and JavaScript's by name, without its fields. */
  #error(node: readonly unknown[]): Error {
    const known = (field: string): unknown => {
      for (let at = 2; at + 1 < node.length; at += 2) if (node[at] === field) return this.#value(node[at + 1]);
      return undefined;
    };
    const [name, message, code] = [known('name'), known('message'), known('code')];
    if (node[1] === 'DOMException') return new DOMException(String(message), String(name));
    const ours = errorClasses.find((errorClass) => errorClass.code === code);
    const prototype = (ours ?? standardErrors.get(name) ?? Error).prototype;
    // Through Error's own constructor, so that it prints and inspects as an error.
    return Object.setPrototypeOf(new Error(), prototype) as Error;
  }

  readonly #fills: Readonly<Record<number, Fill>> = {
    [Tag.object]: (node, made) => {
      this.#pairs(node, 1, (key, value) => {
        put(made, this.#text(key), this.#value(value));
      });
    },
    [Tag.array]: (node, made) => {
      const array = made as unknown[];
      for (let at = 1; at < node.length; at++) {
        const holes = holesOf(node[at]);
        if (holes === undefined) array.push(this.#value(node[at]));
        else array.length += holes;
      }
    },
    [Tag.map]: (node, made) => {
      this.#pairs(node, 1, (key, value) => (made as Map<unknown, unknown>).set(this.#value(key), this.#value(value)));
    },
    [Tag.set]: (node, made) => {
      for (let at = 1; at < node.length; at++) (made as Set<unknown>).add(this.#value(node[at]));
    },
    [Tag.error]: (node, made) => {
      const fixed = node[1] === 'DOMException' ? ['name', 'message', 'code'] : [];
      this.#pairs(node, 2, (key, value) => {
        const field = this.#text(key);
        if (fixed.includes(field)) return;
        putField(made as Error, field, this.#value(value));
      });
    },
  };

  #pairs(node: readonly unknown[], from: number, take: (key: Slot, value: Slot) => void): void {
    if ((node.length - from) % 2 !== 0) throw new TypeError('a key has no value');
    for (let at = from; at < node.length; at += 2) take(node[at] as Slot, node[at + 1] as Slot);
  }
}

/** How many elements are not there, where a slot of an array says so. */
function holesOf(slot: unknown): number | undefined {
  if (!Array.isArray(slot) || slot[0] !== holesMark) return undefined;
  const [, holes] = slot as readonly unknown[];
  if (typeof holes === 'number' && holes >= 1) return holes;
  throw new RangeError('expected a number of elements that are not there');
}

interface ViewClass {
  /** Undefined: of a DataView. */
  readonly BYTES_PER_ELEMENT?: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): unknown;
}

/** Typed arrays by tag; DataView too. */
const viewClasses: ReadonlyMap<unknown, ViewClass> = new Map<unknown, ViewClass>(
  [
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView],
    ...[(globalThis as { Float16Array?: ViewClass & { name: string } }).Float16Array ?? []].flat(),
  ].map((viewClass) => [viewClass.name, viewClass as unknown as ViewClass]),
);

const { SuppressedError } = globalThis as { SuppressedError?: ErrorConstructor & { name: string } };
const standardErrors: ReadonlyMap<unknown, { readonly prototype: object }> = new Map<unknown, { prototype: object }>(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError]
    .concat((SuppressedError ?? []) as never[])
    .map((errorClass) => [errorClass.name, errorClass as { prototype: object }]),
);

/** Defines where assigning would change, or be stopped by, what the prototype has: every key is data. */
function put(target: object, key: string, value: unknown): void {
  if (key in target)
    Object.defineProperty(target, key, { value, configurable: true, enumerable: true, writable: true });
  else (target as Record<string, unknown>)[key] = value;
}

const hiddenFields = ['name', 'message', 'stack', 'cause', 'errors'];

/** A field of an error; those of the language are not enumerable, and a name that its class has is not repeated. */
function putField(error: Error, key: string, value: unknown): void {
  if (key === 'name' && error.name === value) return;
  const enumerable = !hiddenFields.includes(key);
  Object.defineProperty(error, key, { value, configurable: true, enumerable, writable: true });
}
