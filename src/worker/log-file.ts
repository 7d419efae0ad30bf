/** A file that lines are appended to at once; when it is full it becomes `.1`, that one `.2`, and the oldest goes. */
import { closeSync, fstatSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openOutput } from '../native/output-file.js';
import { makePrivateFolder } from '../native/private-folder.js';

const MIB = 1024 * 1024;
const defaultLimitBytes = 10 * MIB;
/** Full ones that are kept beside the one that is written to. */
const defaultKept = 3;

/** Where a worker's output is kept. */
export function logPath(logDir: string, worldRank: number): string {
  return join(logDir, `worker-${worldRank}.log`);
}

/**
 * Written by one thread at a time. Synchronous, unlike the libraries for this: the lines before a crash are those that
 * count.
 */
export class LogFile {
  readonly #path: string;
  readonly #limitBytes: number;
  readonly #kept: number;
  #file: number | undefined;
  #sizeBytes = 0;
  #failed = false;

  /** Opened by the first write. */
  constructor(path: string, limitBytes: number = defaultLimitBytes, kept: number = defaultKept) {
    this.#path = path;
    this.#limitBytes = limitBytes;
    this.#kept = kept;
  }

  /** Append. A file that cannot be written is reported once, on standard error; the task goes on. */
  write(bytes: Uint8Array): void {
    if (this.#failed) return;
    try {
      const file = this.#roomFor(bytes.length);
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes.subarray(at));
      this.#sizeBytes += bytes.length;
    } catch (error) {
      this.#failed = true;
      process.stderr.write(`shoal: ${this.#path} is not written any more: ${(error as Error).message}\n`);
    }
  }

  #roomFor(bytes: number): number {
    this.#file ??= this.#open();
    if (this.#sizeBytes === 0 || this.#sizeBytes + bytes <= this.#limitBytes) return this.#file;
    closeSync(this.#file);
    for (let number = this.#kept - 1; number > 0; number--)
      rename(`${this.#path}.${number}`, `${this.#path}.${number + 1}`);
    rename(this.#path, `${this.#path}.1`);
    return (this.#file = this.#open());
  }

  #open(): number {
    makePrivateFolder(dirname(this.#path));
    const file = openOutput(this.#path, false);
    this.#sizeBytes = fstatSync(file).size;
    return file;
  }
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
