/**
 * Which memory the calls in flight use. A few are compared one by one, which takes no memory; beyond them a look-up
 * costs the logarithm of their number.
 */
import type { TypedArray } from '../types/buffers.js';

/** Bytes of a buffer. */
export interface MemoryRange {
  readonly buffer: ArrayBufferLike;
  readonly start: number;
  readonly end: number;
}

/** The memory of arrays as they are now; those without bytes have none. */
export function rangesOf(arrays: readonly TypedArray[]): readonly MemoryRange[] {
  return arrays
    .filter(({ byteLength }) => byteLength > 0)
    .map(({ buffer, byteOffset, byteLength }) => ({ buffer, start: byteOffset, end: byteOffset + byteLength }));
}

/** Who uses memory. */
export interface MemoryUser {
  readonly ranges: readonly MemoryRange[];
}

interface Taken<User> {
  readonly range: MemoryRange;
  readonly user: User;
}

/** Users that are compared one by one. */
const fewUsers = 4;

/** Users of memory, of which no two use the same byte. */
export class BuffersInUse<User extends MemoryUser> {
  readonly #few: User[] = [];
  /** Of further users: by buffer, in the order of their addresses. */
  readonly #many = new Map<ArrayBufferLike, Taken<User>[]>();

  #users = 0;

  /** Nobody uses anything. */
  get isEmpty(): boolean {
    return this.#users === 0;
  }

  /** Who uses any byte of these ranges; undefined: nobody. */
  userOf(ranges: readonly MemoryRange[]): User | undefined {
    for (const user of this.#few) if (overlap(user.ranges, ranges)) return user;
    if (this.#many.size === 0) return undefined;
    for (const { buffer, start, end } of ranges) {
      const taken = this.#many.get(buffer);
      const next = taken?.[firstEndingAfter(taken, start)];
      if (next && next.range.start < end) return next.user;
    }
    return undefined;
  }

  /** Note that `user` uses its memory, which nobody else uses, until it gives it back. */
  take(user: User): void {
    this.#users++;
    if (this.#few.length < fewUsers) {
      this.#few.push(user);
      return;
    }
    for (const range of user.ranges) {
      const taken = this.#many.get(range.buffer) ?? [];
      const index = firstEndingAfter(taken, range.start);
      if (taken[index] && taken[index].range.start < range.end) continue; // `out` is the buffer itself
      taken.splice(index, 0, { range, user });
      this.#many.set(range.buffer, taken);
    }
  }

  /** The user has ended. */
  giveBack(user: User): void {
    this.#users--;
    const index = this.#few.indexOf(user);
    const last = index < 0 ? undefined : this.#few.pop();
    if (last === undefined) this.#giveBackRanges(user);
    else if (last !== user) this.#few[index] = last;
  }

  #giveBackRanges(user: User): void {
    for (const { buffer, start } of user.ranges) {
      const taken = this.#many.get(buffer);
      if (!taken) continue;
      const index = firstEndingAfter(taken, start);
      if (taken[index]?.user === user) taken.splice(index, 1);
      if (taken.length === 0) this.#many.delete(buffer);
    }
  }
}

/** Whether two users have a byte in common. */
export function overlap(some: readonly MemoryRange[], others: readonly MemoryRange[]): boolean {
  for (const a of some) {
    for (const b of others) if (a.buffer === b.buffer && a.start < b.end && b.start < a.end) return true;
  }
  return false;
}

function firstEndingAfter(taken: readonly { readonly range: MemoryRange }[], address: number): number {
  let [low, high] = [0, taken.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((taken[middle]?.range.end ?? 0) > address) high = middle;
    else low = middle + 1;
  }
  return low;
}
