/** Memory that the awaited calls of a task use until their callers go on: no other call may start on it. */
import { InvalidArgumentError } from '../errors.js';
import type { MemoryRange, MemoryUser } from '../operands/buffers-in-use.js';
import { BuffersInUse, overlap, rangesOf } from '../operands/buffers-in-use.js';
import type { TypedArray } from '../types/buffers.js';

/** A call that uses memory. */
export interface BufferUser extends MemoryUser {
  /** The method, for errors. */
  readonly what: string;
}

/** Of the calls of all groups of a task. */
export class BufferUsers {
  /** Those that may write: no two use the same byte. */
  readonly #writers = new BuffersInUse<BufferUser>();
  /** Messages that are sent from memory: several may be from the same. */
  readonly #readers = new Set<BufferUser>();

  /** No awaited call uses any memory. */
  get isEmpty(): boolean {
    return this.#writers.isEmpty && this.#readers.size === 0;
  }

  /** Whether a call in flight uses any byte of these ranges. */
  areInUse(ranges: readonly MemoryRange[]): boolean {
    return !this.isEmpty && this.#userOf(ranges) !== undefined;
  }

  /** Whether a call in flight uses any byte of an array. */
  isInUse(array: TypedArray): boolean {
    return this.areInUse(rangesOf([array]));
  }

  /** @throws {@link InvalidArgumentError} when a call in flight uses a buffer. */
  assertFree(what: string, ranges: readonly MemoryRange[]): void {
    assertNoUser(what, this.#userOf(ranges));
  }

  /** @throws {@link InvalidArgumentError} when a call in flight may write a buffer. */
  assertReadable(what: string, ranges: readonly MemoryRange[]): void {
    assertNoUser(what, this.#writers.userOf(ranges));
  }

  /** The memory of a call, which nobody else uses, is its own until `giveBack`. */
  take(user: BufferUser): void {
    this.#writers.take(user);
  }

  giveBack(user: BufferUser): void {
    this.#writers.giveBack(user);
  }

  /** The same for a call that only reads. */
  takeToRead(user: BufferUser): void {
    this.#readers.add(user);
  }

  giveBackRead(user: BufferUser): void {
    this.#readers.delete(user);
  }

  #userOf(ranges: readonly MemoryRange[]): BufferUser | undefined {
    const user = this.#writers.userOf(ranges);
    if (user || this.#readers.size === 0) return user;
    for (const reader of this.#readers) if (overlap(reader.ranges, ranges)) return reader;
    return undefined;
  }
}

function assertNoUser(what: string, user: BufferUser | undefined): void {
  if (!user) return;
  throw new InvalidArgumentError(
    `${what}: the buffer is still in use by ${user.what} on the same rank; await that call first`,
  );
}
