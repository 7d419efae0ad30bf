/** Standard output and error of a task thread: whole labelled lines, long ones in parts, written at once. */
import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { OutputBoot } from '../protocol/thread-messages.js';
import { LogFile } from './log-file.js';

const newline = 0x0a;
/** Longest part of a line that is written at once, and kept while the line goes on. */
const partBytes = 64 * 1024;
/** Bytes that are collected for one write. */
const batchBytes = 256 * 1024;
/** Stands at the end of a part whose line goes on, and at the beginning of the next. */
const continued = '…';
/** Sleeps between tries to write into a full pipe, growing. */
const longestSleepMs = 50;

/** Collects bytes and writes whole lines, and long lines in parts. Bytes are never changed, characters never torn. */
class LineWriter {
  readonly #fd: number;
  readonly #label: () => string;
  readonly #log: LogFile | undefined;
  readonly #lost: (error: NodeJS.ErrnoException) => void;
  /** The line that is not finished. */
  readonly #line = Buffer.allocUnsafeSlow(partBytes);
  /** Something has been written to it. */
  isUsed = false;
  #length = 0;
  /** Parts of the line have been written. */
  #goesOn = false;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;

  constructor(fd: number, label: () => string, log: LogFile | undefined, lost: (error: NodeJS.ErrnoException) => void) {
    this.#log = log;
    this.#lost = lost;
    this.#fd = fd;
    this.#label = label;
  }

  write(chunk: Uint8Array): void {
    this.isUsed = true;
    const label = this.#label();
    for (let at = 0; at < chunk.length;) {
      const found = chunk.indexOf(newline, at);
      const end = found < 0 ? chunk.length : found;
      this.#append(label, chunk.subarray(at, end), found >= 0);
      if (found >= 0) this.#finish(label);
      at = end + 1;
    }
    this.#writeBatch();
  }

  /** Write an unfinished line. */
  flush(): void {
    if (this.#length === 0) return;
    this.#finish(this.#label());
    this.#writeBatch();
  }

  #append(label: string, bytes: Uint8Array, isLast: boolean): void {
    if (isLast && this.#length === 0 && !this.#goesOn && bytes.length <= partBytes) {
      // Nearly always: the line needs no place to be kept.
      this.#put(label === '' ? undefined : Buffer.from(label), bytes);
      return;
    }
    for (let at = 0; at < bytes.length;) {
      if (this.#length === partBytes) this.#putPart(label);
      const piece = bytes.subarray(at, at + partBytes - this.#length);
      this.#line.set(piece, this.#length);
      this.#length += piece.length;
      at += piece.length;
    }
  }

  #finish(label: string): void {
    if (this.#length > 0) this.#put(...this.#labelled(label, this.#length));
    this.#length = 0;
    this.#goesOn = false;
    this.#put(Buffer.from([newline]));
  }

  /** The line is longer than a part: write as many whole characters of it as there are. */
  #putPart(label: string): void {
    const whole = wholeCharacters(this.#line);
    this.#put(...this.#labelled(label, whole), label === '' ? undefined : Buffer.from(`${continued}\n`));
    this.#line.copyWithin(0, whole);
    this.#length -= whole;
    this.#goesOn = true;
  }

  #labelled(label: string, length: number): (Uint8Array | undefined)[] {
    const mark = label === '' ? '' : `${label}${this.#goesOn ? continued : ''}`;
    // A copy: the place is used again before the batch is written.
    return [mark === '' ? undefined : Buffer.from(mark), Buffer.from(this.#line.subarray(0, length))];
  }

  #put(...pieces: readonly (Uint8Array | undefined)[]): void {
    for (const piece of pieces) {
      if (!piece) continue;
      this.#batch.push(piece);
      this.#batchBytes += piece.length;
    }
    if (this.#batchBytes >= batchBytes) this.#writeBatch();
  }

  #writeBatch(): void {
    if (this.#batchBytes === 0) return;
    const bytes = Buffer.concat(this.#batch);
    this.#batch = [];
    this.#batchBytes = 0;
    // The file first: nobody can keep it waiting.
    this.#log?.write(bytes);
    const error = writeAll(this.#fd, bytes);
    if (error) this.#lost(error);
  }
}

/** Bytes at the beginning that are no torn UTF-8 character at the end; bytes that are no UTF-8 are left as they are. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back < bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

// User code may patch it.
const { wait } = Atomics;
const nobody = new Int32Array(new SharedArrayBuffer(4));

/**
 * Write to a pipe that may be full and non-blocking: the writer waits for its reader, as any process does. The end of
 * its task by force, at `timeoutMs` for one, ends the wait too. What cannot be written is
 * dropped. Returns why.
 */
function writeAll(fd: number, bytes: Uint8Array): NodeJS.ErrnoException | undefined {
  let sleepMs = 1;
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
      sleepMs = 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return error as NodeJS.ErrnoException;
      wait(nobody, 0, 0, sleepMs);
      sleepMs = Math.min(longestSleepMs, 2 * sleepMs);
    }
  }
  return undefined;
}

/** How Node calls a stream's sink. */
interface Sink {
  _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: () => void): void;
  _writev(chunks: readonly { chunk: string | Uint8Array; encoding: BufferEncoding }[], done: () => void): void;
}

/**
 * Put the writer under a stream of Node's. The stream itself stays: Node posts to it by name. Its own sink goes
 * through the main thread and loses the lines that explain a hang when the thread is ended.
 */
function redirect(stream: Writable, writer: LineWriter): void {
  const write = (chunk: string | Uint8Array, encoding: BufferEncoding): void => {
    writer.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
  };
  const sink: Sink = {
    _write: (chunk, encoding, done) => {
      write(chunk, encoding);
      done();
    },
    _writev: (chunks, done) => {
      for (const { chunk, encoding } of chunks) write(chunk, encoding);
      done();
    },
  };
  Object.assign(stream, sink);
}

/** Standard output and error of this thread. */
export interface Output {
  /** Nothing has been written to either. */
  readonly isSilent: boolean;
  /** Write unfinished lines. */
  flush(): void;
}

/**
 * Send this thread's standard output and error, console included, to file descriptors.
 *
 * @param lost - What was printed cannot be written; called for the first time alone.
 */
export function installOutput(
  boot: OutputBoot,
  label: () => string,
  lost: (error: NodeJS.ErrnoException) => void,
): Output {
  const text = boot.label === 'none' ? () => '' : label;
  const log = boot.log === undefined ? undefined : new LogFile(boot.log);
  let isLost = false;
  const gone = (error: NodeJS.ErrnoException): void => {
    if (!isLost) lost(error);
    isLost = true;
  };
  const writers = [new LineWriter(boot.stdout, text, log, gone), new LineWriter(boot.stderr, text, log, gone)] as const;
  redirect(process.stdout, writers[0]);
  redirect(process.stderr, writers[1]);
  return {
    get isSilent() {
      return !writers.some((writer) => writer.isUsed);
    },
    flush() {
      for (const writer of writers) writer.flush();
    },
  };
}
