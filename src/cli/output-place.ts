/** Where a command writes what takes long to make: whether that can be written is found out before. */
import { accessSync, closeSync, constants, existsSync, lstatSync, rmSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { InvalidArgumentError } from '../errors.js';
import { makeFolders } from '../native/make-folders.js';
import { openOutput } from '../native/output-file.js';

/** A file, from `openPlace` to `close`. */
export interface OutputPlace {
  /** In place of what is there. @throws {@link InvalidArgumentError} when it cannot, such as on a full disk. */
  write(text: string): Promise<void>;
  /** Where nothing was written, all is as it was before. */
  close(): void;
}

/**
 * @param what - The command.
 * @param option - That names the file.
 * @throws {@link InvalidArgumentError} for a file that cannot be written.
 */
export async function openPlace(what: string, option: string, path: string): Promise<OutputPlace> {
  const wasThere = existsSync(path);
  let isWritten = false;
  const orRefuse = async (write: () => Promise<void>): Promise<void> => {
    try {
      await write();
    } catch (cause) {
      throw unusable(what, option, 'file', cause);
    }
  };
  // To append: what is there stays until there is something better.
  await orRefuse(async () => (await open(path, 'a')).close());
  return {
    write: async (text) => {
      await orRefuse(() => writeFile(path, text));
      isWritten = true;
    },
    close: () => {
      if (!wasThere && !isWritten) rmSync(path, { force: true });
    },
  };
}

/**
 * The same folder, made where it is not there.
 *
 * @param files - That will be written in it, by their paths.
 * @throws {@link InvalidArgumentError} for one that cannot be written, or where one of the files cannot.
 */
export function openFolder(what: string, option: string, path: string, files: readonly string[]): string {
  try {
    makeFolders(path);
    accessSync(path, constants.W_OK | constants.X_OK);
    for (const file of files) {
      // One that is not there is made by whoever writes it. What is too long a path is an error here.
      if (lstatSync(file, { throwIfNoEntry: false })) closeSync(openOutput(file, false));
    }
    return path;
  } catch (cause) {
    throw unusable(what, option, 'folder', cause);
  }
}

function unusable(what: string, option: string, kind: 'file' | 'folder', cause: unknown): InvalidArgumentError {
  const text = `${what}: expected ${option} to be a ${kind} that can be written to: ${(cause as Error).message}`;
  return new InvalidArgumentError(text, { option }, { cause });
}
