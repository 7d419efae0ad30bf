/** What message calls have in common: patterns, options, and what comes. */
import type { Dtype } from '../types/dtype.js';

/** Any rank, as the source of a receive or a probe. */
export const anySource: unique symbol = Symbol.for('shoal.anySource') as never;
/** Any tag, in a receive or a probe. */
export const anyTag: unique symbol = Symbol.for('shoal.anyTag') as never;

/** A rank, or any. */
export type Source = number | typeof anySource;
/** A tag, or any. */
export type TagPattern = number | typeof anyTag;

/** Options of every blocking message call. */
export interface MessageSyncOptions {
  /** Limit for the call in milliseconds, `null` for none; default: the pool's. */
  readonly timeoutMs?: number | null;
}
/** Options of every awaited message call. */
export interface MessageOptions extends MessageSyncOptions {
  /** Aborting it fails the group on every rank. */
  readonly signal?: AbortSignal;
}

/** A message that was received. */
export interface Received<T> {
  /** The buffer, or the array that was made. */
  readonly data: T;
  /** Rank that has sent it. */
  readonly source: number;
  readonly tag: number;
  /** Elements that it has. Those behind them in a longer buffer are as they were. */
  readonly count: number;
}

/** A value that was received. */
export interface ReceivedObject<T> {
  /** A copy of what was sent. */
  readonly data: T;
  /** Rank that has sent it. */
  readonly source: number;
  readonly tag: number;
}

/** A message that has come and was not received yet. */
export interface Probed {
  readonly source: number;
  readonly tag: number;
  /** `'object'`: a value, to be received with `recvObject`. */
  readonly dtype: Dtype | 'object';
  /** Elements; bytes of an encoded value. */
  readonly count: number;
}
