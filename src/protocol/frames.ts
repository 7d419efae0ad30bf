/** Frames on a stream: a length of 4 bytes, little-endian, then one message. Pure: no sockets. */
import type * as Msgpackr from 'msgpackr';
import * as pack from 'msgpackr/pack';
import { ProtocolError } from '../errors.js';

// The entry without native code; its own declarations do not resolve under nodenext.
const { Packr } = pack as unknown as typeof Msgpackr;
const packr = new Packr({ useRecords: false, copyBuffers: true });

const lengthBytes = 4;
/** The longest frame that a length can say and one Buffer can hold. */
const longestBytes = 2 ** 32 - 1;

/** Encode a message: plain data, with byte arrays. */
export function encodeFrame(message: object): Uint8Array {
  const body = packr.pack(message);
  if (body.length > longestBytes) throw new ProtocolError(`a message of ${body.length} bytes does not fit one frame`);
  const frame = Buffer.allocUnsafe(lengthBytes + body.length);
  frame.writeUInt32LE(body.length);
  frame.set(body, lengthBytes);
  return frame;
}

/** Cuts a stream into messages. */
export class FrameReader {
  /** Longest frame that is accepted; raised once the peer has shown who it is. */
  limitBytes: number;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  /** Bytes of the frame under way, with its length; 0 while the length is not known. */
  #wanted = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** A frame has begun and not ended. */
  get partial(): boolean {
    return this.#buffered > 0;
  }

  /** Messages that `chunk` completes, in order. @throws {@link ProtocolError} for a frame that is too long or damaged. */
  *push(chunk: Uint8Array): Generator<unknown, void, void> {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    while (this.#buffered >= lengthBytes) {
      if (this.#wanted === 0) {
        const length = Buffer.from(this.#take(lengthBytes)).readUInt32LE();
        if (length > this.limitBytes) {
          throw new ProtocolError(`a peer announced a frame of ${length} bytes; the limit is ${this.limitBytes}`);
        }
        this.#wanted = length;
      }
      if (this.#buffered < this.#wanted) return;
      const body = this.#take(this.#wanted);
      this.#wanted = 0;
      yield decode(body);
    }
  }

  /** The next bytes, in memory of their own. */
  #take(sizeBytes: number): Uint8Array {
    const all = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const taken = new Uint8Array(all.subarray(0, sizeBytes));
    this.#chunks = all.length > sizeBytes ? [all.subarray(sizeBytes)] : [];
    this.#buffered -= sizeBytes;
    return taken;
  }
}

function decode(body: Uint8Array): unknown {
  try {
    return packr.unpack(body);
  } catch (cause) {
    throw new ProtocolError(`a peer sent a frame of ${body.length} bytes that is no message`, {}, { cause });
  }
}
