/**
 * Receive: a message from one other rank.
 *
 * Source: MPI-4.1, section 3.2.4. Cost: see `send.ts`.
 */
import type { NumericBuffer, TypedArray } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import type { MessageOperation } from './message-operation.js';
import type { MessageOptions, MessageSyncOptions, Received, Source, TagPattern } from './message-options.js';

/** @see MPI-4.1 section 3.2.4 (MPI_Recv) */
export const recv: MessageOperation = { name: 'recv', options: ['tag', 'dtype', 'timeoutMs', 'signal'] };

/**
 * Options of {@link Recv.recv}.
 *
 * @example
 * const options: RecvOptions = { tag: 7 };
 * void collective.send(weights, (context.rank + 1) % context.size, { tag: 7 });
 * const { data } = await collective.recv(Float32Array, anySource, options);
 */
export interface RecvOptions {
  /** The tag of the message, or `anyTag`; default 0. */
  readonly tag?: TagPattern | undefined;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/**
 * A class that `recv` makes an array of.
 *
 * @example
 * async function passOn<T extends TypedArray>(x: T, arrayClass: ReceivedClass<T>): Promise<T> {
 *   const { data } = await collective.sendrecv(x, (context.rank + 1) % context.size, arrayClass, anySource);
 *   return data;
 * }
 * const theirs = await passOn(weights, Float32Array);
 */
export type ReceivedClass<T extends TypedArray> = new (buffer: ArrayBuffer, byteOffset: number, length: number) => T;

/** The methods of the operation. */
export interface Recv {
  /**
   * Receive a message of rank `source` into `buffer`, or into a new array of a class.
   *
   * Shape: at most as many elements as `buffer` has, of its dtype; those behind them stay as they were. Order: the oldest
   * message that fits; with `anySource` the one that this rank has seen first. Ownership: `buffer` belongs to the call
   * until it ends. A call that is not awaited at once is the non-blocking form.
   *
   * @returns The buffer or the new array as `data`, with source, tag and count of the message.
   * @throws {@link InvalidArgumentError} on this rank alone; nothing is received and the group stays usable.
   * @throws {@link MessageTruncatedError} when the message is longer than the buffer. The message is lost; its sender
   * does not notice, and the group stays usable.
   * @throws {@link CollectiveMismatchError} when the message has another dtype: it is lost in the same way. Also when the
   * function of `source` has returned, and nothing of it is left to receive.
   * @throws {@link CollectiveTimeoutError} on every rank, with who waits for whom.
   * @example
   * if (context.rank > 0) await collective.send(weights, 0);
   * else for (let i = 1; i < context.size; i++) console.log(await collective.recv(Float32Array, anySource));
   * @see MPI-4.1 section 3.2.4 (MPI_Recv)
   */
  recv<T extends TypedArray>(
    arrayClass: ReceivedClass<T>,
    source: Source,
    options?: RecvOptions & MessageOptions,
  ): Promise<Received<T>>;
  recv<T extends NumericBuffer>(
    buffer: T,
    source: Source,
    options?: RecvOptions & MessageOptions,
  ): Promise<Received<T>>;
  /** Blocking twin of {@link Recv.recv}. */
  recvSync<T extends TypedArray>(
    arrayClass: ReceivedClass<T>,
    source: Source,
    options?: RecvOptions & MessageSyncOptions,
  ): Received<T>;
  recvSync<T extends NumericBuffer>(buffer: T, source: Source, options?: RecvOptions & MessageSyncOptions): Received<T>;
}
