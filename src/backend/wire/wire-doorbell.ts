/** How a rank sleeps that learns of others only when it polls: the longer nothing has come, the longer it sleeps. */
import { nowMs, setImmediate, setTimeout } from '../../clock.js';
import type { Doorbell } from '../doorbell.js';

/** Until nothing has come for this time, a wait only lets others have the core. */
const busyMs = 0.2;
const longestNapMs = 5;
/** A nap is this part of the time without news. */
const napPart = 20;

/** What a rank that waits polls. */
export interface Looked {
  /** Take what has come; true if there was any. */
  poll(): boolean;
  /** When something last came or went. */
  readonly lastProgress: number;
}

/** Polls the endpoint. */
export class WireDoorbell implements Doorbell {
  readonly #wire: Looked;
  readonly #still = new Int32Array(new SharedArrayBuffer(4));
  #waiting = false;
  readonly yieldCore: () => void;

  constructor(wire: Looked, yieldCore: () => void) {
    this.#wire = wire;
    this.yieldCore = yieldCore;
  }

  ticket(): number {
    return 0;
  }

  readonly wait = (_ticket: number, timeoutMs: number): void => {
    const end = nowMs() + timeoutMs;
    while (!this.#wire.poll() && nowMs() < end) {
      const napMs = this.#napMs();
      if (napMs === 0) this.yieldCore();
      else Atomics.wait(this.#still, 0, 0, napMs);
    }
  };

  waitAsync(_ticket: number, wake: () => void): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const look = (): void => {
      this.#waiting = false;
      wake();
    };
    const napMs = this.#napMs();
    if (napMs === 0) setImmediate(look);
    else setTimeout(look, napMs);
  }

  #napMs(): number {
    const idleMs = nowMs() - this.#wire.lastProgress;
    return idleMs < busyMs ? 0 : Math.min(longestNapMs, idleMs / napPart);
  }
}
