/** How long a rank has been in collectives: measured where a call waits, sampled where calls complete at once. */
import { nowMs } from '../clock.js';

/** So many short calls are measured each; later ones once in so many. */
const sampled = 64;

/** Calls that are under way together count once. */
export class TimeInCalls {
  #underWay = 0;
  #since = 0;
  #elapsedMs = 0;
  #short = 0;

  /** Milliseconds during which at least one call of this rank was under way. */
  get elapsedMs(): number {
    return this.#elapsedMs + (this.#underWay > 0 ? nowMs() - this.#since : 0);
  }

  /** A call waits from now on. */
  begin(): void {
    if (this.#underWay++ === 0) this.#since = nowMs();
  }

  /** It has ended. */
  end(): void {
    if (--this.#underWay === 0) this.#elapsedMs += nowMs() - this.#since;
  }

  /** How many calls the next one stands for, if it completes at once; 0: it is not measured. */
  weight(isShort: boolean): number {
    if (!isShort) return 1;
    const number = this.#short++;
    if (number < sampled) return 1;
    return number % sampled === 0 ? sampled : 0;
  }

  /** Add a call that completed at once. */
  add(elapsedMs: number, weight: number): void {
    if (this.#underWay === 0) this.#elapsedMs += elapsedMs * weight;
  }
}
