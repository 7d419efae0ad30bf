/** Messages over a socket. */
import type { Socket } from 'node:net';
import { ProtocolError } from '../errors.js';
import { encodeFrame, FrameReader } from './frames.js';

/** What a frame may hold besides the user's bytes. */
export const frameSlackBytes: number = 1024 * 1024;

/** A message that says what it is. */
export interface Message {
  readonly type: string;
}

/** What a connection tells its owner. */
interface Receiver<In extends Message> {
  message(message: In): void;
  /** The peer is gone, or what it sent is no message: then with the reason. Called once. */
  closed(error: Error | undefined): void;
}

/** One end. Whoever sends too much at once, or damaged frames, is cut off. */
export class Connection<In extends Message, Out extends Message> {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  #error: Error | undefined;

  constructor(socket: Socket, limitBytes: number, receiver: Receiver<In>) {
    this.#socket = socket;
    this.#reader = new FrameReader(limitBytes);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of this.#reader.push(chunk)) receiver.message(checked(message) as In);
      } catch (error) {
        this.#error ??= error instanceof Error ? error : new Error(String(error));
        socket.destroy();
      }
    });
    // A peer that is gone shows as the end of the stream; how the socket puts it adds nothing.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#reader.partial) this.#error ??= new ProtocolError('the stream ended inside a frame');
      receiver.closed(this.#error);
    });
  }

  /** The peer has shown who it is: longer frames are fine. */
  trust(limitBytes: number): void {
    this.#reader.limitBytes = limitBytes;
  }

  send(message: Out): void {
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(encodeFrame(message));
  }

  /** Whether the connection keeps the process alive. */
  keepAlive(active: boolean): void {
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
}

function checked(message: unknown): Message {
  if (typeof (message as Partial<Message> | null)?.type === 'string') return message as Message;
  throw new ProtocolError('a peer sent a message without a type');
}
