/**
 * Values between driver and task, and between ranks: copied, never shared.
 *
 * Encoded form: uint32 length of the head, the head, then the raw bytes of all typed arrays, each aligned to 8. The
 * head is the table of nodes in MessagePack, without any extension.
 */
import type * as Msgpackr from 'msgpackr';
import * as pack from 'msgpackr/pack';
import { ProtocolError, ShoalError } from '../errors.js';
import { NodeDecoder } from './decode-nodes.js';
import type { StoreContent } from '../native/value-stores.js';
import type { DecodeOptions } from './decode-nodes.js';
import type { EncodeLimits, Refer } from './encode-nodes.js';
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
 * @param refer - Told of references; default: they are refused.
 * @throws {@link NotSerializableError} with the path of the first part that cannot be copied.
 */
export function encodeValue(value: unknown, path: string, limits?: EncodeLimits, refer?: Refer): Uint8Array {
  return encodeWith(new NodeEncoder(path, limits, refer), value);
}

/** The same of a value that goes to other ranks. @param call - The method, for errors. */
export function encodeForRanks(call: string, value: unknown, path: string): Uint8Array {
  return encodeWith(new NodeEncoder(path, undefined, undefined, { call: `${call}: `, between: 'ranks' }), value);
}

function encodeWith(encoder: NodeEncoder, value: unknown): Uint8Array {
  encoder.encode(value);
  const head = packr.pack(encoder.table);
  const rawStart = alignUp(headerBytes + head.length);
  const encoded = new Uint8Array(rawStart + encoder.rawBytes);
  new DataView(encoded.buffer).setUint32(0, head.length, true);
  encoded.set(head, headerBytes);
  for (const { offset, bytes } of encoder.raws) encoded.set(bytes, rawStart + offset);
  return encoded;
}

/** What `encodeValue` makes of a value, without a copy of its arrays. @throws {@link NotSerializableError} */
export function layOut(value: unknown, path: string): StoreContent {
  const encoder = new NodeEncoder(path);
  encoder.encode(value);
  const head = packr.pack(encoder.table);
  const rawStart = alignUp(headerBytes + head.length);
  const start = new Uint8Array(headerBytes + head.length);
  new DataView(start.buffer).setUint32(0, head.length, true);
  start.set(head, headerBytes);
  const raws = encoder.raws.map(({ offset, bytes }) => ({ offset: rawStart + offset, bytes }));
  return { sizeBytes: rawStart + encoder.rawBytes, parts: [{ offset: 0, bytes: start }, ...raws] };
}

/**
 * Decode what `encodeValue` made.
 *
 * @throws {@link ProtocolError} when it is truncated or damaged, and what `resolve` throws.
 */
export function decodeValue(given: Uint8Array, options: DecodeOptions = {}): unknown {
  // Of a Buffer, `slice` would be a view of memory that others use.
  const encoded = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  try {
    const headLength = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength).getUint32(0, true);
    const end = headerBytes + headLength;
    if (end > encoded.length) throw new RangeError(`the head says ${headLength} bytes, ${encoded.length} came`);
    const head = encoded.subarray(headerBytes, end);
    const fault = faultOf(head, Infinity);
    if (fault !== undefined) throw new TypeError(fault);
    return new NodeDecoder(packr.unpack(head), encoded.subarray(alignUp(end)), options).decode();
  } catch (cause) {
    // Of a reference that stands for nothing.
    if (cause instanceof ShoalError) throw cause;
    throw new ProtocolError('an encoded value is truncated or damaged', {}, { cause });
  }
}
