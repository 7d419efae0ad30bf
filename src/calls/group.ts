/** One rank's membership in one group: its queue of calls and its state. */
import type { MemberInfo, ShoalError, WindowDamagedError } from '../errors.js';
import { ClosedError } from '../errors.js';
import type { AbortReason } from '../backend/abort-reason.js';
import type { Call, CallGroup } from './call.js';
import type { Lease } from '../backend/lease.js';
import type { DrivenGroup, RankEngine } from './engine.js';
import { damageError } from '../backend/damage.js';
import { abortError } from './failures.js';
import type { MessageGroup } from './group-messages.js';
import { GroupMessages } from './group-messages.js';
import type { MessageRequest } from './message-requests.js';
import { nowMs } from '../clock.js';
import type { Channel } from '../backend/backend.js';

/** Settled calls that a queue may hold. */
const keptSettled = 1_000;

/** Open until it fails (first cause wins) or closes. Calls run in call order. */
export class Group implements CallGroup, DrivenGroup, MessageGroup {
  readonly engine: RankEngine;
  readonly rank: number;
  readonly members: readonly MemberInfo[];
  readonly taskId: string;
  readonly channel: Channel;
  #failure: ShoalError | undefined;
  #damage: WindowDamagedError | undefined;
  #closed = false;
  #asleep = false;
  #messages: GroupMessages | undefined;
  readonly #queue: Call[] = [];
  /** Of the call whose turn it is; those before it have settled. */
  #first = 0;
  #earliest = Infinity;

  constructor(engine: RankEngine, lease: Lease) {
    this.engine = engine;
    this.rank = lease.rank;
    this.members = lease.members;
    this.taskId = lease.taskId;
    this.channel = engine.backend.join(lease);
  }

  /** Number of the last call that this rank has begun. */
  get sequence(): number {
    return this.channel.sequence;
  }

  /** Whether a call can start, as far as is known without polling what others have done. */
  get isOpen(): boolean {
    return !this.#closed && this.#failure === undefined;
  }

  /** The call whose turn it is. */
  get head(): Call | undefined {
    return this.#queue[this.#first];
  }

  /** Made when it is first asked for. */
  get messages(): GroupMessages {
    return (this.#messages ??= new GroupMessages(this));
  }

  /**
   * No deadline of a call is before this time, as far as is known: the one that counts may have been a settled call's.
   * Once it is past, all calls are checked. With many calls in flight that is seldom.
   */
  earliestDeadline(now: number): number {
    if (this.#earliest > now) return this.#earliest;
    let earliest = Infinity;
    for (let i = this.#first; i < this.#queue.length; i++) {
      earliest = Math.min(earliest, this.#queue[i]?.deadline ?? Infinity);
    }
    return (this.#earliest = earliest);
  }

  /**
   * Calls that are not over although nothing has failed; their numbers, where they have none yet, are those to come.
   */
  get inFlight(): { operation: string; sequence: number; at: string | undefined }[] {
    if (this.#closed || this.#failure || this.abortReason()) return [];
    let sequence = this.sequence;
    const messages = (this.#messages?.open ?? []).map(({ text, number, madeAt }) => {
      return { operation: text, sequence: number, at: madeAt };
    });
    const calls = this.#queue.slice(this.#first).flatMap((call) => {
      const number = call.sequence === 0 ? ++sequence : call.sequence;
      if (call.isRefused) return [];
      return [{ operation: call.args.operation.name, sequence: number, at: call.madeAt }];
    });
    return [...calls, ...messages];
  }

  /** Messages that nobody has received, in words: those that have come, and those to ranks that have returned. */
  get unreceived(): readonly string[] {
    if (this.#closed || this.#failure || this.abortReason()) return [];
    if (!this.#messages && !this.channel.hasMessages) return [];
    const come = this.messages.unreceived().map(({ source, tag }) => `message of rank ${source} with tag ${tag}`);
    return [...come, ...this.messages.untaken.map((dest) => `message to rank ${dest}, which had returned`)];
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
    if (reason && !this.head) this.#failure = abortError(this, reason);
    return this.#failure;
  }

  /**
   * The error of a task whose memory was overwritten by what may not write there; undefined: nothing is known of it.
   */
  damage(): WindowDamagedError | undefined {
    if (this.#damage || this.#closed) return this.#damage;
    const isInCall = this.head !== undefined || this.#messages?.isOpen === true;
    const atRest = !isInCall && !this.#failure && !this.abortReason();
    const where = this.channel.damage(atRest);
    if (where !== undefined) this.#damage = damageError(this, where);
    return this.#damage;
  }

  abortReason(): AbortReason | undefined {
    return this.#closed ? undefined : this.channel.abortReason();
  }

  /**
   * Start a call, or queue it behind those before it: then the engine moves it on.
   *
   * @param turns - Of the longest wait.
   * @returns Whether it has settled.
   */
  start(call: Call, turns: number): boolean {
    if (this.head) call.queue();
    else if (call.start(turns)) return true;
    this.#queue.push(call);
    this.#earliest = Math.min(this.#earliest, call.deadline);
    this.engine.pending.add(this);
    return false;
  }

  /** Move the queue on, each call in its turn. */
  step(turns: number): void {
    for (let call = this.head; call?.step(turns); call = this.head) {
      // The call may have emptied the queue by failing the group.
      if (this.head === call) this.#first++;
    }
    if (this.#first > keptSettled && this.#first * 2 > this.#queue.length) this.#forgetSettled();
    if (this.#messages?.isOpen) this.#messages.step(this.head ? 0 : turns);
    if (!this.head && !this.#messages?.isOpen) this.#rest();
  }

  /** A message call has not ended at once: the engine moves it on. */
  follow(request: MessageRequest): void {
    request.beginWait(nowMs());
    this.engine.pending.add(this);
  }

  /** A message call may have ended others, such as a send of this rank to itself its receive. */
  restIfIdle(): void {
    if (this.head || this.#messages?.isOpen || !this.engine.pending.has(this)) return;
    this.#rest();
    this.engine.groupEnded();
  }

  /** Enforce the deadlines of message calls; returns the milliseconds until the clock must be read again. */
  checkMessages(now: number): number {
    return this.#messages?.checkClock(now) ?? Infinity;
  }

  /** Say whether this rank waits for its doorbell in a call of this group. */
  setAsleep(asleep: boolean): void {
    if (asleep) this.#messages?.beforeSleep();
    if (asleep === this.#asleep) return;
    this.#asleep = asleep;
    this.channel.setAsleep(asleep);
  }

  /** Set the abort word and wake everybody; a reason that stands already wins. */
  abort(reason: number): void {
    this.channel.abort(reason);
  }

  /** Fail this rank's side: calls in flight behind the head reject too. */
  fail(error: ShoalError): void {
    this.#failure ??= error;
    const calls = this.#queue.splice(0).slice(this.#first);
    this.#first = 0;
    for (const call of calls) call.reject(this.#failure);
    this.#messages?.fail(this.#failure);
    this.#rest();
  }

  /** Announce that this rank's function has returned: peers that wait for a later call reject at once. */
  finish(): void {
    if (!this.abortReason()) this.channel.finish();
  }

  /**
   * Release the channel; every later call rejects with ERR_SHOAL_CLOSED. The memory of the slot is no longer touched.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const closed = (this.head ?? this.#messages?.isOpen) && this.failure;
    if (closed) this.fail(closed);
    this.channel.close();
    this.engine.groupEnded();
  }

  #forgetSettled(): void {
    this.#queue.splice(0, this.#first);
    this.#first = 0;
  }

  /** No call is under way: nobody needs to notify this rank on behalf of this group. */
  #rest(): void {
    this.#forgetSettled();
    this.#earliest = Infinity;
    this.engine.pending.delete(this);
    this.setAsleep(false);
  }
}
