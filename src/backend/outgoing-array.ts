/** A message under way to another rank, from the array that it is sent from. */
import type { InvalidArgumentError } from '../errors.js';
import type { TypedArray } from '../types/buffers.js';
import type { Outgoing } from './carrier.js';
import { lostBuffer } from './piece-bytes.js';

/** What messages through lanes and over the wire have in common. */
export class OutgoingArray implements Outgoing {
  isComplete = false;
  error: InvalidArgumentError | undefined;
  /** Of a long one: its number among those to its rank, from 1. */
  number = 0;
  readonly tag: number;
  readonly dtype: number;
  readonly array: TypedArray;
  readonly sizeBytes: number;

  constructor(tag: number, dtype: number, array: TypedArray) {
    this.tag = tag;
    this.dtype = dtype;
    this.array = array;
    this.sizeBytes = array.byteLength;
  }

  /** The array was detached or shrunk. */
  lose(): void {
    this.error = lostBuffer('send', this.array.byteLength);
    this.isComplete = true;
  }
}
