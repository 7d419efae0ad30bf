/** Messages over the wire: one that goes, and those that come, with their bytes or announced. */
import type { TypedArray } from '../../types/buffers.js';
import type { Incoming } from '../carrier.js';
import { OutgoingArray } from '../outgoing-array.js';
import type { SendCount } from './open-requests.js';

/** One message to another rank. */
export class WireMessage extends OutgoingArray {
  /** Bytes that were given to the endpoint. */
  offset = 0;
  isWanted = false;
  readonly sends: SendCount = { open: 0 };

  bytes(offset: number, sizeBytes: number): Uint8Array | undefined {
    const { array } = this;
    if (array.byteLength >= offset + sizeBytes)
      return new Uint8Array(array.buffer, array.byteOffset + offset, sizeBytes);
    this.lose();
    return undefined;
  }
}

/** A message that came with its bytes. */
export class ShortMessage implements Incoming {
  readonly source: number;
  readonly tag: number;
  readonly dtype: number;
  readonly sizeBytes: number;
  readonly #bytes: Uint8Array;

  constructor(source: number, tag: number, dtype: number, bytes: Uint8Array) {
    this.source = source;
    this.tag = tag;
    this.dtype = dtype;
    this.sizeBytes = bytes.length;
    this.#bytes = bytes;
  }

  get heldBytes(): number {
    return this.sizeBytes;
  }

  take(target: TypedArray | undefined): 'complete' | 'lost' {
    if (!target || this.sizeBytes === 0) return 'complete';
    if (target.byteLength < this.sizeBytes) return 'lost';
    new Uint8Array(target.buffer, target.byteOffset, this.sizeBytes).set(this.#bytes);
    return 'complete';
  }
}

/** What goes on with a message that was announced. */
interface LongMessages {
  takeLong(message: LongMessage, target: TypedArray | undefined): 'pending' | 'complete' | 'lost';
}

/** A message that was announced. */
export class LongMessage implements Incoming {
  readonly source: number;
  readonly tag: number;
  readonly dtype: number;
  readonly sizeBytes: number;
  readonly heldBytes: number = 0;
  readonly number: number;
  hasAsked = false;
  /** Bytes that have come. */
  offset = 0;
  readonly #carrier: LongMessages;

  constructor(
    carrier: LongMessages,
    source: number,
    [tag, dtype, sizeBytes, number]: [number, number, number, number],
  ) {
    this.#carrier = carrier;
    this.source = source;
    this.tag = tag;
    this.dtype = dtype;
    this.sizeBytes = sizeBytes;
    this.number = number;
  }

  take(target: TypedArray | undefined): 'pending' | 'complete' | 'lost' {
    return this.#carrier.takeLong(this, target);
  }
}
