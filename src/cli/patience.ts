/** Waits that something may end for good, such as a key or the end of a pool. */
import { clearTimeout, setTimeout } from '../clock.js';

/** Why a wait was over: for good, because what was waited for has settled, or because its time had passed. */
export type Waited = 'over' | 'settled' | 'late';

/** Any number of waits, one after the other. */
export class Patience {
  #isOver = false;
  #wake: ((why: Waited) => void) | undefined;

  /** @param ends - Each of these ends every wait. */
  constructor(...ends: readonly Promise<void>[]) {
    for (const end of ends) {
      void end.then(() => {
        this.#isOver = true;
        this.#wake?.('over');
      });
    }
  }

  /** @param promise - What is waited for; its result, and its error, are its own business. */
  wait(limitMs: number, promise?: Promise<unknown>): Promise<Waited> {
    if (this.#isOver) return Promise.resolve('over');
    return new Promise((resolve) => {
      const wake = (why: Waited): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(why);
      };
      const timer = setTimeout(wake, limitMs, 'late');
      const settled = (): void => {
        wake('settled');
      };
      this.#wake = wake;
      promise?.then(settled, settled);
    });
  }
}
