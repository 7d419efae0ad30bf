/**
 * What a rank announces of a call before any byte moves: 64 bytes and a name, the same over the window and over the
 * wire.
 */

/** Bytes of a call's name that travel. */
export const nameBytes = 64;

/** A descriptor, read back for errors. */
export interface Descriptor {
  readonly sequence: number;
  readonly state: number;
  readonly code: number;
  readonly operation: number;
  readonly dtype: number;
  readonly op: number;
  readonly root: number;
  readonly count: number;
  readonly name: string;
  /** Of a call on a list: its shape in words, which the ranks compare. */
  readonly list: string | undefined;
  /** Where its result goes, when that is a node-shared array. */
  readonly shared: SharedPlace | undefined;
}

/** A part of a node-shared array, as its ranks compare it. */
export interface SharedPlace {
  /** Number of the call that made the array. */
  readonly array: number;
  /** Where in the array the part begins. */
  readonly byteOffset: number;
}
