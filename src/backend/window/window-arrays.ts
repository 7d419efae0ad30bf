/** Arrays of `collective.empty` and `emptyShared` inside the window. */
import { InvalidArgumentError, WindowExhaustedError } from '../../errors.js';
import type { SharedOffer, SharedPart, SharedRequest, TaskArrays } from '../../operands/task-arrays.js';
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
    const { arena, shared } = this.#window;
    // Shared ones are of this rank's arena, or of another's: where they are, only they count.
    if (shared.owns(array)) return true;
    return arena.owns(array.byteOffset, array.byteLength) && !shared.isHeld(array);
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
          `${largestFreeBytes}. Free arrays, launch with a larger window, or use an ordinary array`,
        { requestedBytes, largestFreeBytes },
      );
    }
    return this.#view(arrayClass, address, count);
  }

  offer(request: SharedRequest): SharedOffer {
    const { sizeBytes, root, rank, size } = request;
    const { shared, arena } = this.#window;
    const held = rank === root ? shared.hold(sizeBytes, size) : 0;
    return {
      address: held ?? 0,
      isMissing: held === undefined,
      largestFreeBytes: held === undefined ? arena.largestFreeBytes : 0,
      take: (arrayClass, count, address, number) => {
        shared.use(address, number, request);
        return this.#view(arrayClass, address, count);
      },
      withdraw: () => {
        if (held !== undefined && held !== 0) shared.letGo(held);
      },
    };
  }

  sharedPlace(array: TypedArray): SharedPart | undefined {
    if (array.byteLength === 0 || !this.holds(array)) return undefined;
    return this.#window.shared.placeOf(array.byteOffset, array.byteLength);
  }

  free(array: TypedArray, poison: boolean): void {
    this.frees++;
    const isInside = this.#window.holds(array);
    if (isInside && this.#window.freeShared(array, poison)) return;
    const isOwn = isInside && !this.#window.shared.isHeld(array);
    const freedBytes = isOwn ? this.#window.free(array.byteOffset) : undefined;
    if (freedBytes === undefined) throw new InvalidArgumentError(notWhole);
    if (poison) this.#fill(array.byteOffset, freedBytes);
  }

  release(poison: boolean): void {
    this.frees++;
    const { arena } = this.#window;
    const kept = this.#window.endTask(poison);
    if (kept.size === 0 && !poison) {
      arena.reset();
      return;
    }
    for (const [address, { sizeBytes }] of [...arena.live()]) {
      if (kept.has(address)) continue;
      if (poison) this.#fill(address, sizeBytes);
      arena.free(address);
    }
  }

  #view<T extends TypedArray | Float16ArrayLike>(arrayClass: TypedArrayClass<T>, address: number, count: number): T {
    return new arrayClass(this.#window.node.handle.memory.buffer as unknown as SharedArrayBuffer, address, count);
  }

  #fill(address: number, length: number): void {
    this.#window.node.bytes.fill(0xff, address, address + length);
  }
}
