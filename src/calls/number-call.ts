/** Calls on a single number: `allreduce(3)`. */
import type { CallArguments } from '../backend/call-arguments.js';
import { InvalidArgumentError } from '../errors.js';
import type { Operation } from '../operations/operation.js';
import type { Form, GivenOptions } from './call-options.js';
import type { Setting } from './validate.js';
import { validate } from './validate.js';

/** Whether a caller gives one. A number goes as float64, a bigint as int64. */
export function isNumber(buffer: unknown): buffer is number | bigint {
  return typeof buffer === 'number' || typeof buffer === 'bigint';
}

/**
 * Check a call; its result is the number.
 *
 * @throws {@link InvalidArgumentError} for a prepared call, whose number could not change, and for `out`.
 */
export function numberCall(
  what: string,
  operation: Operation,
  value: number | bigint,
  given: GivenOptions,
  setting: Setting,
  form: Form,
): CallArguments {
  if (form === 'prepared' || given.out !== undefined) {
    const why = form === 'prepared' ? 'a prepared call' : 'out';
    throw new InvalidArgumentError(`${what}: ${why} belongs to arrays; give Float64Array.of(x) in place of a number`);
  }
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) {
    throw new InvalidArgumentError(
      `${what}: expected a bigint of int64, from -2n ** 63n to 2n ** 63n - 1n, received ${value}n`,
    );
  }
  const array = typeof value === 'bigint' ? BigInt64Array.of(value) : Float64Array.of(value);
  const args = validate(what, operation, array, given, setting);
  return {
    ...args,
    get result(): unknown {
      return args.result === undefined ? undefined : array[0];
    },
  };
}
