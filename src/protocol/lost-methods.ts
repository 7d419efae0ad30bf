/** Under SHOAL_DEBUG=1: a warning for each class whose instances lose their methods when they are copied. */
import { debugIsOn } from '../env.js';

/** Prototypes that a warning has named. */
const told = new WeakSet();
/** Prototypes in a chain that are looked at. */
const chainLength = 20;

/** Whether to warn of a value that is copied as a plain object: its class has methods, and no warning has named it. */
export function losesMethods(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return false;
  return !told.has(prototype) && debugIsOn() && hasMethods(prototype);
}

/** Warn of it, once for its class. @param what - Such as `args[0].p is a Point`. */
export function warnOfLostMethods(value: object, what: string): void {
  told.add(Object.getPrototypeOf(value) as object);
  process.emitWarning(
    `${what}, and arrives as a plain object without its methods. Send plain data and make the instance where it is ` +
      `used, keep it with keep: true, or make an actor of the class`,
    { type: 'ShoalWarning' },
  );
}

/** Methods or accessors, of the class or those that it extends. */
function hasMethods(prototype: object): boolean {
  let each: unknown = prototype;
  for (let i = 0; i < chainLength && typeof each === 'object' && each !== null; i++) {
    const owner = each;
    const property = (key: string | symbol): PropertyDescriptor => Object.getOwnPropertyDescriptor(owner, key) ?? {};
    const maker: unknown = property('constructor').value;
    // That of another realm too.
    if (typeof maker === 'function' && maker.name === 'Object') return false;
    for (const key of Reflect.ownKeys(owner)) {
      const descriptor = property(key);
      if (key !== 'constructor' && (typeof descriptor.value === 'function' || 'get' in descriptor)) return true;
    }
    each = Object.getPrototypeOf(owner);
  }
  return false;
}
