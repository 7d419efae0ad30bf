/**
 * Send and receive at once: the exchange of a halo, or a shift along a ring.
 *
 * Source: MPI-4.1, section 3.10. Cost: see `send.ts`.
 */
import type { NumericBuffer, TypedArray } from '../types/buffers.js';
import type { MessageOperation } from './message-operation.js';
import type { MessageOptions, MessageSyncOptions, Received, Source, TagPattern } from './message-options.js';
import type { ReceivedClass } from './recv.js';

/** @see MPI-4.1 section 3.10 (MPI_Sendrecv) */
export const sendrecv: MessageOperation = { name: 'sendrecv', options: ['sendTag', 'recvTag', 'timeoutMs', 'signal'] };

/**
 * Options of {@link Sendrecv.sendrecv}.
 *
 * @example
 * const options: SendrecvOptions = { sendTag: 7, recvTag: 7 };
 * await collective.sendrecv(weights, (context.rank + 1) % context.size, Float32Array, anySource, options);
 */
export interface SendrecvOptions {
  /** The tag of what is sent; default 0. */
  readonly sendTag?: number | undefined;
  /** The tag of what is received, or `anyTag`; default 0. */
  readonly recvTag?: TagPattern | undefined;
}

/** The methods of the operation. */
export interface Sendrecv {
  /**
   * Send `buffer` to rank `dest`, and receive a message of rank `source` into `into`, in one call: however many ranks do
   * so in a ring, none waits for ever.
   *
   * It is a {@link Send.send} and a {@link Recv.recv} that are made together: shapes, ownership and errors are theirs. The
   * two buffers do not overlap.
   *
   * @returns What was received.
   * @example
   * const { rank, size } = context;
   * const [left, right] = [(rank + size - 1) % size, (rank + 1) % size];
   * await collective.sendrecv(edge, right, halo, left);
   * @see MPI-4.1 section 3.10 (MPI_Sendrecv)
   */
  sendrecv<T extends TypedArray>(
    buffer: NumericBuffer,
    dest: number,
    into: ReceivedClass<T>,
    source: Source,
    options?: SendrecvOptions & MessageOptions,
  ): Promise<Received<T>>;
  sendrecv<T extends NumericBuffer>(
    buffer: NumericBuffer,
    dest: number,
    into: T,
    source: Source,
    options?: SendrecvOptions & MessageOptions,
  ): Promise<Received<T>>;
  /** Blocking twin of {@link Sendrecv.sendrecv}. */
  sendrecvSync<T extends TypedArray>(
    buffer: NumericBuffer,
    dest: number,
    into: ReceivedClass<T>,
    source: Source,
    options?: SendrecvOptions & MessageSyncOptions,
  ): Received<T>;
  sendrecvSync<T extends NumericBuffer>(
    buffer: NumericBuffer,
    dest: number,
    into: T,
    source: Source,
    options?: SendrecvOptions & MessageSyncOptions,
  ): Received<T>;
}
