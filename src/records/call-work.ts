/** For what a call takes its time: one in a trace, or one that stands for many. */
import { nowMs } from '../clock.js';

/** For what a call takes its time; what is left of it is waiting. */
export class CallWork {
  begunMs: number;
  moveMs = 0;
  reduceMs = 0;

  constructor(begunMs: number) {
    this.begunMs = begunMs;
  }

  /** As new. */
  restart(begunMs: number): this {
    this.begunMs = begunMs;
    this.moveMs = 0;
    this.reduceMs = 0;
    return this;
  }

  /** It has copied since a reading of `nowMs`. */
  moved(since: number): void {
    this.moveMs += nowMs() - since;
  }

  /** It has reduced since then. */
  reduced(since: number): void {
    this.reduceMs += nowMs() - since;
  }
}
