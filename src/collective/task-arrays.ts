/** The memory of `collective.empty`: what a task's arrays are made of, and which arrays are a task's. */
import { InvalidArgumentError, WindowExhaustedError } from '../errors.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../types/buffers.js';
import type { RankWindow } from '../window/rank-window.js';

/** The arrays of the task that runs on a rank. `poison` fills freed memory with 0xFF, so that a use after free shows. */
export interface TaskArrays {
  /** Whether an array lies in memory that `make` gives out. */
  holds(array: TypedArray): boolean;
  /** Whether it lies in an array that is not freed yet. */
  owns(array: TypedArray): boolean;
  /** Make an array of zeros. @throws {@link WindowExhaustedError} */
  make<T extends TypedArray | Float16ArrayLike>(
    arrayClass: TypedArrayClass<T>,
    count: number,
    requestedBytes: number,
  ): T;
  /** @throws {@link InvalidArgumentError} for anything but a whole array of `make`. */
  free(array: TypedArray, poison: boolean): void;
  /** Free all. */
  release(poison: boolean): void;
}

const notWhole = 'free: expected a whole array of collective.empty that was not freed yet';

/** Arrays inside the window: collectives on them copy nothing. */
export class WindowArrays implements TaskArrays {
  readonly #window: RankWindow;

  constructor(window: RankWindow) {
    this.#window = window;
  }

  holds(array: TypedArray): boolean {
    return this.#window.holds(array);
  }

  owns(array: TypedArray): boolean {
    return this.#window.arena.owns(array.byteOffset, array.byteLength);
  }

  make<T extends TypedArray | Float16ArrayLike>(
    arrayClass: TypedArrayClass<T>,
    count: number,
    requestedBytes: number,
  ): T {
    const address = this.#window.allocate(requestedBytes);
    if (address === undefined) {
      const { largestFreeBytes } = this.#window.arena;
      throw new WindowExhaustedError(
        `empty: ${requestedBytes} bytes do not fit this rank's part of the window, whose largest free range has ` +
          `${largestFreeBytes}; free arrays, launch with a larger window, or use an ordinary array`,
        { requestedBytes, largestFreeBytes },
      );
    }
    return new arrayClass(this.#window.node.handle.memory.buffer as unknown as SharedArrayBuffer, address, count);
  }

  free(array: TypedArray, poison: boolean): void {
    const address = this.#window.holds(array) ? array.byteOffset : -1;
    const freedBytes = this.#window.free(address);
    if (freedBytes === undefined) throw new InvalidArgumentError(notWhole);
    if (poison) this.#poison(address, freedBytes);
  }

  release(poison: boolean): void {
    const { arena } = this.#window;
    if (poison) for (const [address, { sizeBytes }] of arena.live()) this.#poison(address, sizeBytes);
    arena.reset();
  }

  #poison(address: number, length: number): void {
    this.#window.node.bytes.fill(0xff, address, address + length);
  }
}

/** Ordinary arrays, where ranks share no memory. */
export class OrdinaryArrays implements TaskArrays {
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
    const whole = this.#live.get(array.buffer);
    if (!whole || whole.byteLength !== array.byteLength) throw new InvalidArgumentError(notWhole);
    this.#live.delete(array.buffer);
    if (poison) new Uint8Array(array.buffer).fill(0xff);
  }

  release(poison: boolean): void {
    if (poison) for (const buffer of this.#live.keys()) new Uint8Array(buffer).fill(0xff);
    this.#live.clear();
  }
}
