/**
 * How long a rank spins before it sleeps. It spins as long as a sleep and a wake cost, so that a peer that comes a
 * little late finds it awake. A shorter spin lets two ranks that missed each other once go on missing each other.
 *
 * Source: competitive spinning. Karlin, Li, Manasse and Owicki, "Empirical Studies of Competitive Spinning for a
 * Shared-Memory Multiprocessor" (1991). To spin as long as a block costs is at most twice as bad as the best choice.
 */
import { nowMs } from '../clock.js';

const leastMs = 0.02;
const mostMs = 0.1;
/** Turns to begin with: some 30 µs on a machine of today. */
const firstTurns = 10_000;
const mostTurns = 1_000_000;
const sleeps = 5;
/** Turns where ranks outnumber cores: whoever spins keeps another rank from its core. */
const crowdedTurns = 100;

/**
 * Owned by the engine of one rank. A wait spins `turns` turns without a clock and, when that was not enough, as many
 * again.
 */
export class Spin {
  /** Turns of half of a spin; 0: not at all. */
  turns: number;
  readonly #halfMs: number;
  /** The least that a turn was seen to take. */
  #turnMs = Infinity;

  constructor(crowded: boolean) {
    this.turns = crowded ? crowdedTurns : firstTurns;
    this.#halfMs = crowded ? 0 : sleepCostMs() / 2;
  }

  /**
   * The second half, by the clock: so the number of turns follows what a turn costs here. True when `condition` holds.
   */
  again(condition: (turns: number) => boolean): boolean {
    if (this.#halfMs === 0) return false;
    const begun = nowMs();
    const isMet = condition(this.turns);
    const elapsedMs = nowMs() - begun;
    if (isMet) return true;
    // A rank that lost its core meanwhile took longer than its turns: the least is what they cost.
    this.#turnMs = Math.min(this.#turnMs, elapsedMs / this.turns);
    this.turns = Math.round(Math.min(mostTurns, Math.max(crowdedTurns, this.#halfMs / this.#turnMs)));
    return false;
  }
}

let costMs: number | undefined;

/** What a sleep on a word of memory and the wake-up cost here, in milliseconds; measured once in a thread. */
function sleepCostMs(): number {
  if (costMs !== undefined) return costMs;
  const word = new Int32Array(new SharedArrayBuffer(4));
  const costs: number[] = [];
  for (let i = 0; i < sleeps; i++) {
    const begun = nowMs();
    Atomics.wait(word, 0, 0, 0.001);
    costs.push(nowMs() - begun);
  }
  const median = costs.sort((a, b) => a - b)[sleeps >> 1] ?? mostMs;
  return (costMs = Math.min(mostMs, Math.max(leastMs, median)));
}
