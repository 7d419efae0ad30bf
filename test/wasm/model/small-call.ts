/**
 * One call that every rank folds for itself, a small one or a staged piece, and the end of its lease. The rules are
 * 2–4, 7 and 8, with a crash, a time-out or an abort from outside at any point. Nobody sets `busy`: each rank folds the
 * staged payloads and writes its own array alone.
 *
 * Must never happen:
 * - a rank reads or writes memory of the lease after it was given to another;
 * - a rank reads or writes another's array after that rank has returned to its caller;
 * - the memory never comes back, since a rank waits for ever.
 */
import type { Model } from './explore.js';
import { ALIVE, CRASHED, PROVEN, rankFields, Violation, withSet } from './explore.js';

/** Which rule to leave out, to show that the model finds the fault. */
export type SmallFault =
  | 'none'
  | 'published before staged'
  | 'folds from the arrays'
  | 'writes all arrays'
  | 'given out after the first acknowledgement'
  | 'given out by time'
  | 'no look at abort';

const [STAGE, PUBLISH, GATHER, FOLD, WRITE, DEPART, LEAVE, RETURNED, ACKNOWLEDGED] = Array.from(
  { length: 9 },
  (_, i) => i,
) as [number, number, number, number, number, number, number, number, number];

// Per rank: pc, peers read so far, whether its payload is staged, whether its descriptor is published, life.
const fields = 5;
const [PC, READ, STAGED, ARRIVED, LIFE] = [0, 1, 2, 3, 4] as const;

export function smallCall(ranks: number, fault: SmallFault): Model {
  const abort = ranks * fields;
  const reused = abort + 1; // the memory was given to the next lease, which writes to it from then on
  const { all, get, change } = rankFields(ranks, fields);
  /** The caller of a rank that has returned uses its array again. */
  function touchArray(state: readonly number[], owner: number, rank: number): void {
    if (get(state, owner, PC) < RETURNED) return;
    throw new Violation(`rank ${rank} touches the array of rank ${owner}, which has returned`);
  }

  function fold(state: readonly number[], rank: number): number[][] {
    const peer = get(state, rank, READ);
    if (fault === 'folds from the arrays') touchArray(state, peer, rank);
    if (get(state, peer, STAGED) === 0) throw new Violation(`rank ${rank} folds what rank ${peer} has not staged`);
    return [change(state, rank, peer === ranks - 1 ? [[PC, WRITE]] : [[READ, peer + 1]])];
  }

  function step(state: readonly number[], rank: number): number[][] {
    const pc = get(state, rank, PC);
    if (pc < RETURNED && state[reused] === 1) throw new Violation(`rank ${rank} uses memory of a later lease`);
    const isAborted = state[abort] === 1 && fault !== 'no look at abort';
    const inTurn = fault !== 'published before staged';
    switch (pc) {
      case STAGE:
        if (isAborted && inTurn) return [change(state, rank, [[PC, LEAVE]])];
        return [
          change(state, rank, [
            [STAGED, 1],
            [PC, inTurn ? PUBLISH : GATHER],
          ]),
        ];
      case PUBLISH:
        return [
          change(state, rank, [
            [ARRIVED, 1],
            [PC, inTurn ? GATHER : STAGE],
          ]),
        ];
      case GATHER:
        if (isAborted) return [change(state, rank, [[PC, LEAVE]])];
        return all.every((other) => get(state, other, ARRIVED) === 1) ? [change(state, rank, [[PC, FOLD]])] : [];
      case FOLD:
        return fold(state, rank);
      case WRITE:
        for (const owner of fault === 'writes all arrays' ? all : [rank]) touchArray(state, owner, rank);
        return [change(state, rank, [[PC, DEPART]])];
      case DEPART:
      case LEAVE: // nobody is busy, and nobody else writes to this rank's array: it leaves at once
        return [change(state, rank, [[PC, RETURNED]])];
      case RETURNED:
        return [change(state, rank, [[PC, ACKNOWLEDGED]])];
      default:
        return [];
    }
  }

  /** Whether a control side may give the memory of the lease to another. */
  function mayGiveOut(state: readonly number[]): boolean {
    const isOver = (rank: number): boolean =>
      get(state, rank, PC) === ACKNOWLEDGED || get(state, rank, LIFE) === PROVEN;
    if (fault === 'given out by time') return state[abort] === 1;
    return fault === 'given out after the first acknowledgement' ? all.some(isOver) : all.every(isOver);
  }

  const initialPc = fault === 'published before staged' ? PUBLISH : STAGE;
  return {
    initial: [...all.flatMap(() => [initialPc, 0, 0, 0, ALIVE]), 0, 0],
    next(state) {
      const successors: number[][] = [];
      for (const rank of all) {
        const life = get(state, rank, LIFE);
        if (life === ALIVE) successors.push(...step(state, rank));
        // The control side notices: it proves the death and fails the lease.
        else if (life === CRASHED) successors.push(withSet(change(state, rank, [[LIFE, PROVEN]]), abort));
      }
      if (state[reused] === 0 && mayGiveOut(state)) successors.push(withSet(state, reused));
      return successors;
    },
    disturb(state) {
      const living = all.filter((rank) => get(state, rank, LIFE) === ALIVE && get(state, rank, PC) < ACKNOWLEDGED);
      const crashes = living.map((rank) => change(state, rank, [[LIFE, CRASHED]]));
      const waiting = living.filter((rank) => get(state, rank, PC) === GATHER);
      const timeOuts = waiting.map((rank) => withSet(change(state, rank, [[PC, LEAVE]]), abort));
      return [withSet(state, abort), ...crashes, ...timeOuts];
    },
    isEnd: (state) => state[reused] === 1,
  };
}
