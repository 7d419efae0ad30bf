/** A folder and those on the way to it. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Make a folder, unless it is there, and its parents. Not by Node's `recursive`: in some file systems, such as /proc,
 * that never returns.
 *
 * @param path - Absolute.
 * @throws What Node does for a folder that cannot be made, and for a file in its place.
 */
export function makeFolders(path: string): void {
  const parent = dirname(path);
  if (!existsSync(parent)) makeFolders(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}
