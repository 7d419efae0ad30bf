/** One rank's membership in one group: its queue of calls and its state. */
import type { MemberInfo, ShoalError } from '../errors.js';
import { ClosedError } from '../errors.js';
import type { AbortReason } from '../window/abort-reason.js';
import type { Call } from './call.js';
import type { RankEngine } from './engine.js';
import { abortError } from './failures.js';
import type { GroupLink } from './link.js';

/** Where a group lives: a slot of the window, lent under a number that is never used again in the pool. */
export interface Lease {
  readonly lease: number;
  readonly slot: number;
  readonly taskId: string;
  readonly rank: number;
  /** The addon's number of its communicator; −1: none. */
  readonly communicator: number;
  /** All members in rank order; `worldRank` says whose doorbell to ring. */
  readonly members: readonly MemberInfo[];
}

/** Open until it fails (first cause wins) or closes. Calls run in call order. */
export class Group {
  readonly engine: RankEngine;
  readonly rank: number;
  readonly members: readonly MemberInfo[];
  readonly taskId: string;
  readonly link: GroupLink;
  /** Number of the last call that this rank has begun; every call counts, refused ones too. */
  sequence = 0;
  #failure: ShoalError | undefined;
  #closed = false;
  #asleep = false;
  readonly #queue: Call[] = [];

  constructor(engine: RankEngine, lease: Lease) {
    this.engine = engine;
    this.rank = lease.rank;
    this.members = lease.members;
    this.taskId = lease.taskId;
    this.link = engine.links.join(lease);
  }

  /** Count one more call, or piece of one. */
  readonly nextSequence = (): number => ++this.sequence;

  /** The call whose turn it is. */
  get head(): Call | undefined {
    return this.#queue[0];
  }

  get calls(): readonly Call[] {
    return this.#queue;
  }

  /** Calls that are not over although nothing has failed; their numbers, where they have none yet, are those to come. */
  get inFlight(): { operation: string; sequence: number; at: string | undefined }[] {
    if (this.#closed || this.#failure || this.abortReason()) return [];
    let sequence = this.sequence;
    return this.#queue.flatMap((call) => {
      const number = call.sequence === 0 ? ++sequence : call.sequence;
      if (call.isRefused) return [];
      return [{ operation: call.request.algorithm.name, sequence: number, at: call.madeAt }];
    });
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
    return this.#closed ? undefined : this.link.abortReason();
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
    this.link.setAsleep(asleep);
  }

  /** Set the abort word and wake everybody; a reason that stands already wins. */
  abort(reason: number): void {
    this.link.abort(reason);
  }

  /** Fail this rank's side: calls in flight behind the head reject too. */
  fail(error: ShoalError): void {
    this.#failure ??= error;
    for (const call of this.#queue.splice(0)) call.reject(this.#failure);
    this.#rest();
  }

  /** Announce that this rank's function has returned: peers that wait for a later call reject at once. */
  finish(): void {
    if (!this.abortReason()) this.link.finish(this.sequence + 1);
  }

  /** Let go of the link; every later call rejects with ERR_SHOAL_CLOSED. The memory of the slot is no longer touched. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const closed = this.failure;
    if (closed) this.fail(closed);
    this.link.close();
    this.engine.groupEnded();
  }

  /** No call is under way: nobody needs to ring this rank on behalf of this group. */
  #rest(): void {
    this.engine.pending.delete(this);
    this.setAsleep(false);
  }
}
