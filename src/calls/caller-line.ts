/**
 * Which line of user code waits for a call that has failed. It is asked for when that fails, so calls cost nothing: the
 * promise of an awaited call knows who awaits it, as the stacks of async functions do.
 */
import { ShoalError } from '../errors.js';
import { partsOf, userFrames } from '../own-frames.js';

/**
 * Put the lines of the code that waits above those of an error that has none of a user, and return it. Called where the
 * error is thrown: in the caller's stack, or in the reaction that its promise follows.
 */
export function withCallerLine(error: Error): Error {
  if (typeof error.stack !== 'string' || userFrames(error.stack).length > 0) return error;
  const waiting = userFrames(new ShoalError('').stack);
  if (waiting.length === 0) return error;
  const { message, frames } = partsOf(error.stack);
  const value = [message, ...waiting, ...frames].join('\n');
  // False where it is frozen: then it stays as it is.
  Reflect.defineProperty(error, 'stack', { value, configurable: true, writable: true, enumerable: false });
  return error;
}
