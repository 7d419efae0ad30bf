/** What a wire algorithm has to work with: one rank's messages of one call. */
import type { Block } from './endpoint.js';

/** An algorithm that yields while it waits; it is gone on with when something may have come. */
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
