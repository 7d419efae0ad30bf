/** The sending side of a lane. */
import type { MessageSize, Outgoing } from '../carrier.js';
import type { ArrayMemory } from '../../operands/array-memory.js';
import { OutgoingArray } from '../outgoing-array.js';
import type { TypedArray } from '../../types/buffers.js';
import type { LaneShape } from './lane.js';
import { chunkSlots, headBytes, laneAt, recordAt as at, recordBytes, recordKind, recordUnit } from './lane.js';
import { stampOf } from './lane.js';
import { copyIn } from './payload-copy.js';
import type { RankWindow } from './rank-window.js';

const highWord = 2 ** 32;

/** One message. */
class LaneMessage extends OutgoingArray {
  /** Of a long one of a plain array: chunks that were put into the lane. */
  chunks = 0;
}

/** Owned by the sender's channel. */
export class LaneSender {
  readonly #window: RankWindow;
  readonly #address: number;
  readonly #shape: LaneShape;
  readonly #wake: () => void;
  readonly #ringWord: number;
  /** Bytes that were put into the ring, modulo 2^32. */
  #tail = 0;
  /** As it was last read. */
  #head = 0;
  #lastNumber = 0;
  /** Not in the ring yet, oldest first. */
  readonly #queue: LaneMessage[] = [];
  /** Long ones in the ring, not received yet, oldest first. */
  readonly #open: LaneMessage[] = [];
  /** Their places among the words of the received. */
  readonly #places = new Set<number>();
  /** Whose chunks are in the lane. */
  #current: LaneMessage | undefined;

  /** @param wake - Notify the receiver, if it sleeps. */
  constructor(window: RankWindow, address: number, shape: LaneShape, wake: () => void) {
    this.#window = window;
    this.#address = address;
    this.#shape = shape;
    this.#wake = wake;
    this.#ringWord = (address + shape.ringAt) / 4;
  }

  /** Nothing is under way that this rank has to go on with. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#open.length === 0;
  }

  /** What waits for room in the lane, oldest first. */
  get waiting(): readonly MessageSize[] {
    return this.#queue;
  }

  /** Bytes of records that the receiver has not taken. */
  get untakenBytes(): number {
    return (this.#tail - Atomics.load(this.#window.node.u32, (this.#address + laneAt.head) / 4)) >>> 0;
  }

  send(tag: number, dtype: number, array: TypedArray): Outgoing {
    const message = new LaneMessage(tag, dtype, array);
    if (this.#queue.length > 0 || !this.#put(message)) this.#queue.push(message);
    return message;
  }

  /** Send a message that goes into the ring at once; false: it does not, and nothing was done. */
  sendShort(tag: number, dtype: number, memory: ArrayMemory): boolean {
    const { sizeBytes } = memory;
    if (!this.#isShort(memory.array, sizeBytes) || this.#queue.length > 0) return false;
    const bytes = recordBytes(sizeBytes);
    const place = this.#placeFor(bytes);
    if (place === undefined) return false;
    const { u32 } = this.#window.node;
    const word = this.#ringWord + (place >>> 2);
    u32[word + at.kind] = recordKind.short | (dtype << 8);
    u32[word + at.sizeLow] = sizeBytes;
    u32[word + at.tag] = tag;
    if (!copyIn(this.#window, word + headBytes / 4, memory)) return false;
    this.#publish(place, bytes);
    this.#wake();
    return true;
  }

  /** Go on. */
  step(): void {
    while (this.#queue[0] && this.#put(this.#queue[0])) this.#queue.shift();
    if (this.#open.length === 0) return;
    const { u32 } = this.#window.node;
    for (let i = 0; i < this.#open.length;) {
      const message = this.#open[i];
      if (message && (message.isComplete || Atomics.load(u32, this.#doneWord(message.number)) === message.number)) {
        message.isComplete = true;
        this.#open.splice(i, 1);
        this.#places.delete(message.number % this.#shape.longSlots);
      } else i++;
    }
    this.#stream();
  }

  /** It goes into the ring with its bytes. */
  #isShort(array: TypedArray, sizeBytes: number): boolean {
    const { windowBytes, eagerBytes } = this.#shape;
    return sizeBytes <= windowBytes || (sizeBytes <= eagerBytes && !this.#window.holds(array));
  }

  /** Put a message into the ring; false while there is no room. */
  #put(message: LaneMessage): boolean {
    const { array, sizeBytes, tag, dtype } = message;
    const isShort = this.#isShort(array, sizeBytes);
    if (array.byteLength < sizeBytes) {
      message.lose();
      return true;
    }
    if (!isShort && this.#open.length === this.#shape.longSlots) return false;
    const bytes = recordBytes(isShort ? sizeBytes : 0);
    const place = this.#placeFor(bytes);
    if (place === undefined) return false;
    const { u32 } = this.#window.node;
    const word = this.#ringWord + (place >>> 2);
    u32[word + at.sizeLow] = sizeBytes >>> 0;
    u32[word + at.tag] = tag;
    if (isShort) {
      u32[word + at.kind] = recordKind.short | (dtype << 8);
      if (sizeBytes > 0 && !this.#window.copy.stage(word * 4 + headBytes, array, 0, sizeBytes)) {
        message.lose(); // nothing was published
        return true;
      }
      message.isComplete = true;
    } else {
      message.number = this.#nextNumber();
      u32[word + at.kind] = recordKind.long | (dtype << 8);
      u32[word + at.sizeHigh] = Math.floor(sizeBytes / highWord);
      u32[word + at.number] = message.number;
      u32[word + at.address] = this.#window.holds(array) ? array.byteOffset : 0;
      this.#open.push(message);
    }
    this.#publish(place, bytes);
    this.#wake();
    return true;
  }

  /** Where a record of so many bytes goes in the ring; undefined while there is no room. */
  #placeFor(bytes: number): number | undefined {
    const { ringBytes } = this.#shape;
    const place = this.#tail % ringBytes;
    const toEnd = ringBytes - place;
    // The stamp of the record behind it is to be cleared.
    const wanted = (bytes <= toEnd ? bytes : toEnd + bytes) + recordUnit;
    if (ringBytes - ((this.#tail - this.#head) >>> 0) < wanted) {
      this.#head = Atomics.load(this.#window.node.u32, (this.#address + laneAt.head) / 4);
      const used = (this.#tail - this.#head) >>> 0;
      if (used > ringBytes || ringBytes - used < wanted) return undefined;
    }
    if (bytes <= toEnd) return place;
    this.#window.node.u32[this.#ringWord + (place >>> 2) + at.kind] = recordKind.skip;
    this.#publish(place, toEnd);
    return 0;
  }

  /** A record stands at a place: let the receiver see it. What stands behind it must not pass for a record. */
  #publish(place: number, bytes: number): void {
    const { u32 } = this.#window.node;
    const { ringBytes } = this.#shape;
    const next = this.#stampWord(place + bytes);
    if (u32[next] !== 0) u32[next] = 0;
    Atomics.store(u32, this.#stampWord(place), stampOf(this.#tail));
    this.#tail = (this.#tail + bytes) >>> 0;
    // The receiver has read that line, so that a store there takes long: do it before the next message, if it is short.
    const free = ringBytes - ((this.#tail - this.#head) >>> 0);
    if (free >= 2 * recordUnit) u32[this.#stampWord(place + bytes + recordUnit)] = 0;
  }

  #stampWord(place: number): number {
    return this.#ringWord + ((place % this.#shape.ringBytes) >>> 2) + at.stamp;
  }

  /** Put chunks of a plain array into the lane: of the message that is wanted, else of the oldest. */
  #stream(): void {
    const { u32 } = this.#window.node;
    const wanted = Atomics.load(u32, (this.#address + laneAt.wanted) / 4);
    let current = this.#open.find(({ number }) => number === wanted);
    if (current && this.#isInWindow(current)) current = undefined;
    const isWanted = current !== undefined;
    // Before anything is wanted the oldest goes ahead: its chunks wait in the lane.
    if (!current && this.#current && !this.#current.isComplete) current = this.#current;
    current ??= this.#open.find((message) => !this.#isInWindow(message));
    if (!current) return;
    if (current !== this.#current) {
      this.#current = current;
      current.chunks = 0;
    }
    const taken = isWanted ? Atomics.load(u32, (this.#address + laneAt.taken) / 4) : 0;
    this.#fill(current, taken);
  }

  #fill(message: LaneMessage, taken: number): void {
    const { u32 } = this.#window.node;
    const { chunkBytes } = this.#shape;
    const total = Math.ceil(message.sizeBytes / chunkBytes);
    while (message.chunks < total && message.chunks < taken + chunkSlots) {
      const slot = message.chunks % chunkSlots;
      const word = (this.#address + this.#shape.chunkHead(slot)) / 4;
      const offset = message.chunks * chunkBytes;
      const sizeBytes = Math.min(chunkBytes, message.sizeBytes - offset);
      Atomics.store(u32, word + 1, 0);
      Atomics.store(u32, word, message.number);
      if (!this.#window.copy.stage(this.#address + this.#shape.chunk(slot), message.array, offset, sizeBytes)) {
        message.lose();
        return;
      }
      message.chunks++;
      Atomics.store(u32, word + 1, message.chunks);
      this.#wake();
    }
  }

  #isInWindow({ array }: LaneMessage): boolean {
    return this.#window.holds(array);
  }

  #doneWord(number: number): number {
    return (this.#address + laneAt.done) / 4 + (number % this.#shape.longSlots);
  }

  /** Never 0. Its place among the words of the received is free, since so many are not open at a time. */
  #nextNumber(): number {
    do {
      this.#lastNumber = (this.#lastNumber + 1) >>> 0;
    } while (this.#lastNumber === 0 || this.#places.has(this.#lastNumber % this.#shape.longSlots));
    this.#places.add(this.#lastNumber % this.#shape.longSlots);
    return this.#lastNumber;
  }
}
