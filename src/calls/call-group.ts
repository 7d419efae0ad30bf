/** What the calls of a rank ask of their group: collectives and messages alike. */
import type { AbortReason } from '../backend/abort-reason.js';
import { InvalidArgumentError, ShoalError } from '../errors.js';
import { isError, show } from '../show.js';
import type { GroupView } from './failures.js';

/** A group that calls are made in. */
export interface CallGroup extends GroupView {
  readonly number: number;
  /** The error of memory that somebody has overwritten; undefined: nothing is known of it. */
  damage(): ShoalError | undefined;
  abortReason(): AbortReason | undefined;
  /** Fail the group on every rank. */
  abort(reason: number): void;
  /** Fail this rank's side. */
  fail(error: ShoalError): void;
}

/**
 * Why a step of a call has thrown what nobody expects: arrays that lie or were detached, a trap in the kernels, memory
 * that somebody has overwritten.
 *
 * @param what - What could not be done, such as `allreduce: the call could not be carried out`.
 */
export function causeOfBreak(group: CallGroup, what: string, error: unknown): ShoalError {
  const damage = group.damage();
  if (damage) return damage;
  if (error instanceof ShoalError) return error;
  return new InvalidArgumentError(
    `${what}: ${isError(error) ? error.message : show(error)}. See that nobody writes to memory that is not its own, nor ` +
      `changes the buffer, while the call runs`,
    {},
    { cause: error },
  );
}
