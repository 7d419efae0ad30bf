/** What several threads and processes of this user need is made by one of them, and the others wait for it. */
import { createHash } from 'node:crypto';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who waits longer makes it too: the thread that was at it may have been ended. */
const limitMs = 5_000;
const stepMs = 1;
const word = new Int32Array(new SharedArrayBuffer(4));

/**
 * Run `make` at once, or when the one that is at it has ended: then it finds what that one has made. Blocks this thread.
 *
 * @returns Also whether somebody else was at it.
 */
export function inTurn<T>(
  folder: string,
  name: string,
  make: () => T,
): { readonly value: T; readonly waited: boolean } {
  const lock = lockOf(folder, name);
  const waited = !take(lock);
  if (waited) while (isTaken(lock)) sleep(stepMs);
  try {
    return { value: make(), waited };
  } finally {
    // Those that have waited go on side by side: where the first has made nothing, as of a file with errors, each does.
    if (!waited) rmSync(lock, { force: true });
  }
}

/** The file that is there while somebody makes it. */
export function lockOf(folder: string, name: string): string {
  return join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.lock`);
}

/** Block this thread. */
export function sleep(ms: number): void {
  Atomics.wait(word, 0, 0, ms);
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, '', { flag: 'wx' });
    return true;
  } catch (error) {
    // Where nothing can be written nobody waits.
    return (error as NodeJS.ErrnoException).code !== 'EEXIST';
  }
}

function isTaken(lock: string): boolean {
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  if (since === undefined) return false;
  if (Math.abs(Date.now() - since) < limitMs) return true;
  rmSync(lock, { force: true });
  return false;
}
