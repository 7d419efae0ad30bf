/** How a task has ended, as text of bounded length: what is kept of it when nobody waits for its result. */
import { inspect } from 'node:util';
import { TaskFailedError } from '../errors.js';
import { isError } from '../show.js';
import type { TaskRecord } from '../protocol/pool-messages.js';

/** Of a result, and of a failure. */
const longestResult = 2_000;
const longestFailure = 8_000;

/** The part of a task's record that is known when it has ended. */
export type Ending = Pick<TaskRecord, 'message' | 'failure' | 'results'>;

/** Of a task that runs, or whose result somebody has. */
export const noEnding: Ending = { message: undefined, failure: undefined, results: undefined };

/** A value on one line, cut where it is long. */
export function shortText(value: unknown): string {
  const limits = { depth: 4, maxArrayLength: 100, maxStringLength: longestResult, breakLength: Infinity };
  return cut(shown(value, limits), longestResult);
}

/** The message of an error, and the error with its causes and their stacks: that of the task first. */
export function failureOf(error: unknown): Ending {
  const cause = error instanceof TaskFailedError ? (error.cause ?? error) : error;
  const message = isError(error) ? error.message : shortText(error);
  return {
    message: cut(message, longestResult),
    failure: cut(shown(cause, { depth: 3, maxArrayLength: 20, maxStringLength: longestResult }), longestFailure),
    results: undefined,
  };
}

/** What tasks made may have getters that throw. */
function shown(value: unknown, limits: Parameters<typeof inspect>[1]): string {
  try {
    return inspect(value, limits);
  } catch {
    return 'a value that cannot be shown';
  }
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)} … (${text.length} characters)`;
}
