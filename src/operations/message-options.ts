/** What message calls have in common: patterns, options, and what comes. */
import type { Dtype } from '../types/dtype.js';

/**
 * Any rank, as the source of a receive or a probe.
 *
 * @example
 * if (context.rank === 0) {
 *   const { data, source } = await collective.recv(Float32Array, anySource);
 * } else {
 *   await collective.send(weights, 0);
 * }
 */
export const anySource: unique symbol = Symbol.for('shoal.anySource') as never;
/**
 * Any tag, in a receive or a probe.
 *
 * @example
 * if (context.rank === 0) {
 *   const { tag } = await collective.recv(weights, 1, { tag: anyTag }); // 7
 * } else if (context.rank === 1) {
 *   await collective.send(weights, 0, { tag: 7 });
 * }
 */
export const anyTag: unique symbol = Symbol.for('shoal.anyTag') as never;

/**
 * A rank, or any.
 *
 * @example
 * const source: Source = context.rank === 0 ? anySource : 0;
 * if (context.rank === 0) await collective.recv(weights, source);
 * else if (context.rank === 1) await collective.send(weights, 0);
 */
export type Source = number | typeof anySource;
/**
 * A tag, or any.
 *
 * @example
 * const tag: TagPattern = anyTag;
 * if (context.rank === 0) await collective.recv(weights, 1, { tag });
 * else if (context.rank === 1) await collective.send(weights, 0, { tag: 7 });
 */
export type TagPattern = number | typeof anyTag;

/**
 * Options of every blocking message call.
 *
 * @example
 * const options: MessageSyncOptions = { timeoutMs: 10_000 };
 * if (context.rank === 0) collective.sendSync(weights, 1, options);
 * else if (context.rank === 1) collective.recvSync(weights, 0, options);
 */
export interface MessageSyncOptions {
  /** Limit for the call in milliseconds, `null` for none; default: the pool's. */
  readonly timeoutMs?: number | null | undefined;
}
/**
 * Options of every awaited message call.
 *
 * @example
 * const options: MessageOptions = { timeoutMs: 10_000, signal: context.signal };
 * if (context.rank === 0) await collective.send(weights, 1, options);
 * else if (context.rank === 1) await collective.recv(weights, 0, options);
 */
export interface MessageOptions extends MessageSyncOptions {
  /** Aborting it fails the group on every rank. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A message that was received.
 *
 * @example
 * const right = (context.rank + 1) % context.size;
 * const got: Received<Float32Array> = await collective.sendrecv(weights, right, Float32Array, anySource);
 * console.log(`${got.count} elements of rank ${got.source}`);
 */
export interface Received<T> {
  /** The buffer, or the array that was made. */
  readonly data: T;
  /** Rank that has sent it. */
  readonly source: number;
  /** Its tag. */
  readonly tag: number;
  /** Elements that it has. Those behind them in a longer buffer are as they were. */
  readonly count: number;
}

/**
 * A value that was received.
 *
 * @example
 * void collective.sendObject({ loss }, (context.rank + 1) % context.size);
 * const got: ReceivedObject<{ loss: number }> = await collective.recvObject(anySource);
 * console.log(`${got.data.loss} of rank ${got.source}`);
 */
export interface ReceivedObject<T> {
  /** A copy of what was sent. */
  readonly data: T;
  /** Rank that has sent it. */
  readonly source: number;
  /** Its tag. */
  readonly tag: number;
}

/**
 * What a receive gives in a grid where nobody is to receive from: beyond its border.
 *
 * @example
 * function cameIn<T>(got: Received<T> | NotReceived<T>): T | undefined {
 *   return got.source === undefined ? undefined : got.data;
 * }
 * const grid = (await collective.cart([context.size]))!;
 * const { source, dest } = grid.shift(0, 1);
 * console.log(cameIn(await grid.sendrecv(weights, dest, Float32Array, source)));
 */
export interface NotReceived<T> {
  /** The buffer as it was, or an empty array. */
  readonly data: T;
  /** There is none. */
  readonly source: undefined;
  /** There is none. */
  readonly tag: undefined;
  /** Elements that have come. */
  readonly count: 0;
}

/**
 * The same, of a value.
 *
 * @example
 * const { source, dest } = grid.shift(0, 1);
 * void grid.sendObject(loss, dest);
 * const got: ReceivedObject<number> | NotReceivedObject = await grid.recvObject<number>(source);
 * console.log(got.source === undefined ? 'nobody is there' : got.data);
 */
export interface NotReceivedObject {
  /** There is none. */
  readonly data: undefined;
  /** There is none. */
  readonly source: undefined;
  /** There is none. */
  readonly tag: undefined;
}

/**
 * A message that has come and was not received yet.
 *
 * @example
 * void collective.send(weights, (context.rank + 1) % context.size);
 * const next: Probed = await collective.probe(anySource);
 * const { data } = await collective.recv(new Float32Array(next.count), next.source);
 */
export interface Probed {
  /** Rank that has sent it. */
  readonly source: number;
  /** Its tag. */
  readonly tag: number;
  /** `'object'`: a value, to be received with `recvObject`. */
  readonly dtype: Dtype | 'object';
  /** Elements; bytes of an encoded value. */
  readonly count: number;
}
