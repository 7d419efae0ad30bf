/**
 * The receiving side of a lane. What stands in the ring is read once and checked: user code may have written there, and
 * no number of it is to make this rank read outside the lane or the window.
 */
import { ProtocolError } from '../../errors.js';
import type { ArrayMemory } from '../../operands/array-memory.js';
import type { TypedArray } from '../../types/buffers.js';
import type { Incoming, Recipient } from '../carrier.js';
import type { LaneShape } from './lane.js';
import { chunkSlots, headBytes, laneAt, recordAt as at, recordBytes, recordKind, recordUnit, stampOf } from './lane.js';
import { copyOut } from './payload-copy.js';
import type { RankWindow } from './rank-window.js';

const highWord = 2 ** 32;

/** A message whose bytes stand in the ring, until they are taken or kept. */
class ShortMessage implements Incoming {
  readonly source: number;
  readonly tag: number;
  readonly dtype: number;
  readonly sizeBytes: number;
  readonly #window: RankWindow;
  readonly #address: number;
  #kept: Uint8Array | undefined;
  isTaken: boolean = false;

  constructor(window: RankWindow, address: number, source: number, tag: number, dtype: number, sizeBytes: number) {
    this.#window = window;
    this.#address = address;
    this.source = source;
    this.tag = tag;
    this.dtype = dtype;
    this.sizeBytes = sizeBytes;
  }

  get heldBytes(): number {
    return this.sizeBytes;
  }

  take(target: TypedArray | undefined): 'complete' | 'lost' {
    this.isTaken = true;
    if (!target || this.sizeBytes === 0) return 'complete';
    if (!this.#kept) return this.#window.copy.outOf(this.#address, target, 0, this.sizeBytes) ? 'complete' : 'lost';
    if (target.byteLength < this.sizeBytes) return 'lost';
    new Uint8Array(target.buffer, target.byteOffset, this.sizeBytes).set(this.#kept);
    return 'complete';
  }

  /** The ring is used again: copy the bytes. */
  keep(): void {
    this.#kept = this.#window.node.bytes.slice(this.#address, this.#address + this.sizeBytes);
  }
}

/** A message whose bytes are in an array of the sender's in the window, or come through the chunks of the lane. */
class LongMessage implements Incoming {
  readonly source: number;
  readonly tag: number;
  readonly dtype: number;
  readonly sizeBytes: number;
  readonly heldBytes: number = recordUnit;
  readonly number: number;
  /** 0: it comes through the chunks. */
  readonly address: number;
  readonly #lane: LaneReceiver;
  /** Chunks that were taken. */
  chunks = 0;

  constructor(
    lane: LaneReceiver,
    head: Pick<Incoming, 'source' | 'tag' | 'dtype' | 'sizeBytes'>,
    number: number,
    address: number,
  ) {
    this.#lane = lane;
    this.source = head.source;
    this.tag = head.tag;
    this.dtype = head.dtype;
    this.sizeBytes = head.sizeBytes;
    this.number = number;
    this.address = address;
  }

  take(target: TypedArray | undefined): 'pending' | 'complete' | 'lost' {
    return this.#lane.takeLong(this, target);
  }
}

/** Owned by the receiver's channel. */
export class LaneReceiver {
  readonly source: number;
  readonly #window: RankWindow;
  readonly #address: number;
  readonly #shape: LaneShape;
  readonly #wake: () => void;
  /** Bytes that were taken out of the ring, modulo 2^32. */
  #head = 0;
  /** The next record's first word, and its stamp. */
  #word: number;
  #stamp: number = stampOf(0);
  /** Long messages whose heads have come and that were not received. */
  #longs = 0;
  /** Whose chunks are taken. */
  #current: LongMessage | undefined;

  /** @param wake - Notify the sender, if it sleeps. */
  constructor(window: RankWindow, source: number, address: number, shape: LaneShape, wake: () => void) {
    this.#window = window;
    this.source = source;
    this.#address = address;
    this.#shape = shape;
    this.#wake = wake;
    this.#word = (address + shape.ringAt) / 4;
  }

  /** As many long messages as can be are open. */
  get isFull(): boolean {
    return this.#longs >= this.#shape.longSlots;
  }

  /** Deliver what has come, as long as there is room for it. */
  step(recipient: Recipient): void {
    if (!this.#hasNext()) return;
    let hasTaken = false;
    while (recipient.hasRoom(this.source) && this.#next(recipient)) hasTaken = true;
    if (hasTaken) this.#wake();
  }

  /**
   * Receive the next message when it is a short one with this tag and dtype, for which the array has room. Look for it
   * so many times.
   *
   * @returns Its bytes; -1: none has come, or another, which stays where it is. So does what is damaged: `step` tells.
   */
  takeShort(tag: number, dtype: number, memory: ArrayMemory, looks: number): number {
    const { u32 } = this.#window.node;
    const wanted = recordKind.short | (dtype << 8);
    for (let look = 0; look < looks; look++) {
      const word = this.#word;
      if (Atomics.load(u32, word + at.stamp) !== this.#stamp) continue;
      const sizeBytes = u32[word + at.sizeLow] ?? 0;
      if (u32[word + at.kind] !== wanted || u32[word + at.tag] !== tag) {
        if (u32[word + at.kind] !== recordKind.skip) return -1;
        this.#advance(this.#toEnd);
        continue;
      }
      if (sizeBytes > memory.sizeBytes) return -1;
      const bytes = this.#shortBytes(sizeBytes);
      if (bytes === 0 || !copyOut(this.#window, word + headBytes / 4, memory, sizeBytes)) return -1;
      this.#advance(bytes);
      this.#wake();
      return sizeBytes;
    }
    return -1;
  }

  /** The next message when it is a long one with this tag and dtype, of at most so many bytes. */
  takeNextLong(tag: number, dtype: number, roomBytes: number): LongMessage | undefined {
    const { u32 } = this.#window.node;
    const word = this.#word;
    if (Atomics.load(u32, word + at.stamp) !== this.#stamp || u32[word + at.tag] !== tag) return undefined;
    if (u32[word + at.kind] !== (recordKind.long | (dtype << 8))) return undefined;
    const message = this.#longAt(word, tag, dtype);
    if (!message || message.sizeBytes > roomBytes) return undefined;
    this.#longs++;
    this.#advance(recordUnit);
    return message;
  }

  /** Whether a record stands at the head. */
  #hasNext(): boolean {
    const stamp = Atomics.load(this.#window.node.u32, this.#word + at.stamp);
    if (stamp === 0) return false;
    if (stamp !== this.#stamp) throw damaged(this.source);
    return true;
  }

  /** Deliver one record; false when there is none. */
  #next(recipient: Recipient): boolean {
    if (!this.#hasNext()) return false;
    const { u32 } = this.#window.node;
    const word = this.#word;
    const kindAndDtype = u32[word + at.kind] ?? 0;
    const [kind, dtype] = [kindAndDtype & 0xff, kindAndDtype >>> 8];
    if (kind === recordKind.skip) {
      this.#advance(this.#toEnd);
      return true;
    }
    const sizeLow = u32[word + at.sizeLow] ?? 0;
    const tag = (u32[word + at.tag] ?? 0) | 0;
    if (kind === recordKind.short) {
      const bytes = this.#shortBytes(sizeLow);
      if (bytes === 0) throw damaged(this.source);
      const message = new ShortMessage(this.#window, word * 4 + headBytes, this.source, tag, dtype, sizeLow);
      recipient.deliver(message);
      if (!message.isTaken) message.keep();
      this.#advance(bytes);
    } else {
      const message = kind === recordKind.long ? this.#longAt(word, tag, dtype) : undefined;
      if (!message) throw damaged(this.source);
      this.#longs++;
      recipient.deliver(message);
      this.#advance(recordUnit);
    }
    return true;
  }

  /** The long message that a record tells of; undefined when there cannot be such a one. */
  #longAt(word: number, tag: number, dtype: number): LongMessage | undefined {
    const { u32, bytes } = this.#window.node;
    const sizeBytes = (u32[word + at.sizeLow] ?? 0) + (u32[word + at.sizeHigh] ?? 0) * highWord;
    const [number, address] = [u32[word + at.number] ?? 0, u32[word + at.address] ?? 0];
    if (number === 0 || address + sizeBytes > bytes.length) return undefined;
    return new LongMessage(this, { source: this.source, tag, dtype, sizeBytes }, number, address);
  }

  /** Bytes of the record of a short message; 0 when there cannot be such a one. */
  #shortBytes(sizeBytes: number): number {
    const bytes = recordBytes(sizeBytes);
    return sizeBytes > this.#shape.eagerBytes || bytes > this.#toEnd ? 0 : bytes;
  }

  /** Bytes from the head to the end of the ring. */
  get #toEnd(): number {
    return this.#shape.ringBytes - (this.#head % this.#shape.ringBytes);
  }

  #advance(bytes: number): void {
    this.#head = (this.#head + bytes) >>> 0;
    this.#word = (this.#address + this.#shape.ringAt + (this.#head % this.#shape.ringBytes)) / 4;
    this.#stamp = stampOf(this.#head);
    Atomics.store(this.#window.node.u32, (this.#address + laneAt.head) / 4, this.#head);
  }

  /** Go on with a long message. */
  takeLong(message: LongMessage, target: TypedArray | undefined): 'pending' | 'complete' | 'lost' {
    const { u32 } = this.#window.node;
    if (target && message.address !== 0) {
      if (!this.#window.copy.outOf(message.address, target, 0, message.sizeBytes)) return 'lost';
    } else if (target) {
      // The chunks of a lane are those of one message at a time.
      if (this.#current !== undefined && this.#current !== message) return 'pending';
      if (this.#current === undefined) {
        this.#current = message;
        Atomics.store(u32, (this.#address + laneAt.taken) / 4, 0);
        Atomics.store(u32, (this.#address + laneAt.wanted) / 4, message.number);
        this.#wake();
      }
      const status = this.#takeChunks(message, target);
      if (status !== 'complete') return status;
      this.#current = undefined;
    }
    this.#longs--;
    Atomics.store(u32, (this.#address + laneAt.done) / 4 + (message.number % this.#shape.longSlots), message.number);
    this.#wake();
    return 'complete';
  }

  #takeChunks(message: LongMessage, target: TypedArray): 'pending' | 'complete' | 'lost' {
    const { u32 } = this.#window.node;
    const { chunkBytes } = this.#shape;
    const total = Math.ceil(message.sizeBytes / chunkBytes);
    while (message.chunks < total) {
      const slot = message.chunks % chunkSlots;
      const word = (this.#address + this.#shape.chunkHead(slot)) / 4;
      // In this order: the sender clears the second word before it changes the first.
      if (Atomics.load(u32, word) !== message.number) return 'pending';
      if (Atomics.load(u32, word + 1) !== message.chunks + 1) return 'pending';
      const offset = message.chunks * chunkBytes;
      const sizeBytes = Math.min(chunkBytes, message.sizeBytes - offset);
      if (!this.#window.copy.outOf(this.#address + this.#shape.chunk(slot), target, offset, sizeBytes)) return 'lost';
      message.chunks++;
      Atomics.store(u32, (this.#address + laneAt.taken) / 4, message.chunks);
      this.#wake();
    }
    return 'complete';
  }
}

function damaged(source: number): ProtocolError {
  return new ProtocolError(
    `what rank ${source} has sent stands in memory that was overwritten. The usual slip is new Float32Array(x.buffer) ` +
      `for an array x of collective.empty: it views the whole window from byte 0`,
  );
}
