/**
 * Values between driver and task: copied, never shared.
 *
 * Encoded form: uint32 length of the head, the head, then the raw bytes of all typed arrays, each aligned to 8. The
 * head is the table of nodes in MessagePack, without any extension.
 */
import type * as Msgpackr from 'msgpackr';
import * as pack from 'msgpackr/pack';
import { ProtocolError } from '../errors.js';
import { NodeDecoder } from './decode-nodes.js';
import type { EncodeLimits } from './encode-nodes.js';
import { NodeEncoder } from './encode-nodes.js';
import { faultOf } from './scan-frame.js';
import { alignUp } from './value-nodes.js';

// The entry without native code; its own declarations do not resolve under nodenext.
const { Packr } = pack as unknown as typeof Msgpackr;
const packr = new Packr({ useRecords: false, copyBuffers: true });

const headerBytes = 4;

/**
 * Encode a value.
 *
 * @param path - How error messages call the value, such as `args`.
 * @param limits - Bounds, within which what cannot be copied is said in words; default: everything is copied or
 *   refused.
 * @throws {@link NotSerializableError} with the path of the first part that cannot be copied.
 */
export function encodeValue(value: unknown, path: string, limits?: EncodeLimits): Uint8Array {
  const encoder = new NodeEncoder(path, limits);
  encoder.encode(value);
  const head = packr.pack(encoder.table);
  const rawStart = alignUp(headerBytes + head.length);
  const encoded = new Uint8Array(rawStart + encoder.rawBytes);
  new DataView(encoded.buffer).setUint32(0, head.length, true);
  encoded.set(head, headerBytes);
  for (const { offset, bytes } of encoder.raws) encoded.set(bytes, rawStart + offset);
  return encoded;
}

/** Decode what `encodeValue` made. @throws {@link ProtocolError} when it is truncated or damaged. */
export function decodeValue(given: Uint8Array): unknown {
  // Of a Buffer, `slice` would be a view of memory that others use.
  const encoded = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  try {
    const headLength = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength).getUint32(0, true);
    const end = headerBytes + headLength;
    if (end > encoded.length) throw new RangeError(`the head says ${headLength} bytes, ${encoded.length} came`);
    const head = encoded.subarray(headerBytes, end);
    const fault = faultOf(head, Infinity);
    if (fault !== undefined) throw new TypeError(fault);
    return new NodeDecoder(packr.unpack(head), encoded.subarray(alignUp(end))).decode();
  } catch (cause) {
    throw new ProtocolError('a value between driver and task is truncated or damaged', {}, { cause });
  }
}
