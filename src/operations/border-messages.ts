/**
 * Messages in a grid: beyond its border is nobody, as `shift` says.
 *
 * Source: MPI-4.1, section 3.10 (MPI_PROC_NULL). Cost: none where nobody is.
 */
import type { NumericBuffer, TypedArray } from '../types/buffers.js';
import type { MessageOptions, MessageSyncOptions, NotReceived, Received, ReceivedObject } from './message-options.js';
import type { NotReceivedObject, Source } from './message-options.js';
import type { RecvObject, RecvObjectOptions } from './recv-object.js';
import type { ReceivedClass, Recv, RecvOptions } from './recv.js';
import type { SendObjectOptions } from './send-object.js';
import type { SendOptions } from './send.js';
import type { Sendrecv, SendrecvOptions } from './sendrecv.js';

/**
 * The message calls of a grid. A neighbour may be undefined: then nothing is sent, or nothing comes.
 *
 * @example
 * const messages: BorderMessages = grid;
 * const { source, dest } = grid.shift(0, 1);
 * await messages.sendrecv(edge, dest, halo, source);
 */
export interface BorderMessages extends Recv, RecvObject, Sendrecv {
  /**
   * As {@link Send.send}; where `dest` is undefined nothing is sent, and the call ends at once. `buffer` and options are
   * checked all the same.
   *
   * @example
   * const { source, dest } = grid.shift(0, 1);
   * void grid.send(edge, dest); // the last row of ranks sends nothing
   * await grid.recv(halo, source);
   * @see MPI-4.1 section 3.10 (MPI_PROC_NULL)
   */
  send(buffer: NumericBuffer, dest: number | undefined, options?: SendOptions & MessageOptions): Promise<void>;
  /** Blocking twin of {@link BorderMessages.send}. */
  sendSync(buffer: NumericBuffer, dest: number | undefined, options?: SendOptions & MessageSyncOptions): void;
  /**
   * As {@link SendObject.sendObject}; where `dest` is undefined nothing is sent, and the value is not looked at.
   *
   * @example
   * const { source, dest } = grid.shift(0, 1);
   * void grid.sendObject({ loss }, dest);
   * console.log((await grid.recvObject<{ loss: number }>(source)).data?.loss);
   */
  sendObject(value: unknown, dest: number | undefined, options?: SendObjectOptions & MessageOptions): Promise<void>;
  /** Blocking twin of {@link BorderMessages.sendObject}. */
  sendObjectSync(value: unknown, dest: number | undefined, options?: SendObjectOptions & MessageSyncOptions): void;
  /**
   * As {@link Recv.recv}; where `source` is undefined nothing comes: the call ends at once, and `buffer` stays as it is.
   *
   * @returns The buffer as `data`, or an empty array of the class, with a count of 0 and neither source nor tag.
   * @example
   * const { source, dest } = grid.shift(0, 1);
   * void grid.send(edge, dest);
   * const got = await grid.recv(halo, source);
   * if (got.source === undefined) halo.fill(0); // nobody is there
   * @see MPI-4.1 section 3.10 (MPI_PROC_NULL)
   */
  recv: Recv['recv'] & {
    <T extends TypedArray>(
      arrayClass: ReceivedClass<T>,
      source: Source | undefined,
      options?: RecvOptions & MessageOptions,
    ): Promise<Received<T> | NotReceived<T>>;
    <T extends NumericBuffer>(
      buffer: T,
      source: Source | undefined,
      options?: RecvOptions & MessageOptions,
    ): Promise<Received<T> | NotReceived<T>>;
  };
  /** Blocking twin of {@link BorderMessages.recv}. */
  recvSync: Recv['recvSync'] & {
    <T extends TypedArray>(
      arrayClass: ReceivedClass<T>,
      source: Source | undefined,
      options?: RecvOptions & MessageSyncOptions,
    ): Received<T> | NotReceived<T>;
    <T extends NumericBuffer>(
      buffer: T,
      source: Source | undefined,
      options?: RecvOptions & MessageSyncOptions,
    ): Received<T> | NotReceived<T>;
  };
  /**
   * As {@link RecvObject.recvObject}; where `source` is undefined nothing comes: neither data nor source nor tag.
   *
   * @example
   * const { source, dest } = grid.shift(0, 1);
   * void grid.sendObject({ loss }, dest);
   * const { data } = await grid.recvObject<{ loss: number }>(source);
   * console.log(data?.loss);
   */
  recvObject: RecvObject['recvObject'] &
    (<T = unknown>(
      source: Source | undefined,
      options?: RecvObjectOptions & MessageOptions,
    ) => Promise<ReceivedObject<T> | NotReceivedObject>);
  /** Blocking twin of {@link BorderMessages.recvObject}. */
  recvObjectSync: RecvObject['recvObjectSync'] &
    (<T = unknown>(
      source: Source | undefined,
      options?: RecvObjectOptions & MessageSyncOptions,
    ) => ReceivedObject<T> | NotReceivedObject);
  /**
   * As {@link Sendrecv.sendrecv}; where `dest` is undefined nothing is sent, where `source` is nothing comes.
   *
   * @returns What was received, as of {@link BorderMessages.recv}.
   * @example
   * const { source, dest } = grid.shift(0, 1);
   * await grid.sendrecv(edge, dest, halo, source); // at the border the halo stays as it is
   * @see MPI-4.1 section 3.10 (MPI_Sendrecv, MPI_PROC_NULL)
   */
  sendrecv: Sendrecv['sendrecv'] & {
    <T extends TypedArray>(
      buffer: NumericBuffer,
      dest: number | undefined,
      into: ReceivedClass<T>,
      source: Source | undefined,
      options?: SendrecvOptions & MessageOptions,
    ): Promise<Received<T> | NotReceived<T>>;
    <T extends NumericBuffer>(
      buffer: NumericBuffer,
      dest: number | undefined,
      into: T,
      source: Source | undefined,
      options?: SendrecvOptions & MessageOptions,
    ): Promise<Received<T> | NotReceived<T>>;
  };
  /** Blocking twin of {@link BorderMessages.sendrecv}. */
  sendrecvSync: Sendrecv['sendrecvSync'] & {
    <T extends TypedArray>(
      buffer: NumericBuffer,
      dest: number | undefined,
      into: ReceivedClass<T>,
      source: Source | undefined,
      options?: SendrecvOptions & MessageSyncOptions,
    ): Received<T> | NotReceived<T>;
    <T extends NumericBuffer>(
      buffer: NumericBuffer,
      dest: number | undefined,
      into: T,
      source: Source | undefined,
      options?: SendrecvOptions & MessageSyncOptions,
    ): Received<T> | NotReceived<T>;
  };
}
