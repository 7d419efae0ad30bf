/** Frames as bytes, for peers that a test plays. */
import { encodeFrame } from '../../src/protocol/frames.js';

/** The frame of a message. */
export const frameOf = (message: unknown): Buffer => Buffer.concat(encodeFrame(message as object));

/** The head of a frame: lengths of its message and of its long arrays. */
export function frameHead(bodyBytes: number, longBytes = 0): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(bodyBytes, 0);
  head.writeUInt32LE(longBytes, 4);
  return head;
}

/** A frame with these bytes in the place of a message. */
export const framed = (body: Uint8Array): Buffer => Buffer.concat([frameHead(body.length), body]);
