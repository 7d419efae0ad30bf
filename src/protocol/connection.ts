/** Messages over a socket. */
import type { Socket } from 'node:net';
import { queueMicrotask } from '../clock.js';
import { ProtocolError } from '../errors.js';
import { encodeFrame, FrameReader } from './frames.js';
import type { Shapes } from './shape.js';
import { faultOfMessage } from './shape.js';

/** What a frame may hold besides the user's bytes. */
export const frameSlackBytes: number = 1024 * 1024;

/** Of the error where the peer has ended in the middle of a message. */
export const truncatedText = 'the stream ended inside a frame';

/** A message that says what it is. */
export interface Message {
  readonly type: string;
}

/** What a connection tells its owner. */
interface Receiver<In extends Message> {
  /**
   * It is of its shape. What this throws is an error of ours: it goes where uncaught ones go, the connection goes on.
   */
  message(message: In): void;
  /** The peer is gone, or what it sent is no message: then with the reason. Called once. */
  closed(error: Error | undefined): void;
  /** Some bytes have come, of whatever. */
  heard?(): void;
}

/** One end, after the greeting. Whoever sends too much at once, damaged frames or what is no message, is cut off. */
export class Connection<In extends Message, Out extends Message> {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #shapes: Shapes<In>;
  readonly #receiver: Receiver<In>;
  #error: Error | undefined;

  /** @param shapes - Of every message that may come. */
  constructor(socket: Socket, limitBytes: number, shapes: Shapes<In>, receiver: Receiver<In>) {
    this.#socket = socket;
    this.#reader = new FrameReader(limitBytes);
    this.#shapes = shapes;
    this.#receiver = receiver;
    socket.on('data', (chunk: Buffer) => {
      receiver.heard?.();
      try {
        this.#read(chunk);
      } catch (error) {
        this.#error ??= error as ProtocolError;
        socket.destroy();
      }
    });
    // A peer that is gone shows as the end of the stream; how the socket puts it adds nothing.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#reader.partial) this.#error ??= new ProtocolError(truncatedText);
      receiver.closed(this.#error);
    });
    // After a greeting it is paused.
    socket.resume();
  }

  /** The peer has shown who it is: longer frames are fine. */
  trust(limitBytes: number): void {
    this.#reader.limitBytes = limitBytes;
  }

  /** A message is on its way here, and has not come in whole. */
  get isReceiving(): boolean {
    return this.#reader.partial;
  }

  /** Bytes that the peer has not taken yet: they are in the memory of this process. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** @param left - Called when the message has left this process, or never will. */
  send(message: Out, left?: () => void): void {
    if (this.#socket.destroyed || !this.#socket.writable) {
      left?.();
      return;
    }
    const parts = encodeFrame(message);
    if (parts.length > 1) this.#socket.cork();
    for (const [i, part] of parts.entries()) this.#socket.write(part, i === parts.length - 1 ? left : undefined);
    if (parts.length > 1) this.#socket.uncork();
  }

  /** Whether the connection keeps the process alive. */
  keepAlive(active: boolean): void {
    // A socket without a handle would wait for one, with a listener more at each call.
    if (this.#socket.destroyed) return;
    if (active) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Close once what was sent has left. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** @throws {@link ProtocolError} for what the peer has done wrong, and for nothing else. */
  #read(chunk: Buffer): void {
    for (const message of this.#reader.push(chunk)) {
      const fault = faultOfMessage(message, this.#shapes);
      if (fault !== undefined) throw new ProtocolError(`a peer sent ${fault}`);
      try {
        this.#receiver.message(message as In);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
      // Whoever was cut off has nothing more to say.
      if (this.#socket.destroyed) return;
    }
  }
}
