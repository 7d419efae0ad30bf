/** Errors of ours on the command line. */
import pc from 'picocolors';
import type { ShoalError } from '../errors.js';

/** One line, and how the command ends. */
export function reportError({ message, code }: ShoalError, exitCode: number): void {
  process.stderr.write(`${pc.red('error')}: ${message} (${code})\n`);
  process.exitCode = exitCode;
}
