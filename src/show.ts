/** Values that user code has made, in words and by their kind. Whatever they are, nothing here throws. */
import { types } from 'node:util';
import { counted, withArticle } from './grammar.js';

/** Show a value in an error message, in at most some 60 characters. Never throws. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'symbol') return 'a symbol';
  if (types.isProxy(value)) return 'a proxy';
  if (typeof value === 'function') {
    const name = fieldOf(value, 'name');
    return typeof name === 'string' && name !== '' ? `function ${name}` : 'a function';
  }
  if (Array.isArray(value)) return `an array of ${counted(value.length, 'element')}`;
  if (typeof value === 'object' && value !== null) return withArticle(tagOf(value));
  return String(value);
}

/**
 * Whether it is an error of any realm: under some test runners those of Node are of another one than this module's.
 * Never throws: a proxy that cannot be asked is none.
 */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || types.isNativeError(value) || value instanceof DOMException;
  } catch {
    return false;
  }
}

/** A field of what user code has made; undefined where its getter throws. */
export function fieldOf(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** `Float32Array`, `Map`, `Object` …, also for objects of another realm. Never throws. */
export function tagOf(value: object): string {
  // Typed arrays have a getter for it, several times faster than the general way.
  if (ArrayBuffer.isView(value)) return (value as Uint8Array)[Symbol.toStringTag];
  try {
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    return 'Object';
  }
}
