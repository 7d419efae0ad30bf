/** Arrays of `collective.empty` inside the window. */
import { InvalidArgumentError, WindowExhaustedError } from '../../errors.js';
import type { TaskArrays } from '../../operands/task-arrays.js';
import { notWhole } from '../../operands/task-arrays.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../../types/buffers.js';
import type { RankWindow } from './rank-window.js';

/** Arrays inside the window: collectives on them copy nothing. */
export class WindowArrays implements TaskArrays {
  frees = 0;
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
    this.frees++;
    const address = this.#window.holds(array) ? array.byteOffset : -1;
    const freedBytes = this.#window.free(address);
    if (freedBytes === undefined) throw new InvalidArgumentError(notWhole);
    if (poison) this.#poison(address, freedBytes);
  }

  release(poison: boolean): void {
    this.frees++;
    const { arena } = this.#window;
    if (poison) for (const [address, { sizeBytes }] of arena.live()) this.#poison(address, sizeBytes);
    arena.reset();
  }

  #poison(address: number, length: number): void {
    this.#window.node.bytes.fill(0xff, address, address + length);
  }
}
