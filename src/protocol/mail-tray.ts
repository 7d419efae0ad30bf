/**
 * A mailbox: memory that a node manager and the task thread of a worker of its node share. It has a tray for the task
 * that the worker is given, and one for its outcome; each holds one record.
 *
 * Whoever fills a tray writes the record first, and then its number. Whoever empties one copies the record out before
 * reading it: the other side may write at any time, and what it writes is not believed.
 */
import { ProtocolError } from '../errors.js';
import type { Encoded } from './encoded.js';

/** Bytes of a mailbox: a page of WebAssembly, so that it can be mapped between processes. */
export const mailboxBytes: number = 64 * 1024;
const trayBytes = mailboxBytes / 2;
/** Places of the words of a tray: number of the record, its bytes, and 1 while a notification is on its way. */
const [numberAt, lengthAt, rungAt] = [0, 1, 2];
/** A line of the processor. */
const headBytes = 64;
const lengthBytes = 4;

/** A record: text, and one value that may be bytes. */
export interface Mail {
  readonly text: string;
  /** Bytes of a value that are no part of the text. */
  readonly bytes: Uint8Array | undefined;
}

/** One of the two trays. One side fills it, the other empties it. */
export class MailTray {
  readonly #words: Int32Array;
  readonly #record: Buffer;

  constructor(memory: SharedArrayBuffer, offset: number) {
    this.#words = new Int32Array(memory, offset, headBytes / Int32Array.BYTES_PER_ELEMENT);
    this.#record = Buffer.from(memory, offset + headBytes, trayBytes - headBytes);
  }

  /** Number of the record that it holds; 0: none. */
  get number(): number {
    return Atomics.load(this.#words, numberAt);
  }

  /** Fill it. False: the record does not fit. */
  put(number: number, { text, bytes }: Mail): boolean {
    const record = this.#record;
    const textBytes = Buffer.byteLength(text);
    const length = lengthBytes + textBytes + (bytes?.length ?? 0);
    if (length > record.length) return false;
    record.writeUInt32LE(textBytes, 0);
    record.write(text, lengthBytes);
    if (bytes) record.set(bytes, lengthBytes + textBytes);
    this.#words[lengthAt] = length;
    Atomics.store(this.#words, numberAt, number);
    return true;
  }

  /** A copy of the record. @throws {@link ProtocolError} when its lengths do not fit. */
  read(): Mail {
    const length = Atomics.load(this.#words, lengthAt);
    if (length < lengthBytes || length > this.#record.length) {
      throw new ProtocolError(`a mailbox holds a record of ${length} bytes`);
    }
    const copy = Buffer.allocUnsafe(length);
    copy.set(this.#record.subarray(0, length));
    const end = lengthBytes + copy.readUInt32LE(0);
    if (end > length) throw new ProtocolError(`a mailbox holds a record whose text has more bytes than its ${length}`);
    const bytes = end < length ? new Uint8Array(copy.subarray(end)) : undefined;
    return { text: copy.toString('utf8', lengthBytes, end), bytes };
  }

  /** After `put`: whether the other side is to be notified; it may have been, and not have read yet. */
  notifies(): boolean {
    return Atomics.exchange(this.#words, rungAt, 1) === 0;
  }

  /** A notification has come: before the tray is read. */
  notified(): void {
    Atomics.store(this.#words, rungAt, 0);
  }
}

/** The two trays of the mailbox at an offset. */
export function mailTrays(memory: SharedArrayBuffer, offset = 0): { tasks: MailTray; outcomes: MailTray } {
  return { tasks: new MailTray(memory, offset), outcomes: new MailTray(memory, offset + trayBytes) };
}

/** What of an encoded value goes beside the text. */
export function besideText(value: Encoded): Uint8Array | undefined {
  return typeof value === 'string' ? undefined : value;
}
