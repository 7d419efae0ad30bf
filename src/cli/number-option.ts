/** Numbers on the command line. */
import { InvalidArgumentError as BadOption } from 'commander';

/** Parse; the option's own limits are checked where its meaning is known. */
export function numberOption(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new BadOption('expected a number');
  return value;
}

/** A number of bytes, or `false`. */
export function windowOption(text: string): number | false {
  return text === 'false' ? false : numberOption(text);
}
