/** What `mpiexec` prints, on its way to standard output or error of this process, no faster than that is read. */
import type { Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { clearTimeout, setTimeout } from '../clock.js';

/** Printed before the job has started and kept until then; with more, all goes on at once. */
const keptBytes = 64 * 1024;
/** So long nothing has come: all that had been printed is here. */
const quietMs = 100;

/** One stream. Bytes stay as they are and in order; at most one chunk is under way. */
export class OutputRelay {
  readonly #source: Socket;
  readonly #sink: () => NodeJS.WriteStream;
  readonly #end: Promise<void>;
  /** What has come before the start; undefined: it is passed on. */
  #kept: Buffer[] | undefined;
  #isDropping = false;
  #hasEnded = false;
  /** The reader has not taken the last chunk. */
  #isWriting = false;
  /** Chunks that have come. */
  #chunks = 0;
  #idle: NodeJS.Timeout | undefined;

  /** @param isKept - Until {@link pass}, for as long as it is little. */
  constructor(source: Socket, sink: () => NodeJS.WriteStream, isKept: boolean) {
    this.#source = source;
    this.#sink = sink;
    this.#kept = isKept ? [] : undefined;
    this.#end = new Promise((resolve) => {
      source.on('close', () => {
        this.#hasEnded = true;
        resolve();
      });
    });
    source.on('error', () => undefined); // `close` follows
    source.on('data', (chunk: Buffer) => {
      this.#chunks++;
      this.#idle?.refresh();
      if (this.#isDropping) return;
      if (!this.#kept) this.#write(chunk);
      else if (this.#kept.push(chunk) && this.#keptBytes > keptBytes) this.pass();
    });
  }

  /** Everything that was printed has come and was taken, or the stream was given up. */
  get end(): Promise<void> {
    return this.#end;
  }

  /** Counts what has come. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Somebody has to take a chunk. */
  get isStalled(): boolean {
    return this.#isWriting && !this.#isDropping;
  }

  /** From now on everything is passed on, beginning with what was kept. */
  pass(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept && kept.length > 0 && !this.#isDropping) this.#write(Buffer.concat(kept));
  }

  /** From now on everything is read and thrown away. */
  drop(): void {
    this.#isDropping = true;
    this.#source.resume();
  }

  /**
   * The process that prints has ended: resolves when all that it has printed was taken. Not with the end of the stream
   * alone, which a proxy that outlives a killed mpiexec holds open.
   */
  async finish(): Promise<void> {
    this.#source.resume();
    while (!this.#hasEnded && !this.#isDropping) {
      const before = this.#chunks;
      await Promise.race([this.#end, sleep(quietMs)]);
      // The timer of a process that was held up comes before what is there to read.
      await setImmediate();
      if (before === this.#chunks && !this.#isWriting) break;
    }
    this.keepAlive(true);
    this.#source.destroy();
    await this.#end;
  }

  /** Whether it keeps this process alive; if not, then not before all that was printed so far is passed on. */
  keepAlive(active: boolean): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    // A socket without a handle would wait for one, with a listener more at each call.
    if (this.#hasEnded || this.#source.destroyed) return;
    if (active) this.#source.ref();
    else {
      this.#idle = setTimeout(() => {
        if (this.isStalled) {
          this.#idle?.refresh();
          return;
        }
        this.#idle = undefined;
        this.#source.unref();
      }, quietMs);
    }
  }

  get #keptBytes(): number {
    return this.#kept?.reduce((sum, { length }) => sum + length, 0) ?? 0;
  }

  #write(chunk: Buffer): void {
    const sink = this.#sink();
    this.#isWriting = true;
    this.#source.pause();
    sink.write(chunk, (error) => {
      this.#isWriting = false;
      if (error) this.#failed(sink, error);
      this.#source.resume();
    });
  }

  /**
   * Nobody can read it any more: the ranks go on without. The stream tells everybody who listens, after this; a program
   * that does not listen has not written this and is not ended by it.
   */
  #failed(sink: NodeJS.WriteStream, error: Error & { readonly code?: string }): void {
    if (this.#isDropping) return;
    this.#isDropping = true;
    if (sink.listenerCount('error') > 0) return;
    sink.once('error', () => undefined);
    if (error.code === 'EPIPE') return;
    process.emitWarning(`what the ranks print is lost from here on: ${error.message}`, { type: 'ShoalWarning' });
  }
}
