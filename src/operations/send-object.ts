/**
 * Send of a value of any kind: a message to one other rank.
 *
 * Source: see `send.ts`; the message is the encoded value. Cost: that of a message of as many bytes, beside encoding and
 * decoding.
 */
import type { MessageOperation } from './message-operation.js';
import type { MessageOptions, MessageSyncOptions } from './message-options.js';

/** @see mpi4py `send` in lower case; torch.distributed.send_object_list */
export const sendObject: MessageOperation = { name: 'sendObject', options: ['tag', 'timeoutMs', 'signal'] };

/**
 * Options of {@link SendObject.sendObject}.
 *
 * @example
 * const options: SendObjectOptions = { tag: 7 };
 * void collective.sendObject({ loss }, (context.rank + 1) % context.size, options);
 * await collective.recvObject(anySource, { tag: 7 });
 */
export interface SendObjectOptions {
  /** What the receiver may ask for, an integer from 0 to 2^31 − 1; default 0. */
  readonly tag?: number | undefined;
}

/** The methods of the operation. */
export interface SendObject {
  /**
   * Send a copy of a value to rank `dest`, which receives it with {@link RecvObject.recvObject}.
   *
   * What can be copied is what arguments of a task can be, of any size. The copy is made at once: the value may change
   * afterwards. When the call ends, its order among messages and its errors are those of {@link Send.send}.
   *
   * @throws {@link NotSerializableError} for a value with functions, promises or symbols; nothing is sent.
   * @example
   * if (context.rank === 0) await collective.sendObject({ step, words: ['a', 'b'] }, 1, { tag: 7 });
   * else if (context.rank === 1) console.log((await collective.recvObject(0, { tag: 7 })).data);
   * @see mpi4py `send` in lower case; torch.distributed.send_object_list
   */
  sendObject(value: unknown, dest: number, options?: SendObjectOptions & MessageOptions): Promise<void>;
  /** Blocking twin of {@link SendObject.sendObject}. */
  sendObjectSync(value: unknown, dest: number, options?: SendObjectOptions & MessageSyncOptions): void;
}
