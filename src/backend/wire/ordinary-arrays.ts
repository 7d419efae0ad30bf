/** Arrays of `collective.empty` where ranks share no memory. */
import { InvalidArgumentError, WindowExhaustedError } from '../../errors.js';
import type { TaskArrays } from '../../operands/task-arrays.js';
import { notWhole } from '../../operands/task-arrays.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../../types/buffers.js';

/** Ordinary arrays, where ranks share no memory. */
export class OrdinaryArrays implements TaskArrays {
  frees = 0;
  readonly #live = new Map<ArrayBufferLike, { readonly byteLength: number }>();
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
    let array: T;
    try {
      array = new arrayClass(new SharedArrayBuffer(requestedBytes), 0, count);
    } catch (cause) {
      throw new WindowExhaustedError(
        `empty: this process cannot allocate ${requestedBytes} bytes at once`,
        { requestedBytes, largestFreeBytes: 0 },
        { cause },
      );
    }
    this.#live.set(array.buffer, array);
    this.#known.add(array.buffer);
    return array;
  }

  free(array: TypedArray, poison: boolean): void {
    this.frees++;
    const whole = this.#live.get(array.buffer);
    if (!whole || whole.byteLength !== array.byteLength) throw new InvalidArgumentError(notWhole);
    this.#live.delete(array.buffer);
    if (poison) new Uint8Array(array.buffer).fill(0xff);
  }

  release(poison: boolean): void {
    this.frees++;
    if (poison) for (const buffer of this.#live.keys()) new Uint8Array(buffer).fill(0xff);
    this.#live.clear();
  }
}
