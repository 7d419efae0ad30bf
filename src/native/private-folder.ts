/** Folders that nobody but the user can use. */
import { lstatSync, mkdirSync } from 'node:fs';

const folderMode = 0o700;

/**
 * Make a folder, unless it is there; its parent must be. Not recursive: in some file systems, such as /proc, that never
 * returns.
 */
export function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { mode: folderMode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Whether it is a folder of this user alone. @throws Where nothing is there. */
export function isPrivateFolder(path: string): boolean {
  const stat = lstatSync(path);
  return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o777) === folderMode;
}
