/**
 * Long byte arrays of a message travel behind it as they are: no packer copies them, and each arrives in memory of its
 * own.
 */
import { types } from 'node:util';
import type { Encoded } from './encoded.js';

/** An array of so many bytes, or more, is long. */
const longBytes = 64 * 1024;
/** The only key of what stands in a message for a long array; its value is the array's length. */
const mark = '\0bytes';

/** Where a long array belongs. */
export interface LongPlace {
  readonly holder: Record<string, unknown>;
  readonly key: string;
  readonly length: number;
}

/**
 * The message with a mark in the place of each long array; those are added to `taken`. What holds none stays the same
 * object.
 */
export function takeLong(value: unknown, taken: Uint8Array[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (types.isUint8Array(value)) {
    if (value.length < longBytes) return value;
    taken.push(value);
    return { [mark]: value.length };
  }
  let copy: Record<string, unknown> | undefined;
  for (const [key, each] of Object.entries(value)) {
    const kept = takeLong(each, taken);
    if (kept === each) continue;
    copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
    copy[key] = kept;
  }
  return copy ?? value;
}

/** The marks in a message that has come, in the order in which their arrays follow. */
export function placesOfLong(message: unknown, places: LongPlace[] = []): readonly LongPlace[] {
  if (typeof message !== 'object' || message === null || types.isUint8Array(message)) return places;
  const holder = message as Record<string, unknown>;
  for (const [key, each] of Object.entries(holder)) {
    const length = lengthOfMark(each);
    if (length === undefined) placesOfLong(each, places);
    else places.push({ holder, key, length });
  }
  return places;
}

function lengthOfMark(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, mark)) return undefined;
  const length = (value as Record<string, unknown>)[mark];
  return Number.isSafeInteger(length) && (length as number) >= longBytes ? (length as number) : undefined;
}

/**
 * The memory of a long array that fills it, to be moved to another thread. Undefined: a copy is as good, or others use
 * it too.
 */
export function movable(encoded: Encoded): readonly ArrayBuffer[] | undefined {
  if (typeof encoded === 'string') return undefined;
  const { buffer, byteLength } = encoded;
  if (byteLength < longBytes || byteLength !== buffer.byteLength || types.isSharedArrayBuffer(buffer)) return undefined;
  return [buffer];
}
