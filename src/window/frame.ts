/** One rank's frame of one group: where the kernels find a call, and the records of its members. Mirrors `Frame` in `wasm/src/protocol.h`. */
import type { CallName } from './call-name.js';
import { nameText } from './call-name.js';
import { layoutNumbers as at, stagingBytes } from './layout.js';
import type { RankWindow } from './rank-window.js';

const highWord = 2 ** 32;
const zeros = new Uint8Array(at.slotMembers);
/** What a member has announced, read back for errors. */
export interface RecordView {
  readonly sequence: number;
  readonly state: number;
  readonly code: number;
  readonly operation: number;
  readonly dtype: number;
  readonly op: number;
  readonly root: number;
  readonly count: number;
  readonly name: string;
}

/** Numbers and addresses of one call, before its first piece. */
export interface FrameCall {
  readonly operation: number;
  readonly dtype: number;
  readonly op: number;
  readonly root: number;
  readonly count: number;
  readonly name: CallName;
}

/** Typed access to the frame; the addresses of window arrays move on with each piece. */
export class Frame {
  readonly address: number;
  readonly staging: number;
  readonly slot: number;
  readonly size: number;
  readonly #window: RankWindow;
  readonly #base: number;
  readonly #self: number;

  /** @param staging - Two halves and the scratch of this group alone: a rank can be in several calls at once, one per group. */
  constructor(window: RankWindow, address: number, staging: number, slot: number, self: number, size: number) {
    this.#window = window;
    this.address = address;
    this.staging = staging;
    this.slot = slot;
    this.size = size;
    this.#base = address / 4;
    this.#self = self;
    this.restore();
  }

  /** Say again what does not change: a stray write may have hit the frame. */
  restore(): void {
    for (const [offset, value] of this.#constants()) this.#set(offset, value);
  }

  /** Whether what does not change is still what it was. */
  get isWhole(): boolean {
    return this.#constants().every(([offset, value]) => this.#get(offset) === value);
  }

  /**
   * Whether this rank's words in the slot say what a rank that has completed `sequence` calls and is in none leaves there,
   * and nothing stands between them. Those words are written by this rank alone.
   */
  isAtRest(sequence: number): boolean {
    const own = this.#member(this.#self);
    return this.departed(this.#self) === sequence && this.#isClear(own + at.memberProgress + 16, own + at.memberDead);
  }

  /** Whether nobody has written to the slot of a lease that begins, as far as this rank can tell: its own part; rank 0 the rest. */
  isFresh(): boolean {
    const own = this.#member(this.#self);
    if (!this.#isClear(own, own + at.memberDead)) return false;
    return this.#self !== 0 || this.#isClear(this.slot + 8, this.slot + at.slotMembers);
  }

  setLease(lease: number): void {
    this.#set(at.frameDraft + at.recordLease, lease);
  }

  setCall(call: FrameCall): void {
    const { u32, bytes } = this.#window.node;
    const draft = this.address + at.frameDraft;
    u32[(draft + at.recordOperation) / 4] = call.operation | (call.dtype << 8) | (call.op << 16);
    u32[(draft + at.recordRoot) / 4] = call.root;
    this.#setWide(at.frameDraft + at.recordCount, call.count);
    this.#setWide(at.frameDraft + at.recordNameLength, call.name.length);
    if (call.name.length === 0) return;
    bytes.fill(0, draft + at.recordName, draft + at.recordName + at.nameBytes);
    bytes.set(call.name.bytes, draft + at.recordName);
  }

  /** Start a piece: `source` and `target` are window addresses of its first element, or 0. */
  setPiece(sequence: number, pieceStart: number, source: number, target: number): void {
    this.#set(at.framePhase, 0);
    this.#setWide(at.frameDraft, sequence);
    this.#setWide(at.framePieceStart, pieceStart);
    this.#set(at.frameSource, source);
    this.#set(at.frameTarget, target);
  }

  setRefusal(code: number): void {
    this.#window.node.bytes[this.address + at.frameDraft + at.recordCode] = code;
  }

  /** Address of the staging half of a sequence. */
  stagingHalf(sequence: number): number {
    return this.staging + (sequence % 2 === 1 ? stagingBytes : 0);
  }

  get pieceCount(): number {
    return this.#getWide(this.address + at.framePieceCount);
  }

  get result(): number {
    return this.#get(at.frameResult);
  }

  /** Members whose doorbells the last kernel call asks to ring. */
  ringMembers(ring: (member: number) => void): void {
    const count = Math.min(this.#get(at.frameRingCount), this.size);
    for (let i = 0; i < count; i++) ring(this.#get(at.frameRing + 4 * i));
  }

  setAsleep(self: number, asleep: boolean): void {
    Atomics.store(this.#window.node.u32, (this.#member(self) + at.memberAsleep) / 4, asleep ? 1 : 0);
  }

  /** Say that this rank touches nobody's memory: the kernels did not come to it. */
  setIdle(self: number): void {
    Atomics.store(this.#window.node.u32, (this.#member(self) + at.memberBusy) / 4, 0);
  }

  isBusy(member: number): boolean {
    const { u32 } = this.#window.node;
    const address = this.#member(member);
    return (
      Atomics.load(u32, (address + at.memberBusy) / 4) !== 0 && Atomics.load(u32, (address + at.memberDead) / 4) === 0
    );
  }

  departed(member: number): number {
    return Number(Atomics.load(this.#window.node.i64, (this.#member(member) + at.memberProgress) / 8));
  }

  /** The sequence at which the member's function returned; 0 while it runs. */
  finished(member: number): number {
    return Number(Atomics.load(this.#window.node.i64, (this.#member(member) + at.memberProgress + 8) / 8));
  }

  /** What `member` announced for `sequence`; undefined while it has not arrived there. */
  record(member: number, sequence: number): RecordView | undefined {
    const { u32, i64, bytes } = this.#window.node;
    const address = this.#member(member) + (sequence % at.ring) * at.recordBytes;
    if (Number(Atomics.load(i64, address / 8)) !== sequence) return undefined;
    const name = address + at.recordName;
    return {
      sequence,
      state: bytes[address + at.recordState] ?? 0,
      code: bytes[address + at.recordCode] ?? 0,
      operation: bytes[address + at.recordOperation] ?? 0,
      dtype: bytes[address + at.recordDtype] ?? 0,
      op: bytes[address + at.recordOp] ?? 0,
      root: u32[(address + at.recordRoot) / 4] ?? 0,
      count: this.#getWide(address + at.recordCount),
      name: nameText(bytes.subarray(name, name + at.nameBytes), this.#getWide(address + at.recordNameLength)),
    };
  }

  #constants(): readonly (readonly [offset: number, value: number])[] {
    return [
      [at.frameSlot, this.slot],
      [at.frameSelf, this.#self],
      [at.frameSize, this.size],
      [at.frameStaging, this.staging],
      [at.frameStagingBytes, stagingBytes],
    ];
  }

  #isClear(from: number, to: number): boolean {
    return Buffer.compare(this.#window.node.bytes.subarray(from, to), zeros.subarray(0, to - from)) === 0;
  }

  #member(rank: number): number {
    return this.slot + at.slotMembers + rank * at.memberBytes;
  }
  #get(offset: number): number {
    return this.#window.node.u32[this.#base + offset / 4] ?? 0;
  }
  #set(offset: number, value: number): void {
    this.#window.node.u32[this.#base + offset / 4] = value;
  }
  #getWide(address: number): number {
    const { u32 } = this.#window.node;
    return (u32[address / 4] ?? 0) + (u32[address / 4 + 1] ?? 0) * highWord;
  }
  #setWide(offset: number, value: number): void {
    this.#set(offset, value >>> 0);
    this.#set(offset + 4, Math.floor(value / highWord));
  }
}
