/** What each rank contributes to the first step of every call over the wire: its descriptor, and a short payload. */
import type { ShoalError } from '../../errors.js';
import { errorNumber } from '../../errors.js';
import { readName } from '../../operations/call-name.js';
import type { Descriptor } from '../../operations/descriptor.js';
import { nameBytes } from '../../operations/descriptor.js';
import type { CallArguments } from '../call-arguments.js';

/** Longest payload that travels with its descriptor, in bytes. */
export const smallBytes = 4_096;
const nameOffset = 64;
const payloadOffset = 128;
const highWord = 2 ** 32;
/** As in the window's descriptors. */
const states = { arrived: 1, refused: 2 } as const;

/** A rank's descriptor message, read back. Agreement is of everything but rank and payload. */
export interface WireDescriptor {
  readonly rank: number;
  readonly descriptor: Descriptor;
  readonly refused: boolean;
  readonly nameLength: number;
  /** Bytes in all, and where the payload begins. */
  readonly sizeBytes: number;
  readonly payloadOffset: number;
}

/** Bytes of an each. */
export function descriptorBytes(payloadBytes: number): number {
  return payloadOffset + Math.ceil(payloadBytes / 64) * 64;
}

/** Encode a call; the payload is written behind by the caller, at {@link WireDescriptor.payloadOffset}. */
export function encodeDescriptor(
  { operation, dtype, op, root, count, name, shared }: CallArguments,
  rank: number,
  sequence: number,
  refusal: ShoalError | undefined,
  payloadBytes: number,
): Uint8Array {
  const bytes = new Uint8Array(descriptorBytes(payloadBytes));
  const state = refusal ? states.refused : states.arrived;
  const call = [state, refusal ? errorNumber(refusal) : 0, operation.number, dtype, op, root];
  const wide = [count, name.length, sequence].flatMap((value) => [value >>> 0, Math.floor(value / highWord)]);
  new Uint32Array(bytes.buffer).set([
    bytes.length,
    rank,
    ...call,
    ...wide,
    shared?.array ?? 0,
    shared?.byteOffset ?? 0,
  ]);
  bytes.set(name.bytes, nameOffset);
  return bytes;
}

/** Decode the message that `bytes` begin with. */
export function decodeDescriptor(bytes: Uint8Array): WireDescriptor {
  const words = new Uint32Array(bytes.slice(0, nameOffset).buffer);
  const word = (index: number): number => words[index] ?? 0;
  const wide = (index: number): number => word(index) + word(index + 1) * highWord;
  const nameLength = wide(10);
  return {
    rank: word(1),
    descriptor: {
      sequence: wide(12),
      state: word(2),
      code: word(3),
      operation: word(4),
      dtype: word(5),
      op: word(6),
      root: word(7),
      count: wide(8),
      ...readName(bytes.subarray(nameOffset, nameOffset + nameBytes), nameLength),
      shared: word(14) === 0 ? undefined : { array: word(14), byteOffset: word(15) },
    },
    refused: word(2) === states.refused,
    nameLength,
    sizeBytes: word(0),
    payloadOffset,
  };
}

/** Whether two calls are the same. */
export function agree(a: WireDescriptor, b: WireDescriptor): boolean {
  const [x, y] = [a.descriptor, b.descriptor];
  return (
    !a.refused &&
    !b.refused &&
    a.nameLength === b.nameLength &&
    x.shared?.array === y.shared?.array &&
    x.shared?.byteOffset === y.shared?.byteOffset &&
    (['sequence', 'operation', 'dtype', 'op', 'root', 'count', 'name', 'list'] as const).every(
      (field) => x[field] === y[field],
    )
  );
}
