/** The end of a text file. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const tailBytes = 2_000;

/** The last whole lines of a file, as many as an error should carry; empty when there is none. */
export function tailOf(path: string): string {
  let file: number;
  try {
    // A pipe that somebody has put there would be waited for.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return '';
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) return '';
    const { size } = stats;
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    const text = bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, size - bytes.length));
    return (size > tailBytes ? text.slice(text.indexOf('\n') + 1) : text).trimEnd();
  } finally {
    closeSync(file);
  }
}
