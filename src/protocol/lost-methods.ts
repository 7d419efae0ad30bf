/** Under SHOAL_DEBUG=1: a warning for each class whose instances lose their methods when they are copied. */
import { debugIsOn } from '../env.js';

/** Prototypes that a warning has named. */
const told = new WeakSet();
/** Prototypes in a chain that are looked at. */
const chainLength = 20;

/**
 * Warn of a value that is copied as a plain object. Once for each class.
 *
 * @param what - Where it is and what, such as `args[0].p is an instance of Point`.
 */
export function warnOfLostMethods(value: object, what: () => string): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return;
  if (told.has(prototype) || !debugIsOn() || !hasMethods(prototype)) return;
  told.add(prototype);
  process.emitWarning(
    `${what()}, and arrives as a plain object without its methods. Send plain data and make the instance where it is ` +
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
