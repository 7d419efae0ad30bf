/** Errors of ours on the command line. */
import pc from 'picocolors';
import type { ShoalError } from '../errors.js';
import { printable } from './printable.js';

/** One line, and how the command ends. */
export function reportError({ message, code }: ShoalError, exitCode: number): void {
  const line = printable(message).replace(/\s*\n\s*/g, ' ');
  process.stderr.write(`${pc.red('error')}: ${line} (${code})\n`);
  process.exitCode = exitCode;
}
