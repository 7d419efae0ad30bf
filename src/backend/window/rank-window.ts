/** One rank's side of the node window: its kernel instance, its blocks, its arena. */
import type { OsAddon } from '../../native/os.js';
import type { KernelExports } from '../../kernels/wasm-module.js';
import { instantiateKernels } from '../../kernels/wasm-module.js';
import { Allocator } from './allocator.js';
import type { ByteCopy } from './byte-copy.js';
import { AddonCopy, SetCopy, WindowCopy } from './byte-copy.js';
import { CallBlock } from './call-block.js';
import { GroupParts } from './group-parts.js';
import { faultBytes, groupStagingBytes, guardBytes, maxGroups, stagingBytes } from './layout.js';
import type { NodeWindow } from './node-window.js';
import { guardByte, SharedArrays } from './shared-arrays.js';

/** Owned by the thread that runs the rank; nothing of it may be used from another. */
export class RankWindow {
  readonly node: NodeWindow;
  /** Rank within the host. */
  readonly rank: number;
  readonly kernels: KernelExports;
  readonly arena: Allocator;
  readonly shared: SharedArrays;
  readonly groups: GroupParts;
  /** Wakes a rank of this host. */
  readonly notify: (rank: number) => void;
  /** Between the window and arrays, in it or outside. */
  readonly copy: ByteCopy;
  readonly #buffer: ArrayBufferLike;
  readonly #freeBlocks: number[];
  #ownStagingUsed = false;
  /** Memory that other ranks read until all have ended the task of this rank, and that of the task before. */
  readonly #forTask = new Set<number>();
  readonly #ofEnded = new Set<number>();
  /** A guard that was broken when its array was freed. */
  #brokenGuard: string | undefined;

  /** @param os - The addon, where it is there. */
  constructor(node: NodeWindow, rank: number, notify: (rank: number) => void = (to) => node.notify(to), os?: OsAddon) {
    this.node = node;
    this.rank = rank;
    this.notify = notify;
    this.#buffer = node.bytes.buffer;
    const { layout, handle } = node;
    this.kernels = instantiateKernels(handle.module, handle.memory, layout.stackTop(rank));
    const outside = os ? new AddonCopy(os, node.bytes) : new SetCopy(node.bytes);
    this.copy = new WindowCopy(this.kernels, node.bytes, outside);
    const arena = layout.arena(rank);
    node.bytes.fill(guardByte, arena, arena + guardBytes);
    this.arena = new Allocator(arena + guardBytes, layout.arenaBytes - guardBytes);
    this.shared = new SharedArrays(node, this.arena);
    this.groups = new GroupParts(this);
    this.#freeBlocks = Array.from({ length: maxGroups }, (_, index) => layout.block(rank, index));
  }

  /**
   * Take a block and staging for one group. The first group has the rank's own staging, further ones take theirs from
   * the arena. Undefined when the rank is in as many groups as it can be, or the arena has no room.
   */
  takeBlock(slot: number, self: number, size: number): CallBlock | undefined {
    const { layout } = this.node;
    const own = layout.staging(this.rank);
    const staging = this.#ownStagingUsed ? this.allocate(groupStagingBytes) : own;
    const address = staging === undefined ? undefined : this.#freeBlocks.pop();
    if (staging === undefined || address === undefined) return undefined;
    if (staging === own) this.#ownStagingUsed = true;
    return new CallBlock(
      this.node,
      address,
      { address: staging, halfBytes: stagingBytes },
      layout.slot(slot),
      self,
      size,
    );
  }

  /** After a trap: nothing is on the kernels' stack any more. */
  resetStack(): void {
    this.kernels.__stack_pointer.value = this.node.layout.stackTop(this.rank);
  }

  giveBlock({ address, staging }: CallBlock): void {
    this.#freeBlocks.push(address);
    if (this.free(staging.address) === undefined) this.#ownStagingUsed = false;
  }

  /** Whether an array views this window's memory. */
  holds({ buffer }: { readonly buffer: ArrayBufferLike }): boolean {
    return buffer === this.#buffer;
  }

  /**
   * Zeroed memory for an array, or undefined when the arena has no room.
   *
   * @param zeroBytes - So many of them, default all.
   */
  allocate(sizeBytes: number, zeroBytes: number = sizeBytes): number | undefined {
    let address = this.arena.allocate(sizeBytes);
    if (address === undefined) {
      this.shared.freeUnused();
      this.groups.freeUnused();
      address = this.arena.allocate(sizeBytes);
    }
    if (address === undefined) return undefined;
    this.node.bytes.fill(0, address, address + zeroBytes);
    const end = address + sizeBytes;
    this.node.bytes.fill(guardByte, end, end + guardBytes);
    return address;
  }

  /** Give memory of `allocate` back. Returns its bytes, or undefined when nothing is allocated there. */
  free(address: number): number | undefined {
    const sizeBytes = this.arena.free(address);
    if (sizeBytes !== undefined) this.#brokenGuard ??= this.#guardBehind(address, sizeBytes);
    return sizeBytes;
  }

  /**
   * Zeroed memory that others may read as long as one of them has the task: it goes back when this rank has its next.
   * Undefined when the arena has no room.
   */
  allocateForTask(sizeBytes: number, zeroBytes: number = sizeBytes): number | undefined {
    const address = this.allocate(sizeBytes, zeroBytes);
    if (address !== undefined) this.#forTask.add(address);
    return address;
  }

  /** Give memory of `allocateForTask` back before its time: no other rank reads it any more. */
  freeForTask(address: number): void {
    this.#forTask.delete(address);
    this.free(address);
  }

  /** This rank's task has ended, and others may still have it. Returns what stays allocated. */
  endTask(poison: boolean): ReadonlySet<number> {
    this.groups.endTask();
    for (const address of this.#forTask) this.#ofEnded.add(address);
    this.#forTask.clear();
    return new Set([...this.shared.end(poison), ...this.#ofEnded]);
  }

  /** This rank has a task again: that before has ended on all its ranks. */
  beginTask(): void {
    this.shared.begin();
    for (const address of this.#ofEnded) this.free(address);
    this.#ofEnded.clear();
  }

  /** Free a node-shared array on this rank. Returns false when this rank has none there. */
  freeShared(array: ArrayBufferView, poison: boolean): boolean {
    const { freed, damage } = this.shared.free(array, poison);
    this.#brokenGuard ??= damage;
    return freed;
  }

  /**
   * What was written to in this rank's part, or in what all share, although nobody may; undefined: nothing is known.
   */
  damage(): string | undefined {
    const shared = this.node.damage();
    if (shared !== undefined) return shared;
    if (this.#brokenGuard !== undefined) return this.#brokenGuard;
    if (!this.#isGuard(this.node.layout.arena(this.rank))) return 'the bytes before the arrays of this rank';
    for (const [address, { sizeBytes }] of this.arena.live()) {
      const broken = this.#guardBehind(address, sizeBytes);
      if (broken !== undefined) return broken;
    }
    return this.shared.damage();
  }

  #guardBehind(address: number, sizeBytes: number): string | undefined {
    return this.#isGuard(address + sizeBytes) ? undefined : `the bytes behind an array of ${sizeBytes} bytes`;
  }

  #isGuard(address: number): boolean {
    const { bytes } = this.node;
    for (let i = address; i < address + guardBytes; i++) if (bytes[i] !== guardByte) return false;
    return true;
  }

  /** Leave an encoded error for peers. Returns false, and leaves none, when it does not fit. */
  writeFault(encoded: Uint8Array): boolean {
    const fits = encoded.length <= faultBytes - 4;
    const address = this.node.layout.fault(this.rank);
    if (fits) this.node.bytes.set(encoded, address + 4);
    Atomics.store(this.node.u32, address / 4, fits ? encoded.length : 0);
    return fits;
  }

  /** Forget the error of an earlier task. */
  clearFault(): void {
    Atomics.store(this.node.u32, this.node.layout.fault(this.rank) / 4, 0);
  }

  /** The encoded error that a peer left, copied; undefined when there is none. */
  readFault(rank: number): Uint8Array | undefined {
    const address = this.node.layout.fault(rank);
    const length = Atomics.load(this.node.u32, address / 4);
    if (length === 0 || length > faultBytes - 4) return undefined;
    return this.node.bytes.slice(address + 4, address + 4 + length);
  }
}
