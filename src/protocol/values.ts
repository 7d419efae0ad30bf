/**
 * Values between driver and task: copied, never shared.
 *
 * Encoded form: uint32 length of the head, the head (msgpackr), then the raw bytes of all typed arrays, each
 * aligned to 8. Before packing, a walk refuses what has no value (functions, promises, symbols, weak
 * collections), naming its path, and replaces what msgpackr would change: −0, errors, large integers, arrays.
 */
import type * as Msgpackr from 'msgpackr';
import * as pack from 'msgpackr/pack';
import { ProtocolError } from '../errors.js';
import {
  alignUp,
  BigInteger,
  ErrorFields,
  NegativeZero,
  ObjectEntries,
  Preparation,
  RawBytes,
} from './prepare-value.js';
import { readEntries, readError, readRaw } from './read-value.js';

// The entry without native code; its own declarations do not resolve under nodenext.
const { Packr, addExtension } = pack as unknown as typeof Msgpackr;

/**
 * Raw bytes of the message that is being decoded; the extensions' `read` runs only inside `decodeValue`. Extensions are
 * global to msgpackr: with two loaded copies of this package one copy's are read by the other's, so this is shared too.
 */
const decoding: { raw: Uint8Array | undefined } = ((globalThis as Record<symbol, unknown>)[
  Symbol.for('shoal.values/1')
] ??= { raw: undefined }) as { raw: Uint8Array | undefined };

const packr = new Packr({ moreTypes: true, structuredClone: true, copyBuffers: true });
// Numbers that an application's own are unlikely to have.
addExtension({
  Class: RawBytes,
  type: 71,
  write: ({ kind, offset, sizeBytes }: RawBytes) => [kind, offset, sizeBytes],
  read: ([kind, offset, sizeBytes]: [string, number, number]) => readRaw(decoding.raw, kind, offset, sizeBytes),
});
addExtension({ Class: NegativeZero, type: 72, write: () => 0, read: () => -0 });
addExtension({
  Class: BigInteger,
  type: 73,
  write: ({ digits }: BigInteger) => digits,
  read: (digits: string) => BigInt(digits),
});
addExtension({
  Class: ErrorFields,
  type: 74,
  write: ({ fields }: ErrorFields) => fields,
  read: (fields: Record<string, unknown>) => readError(fields),
});

addExtension({
  Class: ObjectEntries,
  type: 75,
  write: ({ entries }: ObjectEntries) => entries,
  read: (entries: [string, unknown][]) => readEntries(entries),
});

const headerBytes = 4;

/**
 * Encode a value.
 *
 * @param path - How error messages call the value, such as `args`.
 * @throws {@link NotSerializableError} with the path of the first part that cannot be copied.
 */
export function encodeValue(value: unknown, path: string): Uint8Array {
  const writer = new Preparation();
  const prepared = writer.prepare(value, path);
  const head = packr.pack(prepared);
  const rawStart = alignUp(headerBytes + head.length);
  const encoded = new Uint8Array(rawStart + writer.rawBytes);
  new DataView(encoded.buffer).setUint32(0, head.length, true);
  encoded.set(head, headerBytes);
  for (const { offset, bytes } of writer.raws) encoded.set(bytes, rawStart + offset);
  return encoded;
}

/** Decode what `encodeValue` made. @throws {@link ProtocolError} when it is truncated or damaged. */
export function decodeValue(encoded: Uint8Array): unknown {
  const outer = decoding.raw;
  try {
    const headLength = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength).getUint32(0, true);
    const end = headerBytes + headLength;
    if (end > encoded.length) throw new RangeError(`the head says ${headLength} bytes, ${encoded.length} came`);
    decoding.raw = encoded.subarray(alignUp(end));
    return packr.unpack(encoded.subarray(headerBytes, end));
  } catch (cause) {
    throw new ProtocolError('a value between driver and task is truncated or damaged', {}, { cause });
  } finally {
    decoding.raw = outer;
  }
}
