/** Standard output and error of a task thread: whole labelled lines, written at once. */
import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import type { OutputBoot } from '../protocol/messages.js';

const newline = 0x0a;

/** Node's own stdio of a worker thread goes through the main thread and loses the lines that explain a hang. */
class LineWriter extends Writable {
  readonly fd: number;
  readonly isTTY = false;
  readonly #label: () => string;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(fd: number, label: () => string) {
    super({ decodeStrings: true });
    this.fd = fd;
    this.#label = label;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const end = bytes.lastIndexOf(newline) + 1;
    this.#rest = bytes.subarray(end);
    if (end > 0) this.#writeLines(bytes.subarray(0, end));
    done();
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
    for (let at = 0; at < text.length; ) at += writeSome(this.fd, text.subarray(at));
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

/** Replace this thread's `process.stdout`, `process.stderr` and console. Returns a function that writes unfinished lines. */
export function installOutput(boot: OutputBoot, label: () => string): () => void {
  const text = boot.label === 'none' ? () => '' : label;
  const stdout = new LineWriter(boot.stdout, text);
  const stderr = new LineWriter(boot.stderr, text);
  Object.defineProperty(process, 'stdout', { value: stdout, configurable: true });
  Object.defineProperty(process, 'stderr', { value: stderr, configurable: true });
  globalThis.console = new console.Console(stdout, stderr);
  return () => {
    stdout.flush();
    stderr.flush();
  };
}
