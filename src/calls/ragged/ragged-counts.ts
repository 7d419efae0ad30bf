/** What the ranks of a call whose blocks have any length say of them, and whether that fits together. */
import { counted } from '../../grammar.js';
import { CollectiveMismatchError, InvalidArgumentError } from '../../errors.js';
import { show } from '../../show.js';

/** Not said: the sender's count is taken; or: an array is made. */
export const unsaid = -1;

/** Numbers that a rank says: elements for each rank, elements of each rank, and the most that it has room for. */
export function wordsOf(size: number): number {
  return 2 * size + 1;
}

/** No array of the runtime has more. */
const mostElements = 2 ** 33;

/** A list of counts or displacements as it was given. @throws {@link InvalidArgumentError} */
export function readCounts(what: string, option: string, given: unknown, size: number): number[] {
  const isList = Array.isArray(given) || (ArrayBuffer.isView(given) && !(given instanceof DataView));
  const list: unknown[] = isList ? Array.from(given as unknown as ArrayLike<unknown>) : [];
  const wrong = list.find((each) => !Number.isInteger(each) || (each as number) < 0 || (each as number) > mostElements);
  if (isList && wrong === undefined && list.length === size) return list as number[];
  const received = isList && list.length !== size ? counted(list.length, 'number') : show(isList ? wrong : given);
  throw new InvalidArgumentError(
    `${what}: expected ${option} to be ${size} integers from 0 to 2 ** 33, one for each rank, received ${received}`,
    { option },
  );
}

/** Where blocks begin that lie one behind the other. */
export function startsOf(counts: readonly number[]): number[] {
  let start = 0;
  return counts.map((count) => {
    start += count;
    return start - count;
  });
}

/**
 * Check that blocks lie within an array.
 *
 * @param areApart - They are written: no two may share an element.
 * @throws {@link InvalidArgumentError}
 */
export function checkRanges(
  what: string,
  role: string,
  counts: readonly number[],
  starts: readonly number[],
  length: number,
  areApart: boolean,
): void {
  const ranges = counts.map((count, rank) => ({ rank, start: starts[rank] ?? 0, end: (starts[rank] ?? 0) + count }));
  const outside = ranges.find(({ start, end }) => end > start && end > length);
  if (outside) {
    throw new InvalidArgumentError(
      `${what}: expected the block of rank ${outside.rank} to lie within ${role}, which has ${counted(length, 'element')}; it ends ` +
        `at ${outside.end}`,
    );
  }
  if (!areApart) return;
  const used = ranges.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  const meeting = used.findIndex(({ start }, i) => i > 0 && start < (used[i - 1]?.end ?? 0));
  if (meeting < 0) return;
  throw new InvalidArgumentError(
    `${what}: expected blocks in ${role} to lie apart, but those of ranks ${used[meeting - 1]?.rank} and ` +
      `${used[meeting]?.rank} share elements`,
  );
}

/** What all ranks have said. */
export class SaidCounts {
  readonly #said: ArrayLike<number>;
  readonly #size: number;

  /** @param said - `wordsOf(size)` numbers of each rank. */
  constructor(said: ArrayLike<number>, size: number) {
    this.#said = said;
    this.#size = size;
  }

  /** Elements that each rank sends to each: those of rank s to rank t at s × size + t. */
  get sent(): number[] {
    const ranks = Array.from({ length: this.#size }, (_, rank) => rank);
    return ranks.flatMap((from) => ranks.map((to) => this.#word(from, to)));
  }

  /** Elements that a rank gets of each. */
  received(to: number): number[] {
    return Array.from({ length: this.#size }, (_, from) => this.#word(from, to));
  }

  /** Elements of the longest result among those for which an array is made. */
  get mostMade(): number {
    const ranks = Array.from({ length: this.#size }, (_, rank) => rank);
    const made = ranks.filter((rank) => this.#word(rank, 2 * this.#size) === unsaid);
    return Math.max(0, ...made.map((rank) => this.received(rank).reduce((sum, count) => sum + count, 0)));
  }

  /** @throws {@link CollectiveMismatchError}, on all ranks alike. */
  check(what: string): void {
    for (let to = 0; to < this.#size; to++) {
      const received = this.received(to);
      for (let from = 0; from < this.#size; from++) {
        const expected = this.#word(to, this.#size + from);
        if (expected === unsaid || expected === received[from]) continue;
        throw mismatch(
          what,
          `rank ${to} expects ${counted(expected, 'element')} of rank ${from}, which sends ${received[from]}`,
        );
      }
      const room = this.#word(to, 2 * this.#size);
      const total = received.reduce((sum, count) => sum + count, 0);
      if (room === unsaid || total <= room || this.#word(to, this.#size) !== unsaid) continue;
      throw mismatch(what, `rank ${to} has room for ${counted(room, 'element')} in out, and gets ${total}`);
    }
  }

  #word(rank: number, index: number): number {
    return this.#said[rank * wordsOf(this.#size) + index] ?? 0;
  }
}

function mismatch(what: string, text: string): CollectiveMismatchError {
  return new CollectiveMismatchError(
    `${what}: expected counts that agree on all ranks, but ${text}. Nothing was written`,
    { calls: [] },
  );
}
