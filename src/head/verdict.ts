/** From the outcomes of all ranks to the end of a task: its results, or the one error that says why. Pure. */
import { counted } from '../grammar.js';
import type { RankError } from '../errors.js';
import {
  CollectiveMismatchError,
  ExportNotFoundError,
  MessageTooLargeError,
  ModuleNotFoundError,
  NotAwaitedError,
  NotSerializableError,
  PeerFailedError,
  ReferenceLostError,
  type ShoalError,
  TaskExitedError,
  TaskFailedError,
  WindowDamagedError,
  WorkerDiedError,
} from '../errors.js';
import { isError } from '../show.js';
import { userFrames } from '../own-frames.js';
import type { Outcome } from '../protocol/thread-messages.js';
import { decodeThrown } from '../protocol/decode-error.js';
import { inWords } from '../protocol/error-value.js';
import { decode } from '../protocol/encoded.js';
import { saysTheSame } from './same-error.js';
import type { LastOperations } from '../records/last-operations.js';
import { withoutLastOperations } from '../records/last-operations.js';

/** One rank's outcome; the list is in order of arrival. */
export interface RankOutcome {
  readonly rank: number;
  readonly outcome: Outcome;
}

const nothingLast: LastOperations = { text: '', fields: {}, readAt: 0 };

type FailureOrigin = Extract<Outcome, { kind: 'threw' }>['origin'];

/** How a task ended. */
export type Verdict = { readonly results: readonly unknown[] } | { readonly error: Error };

/** Errors of a rank that only say that another rank failed first. */
const secondary = [PeerFailedError, TaskExitedError, WorkerDiedError];
/** Errors that reject as they are: the task's own code had no part in them. */
const directOf: Readonly<Record<FailureOrigin, readonly (typeof ShoalError)[]>> = {
  task: [],
  load: [ModuleNotFoundError, ExportNotFoundError, ReferenceLostError],
  result: [NotAwaitedError, NotSerializableError, MessageTooLargeError],
  gang: [WorkerDiedError],
};

/**
 * Judge a task whose ranks have all ended.
 *
 * @param last - What they did last.
 */
export function judge(taskId: string, outcomes: readonly RankOutcome[], last: LastOperations = nothingLast): Verdict {
  const damaged = damageOf(taskId, outcomes);
  if (damaged) return { error: damaged };
  const exited = outcomes.find(({ outcome }) => outcome.kind === 'exited');
  if (exited?.outcome.kind === 'exited') {
    const { exitCode } = exited.outcome;
    const text = `task ${taskId}: rank ${exited.rank} called process.exit(${exitCode}); return from the function instead.${last.text}`;
    return { error: new TaskExitedError(text, { taskId, rank: exited.rank, exitCode, ...last.fields }) };
  }
  const died = outcomes.find(({ outcome }) => outcome.kind === 'died');
  if (died?.outcome.kind === 'died') {
    const what = `task ${taskId}: the worker of rank ${died.rank} died`;
    return { error: workerDied(what, { taskId, rank: died.rank }, died.outcome.error, last) };
  }
  const errors = outcomes.flatMap(({ rank, outcome }) =>
    outcome.kind === 'threw' ? [{ rank, error: decodeThrown(outcome.error), origin: outcome.origin }] : [],
  );
  if (errors.length > 0) return { error: failure(taskId, errors, last) };
  const ended = outcomes.find(({ outcome }) => outcome.kind === 'ended');
  if (ended) {
    const text = `task ${taskId}: the worker of rank ${ended.rank} was ended by force.${last.text}`;
    return { error: new WorkerDiedError(text, { taskId, rank: ended.rank, ...last.fields }) };
  }
  return mismatch(taskId, outcomes, last) ?? results(taskId, outcomes);
}

/** Overwritten memory explains whatever else went wrong. */
function damageOf(taskId: string, outcomes: readonly RankOutcome[]): WindowDamagedError | undefined {
  for (const { rank, outcome } of outcomes) {
    if (outcome.damage === undefined || outcome.kind !== 'threw') continue;
    const error = decodeThrown(outcome.error);
    if (error instanceof WindowDamagedError) return Object.assign(error, { taskId, rank });
  }
  return undefined;
}

/** Whether all ranks returned after the same calls, and every message that was sent has been received. */
export function endedClean(outcomes: readonly RankOutcome[]): boolean {
  let onTheWay = 0;
  const sequences = new Set<number>();
  for (const { outcome } of outcomes) {
    if (outcome.kind !== 'returned' || outcome.aborted) return false;
    onTheWay += outcome.sent - outcome.received;
    sequences.add(outcome.sequence);
  }
  return onTheWay === 0 && sequences.size === 1;
}

/**
 * An error that a task may have met through no fault of its own: its worker died, or another task overwrote its memory.
 */
export function isNotItsOwn(error: Error): boolean {
  return error instanceof WorkerDiedError || error instanceof WindowDamagedError;
}

/** The error for a worker's death: `encoded` is what is known of the thread's or the process's end. */
export function workerDied(
  what: string,
  fields: Readonly<Record<string, unknown>>,
  encoded: Uint8Array | undefined,
  last: LastOperations = nothingLast,
): WorkerDiedError {
  const cause = encoded && decodeThrown(encoded);
  const why = isError(cause) ? `: ${cause.message}` : '';
  const { hostname, pid, signal, exitKind } = cause instanceof WorkerDiedError ? cause : {};
  return new WorkerDiedError(
    `${what}${why}${last.text && `.${last.text}`}`,
    { ...fields, ...(pid !== undefined && { hostname, pid, signal, exitKind }), ...last.fields },
    { cause },
  );
}

function failure(
  taskId: string,
  errors: readonly (RankError & { origin: FailureOrigin })[],
  last: LastOperations = nothingLast,
): Error {
  const first = errors.find((each) => !isSecondary(each)) ?? errors[0];
  if (!first) throw new TypeError('a failed task has an error');
  const { rank, error: cause, origin } = withLines(first, errors);
  const asItIs = directOf[origin];
  if (isError(cause) && asItIs.some((directClass) => cause instanceof directClass)) {
    return Object.assign(cause, { taskId, rank });
  }
  const why = isError(cause) ? `${cause.name}: ${toldOfAll(cause, last)}` : inWords(cause);
  const where = origin === 'load' ? `could not load its module` : `failed`;
  return new TaskFailedError(
    `task ${taskId} ${where} on rank ${rank}: ${why}`,
    {
      taskId,
      rank,
      errors: errors.map((each) => ({ rank: each.rank, error: each.error })).sort((a, b) => a.rank - b.rank),
      ...last.fields,
    },
    { cause },
  );
}

/** Its message. A rank tells what the ranks of its own node did last, and the head may know of more. */
function toldOfAll({ message, lastOperations }: Error & { lastOperations?: unknown }, last: LastOperations): string {
  const known = Array.isArray(lastOperations) ? lastOperations.length : 0;
  const all = last.fields.lastOperations?.length ?? 0;
  return known === 0 || known >= all ? message : `${withoutLastOperations(message)}${last.text}`;
}

/** Where several ranks have the same error: that of one whose stack has lines of the task, not of this package alone. */
function withLines<T extends RankError>(first: T, errors: readonly T[]): T {
  if (hasLines(first)) return first;
  return errors.find((each) => !isSecondary(each) && saysTheSame(each.error, first.error) && hasLines(each)) ?? first;
}

/** It tells of the failure of another rank. */
function isSecondary({ error }: RankError): boolean {
  return secondary.some((secondaryClass) => error instanceof secondaryClass);
}

function hasLines({ error }: RankError): boolean {
  return isError(error) && typeof error.stack === 'string' && userFrames(error.stack).length > 0;
}

function mismatch(taskId: string, outcomes: readonly RankOutcome[], last: LastOperations): Verdict | undefined {
  const ends = outcomes.flatMap(({ rank, outcome }) =>
    outcome.kind === 'returned' && !outcome.aborted ? [{ rank, sequence: outcome.sequence }] : [],
  );
  if (ends.length < outcomes.length || ends.every(({ sequence }) => sequence === ends[0]?.sequence)) return undefined;
  ends.sort((a, b) => a.rank - b.rank);
  const calls = ends.map(({ rank, sequence }) => ({
    rank,
    call: `ended after ${counted(sequence, 'collective call')}`,
  }));
  const list = calls.map(({ rank, call }) => `rank ${rank} ${call}`).join(', ');
  const cause = new CollectiveMismatchError(
    `expected every rank to make the same collective calls, but ${list}; results of such a task are not trusted.${last.text}`,
    { calls, taskId, ...last.fields },
  );
  const errors = [{ rank: ends[0]?.rank ?? 0, error: cause }];
  const text = `task ${taskId} failed: ${cause.message}`;
  return { error: new TaskFailedError(text, { taskId, rank: ends[0]?.rank ?? 0, errors }, { cause }) };
}

function results(taskId: string, outcomes: readonly RankOutcome[]): Verdict {
  const values: unknown[] = new Array(outcomes.length).fill(undefined);
  for (const { rank, outcome } of outcomes) {
    if (outcome.kind !== 'returned') continue;
    try {
      values[rank] = decode(outcome.value);
    } catch (error) {
      return { error: failure(taskId, [{ rank, error, origin: 'result' }]) };
    }
  }
  return { results: values };
}
