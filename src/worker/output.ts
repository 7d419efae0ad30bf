/** Standard output and error of a task thread: whole labelled lines, written at once. */
import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { OutputBoot } from '../protocol/messages.js';
import { LogFile } from './log-file.js';

const newline = 0x0a;

/** Collects bytes and writes whole lines. */
class LineWriter {
  readonly #fd: number;
  readonly #label: () => string;
  readonly #log: LogFile | undefined;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(fd: number, label: () => string, log: LogFile | undefined) {
    this.#log = log;
    this.#fd = fd;
    this.#label = label;
  }

  write(chunk: Uint8Array): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const end = bytes.lastIndexOf(newline) + 1;
    this.#rest = bytes.subarray(end);
    if (end > 0) this.#writeLines(bytes.subarray(0, end));
  }

  /** Write an unfinished line. */
  flush(): void {
    if (this.#rest.length === 0) return;
    this.#writeLines(Buffer.concat([this.#rest, Buffer.from('\n')]));
    this.#rest = new Uint8Array(0);
  }

  #writeLines(lines: Buffer): void {
    const label = this.#label();
    const text = label === '' ? lines : Buffer.from(lines.toString('utf8').replace(/^(?=[^])/gm, label));
    // The file first: nobody can keep it waiting.
    this.#log?.write(text);
    for (let at = 0; at < text.length;) at += writeSome(this.#fd, text.subarray(at));
  }
}

/** Write to a pipe that may be full and non-blocking. Output that nobody reads any more is dropped. */
function writeSome(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EAGAIN') return bytes.length;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return 0;
  }
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

/** Send this thread's standard output and error, console included, to file descriptors. Returns a function that writes unfinished lines. */
export function installOutput(boot: OutputBoot, label: () => string): () => void {
  const text = boot.label === 'none' ? () => '' : label;
  const log = boot.log === undefined ? undefined : new LogFile(boot.log);
  const writers = [new LineWriter(boot.stdout, text, log), new LineWriter(boot.stderr, text, log)] as const;
  redirect(process.stdout, writers[0]);
  redirect(process.stderr, writers[1]);
  return () => {
    for (const writer of writers) writer.flush();
  };
}
