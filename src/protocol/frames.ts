/** Frames on a stream: a length of 4 bytes, little-endian, then one message. Pure: no sockets. */
import type * as Msgpackr from 'msgpackr';
import * as pack from 'msgpackr/pack';
import { ProtocolError } from '../errors.js';
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
/** The longest frame that a length can say and one Buffer can hold. */
const longestFrameBytes = 2 ** 32 - 1;
/** Memory that a frame gets at first; more as its bytes come. */
const firstBytes = 64 * 1024;

/** Encode a message: plain data, with byte arrays. */
export function encodeFrame(message: object): Uint8Array {
  const body = packr.pack(message);
  if (body.length > longestFrameBytes) {
    throw new ProtocolError(`a message of ${body.length} bytes does not fit one frame`);
  }
  const frame = Buffer.allocUnsafe(lengthBytes + body.length);
  frame.writeUInt32LE(body.length);
  frame.set(body, lengthBytes);
  return frame;
}

/** Cuts a stream into messages. What it holds is at most twice what has come of the frame under way. */
export class FrameReader {
  /** Longest frame that is accepted; raised once the peer has shown who it is. */
  limitBytes: number;
  readonly #head = Buffer.alloc(lengthBytes);
  #body: Uint8Array = new Uint8Array(0);
  /** Bytes that have come of the length, and of the body. */
  #headBytes = 0;
  #bodyBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** A frame has begun and not ended. */
  get partial(): boolean {
    return this.#headBytes > 0;
  }

  /** Messages that `chunk` completes, in order. @throws {@link ProtocolError} for a frame that is too long or damaged. */
  *push(chunk: Uint8Array): Generator<unknown, void, void> {
    for (let at = 0; at < chunk.length;) {
      if (this.#headBytes < lengthBytes) {
        const part = chunk.subarray(at, at + lengthBytes - this.#headBytes);
        this.#head.set(part, this.#headBytes);
        this.#headBytes += part.length;
        at += part.length;
        if (this.#headBytes < lengthBytes) return;
      }
      const wanted = this.#head.readUInt32LE();
      if (wanted > this.limitBytes) {
        throw new ProtocolError(`a peer announced a frame of ${wanted} bytes; the limit is ${this.limitBytes}`);
      }
      const part = chunk.subarray(at, at + wanted - this.#bodyBytes);
      this.#append(part, wanted);
      at += part.length;
      if (this.#bodyBytes < wanted) return;
      const body = this.#body.subarray(0, wanted);
      this.#body = new Uint8Array(0);
      this.#headBytes = this.#bodyBytes = 0;
      yield decode(body);
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
