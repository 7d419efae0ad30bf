/** How long a rank has been in collectives: measured where a call waits, sampled where calls complete at once. */
import { nowMs } from '../clock.js';

/** So many short calls are measured each; later ones once in so many. */
const sampled = 64;
/** So many long calls are asked what they do; later ones once in `sampled`. */
const longAsked = 8;

/** Calls that are under way together count once. */
export class TimeInCalls {
  #underWay = 0;
  #since = 0;
  #elapsedMs = 0;
  #short = 0;
  #long = 0;
  #movedMs = 0;
  #reducedMs = 0;

  /** Milliseconds during which at least one call of this rank was under way. */
  get elapsedMs(): number {
    return this.#elapsedMs + (this.#underWay > 0 ? nowMs() - this.#since : 0);
  }

  /** Of these milliseconds those in which it copied, as far as the calls tell that were asked. */
  get movedMs(): number {
    return Math.min(this.#movedMs, this.elapsedMs);
  }

  /** Those in which it reduced. */
  get reducedMs(): number {
    return Math.min(this.#reducedMs, this.elapsedMs - this.movedMs);
  }

  /**
   * How many calls the next one stands for when it tells what it does; 0: it need not.
   *
   * @param weight - What `weight` has said of it.
   */
  askedWeight(weight: number, isShort: boolean): number {
    if (isShort) return weight;
    const number = this.#long++;
    if (number < longAsked) return 1;
    return number % sampled === 0 ? sampled : 0;
  }

  /** A call that stands for so many has told what it did. */
  told({ moveMs, reduceMs }: { readonly moveMs: number; readonly reduceMs: number }, weight: number): void {
    this.#movedMs += Math.max(0, moveMs) * weight;
    this.#reducedMs += reduceMs * weight;
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
