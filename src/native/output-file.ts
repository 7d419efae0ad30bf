/** Files that output goes to, whatever is at their path already. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync } from 'node:fs';

const fileMode = 0o600;
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/**
 * Open a file that only this user reads, for appending or, with `fresh`, empty. The caller owns the descriptor.
 *
 * @throws For a link, which somebody may have put there, and for what is no file: a pipe would be waited for.
 */
export function openOutput(path: string, fresh: boolean): number {
  const file = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, fileMode);
  if (fstatSync(file).isFile()) {
    if (fresh) ftruncateSync(file);
    return file;
  }
  closeSync(file);
  throw new Error(`${path} is no file`);
}
