/** The doorbell of ranks that share one thread. */
import { setImmediate } from '../../clock.js';
import type { Doorbell } from '../doorbell.js';

/** Ranks that share one thread: notifying schedules the other rank on the event loop. */
export class LocalDoorbell implements Doorbell {
  readonly wait = undefined;
  #notified = 0;
  #wake: (() => void) | undefined;

  ticket(): number {
    return this.#notified;
  }

  waitAsync(ticket: number, wake: () => void): void {
    if (ticket === this.#notified) this.#wake = wake;
    else setImmediate(wake);
  }

  notify(): void {
    this.#notified++;
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake) setImmediate(wake);
  }
}
