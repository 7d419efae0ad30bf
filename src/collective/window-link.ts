/** A group whose members share a window: what a `GroupLink` asks, answered from the slot's words. */
import type { MemberInfo, ShoalError } from '../errors.js';
import { UnsupportedError } from '../errors.js';
import type { AbortReason } from '../window/abort-reason.js';
import type { Frame, RecordView } from '../window/frame.js';
import { groupStagingBytes, maxGroups } from '../window/layout.js';
import type { RankWindow } from '../window/rank-window.js';
import { damageError } from './failures.js';
import type { Lease } from './group.js';
import type { GroupLink, RankLinks } from './link.js';
import type { Request } from './request.js';
import { WindowArrays } from './task-arrays.js';
import { WindowMovement } from './window-movement.js';

/** All groups of a rank over the window of its host. */
export class WindowLinks implements RankLinks {
  readonly worldRank: number;
  readonly crowded: boolean;
  readonly arrays: WindowArrays;
  readonly #window: RankWindow;

  constructor(window: RankWindow) {
    this.#window = window;
    this.worldRank = window.rank;
    this.crowded = window.node.crowded;
    this.arrays = new WindowArrays(window);
  }

  join(lease: Lease): GroupLink {
    const frame = this.#window.takeFrame(lease.slot, lease.rank, lease.members.length);
    if (!frame) {
      throw new UnsupportedError(
        `a rank can be in ${maxGroups} groups at a time, each with ${groupStagingBytes} bytes of its window; close one first`,
      );
    }
    frame.setLease(lease.lease);
    this.#window.clearFault();
    if (!frame.isFresh()) {
      this.#window.giveFrame(frame);
      throw damageError(lease, 'the slot of the task, before it began');
    }
    return new WindowLink(this.#window, frame, lease);
  }
}

/** One rank's side of one slot. */
export class WindowLink implements GroupLink {
  readonly traffic: GroupLink['traffic'] = { sent: 0, received: 0 };
  readonly window: RankWindow;
  readonly frame: Frame;
  readonly #rank: number;
  readonly #members: readonly MemberInfo[];

  constructor(window: RankWindow, frame: Frame, { rank, members }: Lease) {
    this.window = window;
    this.frame = frame;
    this.#rank = rank;
    this.#members = members;
  }

  abortReason(): AbortReason | undefined {
    return this.window.node.abortReason(this.frame.slot);
  }

  abort(reason: number): void {
    // Also where a stray write has hit the frame: its peers are to hear of it.
    if (!this.frame.isWhole) this.frame.restore();
    this.window.kernels.shoal_abort(this.frame.address, reason);
    this.ringAsked();
  }

  leaveFault(encoded: Uint8Array): void {
    this.window.writeFault(encoded);
  }

  readFault(rank: number): Uint8Array | undefined {
    const member = this.#members[rank];
    return member && this.window.readFault(member.worldRank);
  }

  setAsleep(asleep: boolean): void {
    this.frame.setAsleep(this.#rank, asleep);
  }

  record(rank: number, sequence: number): RecordView | undefined {
    return this.frame.record(rank, sequence);
  }

  finished(rank: number): number {
    return this.frame.finished(rank);
  }

  departed(rank: number): number {
    return this.frame.departed(rank);
  }

  isBusy(rank: number): boolean {
    return this.frame.isBusy(rank);
  }

  damage(sequence: number | undefined): string | undefined {
    const { frame, window } = this;
    if (!frame.isWhole) return "the frame of this rank's calls";
    if (sequence !== undefined && !frame.isAtRest(sequence)) return "this rank's words in the slot of its task";
    return window.damage();
  }

  interrupted(): void {
    // A trap leaves the kernels' stack as it was then, and `busy` set.
    this.window.resetStack();
    this.frame.restore();
    this.frame.setIdle(this.#rank);
  }

  begin(request: Request, refusal: ShoalError | undefined, nextSequence: () => number): WindowMovement {
    return new WindowMovement(this, request, refusal, nextSequence);
  }

  finish(sequence: number): void {
    this.frame.setPiece(sequence, 0, 0, 0);
    this.window.kernels.shoal_finish(this.frame.address);
    this.ringAsked();
  }

  close(): void {
    this.window.giveFrame(this.frame);
  }

  /** Ring the members that the last kernel call names. */
  ringAsked(): void {
    this.frame.ringMembers((member) => {
      const info = this.#members[member];
      if (info) this.window.ring(info.worldRank);
    });
  }
}
