/**
 * Node-shared arrays: each lies in the arena of one rank, the holder, and all ranks of its group use it.
 *
 * In the arena an array has a mark for each rank before it, with a guard between. A rank sets its own mark when it
 * frees the array; the holder uses the memory again when all marks are set. The holder's task may end first, with
 * others still reading. Then the memory stays until the holder has its next task, which is when all ranks of this one
 * have ended.
 */
import type { SharedPart, SharedRequest } from '../../operands/task-arrays.js';
import type { Allocator } from './allocator.js';
import { guardBytes } from './layout.js';
import type { NodeWindow } from './node-window.js';

const markBytes = 4;
const unitBytes = 64;
/** What guards hold. */
export const guardByte = 0xa6;

/** One that this rank may use, at the address that is its key. */
interface Usable {
  /** Of the call that made it. */
  readonly number: number;
  /** The group of that. */
  readonly group: number;
  readonly sizeBytes: number;
  /** Where this rank says that it is done with it. */
  readonly mark: number;
}

/** One in this rank's arena, at the address that is its key. */
interface Held {
  /** Of the allocation, which begins with the marks. */
  readonly block: number;
  readonly sizeBytes: number;
  readonly ranks: number;
}

/** Bytes before an array: the marks, and a guard. */
function headBytes(ranks: number): number {
  return Math.ceil((ranks * markBytes) / unitBytes) * unitBytes + guardBytes;
}

/** Those of one rank; owned by the thread that runs it. */
export class SharedArrays {
  readonly #node: NodeWindow;
  readonly #arena: Allocator;
  readonly #usable = new Map<number, Usable>();
  readonly #held = new Map<number, Held>();
  /** Held, of a task that has ended on this rank. */
  readonly #ended: Held[] = [];
  /** Fill freed memory with 0xFF. */
  #poisons = false;

  constructor(node: NodeWindow, arena: Allocator) {
    this.#node = node;
    this.#arena = arena;
  }

  /** Zeros for an array of a group of so many ranks, in this rank's arena; undefined when it has no room. */
  hold(sizeBytes: number, ranks: number): number | undefined {
    this.freeUnused();
    const { bytes } = this.#node;
    const head = headBytes(ranks);
    const block = this.#arena.allocate(head + sizeBytes);
    if (block === undefined) return undefined;
    const address = block + head;
    const end = address + sizeBytes;
    bytes.fill(0, block, end);
    bytes.fill(guardByte, address - guardBytes, address);
    bytes.fill(guardByte, end, end + guardBytes);
    this.#held.set(address, { block, sizeBytes, ranks });
    return address;
  }

  /** Give the memory of `hold` back, which no rank has come to use. */
  letGo(address: number): void {
    const held = this.#held.get(address);
    if (held) this.#arena.free(held.block);
    this.#held.delete(address);
  }

  /** Use an array that a rank holds. */
  use(address: number, number: number, { sizeBytes, rank, size, group }: Omit<SharedRequest, 'root'>): void {
    const mark = address - headBytes(size) + rank * markBytes;
    this.#usable.set(address, { number, group, sizeBytes, mark });
  }

  /** Whether an array lies in one that this rank may use. */
  owns({ byteOffset, byteLength }: ArrayBufferView): boolean {
    return this.#find(byteOffset, byteLength) !== undefined;
  }

  /** Whether an array lies in memory of this arena that is held for all ranks. */
  isHeld({ byteOffset, byteLength }: ArrayBufferView): boolean {
    for (const { block, sizeBytes, ranks } of this.#held.values()) {
      if (byteOffset < block + headBytes(ranks) + sizeBytes && block < byteOffset + Math.max(byteLength, 1))
        return true;
    }
    return false;
  }

  /** The part that lies at an address; undefined where there is no array of this rank's. */
  placeOf(address: number, sizeBytes: number): SharedPart | undefined {
    const found = this.#find(address, sizeBytes);
    return found && { array: found[1].number, byteOffset: address - found[0], group: found[1].group };
  }

  /** Free a whole array on this rank. Returns false for anything else, and what was found in place of a guard. */
  free({ byteOffset, byteLength }: ArrayBufferView, poison: boolean): { freed: boolean; damage: string | undefined } {
    const usable = this.#usable.get(byteOffset);
    if (usable?.sizeBytes !== byteLength) return { freed: false, damage: undefined };
    const damage = this.#damageOf(byteOffset, usable);
    this.#usable.delete(byteOffset);
    Atomics.store(this.#node.u32, usable.mark / 4, 1);
    this.#poisons = poison;
    this.freeUnused();
    return { freed: true, damage };
  }

  /** Use memory again that all ranks are done with. */
  freeUnused(): void {
    for (const [address, held] of this.#held) {
      if (!this.#isUnused(held)) continue;
      this.#held.delete(address);
      this.#give(held);
    }
  }

  /** This rank's task has ended. Returns the blocks that stay allocated. */
  end(poison: boolean): ReadonlySet<number> {
    this.#usable.clear();
    this.#ended.push(...this.#held.values());
    this.#held.clear();
    this.#poisons = poison;
    return new Set(this.#ended.map(({ block }) => block));
  }

  /** This rank has a task again: that before has ended on all its ranks. */
  begin(): void {
    for (const held of this.#ended.splice(0)) this.#give(held);
  }

  /** What was written to around the arrays that this rank uses. */
  damage(): string | undefined {
    for (const [address, usable] of this.#usable) {
      const damage = this.#damageOf(address, usable);
      if (damage !== undefined) return damage;
    }
    return undefined;
  }

  #find(address: number, sizeBytes: number): [address: number, array: Usable] | undefined {
    for (const [start, usable] of this.#usable) {
      if (address >= start && address + sizeBytes <= start + usable.sizeBytes) return [start, usable];
    }
    return undefined;
  }

  #isUnused({ block, ranks }: Held): boolean {
    for (let rank = 0; rank < ranks; rank++) {
      if (Atomics.load(this.#node.u32, (block + rank * markBytes) / 4) !== 1) return false;
    }
    return true;
  }

  #give({ block, sizeBytes, ranks }: Held): void {
    this.#arena.free(block);
    if (this.#poisons) this.#node.bytes.fill(0xff, block, block + headBytes(ranks) + sizeBytes);
  }

  #damageOf(address: number, { sizeBytes }: Usable): string | undefined {
    const isWhole = this.#isGuard(address - guardBytes) && this.#isGuard(address + sizeBytes);
    return isWhole ? undefined : `the bytes around a node-shared array of ${sizeBytes} bytes`;
  }

  #isGuard(address: number): boolean {
    const { bytes } = this.#node;
    for (let i = address; i < address + guardBytes; i++) if (bytes[i] !== guardByte) return false;
    return true;
  }
}
