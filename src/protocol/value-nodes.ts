/**
 * The table that a value is encoded as. Encoder and decoder walk it without recursion, so depth costs nothing. Every
 * object has one entry, so that cycles and shared references stay what they are.
 *
 * Entry 0 is the slot of the value itself; every further entry is a node: a tag and its slots. A slot is a string, a
 * finite or infinite number, NaN, true, false or null as it is. Otherwise it is `[n]` for node n, or one of the short
 * lists below. MessagePack of it has lists, texts, numbers and bytes alone: no extension and no map.
 */

/** What a slot holds. */
export type Slot = string | number | boolean | null | readonly number[];
/** A tag, then slots; of some tags bytes. */
export type ValueNode = (Slot | Uint8Array)[];

/** −0, which MessagePack has not. */
export const negativeZero: readonly number[] = [-1];
/** undefined, which MessagePack has not. */
export const nothing: readonly number[] = [-2];

/** First of two numbers among the slots of an array: the second is how many elements in a row are not there. */
export const holesMark = -3;

/** The first element of a node. */
export const Tag = {
  /** Keys and values in turn. */
  object: 0,
  array: 1,
  /** Keys and values in turn. */
  map: 2,
  set: 3,
  /** `'DOMException'` or null, then names and values of fields in turn. */
  error: 4,
  /** Milliseconds; NaN for an invalid one. */
  date: 5,
  /** Source and flags. */
  regExp: 6,
  /** Sign and hexadecimal digits. */
  bigint: 7,
  /** UTF-16 code units, little-endian: of a string with lone surrogates, which UTF-8 has not. */
  text: 8,
  /** Class, offset and length in bytes: of a typed array, DataView or ArrayBuffer, whose bytes lie beside the table. */
  raw: 9,
  /** Id of a value that lies with the worker. */
  reference: 10,
} as const;

/** Raw bytes start at multiples of this, so that any typed array can be made over them. */
const alignBytes = 8;

/** The next multiple of the alignment. */
export function alignUp(value: number): number {
  return Math.ceil(value / alignBytes) * alignBytes;
}
