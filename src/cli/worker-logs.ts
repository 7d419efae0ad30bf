/** Output of a pool's workers, read from the files in which they keep it: a slow reader keeps nobody waiting. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { logPath } from '../worker/log-file.js';
import type { Print } from './print-to.js';
import { printable } from './printable.js';

const chunkBytes = 64 * 1024;
/** A line without an end is passed on in parts of this length. */
const longestLine = 64 * 1024;
/** Full files that may lie beside the one that is written to, oldest first. */
const olderSuffixes = ['.3', '.2', '.1'] as const;

/** How often those who follow poll. */
export const lookAtLogsMs = 100;

/** What one worker keeps, from the beginning or from now on. */
class WorkerLog {
  readonly worldRank: number;
  readonly #path: string;
  readonly #decoder = new StringDecoder('utf8');
  #file: number | undefined;
  #offset = 0;
  #rest = '';

  constructor(logDir: string, worldRank: number) {
    this.worldRank = worldRank;
    this.#path = logPath(logDir, worldRank);
  }

  /** Skip what is there. */
  skip(): void {
    this.#file = openOrNone(this.#path);
    if (this.#file !== undefined) this.#offset = fstatSync(this.#file).size;
  }

  /** Parts of full files, then of the one that is written to. */
  *all(): Generator<string> {
    for (const suffix of olderSuffixes) {
      this.#file = openOrNone(`${this.#path}${suffix}`);
      yield* this.#drain();
      this.close();
    }
    yield* this.news();
  }

  /** What has been written since; full files that were put aside in between included, unless they are two. */
  *news(): Generator<string> {
    this.#file ??= openOrNone(this.#path);
    yield* this.#drain();
    if (this.#file === undefined || isStill(this.#file, this.#path)) return;
    yield* this.#drain(); // what came before it was put aside
    this.close();
    this.#file = openOrNone(this.#path);
    yield* this.#drain();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#offset = 0;
  }

  /** Whole lines with their ends. */
  *#drain(): Generator<string> {
    const chunk = Buffer.alloc(chunkBytes);
    while (this.#file !== undefined) {
      const read = readSync(this.#file, chunk, 0, chunkBytes, this.#offset);
      if (read === 0) return;
      this.#offset += read;
      this.#rest += this.#decoder.write(chunk.subarray(0, read));
      const lines = this.#rest.split(/(?<=\n)/);
      const last = lines.at(-1) ?? '';
      this.#rest = last.endsWith('\n') || last.length > longestLine ? '' : (lines.pop() ?? '');
      yield* lines;
    }
  }
}

/** Every line of some workers, or those of one task. */
export class WorkerLogs {
  readonly #logs: readonly WorkerLog[];
  #prefix = '';
  readonly #print: Print;
  readonly #json: boolean;

  /** @param json - Print each line as an object with `worker` and `line`. */
  constructor(logDir: string, worldRanks: readonly number[], print: Print, json: boolean = false) {
    this.#logs = worldRanks.map((worldRank) => new WorkerLog(logDir, worldRank));
    this.#print = print;
    this.#json = json;
  }

  /** Print the lines of one task alone. */
  only(taskId: string): void {
    this.#prefix = `${taskId}/`;
  }

  /** Begin with what is written from now on. */
  skip(): void {
    for (const log of this.#logs) log.skip();
  }

  /** Print what is kept. */
  async all(): Promise<void> {
    for (const log of this.#logs) await this.#show(log, log.all());
  }

  /** Print what has come since. */
  async news(): Promise<void> {
    for (const log of this.#logs) await this.#show(log, log.news());
  }

  close(): void {
    for (const log of this.#logs) log.close();
  }

  async #show({ worldRank }: WorkerLog, lines: Iterable<string>): Promise<void> {
    for (const line of lines) if (line.startsWith(this.#prefix)) await this.#print(this.#shown(worldRank, line));
  }

  #shown(worker: number, line: string): string {
    return this.#json ? `${JSON.stringify({ worker, line: line.replace(/\n$/, '') })}\n` : printable(line);
  }
}

function openOrNone(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isStill(file: number, path: string): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now?.ino === fstatSync(file).ino;
}
