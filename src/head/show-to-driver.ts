/** A failure as its reader needs it: the lines of the task and of the driver, and every error once. */
import { inspect } from 'node:util';
import { environment } from '../env.js';
import type { RankError } from '../errors.js';
import { CancelledError, ShoalError, TaskFailedError } from '../errors.js';
import { isError } from '../show.js';
import { partsOf, setFrames, userFrames } from '../own-frames.js';
import { inWords } from '../protocol/error-value.js';
import { saysTheSame } from './same-error.js';

const mostCauses = 20;
/** Characters of a line in the place of an error. */
const mostText = 100;

/**
 * Leave out the lines of this package and of Node, in an error and what caused it, and put those of the driver below,
 * each marked: whoever reads the stack sees who asked for it. Under SHOAL_DEBUG=1 all lines stay. So do those of an
 * error of others that has none of a user, since they are all that is known of it. Errors of ours say what is wrong in
 * their text.
 *
 * @param site - Stack of the driver's code that submitted the task.
 */
export function showToDriver(error: Error, site: string | undefined): void {
  const driver = (frames: readonly string[]): string[] => frames.map((line) => `${line} (driver)`);
  if (environment().debug) {
    setFrames(error, [...framesOf(error), ...driver(partsOf(site ?? '').frames)]);
    return;
  }
  const asked = driver(userFrames(site));
  const seen = new Set<unknown>();
  const waiting: unknown[] = [error];
  for (let each = waiting.shift(); each !== undefined && seen.size < mostCauses; each = waiting.shift()) {
    if (!isError(each) || seen.has(each)) continue;
    seen.add(each);
    const own = userFrames(typeof each.stack === 'string' ? each.stack : undefined);
    const more = each === error ? asked : [];
    const isTold = own.length > 0 || (each instanceof ShoalError && asked.length > 0);
    setFrames(each, [...(isTold ? own : framesOf(each)), ...more]);
    if (each instanceof TaskFailedError) waiting.push(...each.errors.map((rankError) => rankError.error));
    if (site !== undefined) printShort(each);
    // Why it was cancelled is an object of the driver's own code, and stays as it is.
    if (!(each instanceof CancelledError)) waiting.push(each.cause);
  }
}

/**
 * Node prints the cause of an error, and all that can be enumerated. Where the error of a rank says what the cause says,
 * and where fields say what the message says, they stay where they are, and a line at most is printed of them. For the driver alone:
 * what goes to another process is enumerated.
 */
function printShort(error: Error): void {
  if (error instanceof TaskFailedError) {
    for (const entry of error.errors) if (saysTheSame(entry.error, error.cause)) printInLine(entry);
  }
  if (error instanceof ShoalError) hide(error, 'lastOperations');
}

/** Such as `rank 1: ERR_SHOAL_PEER_FAILED: rank 0 of the task failed: …`, in place of what the cause has in full. */
function printInLine(entry: RankError): void {
  const { rank, error } = entry;
  hide(entry, 'error');
  const line = isError(error) ? `${codeOf(error)}: ${textOf(error.message)}`.replace(/\s+/g, ' ') : inWords(error);
  const text = `rank ${rank}: ${line.length > mostText ? `${line.slice(0, mostText)}…` : line}`;
  Reflect.defineProperty(entry, inspect.custom, { value: () => text, configurable: true, enumerable: false });
}

function codeOf(error: Error): string {
  return error instanceof ShoalError ? error.code : textOf(error.name);
}

/** User code may have put anything there. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inWords(value);
}

function hide(of: object, field: string): void {
  if (Object.hasOwn(of, field)) Reflect.defineProperty(of, field, { enumerable: false });
}

function framesOf({ stack }: Error): readonly string[] {
  return typeof stack === 'string' ? partsOf(stack).frames : [];
}
