/**
 * Several calls in a row that every rank folds for itself, small ones and staged pieces: rule 2, the reuse of
 * descriptors and staging halves. A payload stands in the descriptor or in the half, as each rank likes, and is folded
 * in two parts. Any rank may refuse any call, which lets it run ahead of the others. A crash would add nothing: it is a
 * rank that takes no more steps, and the other models show that nobody waits for it.
 *
 * Must never happen: a rank reads a descriptor or a payload that already belongs to a later call; all wait for ever.
 */
import type { Model } from './explore.js';
import { rankFields, Violation } from './explore.js';

/** Which rule to leave out. A rank keeps a bound: the last call that all have departed from, as far as it knows. */
export type StagingFault =
  | 'none'
  | 'no rule 2'
  | 'bound after an own refusal'
  | 'bound after a refusal by another'
  | 'arrivals wait as refusals do'
  | 'refusals do not wait'
  | 'departs before the last part';

const [STAGE, PUBLISH, GATHER, FOLD, ENDED] = [0, 1, 2, 3, 4];
/** What a descriptor says: its rank refused the call, or where its payload stands. */
const [REFUSED, INSIDE, BESIDE] = [0, 1, 2];
/** The kernels have two halves and eight descriptors. */
const halves = 2;
const ring = 3;
const parts = 2;
// Per rank: pc, call under way (from 1), place of its payload, reads of peers so far, departed, bound. Then the call
// that each half holds. Then for each descriptor the call whose writing has begun, the call it announces, and what it
// says.
const [PC, CALL, PLACE, READ, DEPARTED, BOUND, HALF] = [0, 1, 2, 3, 4, 5, 6] as const;
const BEGUN = HALF + halves;
const SEQUENCE = BEGUN + ring;
const SAYS = SEQUENCE + ring;
const fields = SAYS + ring;

export function staging(ranks: number, calls: number, fault: StagingFault): Model {
  const { all, get, change } = rankFields(ranks, fields);
  /** Forget what stands in memory of calls that all have departed from: who reads it nevertheless finds nothing. */
  function forget(state: number[]): number[] {
    const least = Math.min(...all.map((rank) => get(state, rank, DEPARTED)));
    for (const rank of all) {
      const base = rank * fields;
      for (let field = HALF; field < SAYS; field++) if (state[base + field]! <= least) state[base + field] = 0;
      for (let slot = 0; slot < ring; slot++) if (state[base + SEQUENCE + slot] === 0) state[base + SAYS + slot] = 0;
    }
    return state;
  }

  /** The bound with which a rank may write to what was used `depth` calls ago; undefined: it waits. */
  function boundFor(state: readonly number[], rank: number, depth: number): number | undefined {
    const call = get(state, rank, CALL);
    const bound = get(state, rank, BOUND);
    if (bound + depth >= call || fault === 'no rule 2') return bound;
    const least = Math.min(...all.map((other) => get(state, other, DEPARTED)));
    return least + depth >= call ? least : undefined;
  }

  function step(state: readonly number[], rank: number): number[][] {
    const call = get(state, rank, CALL);
    const half = HALF + (call % halves);
    const slot = call % ring;
    const depart: (readonly [number, number])[] = [
      [DEPARTED, call],
      [PC, call === calls ? ENDED : STAGE],
      [CALL, call === calls ? call : call + 1],
      [READ, 0],
    ];
    // Whoever ends a call in which not all have arrived knows nothing of the call before.
    const advanced = [...depart, [BOUND, call - 1] as const];
    switch (get(state, rank, PC)) {
      case STAGE: {
        const successors: number[][] = [];
        const forRefusal = fault === 'refusals do not wait' ? 0 : boundFor(state, rank, ring);
        if (forRefusal !== undefined) {
          const written = [
            [BEGUN + slot, call],
            [SEQUENCE + slot, call],
            [SAYS + slot, REFUSED],
          ] as const;
          const end = fault === 'bound after an own refusal' ? advanced : depart;
          successors.push(change(state, rank, [[BOUND, forRefusal], ...written, ...end]));
        }
        const bound = boundFor(state, rank, fault === 'arrivals wait as refusals do' ? ring : halves);
        if (bound === undefined) return successors;
        for (const place of [INSIDE, BESIDE]) {
          const staged = [place === INSIDE ? BEGUN + slot : half, call] as const;
          successors.push(change(state, rank, [[BOUND, bound], [PLACE, place], [PC, PUBLISH], staged]));
        }
        return successors;
      }
      case PUBLISH:
        return [
          change(state, rank, [
            [BEGUN + slot, call],
            [SEQUENCE + slot, call],
            [SAYS + slot, get(state, rank, PLACE)],
            [PLACE, 0],
            [PC, GATHER],
          ]),
        ];
      case GATHER: {
        const sequences = all.map((other) => get(state, other, SEQUENCE + slot));
        if (sequences.some((sequence) => sequence > call)) {
          throw new Violation(`rank ${rank} finds a later descriptor in call ${call}`);
        }
        const isRefused = all.some((other) => sequences[other] === call && get(state, other, SAYS + slot) === REFUSED);
        if (isRefused) {
          return [change(state, rank, fault === 'bound after a refusal by another' ? advanced : depart)];
        }
        if (sequences.some((sequence) => sequence < call)) return [];
        return [
          change(state, rank, [
            [PC, FOLD],
            [BOUND, call - 1],
          ]),
        ];
      }
      case FOLD: {
        const read = get(state, rank, READ);
        const peer = read % ranks;
        const isOverwritten = get(state, peer, BEGUN + slot) !== call;
        if (isOverwritten) throw new Violation(`rank ${rank} folds from a later descriptor in call ${call}`);
        if (get(state, peer, SAYS + slot) === BESIDE && get(state, peer, half) !== call) {
          throw new Violation(`rank ${rank} folds a later payload in call ${call}`);
        }
        if (read === parts * ranks - 1) return [change(state, rank, depart)];
        const early = fault === 'departs before the last part' && read >= ranks - 1;
        return [change(state, rank, [[READ, read + 1], ...(early ? [[DEPARTED, call] as const] : [])])];
      }
      default:
        return [];
    }
  }

  return {
    initial: all.flatMap(() => [STAGE, 1, ...new Array<number>(fields - 2).fill(0)]),
    next: (state) => all.flatMap((rank) => step(state, rank).map(forget)),
    disturb: () => [],
    isEnd: (state) => all.every((rank) => get(state, rank, PC) === ENDED),
  };
}
