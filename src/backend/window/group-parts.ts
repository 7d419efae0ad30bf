/**
 * What a rank's arena holds of the groups that a task has made: of each group the rank's *part*.
 *
 * A part has a mark for each member, the block of this rank's calls, and its staging. That of the first member also has
 * the group's slot. A member that has closed the group sets its mark in all parts, and touches none of them any more.
 * A part is used again when all its marks are set. A group that somebody never closes keeps its parts until the rank
 * has its next task.
 */
import { CallBlock } from './call-block.js';
import type { Staging } from './layout.js';
import { layoutNumbers as at, stagingBytes } from './layout.js';
import type { NodeWindow } from './node-window.js';

const markBytes = 4;
const blockBytes = Math.ceil(at.blockBytes / at.lineBytes) * at.lineBytes;
/** Up to so many members a group has small stagings: many groups may be open at a time. */
const fewMembers = 16;
const smallHalfBytes = 64 * 1024;

/** Where the parts lie: the arena of a rank. */
interface PartMemory {
  readonly node: NodeWindow;
  /** Memory that is kept while others may have the task; undefined when there is no room. So many bytes are zeros. */
  allocateForTask(sizeBytes: number, zeroBytes?: number): number | undefined;
  freeForTask(address: number): void;
}

/** Addresses within a part of a group of so many members; all members compute the same. */
class PartShape {
  readonly halfBytes: number;
  readonly block: number;
  readonly slot: number;
  readonly staging: number;
  readonly sizeBytes: number;

  constructor(size: number, hasSlot: boolean) {
    this.halfBytes = size > fewMembers ? stagingBytes : smallHalfBytes;
    this.slot = Math.ceil((size * markBytes) / at.lineBytes) * at.lineBytes;
    const slotBytes = hasSlot ? at.slotMembers + size * at.memberBytes : 0;
    this.block = this.slot + slotBytes;
    this.staging = this.block + blockBytes;
    this.sizeBytes = this.staging + 2 * this.halfBytes + at.scratchBytes;
  }
}

/** This rank's part of one group. */
export class GroupPart {
  readonly address: number;
  /** Memory that goes with it: lanes of the group's messages. */
  readonly others: number[] = [];
  readonly size: number;
  readonly #window: PartMemory;
  readonly #shape: PartShape;

  constructor(window: PartMemory, address: number, size: number, shape: PartShape) {
    this.#window = window;
    this.address = address;
    this.size = size;
    this.#shape = shape;
  }

  /** The block of this rank's calls. @param first - Address of the part of the group's first member. */
  makeBlock(first: number, rank: number): CallBlock {
    const { address, size } = this;
    const { block, slot, staging, halfBytes } = this.#shape;
    const places: Staging = { address: address + staging, halfBytes };
    return new CallBlock(this.#window.node, address + block, places, first + slot, rank, size);
  }

  /** Memory that is this group's until all members have closed it. */
  allocate(sizeBytes: number): number | undefined {
    const address = this.#window.allocateForTask(sizeBytes);
    if (address !== undefined) this.others.push(address);
    return address;
  }

  /** Whether all members have closed the group. */
  get isUnused(): boolean {
    const { u32 } = this.#window.node;
    for (let rank = 0; rank < this.size; rank++) {
      if (Atomics.load(u32, this.address / markBytes + rank) !== 1) return false;
    }
    return true;
  }
}

/** The parts of one rank; owned by the thread that runs it. */
export class GroupParts {
  readonly #window: PartMemory;
  /** That this rank has closed. */
  readonly #closed = new Set<GroupPart>();

  constructor(window: PartMemory) {
    this.#window = window;
  }

  /** Bytes of a part. */
  sizeBytes(size: number, isFirst: boolean): number {
    return new PartShape(size, isFirst).sizeBytes;
  }

  /** A part of zeros, but for its staging; undefined when the arena has no room. */
  make(size: number, isFirst: boolean): GroupPart | undefined {
    this.freeUnused();
    const shape = new PartShape(size, isFirst);
    const address = this.#window.allocateForTask(shape.sizeBytes, shape.staging);
    return address === undefined ? undefined : new GroupPart(this.#window, address, size, shape);
  }

  /** No rank has come to use it. */
  letGo(part: GroupPart): void {
    this.#window.freeForTask(part.address);
  }

  /** This rank has closed a group: say so in the parts of all its members. */
  close(part: GroupPart, rank: number, addresses: readonly number[]): void {
    const { u32 } = this.#window.node;
    this.#closed.add(part);
    for (const address of addresses) Atomics.store(u32, address / markBytes + rank, 1);
    this.freeUnused();
  }

  /** Use memory again that no member uses any more. */
  freeUnused(): void {
    for (const part of this.#closed) {
      if (!part.isUnused) continue;
      this.#closed.delete(part);
      this.#window.freeForTask(part.address);
      for (const address of part.others) this.#window.freeForTask(address);
    }
  }

  /** This rank's task has ended: what is left stays until it has its next. */
  endTask(): void {
    this.#closed.clear();
  }

  /** Whether an address that a member has told is one of a part in its arena. */
  isWithin(worldRank: number, address: number, size: number, isFirst: boolean): boolean {
    const { layout } = this.#window.node;
    const arena = layout.arena(worldRank);
    const end = address + new PartShape(size, isFirst).sizeBytes;
    return address % 64 === 0 && address >= arena && end <= arena + layout.arenaBytes;
  }
}
