/**
 * Groups inside a task, made and closed again and again, with one small call in each: docs/window-protocol.md, section
 * "Groups inside a task". Each rank has two places for its parts.
 *
 * Must never happen:
 * - a rank reads in a call what a member has staged for another group;
 * - a rank writes to a part whose memory is of another group by now;
 * - nobody can go on.
 */
import type { Model } from './explore.js';
import { rankFields, Violation } from './explore.js';

/** Which rule to leave out, to show that the model finds the fault. */
export type GroupFault = 'none' | 'used again at the own mark' | 'mark before finished' | 'told before it is cleared';

const places = 2;

/** So many groups in a row of all ranks (G1–G3). */
export function groups(ranks: number, rounds: number, fault: GroupFault): Model {
  // Of each rank: where it is, which group, which of its places, how far in a loop over the members; what it has told
  // for odd and even groups: its place + 1.
  const [PC, ROUND, PLACE, INDEX, TOLD] = [0, 1, 2, 3, 4];
  const fields = rankFields(ranks, TOLD + 2);
  // Of each place: of which group, what is staged there, who has closed, and (of rank 0's) who has arrived, finished.
  const [GROUP, STAGED, MARKS, ARRIVED, FINISHED] = [0, 1, 2, 3, 4];
  const placeWords = 5;
  const everybody = 2 ** ranks - 1;
  const [TAKE, CLEAR, TELL, MEET, ARRIVE, WAIT, READ, FINISH, MARK] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

  const wordOf = (rank: number, place: number, word: number): number => {
    return ranks * (TOLD + 2) + (rank * places + place) * placeWords + word;
  };

  function step(state: readonly number[], rank: number): number[][] {
    const get = (field: number, of = rank): number => fields.get(state, of, field);
    const [pc, round, place, index] = [get(PC), get(ROUND), get(PLACE), get(INDEX)];
    const to = (next: number, ...words: (readonly [word: number, value: number])[]): number[] => {
      const changed = fields.change(state, rank, [[PC, next]]);
      for (const [word, value] of words) changed[word] = value;
      return changed;
    };
    const placeOf = (member: number): number => get(TOLD + (round % 2), member) - 1;
    /** A word of a member's part; only while that is of this group. */
    const part = (member: number, word: number): number => {
      const at = wordOf(member, placeOf(member), GROUP);
      if (state[at] !== round)
        throw new Violation(`rank ${rank} touches a part of group ${state[at]} in group ${round}`);
      return wordOf(member, placeOf(member), word);
    };
    const own = 2 ** rank;
    const loop = (next: number, after: number, word: number, value: number): number[][] => {
      const isLast = index === ranks - 1;
      const changed = to(isLast ? after : next, [word, value]);
      return [fields.change(changed, rank, [[INDEX, isLast ? 0 : index + 1]])];
    };
    switch (pc) {
      case TAKE:
        if (round > rounds) return [];
        return [0, 1].flatMap((free) => {
          const marks = state[wordOf(rank, free, MARKS)]!;
          const isFree = fault === 'used again at the own mark' ? (marks & own) !== 0 : marks === everybody;
          if (!isFree) return [];
          const taken = fields.change(to(fault === 'told before it is cleared' ? TELL : CLEAR), rank, [[PLACE, free]]);
          if (fault === 'told before it is cleared') taken[wordOf(rank, free, GROUP)] = round;
          return [taken];
        });
      case CLEAR: {
        const words = [STAGED, MARKS, ARRIVED, FINISHED].map((word) => [wordOf(rank, place, word), 0] as const);
        const after = fault === 'told before it is cleared' ? MEET : TELL;
        return [to(after, [wordOf(rank, place, GROUP), round], ...words)];
      }
      case TELL: {
        const told = to(fault === 'told before it is cleared' ? CLEAR : MEET);
        return [fields.change(told, rank, [[TOLD + (round % 2), place + 1]])];
      }
      case MEET: {
        const areAll = fields.all.every((member) => get(ROUND, member) >= round && placeOf(member) >= 0);
        return areAll ? [to(ARRIVE, [part(rank, STAGED), round])] : [];
      }
      case ARRIVE: {
        const arrived = part(0, ARRIVED);
        return [to(WAIT, [arrived, state[arrived]! | own])];
      }
      case WAIT:
        return state[part(0, ARRIVED)] === everybody ? [to(READ)] : [];
      case READ: {
        const staged = part(index, STAGED);
        if (state[staged] !== round) throw new Violation(`rank ${rank} reads ${state[staged]} in group ${round}`);
        return loop(READ, fault === 'mark before finished' ? MARK : FINISH, staged, round);
      }
      case FINISH: {
        const finished = part(0, FINISHED);
        const done = to(fault === 'mark before finished' ? TAKE : MARK, [finished, state[finished]! | own]);
        return [fault === 'mark before finished' ? leave(done, rank, round) : done];
      }
      default: {
        const marks = part(index, MARKS);
        const [next] = loop(MARK, fault === 'mark before finished' ? FINISH : TAKE, marks, state[marks]! | own);
        const isOver = index === ranks - 1 && fault !== 'mark before finished';
        return [isOver ? leave(next!, rank, round) : next!];
      }
    }
  }

  /** On to the next group; what was told of the one before this is forgotten: all have met here. */
  function leave(state: readonly number[], rank: number, round: number): number[] {
    return fields.change(state, rank, [
      [ROUND, round + 1],
      [TOLD + ((round + 1) % 2), 0],
    ]);
  }

  const initial = Array<number>(ranks * (TOLD + 2) + ranks * places * placeWords).fill(0);
  for (const rank of fields.all) {
    initial[rank * (TOLD + 2) + ROUND] = 1;
    for (let place = 0; place < places; place++) initial[wordOf(rank, place, MARKS)] = everybody;
  }
  return {
    initial,
    next: (state) => fields.all.flatMap((rank) => step(state, rank)),
    disturb: () => [],
    isEnd: (state) => fields.all.every((rank) => fields.get(state, rank, ROUND) > rounds),
  };
}
