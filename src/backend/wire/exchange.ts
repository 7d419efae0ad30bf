/** What a wire operation has to work with: one rank's messages of one call. */
import type { Block } from './open-requests.js';

/** An operation that yields while it waits; it is gone on with when something may have come. */
export type Steps<T = void> = Generator<undefined, T, undefined>;

/** One rank in one call. What has no room or has not come yet is undefined or false: yield and ask again. */
export interface Exchange {
  readonly rank: number;
  readonly size: number;
  /** Memory that messages are sent from; it has one user. */
  allocate(sizeBytes: number): Block | undefined;
  release(block: Block): void;
  view(block: Block, offset?: number, sizeBytes?: number): Uint8Array;
  /** Send part of a block as the message `step` of this call to `dest`. */
  send(dest: number, step: number, block: Block, offset: number, sizeBytes: number): boolean;
  /** The message `step` from `source`, whole; the caller releases it. */
  take(source: number, step: number): Block | undefined;
  /** Whether everything that this rank has sent in this call is gone. */
  allSent(): boolean;
  /** The left fold over `sources` (addresses) in their order, of the call's dtype and op. */
  reduce(sources: readonly number[], target: number, count: number): void;
}

/** What a rank brings and gets, in blocks of `count` elements, copied piece by piece. */
export interface Vector {
  readonly count: number;
  /** Blocks that it gets. */
  readonly blocksOut: number;
  readonly itemBytes: number;
  /** Copy elements from `start` on out of the input, all blocks counted; false when they are gone. */
  read(start: number, target: Uint8Array): boolean;
  /** Copy elements from `start` on into the output, all blocks counted; false when it is gone. */
  write(start: number, source: Uint8Array): boolean;
}

/** What a rank has sent with its descriptor. */
export interface Payload {
  readonly block: Block;
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * The moving of an operation's bytes, once all ranks are known to agree. False when this rank's array was lost under
 * way.
 */
export interface WireAlgorithm {
  /** Payloads that came with the descriptors, in rank order. */
  small(exchange: Exchange, vector: Vector, payloads: readonly Payload[], root: number): Steps<boolean>;
  large(exchange: Exchange, vector: Vector, root: number): Steps<boolean>;
}

/** rank + 1, …, rank − 1: each rank begins with its successor, so that not all send to the same one first. */
export function others(rank: number, size: number): number[] {
  return Array.from({ length: size - 1 }, (_, i) => (rank + 1 + i) % size);
}

/** Wait until something is there. */
export function* wait<T>(attempt: () => T | undefined): Steps<T> {
  for (;;) {
    const value = attempt();
    if (value !== undefined) return value;
    yield;
  }
}

/** Wait until `condition` holds. */
export function* waitFor(condition: () => boolean): Steps {
  while (!condition()) yield;
}
