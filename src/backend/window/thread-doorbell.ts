/** The doorbells of ranks that are threads of one process. */
import { setImmediate } from '../../clock.js';
import type { Doorbell } from '../doorbell.js';
import type { NodeWindow } from './node-window.js';

/** Futex on a word of the window: ranks that are threads of one process. */
export class ThreadDoorbell implements Doorbell {
  readonly #words: Int32Array;
  readonly #index: number;
  #waiting = false;

  readonly yieldCore: (() => void) | undefined;

  /** @param yieldCore - Where the addon is there. */
  constructor(window: NodeWindow, rank: number, yieldCore?: () => void) {
    this.yieldCore = yieldCore;
    this.#words = window.i32;
    this.#index = window.layout.doorbell(rank) / 4;
  }

  ticket(): number {
    return Atomics.load(this.#words, this.#index);
  }

  readonly wait = (ticket: number, timeoutMs: number): void => {
    Atomics.wait(this.#words, this.#index, ticket, timeoutMs);
  };

  waitAsync(ticket: number, wake: () => void): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const rung = (): void => {
      this.#waiting = false;
      wake();
    };
    const { async, value } = waitAsync(this.#words, this.#index, ticket);
    if (async) void value.then(rung);
    else setImmediate(rung);
  }
}

/** Resolves when a word no longer holds `value` and its writer has notified. */
export async function changed(words: Int32Array, value: number): Promise<void> {
  while (Atomics.load(words, 0) === value) await waitAsync(words, 0, value).value;
}

/** `Atomics.waitAsync` (ES2024): every supported Node has it, the es2022 library does not declare it. */
const { waitAsync } = Atomics as unknown as {
  waitAsync: (
    words: Int32Array,
    index: number,
    expected: number,
  ) => { async: false; value: string } | { async: true; value: Promise<string> };
};
