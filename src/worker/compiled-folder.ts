/** Where this user's threads keep what they have compiled, for those that come later. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPrivateFolder, makePrivateFolder } from '../native/private-folder.js';

let found: { readonly path: string | undefined } | undefined;

/**
 * A folder in TMPDIR that nobody else can write: what is in it is run. Undefined: there is none, and each thread
 * compiles for itself.
 */
export function compiledFolder(): string | undefined {
  found ??= { path: makeFolder() };
  return found.path;
}

function makeFolder(): string | undefined {
  // Not `shoal-…`: those are of jobs, and go with them.
  const path = join(tmpdir(), `compiled-by-shoal-${process.getuid?.() ?? 'user'}`);
  try {
    makePrivateFolder(path);
    return isPrivateFolder(path) ? path : undefined;
  } catch {
    return undefined; // a file system that is full or not to be written
  }
}
