/** A trace of the ranks in one memory, for as long as somebody takes it: what they note is given every few milliseconds. */
import { clearInterval, setInterval } from '../clock.js';
import type { RecordMemory } from './record-layout.js';
import type { TakeTraced } from './take-traced.js';
import { TracedMemory } from './take-traced.js';

/** A rank that makes 100,000 different calls in a second has its ring half full after this time. */
const everyMs = 20;

/** Owned by whoever has the memory. */
export class TraceFeed {
  #number = 0;
  #trace: TracedMemory | undefined;
  #take: TakeTraced | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Begin, in place of a trace that runs. */
  start(memory: RecordMemory, worldRanks: readonly number[], take: TakeTraced): void {
    this.stop();
    const trace = new TracedMemory(memory, worldRanks, ++this.#number);
    this.#trace = trace;
    this.#take = take;
    this.#timer = setInterval(() => {
      trace.take(take);
    }, everyMs);
    this.#timer.unref();
  }

  /** End it; what is left is given now. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#take) this.#trace?.end(this.#take);
    this.#trace = undefined;
    this.#take = undefined;
  }
}
