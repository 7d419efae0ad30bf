/**
 * The prepared forms of ordinary calls: one that is made again finds its own, and is not checked again.
 *
 * The key is the identity of the buffer and the values of the options. A call is kept as long as its buffer is, since
 * the map is weak. A loop over ever new buffers makes the map forget all of them now and then.
 */
import type { Operation } from '../operations/operation.js';
import type { Call } from './call.js';
import type { GivenOptions } from './call-options.js';

interface Known {
  readonly operation: Operation;
  readonly given: GivenOptions;
  readonly call: Call;
}

/** Calls of one buffer, which differ in their options or operation. */
const maxPerBuffer = 4;
const maxCalls = 1_024;

/** Owned by the collectives of one group. */
export class CallCache {
  #byBuffer = new WeakMap<object, Known[]>();
  /** Of operations that take no buffer. */
  readonly #withoutBuffer: Known[] = [];
  #count = 0;

  /** The call of this buffer that was given the same options. */
  find(operation: Operation, buffer: unknown, given: GivenOptions): Call | undefined {
    const known = operation.takes !== 'nothing' ? this.#byBuffer.get(buffer as object) : this.#withoutBuffer;
    if (known === undefined) return undefined;
    for (const each of known) if (each.operation === operation && each.given.equals(given)) return each.call;
    return undefined;
  }

  /** @param buffer - A typed array of fixed length, or undefined where the operation takes none. */
  add(operation: Operation, buffer: object | undefined, given: GivenOptions, call: Call): void {
    const known = buffer ? this.#listOf(buffer) : this.#withoutBuffer;
    if (known.length === maxPerBuffer) known.shift();
    known.push({ operation, given, call });
  }

  #listOf(buffer: object): Known[] {
    const there = this.#byBuffer.get(buffer);
    if (there) return there;
    if (++this.#count > maxCalls) {
      this.#byBuffer = new WeakMap();
      this.#count = 1;
    }
    const made: Known[] = [];
    this.#byBuffer.set(buffer, made);
    return made;
  }
}
