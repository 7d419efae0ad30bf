/** The file that a command is to run. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ModuleNotFoundError } from '../errors.js';

/**
 * Its absolute path.
 *
 * @param what - The command.
 * @param others - Paths that serve where it is not there.
 * @throws {@link ModuleNotFoundError} where there is no file.
 */
export function givenFile(what: string, file: string, others: (path: string) => readonly string[] = () => []): string {
  const path = resolve(file);
  const paths = [path, ...others(path)];
  const found = paths.map((each) => statSync(each, { throwIfNoEntry: false })).find((each) => each !== undefined);
  if (found?.isDirectory()) {
    throw new ModuleNotFoundError(`${what}: ${path} is a folder; name a file in it, .js or .ts`, { path });
  }
  if (!found) throw new ModuleNotFoundError(`${what}: no file at ${paths.join(', nor at ')}`, { path });
  return path;
}
