/**
 * Several small calls in a row: rule 2, the reuse of records and staging halves. Any rank may refuse any call, which
 * lets it run ahead of the others; any rank may crash.
 *
 * Must never happen: a rank reads a staging half or a record that already belongs to a later call.
 */
import type { Model } from './explore.js';
import { Violation } from './explore.js';

/** Which rule to leave out. */
export type StagingFault = 'none' | 'no rule 2';

const [STAGE, PUBLISH, GATHER, FOLD, ENDED] = [0, 1, 2, 3, 4];
// Per rank: pc, call under way (from 1), peers read so far, departed, crashed, and for two slots: staged, record, refused.
const fields = 11;
const [PC, CALL, READ, DEPARTED, DEAD, STAGED, RECORD, REFUSED] = [0, 1, 2, 3, 4, 5, 7, 9] as const;

/** `depth` halves and records; the kernels have two halves and eight records, so halves bind first. */
export function staging(ranks: number, calls: number, fault: StagingFault): Model {
  const all = Array.from({ length: ranks }, (_, rank) => rank);
  const depth = 2;
  const get = (state: readonly number[], rank: number, field: number): number => state[rank * fields + field]!;
  function change(state: readonly number[], rank: number, changes: readonly (readonly [number, number])[]): number[] {
    const next = [...state];
    for (const [field, value] of changes) next[rank * fields + field] = value;
    return next;
  }

  function step(state: readonly number[], rank: number): number[][] {
    const call = get(state, rank, CALL);
    const half = call % depth;
    const depart: (readonly [number, number])[] = [
      [DEPARTED, call],
      [PC, call === calls ? ENDED : STAGE],
      [CALL, call === calls ? call : call + 1],
      [READ, 0],
    ];
    switch (get(state, rank, PC)) {
      case STAGE: {
        const free = all.every((other) => get(state, other, DEPARTED) + depth >= call);
        if (!free && fault === 'none') return [];
        const refuse = change(state, rank, [[RECORD + half, call], [REFUSED + half, 1], ...depart]);
        return [
          change(state, rank, [
            [STAGED + half, call],
            [PC, PUBLISH],
          ]),
          refuse,
        ];
      }
      case PUBLISH:
        return [
          change(state, rank, [
            [RECORD + half, call],
            [REFUSED + half, 0],
            [PC, GATHER],
          ]),
        ];
      case GATHER: {
        const records = all.map((other) => get(state, other, RECORD + half));
        if (records.some((record) => record > call))
          throw new Violation(`rank ${rank} finds a later record in call ${call}`);
        const refused = all.some((other) => records[other] === call && get(state, other, REFUSED + half) === 1);
        if (refused) return [change(state, rank, depart)];
        return records.every((record) => record === call) ? [change(state, rank, [[PC, FOLD]])] : [];
      }
      case FOLD: {
        const peer = get(state, rank, READ);
        if (get(state, peer, STAGED + half) !== call) throw new Violation(`rank ${rank} folds another call's data`);
        return [change(state, rank, peer === ranks - 1 ? depart : [[READ, peer + 1]])];
      }
      default:
        return [];
    }
  }

  return {
    initial: all.flatMap(() => [STAGE, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    next: (state) =>
      all.flatMap((rank) => {
        if (get(state, rank, DEAD) === 1 || get(state, rank, PC) === ENDED) return [];
        return step(state, rank);
      }),
    disturb: (state) =>
      all.filter((rank) => get(state, rank, PC) !== ENDED).map((rank) => change(state, rank, [[DEAD, 1]])),
    // Whoever waits for a rank that crashed is ended by rule 7, which the other model has.
    isEnd: (state) =>
      all.every((rank) => get(state, rank, PC) === ENDED) || all.some((rank) => get(state, rank, DEAD) === 1),
  };
}
