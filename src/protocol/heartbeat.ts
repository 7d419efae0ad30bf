/** Two peers that hear of each other even when they have nothing to say. */
import { clearInterval, setInterval } from '../clock.js';

/** How often a peer is told that this one lives. */
export const beatMs = 3_000;

/** One end; begins at once. */
export class Heartbeat {
  /** Beats in a row that a peer may leave out. */
  static readonly allowedMisses: number = 5;
  readonly #timer: NodeJS.Timeout;
  #misses = 0;

  /**
   * @param beat - Tells the peer.
   * @param lost - The peer has been silent for too long; called once.
   */
  constructor(beat: () => void, lost: () => void, everyMs: number = beatMs) {
    // Turns are counted, not time: a process that was stopped itself does not blame its peer for that.
    this.#timer = setInterval(() => {
      if (this.#misses++ < Heartbeat.allowedMisses) beat();
      else {
        this.stop();
        lost();
      }
    }, everyMs).unref();
  }

  /** The peer has said something. */
  heard(): void {
    this.#misses = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
