/**
 * Send: a message to one other rank.
 *
 * Source: MPI-4.1, section 3.2; lanes with one writer per word after Lamport, "Proving the Correctness of Multiprocess
 * Programs" (1977). Cost on one host: n bytes copied twice from plain arrays and up to 4 KiB, once from longer
 * arrays in the window.
 */
import type { NumericBuffer } from '../types/buffers.js';
import type { Dtype } from '../types/dtype.js';
import type { MessageOperation } from './message-operation.js';
import type { MessageOptions, MessageSyncOptions } from './message-options.js';

/** @see MPI-4.1 section 3.2 (MPI_Send) */
export const send: MessageOperation = { name: 'send', options: ['tag', 'dtype', 'timeoutMs', 'signal'] };

/**
 * Options of {@link Send.send}.
 *
 * @example
 * const options: SendOptions = { tag: 7 };
 * void collective.send(weights, (context.rank + 1) % context.size, options);
 * await collective.recv(Float32Array, anySource, { tag: 7 });
 */
export interface SendOptions {
  /** What the receiver may ask for, an integer from 0 to 2^31 − 1; default 0. */
  readonly tag?: number | undefined;
  /** Element type, where the array's class stands for several. */
  readonly dtype?: Dtype | undefined;
}

/** The methods of the operation. */
export interface Send {
  /**
   * Send the elements of `buffer` to rank `dest`, which receives them with {@link Recv.recv}.
   *
   * Not collective: two ranks take part. Order: messages of a rank to another with the same tag are received in the order
   * in which they were sent. Ownership: `buffer` may be read, and sent again, while the call is under way, and not
   * written. The call ends when the buffer is free again. With up to 8 KiB (4 KiB from the window) it ends at once. That
   * holds as long as the receiver has fewer than 1,024 messages (256 over MPI) and 1 MiB of this rank's to receive.
   * Otherwise it ends when the receiver has received it. A call that is not awaited at once is the non-blocking form.
   *
   * @throws {@link InvalidArgumentError} on this rank alone; nothing is sent and the group stays usable. `sendSync` to the
   * rank itself throws it too, when no receive waits for the message and it is too long to be kept.
   * @throws {@link WindowExhaustedError} when this rank's part of the window has no room for messages.
   * @throws {@link CollectiveMismatchError} when the function of `dest` has returned; the group stays usable.
   * @throws {@link CollectiveTimeoutError} on every rank, with who waits for whom.
   * @example
   * if (context.rank === 0) await collective.send(weights, 1, { tag: 7 });
   * else if (context.rank === 1) await collective.recv(weights, 0, { tag: 7 });
   * @see MPI-4.1 section 3.2 (MPI_Send)
   */
  send(buffer: NumericBuffer, dest: number, options?: SendOptions & MessageOptions): Promise<void>;
  /** Blocking twin of {@link Send.send}. */
  sendSync(buffer: NumericBuffer, dest: number, options?: SendOptions & MessageSyncOptions): void;
}
