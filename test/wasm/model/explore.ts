/** Explores every reachable state of a small model, breadth first. */

/** A model: states are short lists of small integers. */
export interface Model {
  readonly initial: readonly number[];
  /** All states that one atomic step of a rank leads to. @throws {@link Violation} when a step does what must never happen. */
  next(state: readonly number[]): number[][];
  /** What the environment may do besides, such as crash a rank. Nobody may depend on it to go on. */
  disturb(state: readonly number[]): number[][];
  /** Whether a state in which no rank can step is a proper end. */
  isEnd(state: readonly number[]): boolean;
}

/** Something happened that must never happen. */
export class Violation extends Error {}

/** Number of states; throws the first violation, or when no rank can step in a state that is no end. */
export function explore(model: Model): number {
  const encode = (state: readonly number[]): string => String.fromCharCode(...state);
  const seen = new Set([encode(model.initial)]);
  let frontier: (readonly number[])[] = [model.initial];
  while (frontier.length > 0) {
    const following: number[][] = [];
    for (const state of frontier) {
      const successors = model.next(state);
      if (successors.length === 0 && !model.isEnd(state)) throw new Violation(`stuck in state ${state.join(' ')}`);
      for (const successor of [...successors, ...model.disturb(state)]) {
        const key = encode(successor);
        if (seen.has(key)) continue;
        seen.add(key);
        following.push(successor);
      }
    }
    frontier = following;
  }
  return seen.size;
}
