/** Arrays of `collective.empty` and `emptyShared` inside the window. */
import { assert } from '../../assert.js';
import { InvalidArgumentError, WindowExhaustedError } from '../../errors.js';
import type { Retained, SharedOffer, SharedPart, SharedRequest, TaskArrays } from '../../operands/task-arrays.js';
import { notOwned, notWhole } from '../../operands/task-arrays.js';
import type { Float16ArrayLike, TypedArray, TypedArrayClass } from '../../types/buffers.js';
import type { RankWindow } from './rank-window.js';

/** Arrays inside the window: collectives on them copy nothing. */
export class WindowArrays implements TaskArrays {
  frees = 0;
  readonly #window: RankWindow;
  /** By address: how often each array is retained. */
  readonly #retained = new Map<number, number>();

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

  retain(memory: TypedArray): Retained | undefined {
    if (!this.#window.holds(memory) || this.#window.shared.isHeld(memory)) return undefined;
    const address = this.#window.arena.startOf(memory.byteOffset, memory.byteLength);
    if (address === undefined) return undefined;
    this.#retained.set(address, 1 + (this.#retained.get(address) ?? 0));
    return address;
  }

  letGo(retained: Retained, poison: boolean): void {
    assert(typeof retained === 'number', 'an array of the window has an address');
    const left = (this.#retained.get(retained) ?? 1) - 1;
    if (left > 0) {
      this.#retained.set(retained, left);
      return;
    }
    this.frees++;
    this.#retained.delete(retained);
    const freedBytes = this.#window.free(retained);
    if (poison && freedBytes !== undefined) this.#fill(retained, freedBytes);
  }

  free(array: TypedArray, poison: boolean): void {
    this.frees++;
    const isInside = this.#window.holds(array);
    if (isInside && this.#retained.has(array.byteOffset)) throw new InvalidArgumentError(notOwned);
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
    if (kept.size === 0 && this.#retained.size === 0 && !poison) {
      arena.reset();
      return;
    }
    for (const [address, { sizeBytes }] of [...arena.live()]) {
      if (kept.has(address) || this.#retained.has(address)) continue;
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
