/**
 * Frames on a stream. Each is the length of a message and that of what follows it, of 4 bytes each, little-endian; the
 * message; its long byte arrays. Pure: no sockets.
 */
import type * as Msgpackr from 'msgpackr';
import * as pack from 'msgpackr/pack';
import { ProtocolError } from '../errors.js';
import type { LongPlace } from './long-bytes.js';
import { placesOfLong, takeLong } from './long-bytes.js';
import { faultOf } from './scan-frame.js';

// The entry without native code; its own declarations do not resolve under nodenext.
const { Packr } = pack as unknown as typeof Msgpackr;
/** What is undefined is left out: it would be an extension, and none is accepted. */
const packr = new Packr({
  useRecords: false,
  copyBuffers: true,
  skipValues: [undefined],
  encodeUndefinedAsNil: true,
} as Msgpackr.Options);

const lengthBytes = 4;
const headBytes = 2 * lengthBytes;
/** The longest part of a frame that a length can say and one Buffer can hold. */
const longestPartBytes = 2 ** 32 - 1;
/** Memory that a message gets at first; more as its bytes come. */
const firstBytes = 64 * 1024;

/**
 * Encode a message: plain data, with byte arrays.
 *
 * @returns What is to be written, in order. Long arrays are those of the message: nobody may change them before they
 *   have left.
 */
export function encodeFrame(message: object): readonly Uint8Array[] {
  const long: Uint8Array[] = [];
  const body = packr.pack(takeLong(message, long));
  const longTotal = long.reduce((sum, { length }) => sum + length, 0);
  if (Math.max(body.length, longTotal) > longestPartBytes) {
    throw new ProtocolError(`a message of ${body.length + longTotal} bytes does not fit one frame`);
  }
  const frame = Buffer.allocUnsafe(headBytes + body.length);
  frame.writeUInt32LE(body.length, 0);
  frame.writeUInt32LE(longTotal, lengthBytes);
  frame.set(body, headBytes);
  return [frame, ...long];
}

/** A message whose long arrays have not come yet. */
interface Waiting {
  readonly message: unknown;
  readonly places: readonly LongPlace[];
  /** The place whose array comes now, the array, and how much of it has come. */
  index: number;
  array: Uint8Array;
  filled: number;
}

/**
 * Cuts a stream into messages. Of a message it holds at most twice what has come. A long array gets its room at once,
 * which the system fills with memory as its bytes come.
 */
export class FrameReader {
  /** Longest frame that is accepted; raised once the peer has shown who it is. */
  limitBytes: number;
  readonly #head = Buffer.alloc(headBytes);
  #body: Uint8Array = new Uint8Array(0);
  /** Bytes that have come of the head, and of the message. */
  #headBytes = 0;
  #bodyBytes = 0;
  #waiting: Waiting | undefined;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** A frame has begun and not ended. */
  get partial(): boolean {
    return this.#headBytes > 0;
  }

  /**
   * Messages that `chunk` completes, in order. @throws {@link ProtocolError} for a frame that is too long or damaged.
   */
  *push(chunk: Uint8Array): Generator<unknown, void, void> {
    for (let at = 0; at < chunk.length;) {
      const waiting = this.#waiting;
      if (waiting) {
        at += fill(waiting, chunk.subarray(at));
        if (waiting.index < waiting.places.length) return;
        this.#waiting = undefined;
        this.#headBytes = 0;
        yield waiting.message;
        continue;
      }
      if (this.#headBytes < headBytes) {
        const part = chunk.subarray(at, at + headBytes - this.#headBytes);
        this.#head.set(part, this.#headBytes);
        this.#headBytes += part.length;
        at += part.length;
        if (this.#headBytes < headBytes) return;
      }
      const [wanted, longTotal] = [this.#head.readUInt32LE(0), this.#head.readUInt32LE(lengthBytes)];
      if (wanted + longTotal > this.limitBytes) {
        throw new ProtocolError(
          `a peer announced a frame of ${wanted + longTotal} bytes; the limit is ${this.limitBytes}`,
        );
      }
      const part = chunk.subarray(at, at + wanted - this.#bodyBytes);
      this.#append(part, wanted);
      at += part.length;
      if (this.#bodyBytes < wanted) return;
      const message = decode(this.#body.subarray(0, wanted));
      this.#body = new Uint8Array(0);
      this.#bodyBytes = 0;
      if (longTotal > 0) {
        this.#waiting = waitingFor(message, longTotal);
        continue;
      }
      this.#headBytes = 0;
      yield message;
    }
  }

  /** Twice the room when there is none left: every byte is copied about twice, however it comes. */
  #append(part: Uint8Array, wanted: number): void {
    const needed = this.#bodyBytes + part.length;
    if (needed > this.#body.length) {
      const grown = new Uint8Array(Math.min(wanted, Math.max(needed, 2 * this.#body.length, firstBytes)));
      grown.set(this.#body.subarray(0, this.#bodyBytes));
      this.#body = grown;
    }
    this.#body.set(part, this.#bodyBytes);
    this.#bodyBytes = needed;
  }
}

/** @throws {@link ProtocolError} when the marks in the message are not of that many bytes. */
function waitingFor(message: unknown, longTotal: number): Waiting {
  const places = placesOfLong(message);
  const marked = places.reduce((sum, { length }) => sum + length, 0);
  if (marked !== longTotal) {
    throw new ProtocolError(`a peer sent a message with marks for ${marked} bytes, and announced ${longTotal}`);
  }
  return { message, places, index: 0, array: new Uint8Array(places[0]?.length ?? 0), filled: 0 };
}

/** Put what has come in its place; returns how much of it was taken. */
function fill(waiting: Waiting, chunk: Uint8Array): number {
  let at = 0;
  while (at < chunk.length) {
    const { array, filled, places, index } = waiting;
    const part = chunk.subarray(at, at + array.length - filled);
    array.set(part, filled);
    at += part.length;
    waiting.filled += part.length;
    if (waiting.filled < array.length) break;
    const place = places[index];
    if (place) place.holder[place.key] = array;
    waiting.index++;
    waiting.filled = 0;
    const next = places[waiting.index];
    if (!next) break;
    waiting.array = new Uint8Array(next.length);
  }
  return at;
}

function decode(body: Uint8Array): unknown {
  const fault = faultOf(body);
  if (fault !== undefined)
    throw new ProtocolError(`a peer sent a frame of ${body.length} bytes that is no message: ${fault}`);
  try {
    return packr.unpack(body);
  } catch (cause) {
    throw new ProtocolError(`a peer sent a frame of ${body.length} bytes that is no message`, {}, { cause });
  }
}
