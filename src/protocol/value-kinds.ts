/** What a value is, whatever it says of itself and whichever realm it comes from. */
import { types } from 'node:util';
import { isHostTag } from './host-tags.js';
import { Reference } from './reference.js';

/** Kinds that are copied. `'refused'`: it has a state that no copy of its fields would have. */
export type ValueKind =
  | 'view'
  | 'buffer'
  | 'date'
  | 'regExp'
  | 'map'
  | 'set'
  | 'error'
  | 'boxed'
  | 'array'
  | 'object'
  /** A {@link Reference}. */
  | 'reference'
  | 'refused';

const nodeChecks: readonly (readonly [(value: unknown) => boolean, ValueKind])[] = [
  [(value) => ArrayBuffer.isView(value), 'view'],
  [types.isAnyArrayBuffer, 'buffer'],
  [types.isDate, 'date'],
  [types.isRegExp, 'regExp'],
  [types.isMap, 'map'],
  [types.isSet, 'set'],
  [types.isNativeError, 'error'],
  [types.isBoxedPrimitive, 'boxed'],
  [types.isPromise, 'refused'],
  [types.isWeakMap, 'refused'],
  [types.isWeakSet, 'refused'],
  [types.isGeneratorObject, 'refused'],
  [types.isMapIterator, 'refused'],
  [types.isSetIterator, 'refused'],
  [types.isExternal, 'refused'],
  [types.isKeyObject, 'refused'],
  [types.isCryptoKey, 'refused'],
];
/** Deno has not all of them. */
const checks = nodeChecks.filter(([check]) => typeof (check as unknown) === 'function');

/**
 * Names of classes whose instances `checks` tells: whoever only has their prototype is a proxy, or was never made by
 * them.
 */
const exoticNames = new Set(['Date', 'RegExp', 'Map', 'Set', 'ArrayBuffer', 'SharedArrayBuffer', 'Promise', 'WeakMap']);
for (const name of ['WeakSet', 'DataView', 'TypedArray', 'Worker', 'KeyObject', 'Reference']) exoticNames.add(name);
/** Prototypes in a chain that are checked. */
const chainLength = 20;

const staysHere = Symbol.for('shoal.staysHere');

/** Instances stay with the program that has made them: pools, gangs, actors and handles of tasks are not copied. */
export function keepHere(prototype: object): void {
  Object.defineProperty(prototype, staysHere, { value: true });
}

/** The kind of an object. May throw what a trap of a proxy throws. */
export function kindOf(value: object): ValueKind {
  const known = checks.find(([check]) => check(value));
  if (known) return known[1];
  if (Array.isArray(value)) return 'array';
  let prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return 'object';
  if (Reference.partsOf(value)) return 'reference';
  if (staysHere in value) return 'refused';
  // Of its class: a tag of the object's own says nothing.
  const tag = Reflect.get(prototype as object, Symbol.toStringTag, value) as unknown;
  if (value instanceof Error || tag === 'DOMException') return 'error';
  if (typeof tag === 'string' && isHostTag(tag)) return 'refused';
  for (let i = 0; i < chainLength && typeof prototype === 'object' && prototype !== null; i++) {
    const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof maker === 'function' && exoticNames.has(maker.name)) return 'refused';
    prototype = Object.getPrototypeOf(prototype);
  }
  return 'object';
}
