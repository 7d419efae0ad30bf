/** Explores every reachable state of a small model, breadth first. */

/** A model: states are short lists of small integers. */
export interface Model {
  readonly initial: readonly number[];
  /**
   * All states that one atomic step of a rank leads to. @throws {@link Violation} when a step does what must never
   * happen.
   */
  next(state: readonly number[]): number[][];
  /** What the environment may do besides, such as crash a rank. Nobody may depend on it to go on. */
  disturb(state: readonly number[]): number[][];
  /** Whether a state in which no rank can step is a proper end. */
  isEnd(state: readonly number[]): boolean;
}

/** Something happened that must never happen. */
export class Violation extends Error {}

/** Field and value pairs of one rank. */
type Changes = readonly (readonly [field: number, value: number])[];

/** The part of a state that has the same fields for each rank; it comes first. */
export interface RankFields {
  readonly all: readonly number[];
  readonly get: (state: readonly number[], rank: number, field: number) => number;
  /** A copy of the state in which fields of one rank have other values. */
  readonly change: (state: readonly number[], rank: number, changes: Changes) => number[];
}

/** So many fields for each rank. */
export function rankFields(ranks: number, fields: number): RankFields {
  return {
    all: Array.from({ length: ranks }, (_, rank) => rank),
    get: (state, rank, field) => state[rank * fields + field]!,
    change: (state, rank, changes) => {
      const next = [...state];
      for (const [field, value] of changes) next[rank * fields + field] = value;
      return next;
    },
  };
}

/** A copy of a state in which some words are 1. */
export function withSet(state: readonly number[], ...words: readonly number[]): number[] {
  const next = [...state];
  for (const word of words) next[word] = 1;
  return next;
}

/** How a rank is: its control side proves the death of one that has crashed. */
export const [ALIVE, CRASHED, PROVEN] = [0, 1, 2] as const;

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
