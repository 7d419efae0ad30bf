/**
 * Errors as the code that called needs them: its lines are the first of the stack. They are asked for when a call has
 * failed, so calls that succeed pay nothing: V8 knows who awaits a promise, as the stacks of async functions show.
 */
import { debugIsOn } from './env.js';
import { ShoalError } from './errors.js';
import { isError } from './show.js';
import { isUserFrame, partsOf, setFrames, userFrames } from './own-frames.js';

/** Errors that a call has given: what fails a group fails its further calls too, each with a line of its own. */
const given = new WeakSet<Error>();

/**
 * What a failed call throws: the error, with the lines of the code that calls or waits above all, and without those of
 * this package; under SHOAL_DEBUG=1 they follow. An error that another call has given before is copied. To be called
 * where it is thrown: in the caller's stack, or in the reaction that the caller's promise follows.
 *
 * @param site - Where the call was made, for what is thrown apart from it.
 */
export function toCaller(error: unknown, site?: { readonly stack?: string }): unknown {
  if (!isError(error) || typeof error.stack !== 'string') return error;
  const { frames } = partsOf(error.stack);
  const isGiven = given.has(error);
  const isUsers = isUserFrame(frames.find(isToTell) ?? '');
  if (isUsers && (!isGiven || !(error instanceof ShoalError))) {
    given.add(error);
    return error;
  }
  const lines = [linesOf(new ShoalError('').stack), linesOf(site?.stack), isGiven ? [] : linesOf(error.stack)];
  const [waiting] = lines.filter(({ length }) => length > 0);
  if (!waiting || waiting[0] === frames[0]) return error;
  const shown = isGiven && error instanceof ShoalError ? copyOf(error) : error;
  given.add(shown);
  const own = debugIsOn() ? frames.filter((line) => !waiting.includes(line)) : [];
  setFrames(shown, [...waiting, ...own]);
  return shown;
}

/** Run what a caller has called. */
export function runForCaller<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw toCaller(error);
  }
}

/** The same of what is awaited; what it throws at once rejects too. */
export async function awaitForCaller<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toCaller(error);
  }
}

/**
 * What a promise that a caller awaits is resolved with in order to reject: V8 follows it from here to the caller, which
 * it does not from where the promise was made.
 *
 * @param told - Called when the caller is known, and before the promise rejects: one that is followed by a second reaction
 *   leads to nobody.
 */
export function rejectionForCaller(
  error: unknown,
  { site, told }: { readonly site?: { readonly stack?: string }; readonly told?: () => void },
): Promise<never> {
  // A turn later: until then the promise follows this one.
  return Promise.resolve()
    .then(() => undefined)
    .then(() => {
      const shown = toCaller(error, site);
      told?.();
      throw shown;
    });
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * All methods of a class throw and reject as `toCaller` says.
 *
 * @param except - Those that do so by themselves.
 */
export function showCallers(prototype: object, except: readonly string[] = []): void {
  const rethrow = (error: unknown): never => {
    throw toCaller(error);
  };
  for (const key of Reflect.ownKeys(prototype)) {
    const descriptor: PropertyDescriptor = Object.getOwnPropertyDescriptor(prototype, key) ?? {};
    if (typeof descriptor.value !== 'function' || key === 'constructor' || except.includes(String(key))) continue;
    const method = descriptor.value as Method;
    const shown: Method = function (...args) {
      const result = runForCaller(() => method.apply(this, args));
      return result instanceof Promise ? result.then(undefined, rethrow) : result;
    };
    Object.defineProperty(shown, 'name', { value: method.name });
    Object.defineProperty(prototype, key, { ...descriptor, value: shown });
  }
}

/** Lines of the user, and of what V8 does on the way to them. */
function linesOf(stack: string | undefined): string[] {
  const lines = userFrames(stack);
  return lines.slice(lines.findIndex(isToTell));
}

/** Whether a line may be the first. */
function isToTell(line: string): boolean {
  return !/[( ]node:|\(<anonymous>\)$/.test(line);
}

/** The same error, for another call. */
function copyOf(error: ShoalError): ShoalError {
  const copy = new (error.constructor as typeof ShoalError)(error.message);
  for (const key of Object.getOwnPropertyNames(error).filter((name) => name !== 'stack')) {
    Object.defineProperty(copy, key, Object.getOwnPropertyDescriptor(error, key) ?? {});
  }
  return copy;
}
