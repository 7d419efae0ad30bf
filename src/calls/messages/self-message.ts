/** A message of a rank to itself, which no carrier carries. */
import type { Incoming, Outgoing } from '../../backend/carrier.js';
import type { TypedArray } from '../../types/buffers.js';
import type { Send } from './send-request.js';

/** Its bytes are in the sender's array until they are received or kept. */
export class SelfMessage implements Incoming, Outgoing {
  readonly error = undefined;
  isComplete = false;
  readonly source: number;
  readonly tag: number;
  readonly dtype: number;
  readonly sizeBytes: number;
  readonly heldBytes: number;
  readonly #array: TypedArray;
  #kept: Uint8Array | undefined;

  /** @param isKept - It will be kept when nobody receives it at once. */
  constructor(source: number, { tag, dtype, operand }: Send, isKept: boolean) {
    this.heldBytes = isKept ? operand.array.byteLength : 0;
    this.source = source;
    this.tag = tag;
    this.dtype = dtype;
    this.sizeBytes = operand.array.byteLength;
    this.#array = operand.array;
  }

  take(target: TypedArray | undefined): 'complete' | 'lost' {
    this.isComplete = true;
    if (!target || this.sizeBytes === 0) return 'complete';
    const bytes = this.#kept ?? this.#bytes();
    if (!bytes || target.byteLength < this.sizeBytes) return 'lost';
    new Uint8Array(target.buffer, target.byteOffset, this.sizeBytes).set(bytes);
    return 'complete';
  }

  /** The send need not wait: copy the bytes. */
  keep(): void {
    this.#kept = this.#bytes()?.slice();
    this.isComplete = true;
  }

  #bytes(): Uint8Array | undefined {
    const { buffer, byteOffset, byteLength } = this.#array;
    return byteLength < this.sizeBytes ? undefined : new Uint8Array(buffer, byteOffset, this.sizeBytes);
  }
}
