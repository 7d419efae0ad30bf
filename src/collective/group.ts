/** One rank's membership in one group: its queue of calls and its state. */
import type { MemberInfo, ShoalError } from '../errors.js';
import { ClosedError, UnsupportedError } from '../errors.js';
import type { AbortReason } from '../window/abort-reason.js';
import type { Frame } from '../window/frame.js';
import { groupStagingBytes, maxGroups } from '../window/layout.js';
import { Call } from './call.js';
import type { RankEngine } from './engine.js';
import { abortError } from './failures.js';

/** Where a group lives: a slot of the window, lent under a number that is never used again in the pool. */
export interface Lease {
  readonly lease: number;
  readonly slot: number;
  readonly taskId: string;
  readonly rank: number;
  /** All members in rank order; `worldRank` says whose doorbell to ring. */
  readonly members: readonly MemberInfo[];
}

/** Open until it fails (first cause wins) or closes. Calls run in call order. */
export class Group {
  readonly engine: RankEngine;
  readonly rank: number;
  readonly members: readonly MemberInfo[];
  readonly taskId: string;
  readonly frame: Frame;
  /** Number of the last call that this rank has begun; every call counts, refused ones too. */
  sequence = 0;
  #failure: ShoalError | undefined;
  #closed = false;
  #asleep = false;
  readonly #queue: Call[] = [];

  constructor(engine: RankEngine, { lease, slot, taskId, rank, members }: Lease) {
    this.engine = engine;
    this.rank = rank;
    this.members = members;
    this.taskId = taskId;
    const frame = engine.window.takeFrame(slot, rank, members.length);
    if (!frame) {
      throw new UnsupportedError(
        `a rank can be in ${maxGroups} groups at a time, each with ${groupStagingBytes} bytes of its window; close one first`,
      );
    }
    frame.setLease(lease);
    this.frame = frame;
  }

  /** The call whose turn it is. */
  get head(): Call | undefined {
    return this.#queue[0];
  }

  get calls(): readonly Call[] {
    return this.#queue;
  }

  /** Why no further call is possible; undefined while the group is open. */
  get failure(): ShoalError | undefined {
    if (this.#failure) return this.#failure;
    if (this.#closed) {
      return new ClosedError(`task ${this.taskId} has ended; its collectives and arrays end with it`, {
        taskId: this.taskId,
      });
    }
    const reason = this.abortReason();
    if (reason && this.#queue.length === 0) this.#failure = abortError(this, reason);
    return this.#failure;
  }

  abortReason(): AbortReason | undefined {
    return this.#closed ? undefined : this.engine.window.node.abortReason(this.frame.slot);
  }

  /** Queue a call; the engine moves it on. */
  add(call: Call): void {
    this.#queue.push(call);
    this.engine.pending.add(this);
  }

  /** Move the queue on, each call in its turn. */
  step(turns: number): void {
    for (let call = this.head; call?.step(turns); call = this.head) this.#queue.shift();
    if (this.#queue.length === 0) this.#rest();
  }

  /** Say whether this rank waits for its doorbell in a call of this group. */
  setAsleep(asleep: boolean): void {
    if (asleep === this.#asleep) return;
    this.#asleep = asleep;
    this.frame.setAsleep(this.rank, asleep);
  }

  /** Set the abort word and wake everybody; a reason that stands already wins. */
  abort(reason: number): void {
    this.engine.window.kernels.shoal_abort(this.frame.address, reason);
    this.ringAsked();
  }

  /** Fail this rank's side: calls in flight behind the head reject too. */
  fail(error: ShoalError): void {
    this.#failure ??= error;
    for (const call of this.#queue.splice(0)) call.reject(this.#failure);
    this.#rest();
  }

  /** Ring the members that the last kernel call names. */
  ringAsked(): void {
    this.frame.ringMembers((member) => {
      const info = this.members[member];
      if (info) this.engine.window.ring(info.worldRank);
    });
  }

  /** Announce that this rank's function has returned: peers that wait for a later call reject at once. */
  finish(): void {
    if (this.abortReason()) return;
    this.frame.setPiece(this.sequence + 1, 0, 0, 0);
    this.engine.window.kernels.shoal_finish(this.frame.address);
    this.ringAsked();
  }

  /** Give the frame back; every later call rejects with ERR_SHOAL_CLOSED. The memory of the slot is no longer touched. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const closed = this.failure;
    if (closed) this.fail(closed);
    this.engine.window.giveFrame(this.frame);
    this.engine.groupEnded();
  }

  /** No call is under way: nobody needs to ring this rank on behalf of this group. */
  #rest(): void {
    this.engine.pending.delete(this);
    this.setAsleep(false);
  }
}
