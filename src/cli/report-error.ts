/** Errors of ours on the command line: one line, and the story with `--verbose`. */
import { inspect } from 'node:util';
import { colours } from './colours.js';
import type { ShoalError } from '../errors.js';
import { TaskFailedError } from '../errors.js';
import { isError } from '../show.js';
import { userFrames } from '../own-frames.js';
import { printable } from './printable.js';

/** Lines of a stack that are shown in short. */
const shownFrames = 3;
const mostCauses = 5;

/** For every command. */
export const verboseOption: readonly [flag: string, text: string] = [
  '--verbose',
  'print errors with their causes, fields and stacks',
];

/**
 * One line of what went wrong, and how the command ends.
 *
 * @param verbose - Print the error as Node does, too.
 */
export function reportError(error: ShoalError, exitCode: number, verbose: boolean): void {
  const { message, code } = error;
  const story = verbose ? `${inspect(error, { depth: 4, maxArrayLength: 20 })}\n` : '';
  const ofTask = verbose || !(error instanceof TaskFailedError) ? [] : inShort(error.cause);
  const more = ofTask.length === 0 ? '' : `${ofTask.join('\n')}\n${colours.dim('--verbose prints all of it')}\n`;
  process.stderr.write(`${printable(story)}${colours.red('error')}: ${onOneLine(message)} (${code})\n${more}`);
  process.exitCode = exitCode;
}

/** Where in the user's code a task has failed, and what caused that. */
function inShort(error: unknown): string[] {
  const lines = isError(error) ? framesOf(error).slice(0, shownFrames) : [];
  let cause = isError(error) ? error.cause : undefined;
  for (let depth = 0; isError(cause) && depth < mostCauses; depth++) {
    lines.push(`caused by ${onOneLine(`${cause.name}: ${cause.message}`)}`, ...framesOf(cause).slice(0, 1));
    ({ cause } = cause);
  }
  return lines.map(printable);
}

function framesOf({ stack }: Error): string[] {
  return userFrames(typeof stack === 'string' ? stack : undefined);
}

function onOneLine(text: string): string {
  return printable(text).replace(/\s*\n\s*/g, ' ');
}
