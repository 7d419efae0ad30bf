/**
 * One rank's block of one group: where the kernels find a call, and the descriptors of its members. Mirrors `CallBlock`
 * in `wasm/src/protocol.h`.
 */
import type { CallName } from '../../operations/call-name.js';
import type { Descriptor } from '../../operations/descriptor.js';
import { readName } from '../../operations/call-name.js';
import { layoutNumbers as at } from './layout.js';
import type { Staging } from './layout.js';
import type { NodeWindow } from './node-window.js';

const highWord = 2 ** 32;
/** `AgreedFlag` of `wasm/src/layout.h`. */
const sharedTarget = 1;
/** `Phase` of `wasm/src/protocol.h`. */
export const phases = { prepare: 0, waitForAll: 1, work: 2, help: 3, finish: 4, done: 5 } as const;
const zeros = new Uint8Array(at.slotMembers);
/** Numbers and addresses of one call, before its first piece. */
export interface BlockCall {
  readonly operation: number;
  readonly dtype: number;
  readonly op: number;
  readonly root: number;
  readonly count: number;
  readonly name: CallName;
  readonly source: number;
  readonly target: number;
  /** Whether the target is a part of a node-shared array, the same on all ranks. */
  readonly isShared: boolean;
}

/** What a member has announced. */
interface BlockDescriptor extends Omit<Descriptor, 'shared'> {
  /** Where its result goes, when that is a node-shared array. */
  readonly sharedAddress: number | undefined;
}

/** Typed access to the block; the addresses of window arrays move on with each piece. */
export class CallBlock {
  readonly address: number;
  readonly staging: Staging;
  readonly slot: number;
  readonly size: number;
  readonly #node: NodeWindow;
  readonly #base: number;
  readonly #self: number;
  /** Which transfer's call the block describes. */
  described: number | undefined;

  /**
   * @param staging - Two halves and the scratch of this group alone: a rank can be in several calls at once, one per
   * group.
   */
  constructor(node: NodeWindow, address: number, staging: Staging, slot: number, self: number, size: number) {
    this.#node = node;
    this.address = address;
    this.staging = staging;
    this.slot = slot;
    this.size = size;
    this.#base = address / 4;
    this.#self = self;
    this.restore();
  }

  /** Say again what does not change: a stray write may have hit the block. */
  restore(): void {
    this.described = undefined;
    this.#setWide(at.blockPastDeparted, 0);
    for (const [offset, value] of this.#constants()) this.#set(offset, value);
  }

  /** Whether what does not change is still what it was. */
  get isWhole(): boolean {
    return this.#constants().every(([offset, value]) => this.#get(offset) === value);
  }

  /**
   * Whether this rank's words in the slot are those of a rank that has completed `sequence` calls and is in none.
   * Nothing may stand between them. Those words are written by this rank alone.
   */
  isAtRest(sequence: number): boolean {
    const own = this.#member(this.#self);
    return (
      this.departed(this.#self) === sequence &&
      this.#isClear(own + at.memberProgress + 8, own + at.memberFinished) &&
      this.#isClear(own + at.memberFinished + 8, own + at.memberDead)
    );
  }

  /**
   * Whether nobody has written to the slot of a lease that begins, as far as this rank can tell. Each checks its own
   * part, rank 0 also the rest.
   */
  isFresh(): boolean {
    const own = this.#member(this.#self);
    if (!this.#isClear(own, own + at.memberDead)) return false;
    return this.#self !== 0 || this.#isClear(this.slot + 8, this.slot + at.slotMembers);
  }

  setLease(lease: number): void {
    this.#set(at.blockDescriptor + at.descriptorLease, lease);
  }

  /** Describe a call. `source` and `target` are addresses of its first piece, or 0. */
  setCall(call: BlockCall): void {
    const { bytes } = this.#node;
    const flags = call.isShared ? sharedTarget : 0;
    const what = call.operation | (call.dtype << 8) | (call.op << 16) | (flags << 24);
    this.#set(at.blockDescriptor + at.descriptorOperation, what);
    this.#set(at.blockDescriptor + at.descriptorRoot, call.root);
    this.#setWide(at.blockDescriptor + at.descriptorCount, call.count);
    this.#setWide(at.blockDescriptor + at.descriptorNameLength, call.name.length);
    this.setPiece(0, call.source, call.target);
    if (call.name.length === 0) return;
    const name = this.address + at.blockDescriptor + at.descriptorName;
    bytes.fill(0, name, name + at.nameBytes);
    bytes.set(call.name.bytes, name);
  }

  /** Describe a piece: `source` and `target` are window addresses of its first element, or 0. */
  setPiece(pieceStart: number, source: number, target: number): void {
    this.#setWide(at.blockPieceStart, pieceStart);
    this.#set(at.blockSource, source);
    this.#set(at.blockTarget, target);
  }

  /** Number the call that is not started by `shoal_start`: one that is only announced, or the one that never comes. */
  setSequence(sequence: number): void {
    this.#setWide(at.blockDescriptor, sequence);
  }

  setRefusal(code: number): void {
    this.#node.bytes[this.address + at.blockDescriptor + at.descriptorCode] = code;
  }

  /** Address of the copies of small arrays that lie outside the window, and of results on their way out of it. */
  get scratch(): number {
    return this.staging.address + 2 * this.staging.halfBytes;
  }

  /** Address of the staging half of a sequence. */
  stagingHalf(sequence: number): number {
    return this.staging.address + (sequence % 2 === 1 ? this.staging.halfBytes : 0);
  }

  /** Whether the staging half of a sequence is known to be free; the kernels find out where it is not known. */
  isHalfFree(sequence: number): boolean {
    return this.#getWide(this.address + at.blockPastDeparted) + 2 >= sequence;
  }

  /** What the call is at. */
  get phase(): number {
    return this.#get(at.blockPhase);
  }

  get pieceCount(): number {
    return this.#getWide(this.address + at.blockPieceCount);
  }

  /** Elements of the first part of a result that goes on. */
  get chunkCount(): number {
    return this.#getWide(this.address + at.blockChunkCount);
  }

  get result(): number {
    return this.#get(at.blockResult);
  }

  /** Members that the last kernel call asks to notify. */
  notifyMembers(notify: (member: number) => void): void {
    const count = Math.min(this.#get(at.blockNotifyCount), this.size);
    for (let i = 0; i < count; i++) notify(this.#get(at.blockNotify + 4 * i));
  }

  setAsleep(self: number, asleep: boolean): void {
    Atomics.store(this.#node.u32, (this.#member(self) + at.memberAsleep) / 4, asleep ? 1 : 0);
  }

  /** Whether others have opened lanes to this rank. */
  hasLanes(self: number): boolean {
    return Atomics.load(this.#node.u32, (this.#member(self) + at.memberOpeners) / 4) !== 0;
  }

  /** Say that this rank touches nobody's memory: the kernels did not come to it. */
  setIdle(self: number): void {
    Atomics.store(this.#node.u32, (this.#member(self) + at.memberBusy) / 4, 0);
  }

  isBusy(member: number): boolean {
    return Atomics.load(this.#node.u32, (this.#member(member) + at.memberBusy) / 4) !== 0 && !this.isDead(member);
  }

  /** Whether a control side has said that the member's thread or process is gone for good. */
  isDead(member: number): boolean {
    return Atomics.load(this.#node.u32, (this.#member(member) + at.memberDead) / 4) !== 0;
  }

  /** Say it of a member of a group inside a task, as it was said in the task's own slot. */
  markDead(member: number): void {
    Atomics.store(this.#node.u32, (this.#member(member) + at.memberDead) / 4, 1);
  }

  departed(member: number): number {
    return Number(Atomics.load(this.#node.i64, (this.#member(member) + at.memberProgress) / 8));
  }

  /** The sequence at which the member's function returned; 0 while it runs. */
  finished(member: number): number {
    return Number(Atomics.load(this.#node.i64, (this.#member(member) + at.memberFinished) / 8));
  }

  /** What `member` announced for `sequence`; undefined while it has not arrived there. */
  descriptor(member: number, sequence: number): BlockDescriptor | undefined {
    const { u32, i64, bytes } = this.#node;
    const address = this.#member(member) + (sequence % at.ring) * at.descriptorBytes;
    if (Number(Atomics.load(i64, address / 8)) !== sequence) return undefined;
    const name = address + at.descriptorName;
    return {
      sequence,
      state: bytes[address + at.descriptorState] ?? 0,
      code: bytes[address + at.descriptorCode] ?? 0,
      operation: bytes[address + at.descriptorOperation] ?? 0,
      dtype: bytes[address + at.descriptorDtype] ?? 0,
      op: bytes[address + at.descriptorOp] ?? 0,
      root: u32[(address + at.descriptorRoot) / 4] ?? 0,
      count: this.#getWide(address + at.descriptorCount),
      ...readName(bytes.subarray(name, name + at.nameBytes), this.#getWide(address + at.descriptorNameLength)),
      sharedAddress:
        bytes[address + at.descriptorAgreedFlags] === sharedTarget
          ? u32[(address + at.descriptorTarget) / 4]
          : undefined,
    };
  }

  #constants(): readonly (readonly [offset: number, value: number])[] {
    return [
      [at.blockSlot, this.slot],
      [at.blockSelf, this.#self],
      [at.blockSize, this.size],
      [at.blockStaging, this.staging.address],
      [at.blockStagingBytes, this.staging.halfBytes],
    ];
  }

  #isClear(from: number, to: number): boolean {
    return Buffer.compare(this.#node.bytes.subarray(from, to), zeros.subarray(0, to - from)) === 0;
  }

  #member(rank: number): number {
    return this.slot + at.slotMembers + rank * at.memberBytes;
  }
  #get(offset: number): number {
    return this.#node.u32[this.#base + offset / 4] ?? 0;
  }
  #set(offset: number, value: number): void {
    this.#node.u32[this.#base + offset / 4] = value;
  }
  #getWide(address: number): number {
    const { u32 } = this.#node;
    return (u32[address / 4] ?? 0) + (u32[address / 4 + 1] ?? 0) * highWord;
  }
  #setWide(offset: number, value: number): void {
    this.#set(offset, value >>> 0);
    this.#set(offset + 4, Math.floor(value / highWord));
  }
}
