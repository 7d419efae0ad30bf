/**
 * Threads that were told to end and sit in native code: at its end the process would wait for them, for ever if need
 * be.
 */
import { nowMs } from '../clock.js';

/** From the order to end until a thread is taken for stuck, in milliseconds. */
const endLimitMs = 2_000;

/** What newer versions of Node have: the process becomes another program. */
type Execve = (file: string, args: readonly string[], env: Readonly<Record<string, string>>) => never;

/** One for each process, which ends once. */
class StuckThreads {
  /** When each was told to end. */
  readonly #ending = new Map<object, number>();
  #isHooked = false;

  /** A thread was told to end. */
  add(thread: object): void {
    if (!this.#ending.has(thread)) this.#ending.set(thread, nowMs());
    if (this.#isHooked) return;
    this.#isHooked = true;
    process.on('exit', (exitCode) => {
      this.#leave(exitCode);
    });
  }

  /** It has ended. */
  delete(thread: object): void {
    this.#ending.delete(thread);
  }

  #leave(exitCode: number): void {
    const now = nowMs();
    if (![...this.#ending.values()].some((since) => now - since > endLimitMs)) return;
    // eslint-disable-next-line n/no-unsupported-features/node-builtins -- looked for, and done without
    const { execve } = process as { execve?: Execve };
    // The exit code stays what it was where Node can do that.
    if (execve) execve('/bin/sh', ['sh', '-c', `exit ${exitCode & 255}`], {});
    process.stderr.write(
      `shoal: a thread sits in native code and cannot be ended; the process is killed, its exit code ${exitCode} is lost\n`,
    );
    process.kill(process.pid, 'SIGKILL');
  }
}

/** Those of this process. */
export const stuckThreads: StuckThreads = new StuckThreads();
