/**
 * The prepared forms of ordinary calls: one that is made again finds its own, and is not checked again.
 *
 * The key is the identity of the buffer and the values of the options. Of a list it is that of each of its arrays, in
 * their order, whichever list they come in. A call is kept as long as its buffer is, or the first array of its list, since
 * the map is weak. Of the lists that begin with an array, the last of each kind is kept. A loop over ever new buffers
 * makes the map forget all of them now and then.
 */
import type { Operation } from '../operations/operation.js';
import type { Call } from './call.js';
import type { GivenOptions } from './call-options.js';

interface Known {
  readonly operation: Operation;
  readonly given: GivenOptions;
  readonly call: Call;
  /** The arrays of a list; undefined: it was no list. */
  readonly elements: readonly unknown[] | undefined;
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

  /** The call of this buffer, or of a list of the same arrays, that was given the same options. */
  find(operation: Operation, buffer: unknown, given: GivenOptions): Call | undefined {
    const known = operation.takes !== 'nothing' ? this.#byBuffer.get(keyOf(buffer)) : this.#withoutBuffer;
    if (known === undefined) return undefined;
    for (const each of known) {
      if (each.operation !== operation || !each.given.equals(given)) continue;
      const { out } = each.given;
      if (Array.isArray(out) ? !hasElements(given.out, out) : given.out !== out) continue;
      // The key says all of a buffer that is no list.
      if (each.elements ? hasElements(buffer, each.elements) : !Array.isArray(buffer)) return each.call;
    }
    return undefined;
  }

  /**
   * @param buffer - A typed array of fixed length, a list of such, or undefined where the operation takes none. Lists, also
   * that of `out`, are nobody else's.
   */
  add(operation: Operation, buffer: object | undefined, given: GivenOptions, call: Call): void {
    const known = buffer ? this.#listOf(keyOf(buffer)) : this.#withoutBuffer;
    const elements: readonly unknown[] | undefined = Array.isArray(buffer) ? buffer : undefined;
    const isOfSameKind = (each: Known): boolean =>
      each.operation === operation && each.elements !== undefined && each.given.equals(given);
    const before = elements ? known.findIndex(isOfSameKind) : -1;
    if (before >= 0) known.splice(before, 1);
    else if (known.length === maxPerBuffer) known.shift();
    known.push({ operation, given, call, elements });
  }

  #listOf(key: object): Known[] {
    const there = this.#byBuffer.get(key);
    if (there) return there;
    if (++this.#count > maxCalls) {
      this.#byBuffer = new WeakMap();
      this.#count = 1;
    }
    const made: Known[] = [];
    this.#byBuffer.set(key, made);
    return made;
  }
}

function keyOf(buffer: unknown): object {
  return (Array.isArray(buffer) ? buffer[0] : buffer) as object;
}

/** Whether a list has those arrays now. Nothing else is believed of it. */
function hasElements(list: unknown, elements: readonly unknown[]): boolean {
  if (!Array.isArray(list) || list.length !== elements.length) return false;
  for (let i = 0; i < elements.length; i++) if (list[i] !== elements[i]) return false;
  return true;
}
