/**
 * The lane of one sender and one receiver: docs/window-protocol.md, section "Messages". Rank 0 sends, rank 1 receives.
 *
 * Must never happen:
 * - a receiver takes what is not the next record, or not the chunk that it waits for;
 * - a receive counts although its sender has left and changed the array;
 * - both wait for ever.
 */
import type { Model } from './explore.js';
import { Violation, withSet } from './explore.js';

/** Which rule to leave out, to show that the model finds the fault. */
export type RingFault =
  | 'none'
  | 'stamp before the record'
  | 'next stamp is not cleared'
  | 'no room for the next stamp'
  | 'no look at head'
  | 'no look before sleep'
  | 'no notification';

/**
 * Records through a ring with room for four units; both sides sleep when they have nothing to do (M2, M3). Each other
 * record has two units. What it puts into the second looks like the stamp of the next record that begins there.
 */
export function ring(messages: number, fault: RingFault): Model {
  const room = 4;
  // Of each side: where it is, asleep, its doorbell, messages, units. Then `head`, and of the ring's units stamps and bytes.
  const [PC, ASLEEP, BELL, COUNT, UNITS, HEAD, STAMPS] = [0, 2, 4, 6, 8, 10, 11];
  const RECORDS = STAMPS + room;
  const [LOOK, CLEAR, MOVE, PUBLISH, NOTIFY, LIE_DOWN, CHECK, SLEEP, END, AHEAD] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const unitsOf = (message: number): number => 1 + (message % 2);
  const stampOf = (unit: number): number => unit + 1;

  function with_(state: readonly number[], ...changes: (readonly [number, number])[]): number[] {
    const next = [...state];
    for (const [word, value] of changes) next[word] = value;
    return next;
  }

  function step(state: readonly number[], side: number): number[][] {
    const [count, at] = [state[COUNT + side]!, state[UNITS + side]!];
    const units = unitsOf(count);
    const used = at - state[HEAD]! + units + (fault === 'no room for the next stamp' ? 0 : 1);
    const place = at % room;
    const isThere = state[STAMPS + place] === stampOf(at);
    const canGo = side === 0 ? used <= room || fault === 'no look at head' : isThere;
    const to = (pc: number, ...changes: (readonly [number, number])[]): number[][] => {
      return [with_(state, [PC + side, pc], ...changes)];
    };
    const stamp = [STAMPS + place, stampOf(at)] as const;
    const behind = (at + 1) % room;
    const record = [[RECORDS + place, count + 1] as const];
    if (units === 2) record.push([STAMPS + behind, stampOf(at + 1 + room)]);
    const moved = [[COUNT + side, count + 1] as const, [UNITS + side, at + units] as const];
    switch (state[PC + side]) {
      case LOOK:
        if (count === messages) return to(END);
        return to(canGo ? CLEAR : LIE_DOWN);
      case LIE_DOWN:
        return to(fault === 'no look before sleep' ? SLEEP : CHECK, [ASLEEP + side, 1]);
      case CLEAR:
        if (side === 1 || fault === 'next stamp is not cleared') return to(MOVE);
        return to(MOVE, [STAMPS + ((at + units) % room), 0]);
      case MOVE:
        if (side === 0) return fault === 'stamp before the record' ? to(PUBLISH, stamp) : to(PUBLISH, ...record);
        if (state[RECORDS + place] !== count + 1)
          throw new Violation(`record ${state[RECORDS + place]} is taken for ${count + 1}`);
        return to(PUBLISH);
      case PUBLISH:
        if (side === 1) return to(NOTIFY, [HEAD, at + units], ...moved);
        return fault === 'stamp before the record' ? to(AHEAD, ...record, ...moved) : to(AHEAD, stamp, ...moved);
      case AHEAD:
        return at - state[HEAD]! + 2 <= room ? to(NOTIFY, [STAMPS + behind, 0]) : to(NOTIFY);
      case NOTIFY:
        if (state[ASLEEP + 1 - side] === 0 || fault === 'no notification') return to(LOOK);
        return to(LOOK, [BELL + 1 - side, 1]);
      case CHECK:
        return canGo ? to(LOOK, [ASLEEP + side, 0]) : to(SLEEP);
      case SLEEP:
        return state[BELL + side] === 1 ? to(LOOK, [BELL + side, 0], [ASLEEP + side, 0]) : [];
      default:
        return [];
    }
  }

  return {
    initial: Array<number>(RECORDS + room).fill(0),
    next: (state) => [...step(state, 0), ...step(state, 1)],
    disturb: () => [],
    isEnd: (state) => state[PC] === END && state[PC + 1] === END,
  };
}

/** See {@link RingFault}. */
export type ChunkFault =
  | 'none'
  | 'number before the index is cleared'
  | 'index read before the number'
  | 'index before the bytes'
  | 'wanted before taken'
  | 'fills what was not taken';

/** Two long messages of plain arrays; the receiver takes the second first (M4, M5). */
export function chunks(total: number, fault: ChunkFault): Model {
  const slots = 2;
  // Sender: where it is, message, chunks filled, `taken` as read. Receiver: where it is, which of its two, chunk.
  const [S, MESSAGE, FILLED, SEEN, R, TURN, CHUNK] = [0, 1, 2, 3, 4, 5, 6];
  const [WANTED, TAKEN, DONE, NUMBERS] = [7, 8, 9, 11]; // DONE: of each message
  const [INDEXES, BYTES] = [NUMBERS + slots, NUMBERS + 2 * slots];
  const order = [2, 1];
  const bytesOf = (message: number, chunk: number): number => message * 16 + chunk + 1;

  function with_(state: readonly number[], ...changes: (readonly [number, number])[]): number[] {
    const next = [...state];
    for (const [word, value] of changes) next[word] = value;
    return next;
  }

  /** The words of a chunk in the order in which the sender stores them. */
  function stores(message: number, chunk: number): (readonly [number, number])[] {
    const slot = chunk % slots;
    const clear = [INDEXES + slot, 0] as const;
    const number = [NUMBERS + slot, message] as const;
    const bytes = [BYTES + slot, bytesOf(message, chunk)] as const;
    const index = [INDEXES + slot, chunk + 1] as const;
    if (fault === 'number before the index is cleared') return [number, clear, bytes, index];
    return fault === 'index before the bytes' ? [clear, number, index, bytes] : [clear, number, bytes, index];
  }

  function send(state: readonly number[]): number[][] {
    const pc = state[S]!;
    if (pc === 0) {
      const wanted = state[WANTED]!;
      const isOpen = wanted > 0 && state[DONE + wanted - 1] === 0;
      const current = state[MESSAGE]!;
      const next = isOpen ? wanted : [current, 1, 2].find((each) => each > 0 && state[DONE + each - 1] === 0);
      if (next === undefined) return [];
      // While there is nothing to fill it looks again and again.
      const isOver = next === current && state[FILLED]! >= (isOpen ? state[TAKEN]! : 0) + slots;
      if (isOver && fault !== 'fills what was not taken') return [];
      if (next === current && state[FILLED] === total) return [];
      return [
        with_(
          state,
          [S, isOpen ? 1 : 2],
          [SEEN, 0],
          ...(next === current ? [] : [[MESSAGE, next] as const, [FILLED, 0] as const]),
        ),
      ];
    }
    if (pc === 1) return [with_(state, [S, 2], [SEEN, state[TAKEN]!])];
    const [message, filled] = [state[MESSAGE]!, state[FILLED]!];
    if (pc === 2) {
      const mayFill = filled < state[SEEN]! + slots || fault === 'fills what was not taken';
      return [with_(state, [S, filled < total && mayFill ? 3 : 0])];
    }
    const store = stores(message, filled)[pc - 3]!;
    return [pc < 6 ? with_(state, store, [S, pc + 1]) : with_(state, store, [S, 2], [FILLED, filled + 1])];
  }

  function receive(state: readonly number[]): number[][] {
    const [pc, turn, chunk] = [state[R]!, state[TURN]!, state[CHUNK]!];
    const message = order[turn];
    if (message === undefined) return [];
    const slot = chunk % slots;
    const ask = [[WANTED, message] as const, [TAKEN, 0] as const];
    const [second, first] = fault === 'wanted before taken' ? [ask[1]!, ask[0]!] : [ask[0]!, ask[1]!];
    const isNumber = state[NUMBERS + slot] === message;
    const isIndex = state[INDEXES + slot] === chunk + 1;
    const [looksFirst, looksThen] =
      fault === 'index read before the number' ? [isIndex, isNumber] : [isNumber, isIndex];
    switch (pc) {
      case 0:
        return [with_(state, first, [R, 1])];
      case 1:
        return [with_(state, second, [R, 2])];
      case 2:
        return looksFirst ? [with_(state, [R, 3])] : [];
      case 3:
        return [with_(state, [R, looksThen ? 4 : 2])];
      case 4:
        if (state[BYTES + slot] !== bytesOf(message, chunk))
          throw new Violation('the bytes of another chunk are taken');
        return [with_(state, [R, 5], [CHUNK, chunk + 1])];
      case 5:
        return [with_(state, [TAKEN, chunk], [R, chunk === total ? 6 : 2])];
      default:
        return [with_(state, [DONE + message - 1, message], [TURN, turn + 1], [CHUNK, 0], [R, 0])];
    }
  }

  return {
    initial: Array<number>(BYTES + slots).fill(0),
    next: (state) => [...send(state), ...receive(state)],
    disturb: () => [],
    isEnd: (state) => state[TURN] === order.length,
  };
}

/** See {@link RingFault}. */
export type DirectFault = 'none' | 'no look at abort after the copy' | 'done before the copy';

/** A long message that is copied straight out of its sender's array, which leaves early or not (M4–M6). */
export function direct(fault: DirectFault): Model {
  // Sender: where it is. Receiver: where it is. Then done, abort, and the two halves of the array: 1 once changed.
  const [S, R, DONE, ABORT, HALF] = [0, 1, 2, 3, 4];
  const changed = HALF + 2; // one of the halves was copied after its sender had changed it
  return {
    initial: [0, 0, 0, 0, 0, 0, 0],
    next(state) {
      const successors: number[][] = [];
      const to = (word: number, value: number, ...set: number[]): void => {
        const next = withSet(state, ...set);
        next[word] = value;
        successors.push(next);
      };
      // The sender returns when it is told so, and its caller changes the array.
      if (state[S] === 0 && (state[DONE] === 1 || state[ABORT] === 1)) to(S, 1);
      if (state[S] === 1) to(S, 2, HALF);
      if (state[S] === 2) to(S, 3, HALF + 1);
      const half = state[R]!;
      if (half < 2) {
        const isEarly = fault === 'done before the copy' && half === 0;
        to(R, half + 1, ...(state[HALF + half] === 1 ? [changed] : []), ...(isEarly ? [DONE] : []));
      } else if (half === 2) {
        const looks = fault !== 'no look at abort after the copy';
        if (looks && state[ABORT] === 1) to(R, 4, DONE);
        else if (state[changed] === 1) throw new Violation('a receive counts that has copied a changed array');
        else to(R, 3, DONE);
      }
      return successors;
    },
    disturb: (state) => (state[S] === 0 ? [withSet(state, ABORT)] : []),
    isEnd: (state) => state[S] === 3 && state[R]! >= 3,
  };
}
