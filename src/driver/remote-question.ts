/** One question to a pool in another process, until its answer, its deadline or the end of the connection. */
import { clearTimeout, setTimeout } from '../clock.js';
import type { Question } from '../protocol/pool-messages.js';

/** Settled once; what comes later is nobody's. */
export class RemoteQuestion {
  readonly type: Question['type'];
  readonly answer: Promise<unknown>;
  #resolve!: (value: unknown) => void;
  #reject!: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(type: Question['type']) {
    this.type = type;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /**
   * From now on it has this time, and as much again each time that it passes in vain.
   *
   * @param late - Called then; returns the error with which it fails, or undefined where it is to wait on.
   */
  limit(limitMs: number, late: () => Error | undefined): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      const error = late();
      if (error) this.fail(error);
      else this.limit(limitMs, late);
    }, limitMs);
  }

  succeed(value: unknown): void {
    this.#end();
    this.#resolve(value);
  }

  fail(error: Error): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
