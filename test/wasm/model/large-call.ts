/**
 * One large call in place on window arrays: rules 2 and 4–7, with a crash, a time-out or an abort from outside at any
 * point. Folding a chunk reads all arrays and then writes them one after another. A rank claims the chunks of its own
 * share. It may claim any other chunk later, or at once, or never: nobody may depend on that.
 *
 * With a shared target the result is written once, where all ranks read it: it is an array of every rank.
 *
 * Must never happen:
 * - an array is read or written after its rank has returned to its caller;
 * - a chunk is folded twice;
 * - a rank succeeds although a chunk was not written everywhere;
 * - a rank waits for ever.
 */
import type { Model } from './explore.js';
import { ALIVE, CRASHED, PROVEN, rankFields, Violation, withSet } from './explore.js';

/** Which rule to leave out, to show that the model finds the fault. */
export type LargeFault =
  | 'none'
  | 'no rule 7'
  | 'abort read before busy'
  | 'done before the last write'
  | 'claims without comparison'
  | 'no look at abort in the last wait'
  | 'every rank writes the target and leaves';

const [ARRIVE, GATHER, CLAIM, TOUCH, CHECK, FOLD, DONE, RELEASE, FINISH, LEAVE, SUCCEEDED, FAILED] = Array.from(
  { length: 12 },
  (_, i) => i,
) as [number, number, number, number, number, number, number, number, number, number, number, number];

// Per rank: pc, chunks of its share that it has checked, chunk under way, next target of the fold, busy, life, arrived.
const fields = 7;
const [PC, LOOKED, CHUNK, TARGET, BUSY, LIFE, ARRIVED] = [0, 1, 2, 3, 4, 5, 6] as const;

/** With fewer chunks than ranks some have no share. */
export function largeCall(ranks: number, chunks: number, fault: LargeFault, target: 'own' | 'shared' = 'own'): Model {
  const targets = target === 'shared' ? 1 : ranks;
  const foldsForItself = fault === 'every rank writes the target and leaves';
  const abort = ranks * fields;
  const claims = abort + 1;
  const done = claims + chunks;
  const written = done + chunks; // one bit per target

  const { all, get, change } = rankFields(ranks, fields);
  const allChunks = Array.from({ length: chunks }, (_, chunk) => chunk);
  const allDone = (state: readonly number[]): boolean => allChunks.every((chunk) => state[done + chunk] === 1);
  const shareStart = (rank: number): number => Math.floor((rank * chunks) / ranks);

  function touchMemory(state: readonly number[], owner: number, rank: number): void {
    const pc = get(state, owner, PC);
    if (pc === FAILED) throw new Violation(`rank ${rank} touches the array of rank ${owner}, which has left the call`);
    if (pc === SUCCEEDED) throw new Violation(`rank ${rank} touches the array of rank ${owner}, whose call has ended`);
  }

  function succeed(state: readonly number[], rank: number): number[] {
    if (!allChunks.every((chunk) => state[written + chunk] === 2 ** targets - 1)) {
      throw new Violation(`rank ${rank} succeeds with an unfinished chunk`);
    }
    return change(state, rank, [[PC, SUCCEEDED]]);
  }

  function claim(state: readonly number[], rank: number, chunk: number, looked: number): number[] {
    const claimed = change(state, rank, [
      [PC, fault === 'abort read before busy' ? CHECK : TOUCH],
      [LOOKED, looked],
      [CHUNK, chunk],
    ]);
    return withSet(claimed, claims + chunk);
  }

  function isClaimable(state: readonly number[], chunk: number): boolean {
    return state[claims + chunk] === 0 || fault === 'claims without comparison';
  }

  /** A rank's time is over. */
  function timeOut(state: readonly number[], rank: number): number[] {
    return withSet(change(state, rank, [[PC, LEAVE]]), abort);
  }

  function step(state: readonly number[], rank: number): number[][] {
    const pc = get(state, rank, PC);
    const aborted = state[abort] === 1;
    const leave = change(state, rank, [
      [PC, LEAVE],
      [BUSY, 0],
    ]);
    const chunk = get(state, rank, CHUNK);
    switch (pc) {
      case ARRIVE:
        return aborted
          ? [leave]
          : [
              change(state, rank, [
                [PC, GATHER],
                [ARRIVED, 1],
              ]),
            ];
      case GATHER: {
        if (aborted) return [leave];
        const gathered = all.every((other) => get(state, other, ARRIVED) === 1);
        return gathered ? [change(state, rank, [[PC, CLAIM]])] : [];
      }
      case CLAIM: {
        const looked = get(state, rank, LOOKED);
        if (foldsForItself) {
          return looked === chunks ? [succeed(state, rank)] : [claim(state, rank, looked, looked + 1)];
        }
        const own = shareStart(rank) + looked;
        if (own === shareStart(rank + 1)) return [change(state, rank, [[PC, FINISH]])];
        if (!isClaimable(state, own)) return [change(state, rank, [[LOOKED, looked + 1]])];
        return [claim(state, rank, own, looked + 1)];
      }
      case TOUCH:
        return [
          change(state, rank, [
            [BUSY, 1],
            [PC, fault === 'abort read before busy' ? FOLD : CHECK],
            [TARGET, 0],
          ]),
        ];
      case CHECK: {
        if (aborted) return [leave];
        const read = change(state, rank, [
          [PC, fault === 'abort read before busy' ? TOUCH : FOLD],
          [TARGET, 0],
        ]);
        return [fault === 'done before the last write' ? withSet(read, done + chunk) : read];
      }
      case FOLD: {
        const next = get(state, rank, TARGET);
        const isFoldedAgain = next === 0 && state[written + chunk] !== 0 && !foldsForItself;
        if (isFoldedAgain) throw new Violation(`rank ${rank} folds a chunk once more`);
        // It reads all arrays before it writes the first; a shared target is everybody's.
        if (next === 0) for (const owner of all) touchMemory(state, owner, rank);
        else touchMemory(state, next, rank);
        const last = next === targets - 1;
        const folded = change(state, rank, [
          [TARGET, last ? 0 : next + 1],
          [PC, last ? DONE : FOLD],
        ]);
        folded[written + chunk]! |= 1 << next;
        return [folded];
      }
      case DONE:
        return [withSet(change(state, rank, [[PC, RELEASE]]), done + chunk)];
      case RELEASE:
        return [
          change(state, rank, [
            [BUSY, 0],
            [PC, CLAIM],
            [CHUNK, 0],
          ]),
        ];
      case FINISH:
        if (allDone(state)) return [succeed(state, rank)];
        return aborted && fault !== 'no look at abort in the last wait' ? [leave] : [];
      case LEAVE: {
        const quiet = all.every(
          (other) => other === rank || get(state, other, BUSY) === 0 || get(state, other, LIFE) === PROVEN,
        );
        if (!quiet && fault !== 'no rule 7') return [];
        return [allDone(state) ? succeed(state, rank) : change(state, rank, [[PC, FAILED]])];
      }
      default:
        return [];
    }
  }

  return {
    initial: [...all.flatMap(() => new Array<number>(fields).fill(0)), 0, ...new Array<number>(3 * chunks).fill(0)],
    next(state) {
      const successors: number[][] = [];
      for (const rank of all) {
        const life = get(state, rank, LIFE);
        if (life === ALIVE) successors.push(...step(state, rank));
        // The control side notices: it proves the death and fails the lease.
        else if (life === CRASHED) successors.push(withSet(change(state, rank, [[LIFE, PROVEN]]), abort));
      }
      return successors;
    },
    disturb(state) {
      const living = all.filter((rank) => get(state, rank, LIFE) === ALIVE && get(state, rank, PC) < SUCCEEDED);
      const crashes = living.map((rank) => change(state, rank, [[LIFE, CRASHED]]));
      const finishing = living.filter((rank) => get(state, rank, PC) === FINISH);
      const waiting = [...living.filter((rank) => get(state, rank, PC) === GATHER), ...finishing];
      const timeOuts = waiting.map((rank) => timeOut(state, rank));
      const claimsBeyond = finishing.flatMap((rank) =>
        allChunks
          .filter((chunk) => isClaimable(state, chunk))
          .map((chunk) => claim(state, rank, chunk, get(state, rank, LOOKED))),
      );
      return [withSet(state, abort), ...crashes, ...timeOuts, ...claimsBeyond];
    },
    isEnd: (state) => all.every((rank) => get(state, rank, LIFE) === PROVEN || get(state, rank, PC) >= SUCCEEDED),
  };
}
