/** Classes of actors, and the methods that can be called on their instances. Pure. */
import { ExportNotFoundError } from '../errors.js';
import { show } from '../show.js';

/** A class whose instances can be actors. */
export type ActorClass = new (...args: unknown[]) => object;

type Method = (this: object, ...args: unknown[]) => unknown;

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with the class as its object
const sourceOf = Function.prototype.toString;

/** Whether a value is a class that cannot be called as a function. */
export function mustBeConstructed(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(sourceOf.call(value));
}

/** Whether a value is a class, also one that was compiled to a function with methods or a base class. */
export function isClass(value: unknown): value is ActorClass {
  if (typeof value !== 'function') return false;
  if (mustBeConstructed(value)) return true;
  const prototype: unknown = value.prototype;
  if (typeof prototype !== 'object' || prototype === null || !Object.hasOwn(prototype, 'constructor')) return false;
  return Object.getOwnPropertyNames(prototype).length > 1 || Object.getPrototypeOf(prototype) !== Object.prototype;
}

/** A method of an actor, of its own or of its classes. @throws {@link ExportNotFoundError} which names those it has. */
export function methodOf(actor: object, name: string): Method {
  const methods = methodsOf(actor);
  const method = methods.get(name);
  if (method) return method;
  const names = [...methods.keys()].map((each) => show(each));
  const className = show((actor.constructor as { name?: unknown } | undefined)?.name);
  throw new ExportNotFoundError(
    `expected the actor of class ${className} to have a method ${show(name)}; ` +
      `it has ${names.length === 0 ? 'no methods' : names.join(', ')}`,
    { method: name },
  );
}

function methodsOf(actor: object): Map<string, Method> {
  const methods = new Map<string, Method>();
  const seen = new Set<string>(['constructor']);
  for (let at: object | null = actor; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const value: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
      if (typeof value === 'function') methods.set(name, value as Method);
    }
  }
  return methods;
}
