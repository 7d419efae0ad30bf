/** A group whose members share a window: what a `Channel` asks, answered from the slot's words. */
import type { MemberInfo, ShoalError } from '../../errors.js';
import type { AbortReason } from '../abort-reason.js';
import type { Descriptor } from '../../operations/descriptor.js';
import type { CallBlock } from './call-block.js';
import type { RankWindow } from './rank-window.js';
import type { Channel } from '../backend.js';
import type { CallArguments } from '../call-arguments.js';
import type { PieceTransfer, WindowMembers } from './piece-transfer.js';
import { RaggedTransfer } from './ragged-transfer.js';
import { WindowCarrier } from './window-carrier.js';
import { WindowTransfer } from './window-transfer.js';

/** One rank's side of one slot. */
export class WindowChannel implements Channel, WindowMembers {
  readonly traffic: Channel['traffic'] = { sent: 0, received: 0 };
  sequence = 0;
  readonly window: RankWindow;
  readonly block: CallBlock;
  readonly #rank: number;
  readonly #members: readonly MemberInfo[];

  constructor(
    window: RankWindow,
    block: CallBlock,
    { rank, members }: { rank: number; members: readonly MemberInfo[] },
  ) {
    this.window = window;
    this.block = block;
    this.#rank = rank;
    this.#members = members;
  }

  abortReason(): AbortReason | undefined {
    return this.window.node.abortReason(this.block.slot);
  }

  abort(reason: number): void {
    // Also where a stray write has hit the block: its peers are to hear of it.
    if (!this.block.isWhole) this.block.restore();
    this.window.kernels.shoal_abort(this.block.address, reason);
    this.notifyAsked();
  }

  leaveFault(encoded: Uint8Array): void {
    this.window.writeFault(encoded);
  }

  readFault(rank: number): Uint8Array | undefined {
    const member = this.#members[rank];
    return member && this.window.readFault(member.worldRank);
  }

  setAsleep(asleep: boolean): void {
    this.block.setAsleep(this.#rank, asleep);
  }

  descriptor(rank: number, sequence: number): Descriptor | undefined {
    const found = this.block.descriptor(rank, sequence);
    if (!found) return undefined;
    const { sharedAddress, ...descriptor } = found;
    const shared = sharedAddress === undefined ? undefined : this.window.shared.placeOf(sharedAddress, 1);
    return { ...descriptor, shared };
  }

  finished(rank: number): number {
    return this.block.finished(rank);
  }

  departed(rank: number): number {
    return this.block.departed(rank);
  }

  isBusy(rank: number): boolean {
    return this.block.isBusy(rank);
  }

  damage(atRest: boolean): string | undefined {
    const { block, window, sequence } = this;
    if (!block.isWhole) return "the block of this rank's calls";
    if (atRest && !block.isAtRest(sequence)) return "this rank's words in the slot of its task";
    return window.damage();
  }

  get hasMessages(): boolean {
    return this.block.hasLanes(this.#rank);
  }

  makeCarrier(): WindowCarrier {
    const reserve = (sizeBytes: number): number | undefined => this.window.allocateForTask(sizeBytes);
    return new WindowCarrier(this.window, this.block.slot, this.#rank, this.#members, reserve);
  }

  interrupted(): void {
    // A trap leaves the kernels' stack as it was then, and `busy` set.
    this.window.resetStack();
    this.block.restore();
    this.block.setIdle(this.#rank);
  }

  prepare(args: CallArguments, refusal: ShoalError | undefined): PieceTransfer {
    if (args.ragged) return new RaggedTransfer(this, args, args.ragged);
    return new WindowTransfer(this, args, refusal);
  }

  nextSequence(): number {
    return ++this.sequence;
  }

  finish(): void {
    this.block.setSequence(this.sequence + 1);
    this.block.described = undefined;
    this.window.kernels.shoal_finish(this.block.address);
    this.notifyAsked();
  }

  close(): void {
    this.window.giveBlock(this.block);
  }

  /** Notify the members that the last kernel call names. */
  notifyAsked(): void {
    this.block.notifyMembers((member) => {
      const info = this.#members[member];
      if (info) this.window.notify(info.worldRank);
    });
  }
}
