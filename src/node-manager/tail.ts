/** The end of a text file. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const tailBytes = 2_000;

/** The last whole lines of a file, as many as an error should carry; empty when there is none. */
export function tailOf(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    const text = bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, size - bytes.length));
    return (size > tailBytes ? text.slice(text.indexOf('\n') + 1) : text).trimEnd();
  } finally {
    closeSync(file);
  }
}
