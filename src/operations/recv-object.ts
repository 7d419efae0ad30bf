/**
 * Receive of a value of any kind: a message from one other rank.
 *
 * Source and cost: see `send-object.ts`.
 */
import type { MessageOperation } from './message-operation.js';
import type { MessageOptions, MessageSyncOptions, ReceivedObject, Source, TagPattern } from './message-options.js';

/** @see mpi4py `recv` in lower case; torch.distributed.recv_object_list */
export const recvObject: MessageOperation = { name: 'recvObject', options: ['tag', 'timeoutMs', 'signal'] };

/**
 * Options of {@link RecvObject.recvObject}.
 *
 * @example
 * const options: RecvObjectOptions = { tag: 7 };
 * void collective.sendObject({ loss }, (context.rank + 1) % context.size, { tag: 7 });
 * const { data } = await collective.recvObject<{ loss: number }>(anySource, options);
 */
export interface RecvObjectOptions {
  /** The tag of the message, or `anyTag`; default 0. */
  readonly tag?: TagPattern | undefined;
}

/** The methods of the operation. */
export interface RecvObject {
  /**
   * Receive a value that rank `source` has sent with {@link SendObject.sendObject}.
   *
   * Order and errors are those of {@link Recv.recv}; there is no truncation.
   *
   * @returns The value as `data`, with source and tag of the message.
   * @throws {@link CollectiveMismatchError} for a message of {@link Send.send}; it is lost, and the group stays usable.
   * So does `recv` for a message of `sendObject`.
   * @example
   * void collective.sendObject({ loss }, (context.rank + 1) % context.size);
   * const { data, source } = await collective.recvObject<{ loss: number }>(anySource);
   * @see mpi4py `recv` in lower case; torch.distributed.recv_object_list
   */
  recvObject<T = unknown>(source: Source, options?: RecvObjectOptions & MessageOptions): Promise<ReceivedObject<T>>;
  /** Blocking twin of {@link RecvObject.recvObject}. */
  recvObjectSync<T = unknown>(source: Source, options?: RecvObjectOptions & MessageSyncOptions): ReceivedObject<T>;
}
