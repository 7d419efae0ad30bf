/** Arrays of `collective.empty` and `emptyShared` where ranks share no memory. */
import { assert } from '../../assert.js';
import { InvalidArgumentError, WindowExhaustedError } from '../../errors.js';
import type { Retained, SharedOffer, SharedPart, SharedRequest, TaskArrays } from '../../operands/task-arrays.js';
import { notOwned, notWhole } from '../../operands/task-arrays.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../../types/buffers.js';

/** Of a node-shared array: as many as a window could have; places in it travel as 32 bits. */
const maxSharedBytes = 2 ** 32;

/** Ordinary arrays, where ranks share no memory. */
export class OrdinaryArrays implements TaskArrays {
  frees = 0;
  readonly #live = new Map<ArrayBufferLike, { readonly byteLength: number }>();
  /** Node-shared arrays, of which each rank has a copy: the call that made them. */
  readonly #shared = new WeakMap<ArrayBufferLike, Omit<SharedPart, 'byteOffset'>>();
  /** How often each is retained. */
  readonly #retained = new Map<ArrayBufferLike, number>();
  readonly #known = new WeakSet<ArrayBufferLike>();

  holds(array: TypedArray): boolean {
    return this.#known.has(array.buffer);
  }

  owns(array: TypedArray): boolean {
    return this.#live.has(array.buffer);
  }

  make<T extends TypedArray | Float16ArrayLike>(
    arrayClass: TypedArrayClass<T>,
    count: number,
    requestedBytes: number,
  ): T {
    const buffer = allocate(requestedBytes);
    if (buffer instanceof Error) {
      throw new WindowExhaustedError(
        `empty: this process cannot allocate ${requestedBytes} bytes at once`,
        { requestedBytes, largestFreeBytes: 0 },
        { cause: buffer },
      );
    }
    return this.#keep(arrayClass, buffer, count);
  }

  /** Here every rank has a copy. */
  offer({ sizeBytes, group }: SharedRequest): SharedOffer {
    const buffer = sizeBytes < maxSharedBytes ? allocate(sizeBytes) : new RangeError('too long');
    return {
      address: 0,
      isMissing: buffer instanceof Error,
      largestFreeBytes: 0,
      take: (arrayClass, count, _address, number) => {
        assert(!(buffer instanceof Error), 'nothing is taken where anything is missing');
        this.#shared.set(buffer, { array: number, group });
        return this.#keep(arrayClass, buffer, count);
      },
      withdraw: () => undefined,
    };
  }

  sharedPlace({ buffer, byteOffset, byteLength }: TypedArray): SharedPart | undefined {
    const made = byteLength === 0 ? undefined : this.#shared.get(buffer);
    return made && { ...made, byteOffset };
  }

  retain({ buffer }: TypedArray): Retained | undefined {
    if (!this.#live.has(buffer)) return undefined;
    this.#retained.set(buffer, 1 + (this.#retained.get(buffer) ?? 0));
    return buffer;
  }

  letGo(retained: Retained, poison: boolean): void {
    assert(typeof retained !== 'number', 'an ordinary array has no address');
    const left = (this.#retained.get(retained) ?? 1) - 1;
    if (left > 0) {
      this.#retained.set(retained, left);
      return;
    }
    this.frees++;
    this.#retained.delete(retained);
    this.#live.delete(retained);
    if (poison) new Uint8Array(retained).fill(0xff);
  }

  free(array: TypedArray, poison: boolean): void {
    this.frees++;
    const whole = this.#live.get(array.buffer);
    if (!whole || whole.byteLength !== array.byteLength) throw new InvalidArgumentError(notWhole);
    if (this.#retained.has(array.buffer)) throw new InvalidArgumentError(notOwned);
    this.#live.delete(array.buffer);
    if (poison) new Uint8Array(array.buffer).fill(0xff);
  }

  release(poison: boolean): void {
    this.frees++;
    for (const buffer of [...this.#live.keys()]) {
      if (this.#retained.has(buffer)) continue;
      if (poison) new Uint8Array(buffer).fill(0xff);
      this.#live.delete(buffer);
    }
  }

  #keep<T extends TypedArray | Float16ArrayLike>(
    arrayClass: TypedArrayClass<T>,
    buffer: SharedArrayBuffer,
    count: number,
  ): T {
    const array = new arrayClass(buffer, 0, count);
    this.#live.set(array.buffer, array);
    this.#known.add(array.buffer);
    return array;
  }
}

/** Zeros, or why there are none. */
function allocate(sizeBytes: number): SharedArrayBuffer | Error {
  try {
    return new SharedArrayBuffer(sizeBytes);
  } catch (error) {
    return error as Error;
  }
}
