/**
 * The messages of one rank in one group: which receive gets which message, and what is under way. Both sides are matched
 * in order, as in MPI-4.1, section 3.5: messages of one source as they were sent, receives as they were made.
 */
import { encodeAbort } from '../../backend/abort-reason.js';
import type { Carrier, Incoming, Recipient } from '../../backend/carrier.js';
import type { ShoalError } from '../../errors.js';
import { CancelledError } from '../../errors.js';
import { encodeError } from '../../protocol/error-value.js';
import { ArrivedMessages } from './arrived-messages.js';
import type { CallGroup } from '../call-group.js';
import { causeOfBreak } from '../call-group.js';
import { abortError, cancelledBy } from '../failures.js';
import type { MessageRequest } from './message-request.js';
import { MessageWatch } from './message-watch.js';
import { Probe } from './probe-request.js';
import { Receive } from './receive-request.js';
import { SelfMessage } from './self-message.js';
import type { Send } from './send-request.js';
import { isUnserved, unservedError } from './unserved.js';

/** A turn takes as long as so many turns of a collective. */
const turnCost = 8;
/** How often the memory of a group is checked while it waits. */
const examineAfterMs = 1_000;

/** What messages ask of their group. */
export interface MessageGroup extends CallGroup {
  /** A collective is under way: it hears first of what fails the group. */
  readonly head: unknown;
}

/** Owned by the group; made at the first message call. */
export class GroupMessages implements Recipient {
  readonly #group: MessageGroup;
  readonly carrier: Carrier;
  /** Nothing has come for them yet, oldest first. */
  #posted: (Receive | Probe)[] = [];
  /** Matched, with bytes still to come. */
  #active: Receive[] = [];
  #sends: Send[] = [];
  readonly #arrived: ArrivedMessages;
  readonly #watch: MessageWatch;
  #count = 0;
  #settled = 0;
  #examinedAt = 0;
  /** Look whether ranks that are waited for have returned. */
  #isAboutToSleep = false;
  /** Ranks that calls of this rank were refused for, since they had returned. */
  readonly #refused = new Set<number>();
  /** What has failed the group here. */
  #broken: ShoalError | undefined;

  constructor(group: MessageGroup) {
    this.#group = group;
    this.carrier = group.channel.makeCarrier();
    this.#arrived = new ArrivedMessages(group.members.length);
    this.#watch = new MessageWatch(group, this.carrier, this.#arrived);
  }

  /** A call is under way. */
  get isOpen(): boolean {
    return this.#posted.length + this.#active.length + this.#sends.length > 0;
  }

  /** The calls that are under way, oldest first. */
  get open(): MessageRequest[] {
    return [...this.#posted, ...this.#active, ...this.#sends].sort((a, b) => a.number - b.number);
  }

  /** No message of a rank has come that nobody has received, as far as is known. */
  hasNone(source: number): boolean {
    return this.#arrived.hasNone(source);
  }

  /** Messages that have come and that nobody has received. */
  unreceived(): readonly Incoming[] {
    if (!this.#group.abortReason()) this.carrier.step(this);
    return this.#arrived.all;
  }

  /** Ranks that have returned without taking what this rank has sent, and of which no call of this rank has told. */
  get untaken(): number[] {
    const { channel, members, rank } = this.#group;
    return members
      .map((member) => member.rank)
      .filter(
        (dest) =>
          dest !== rank && !this.#refused.has(dest) && channel.finished(dest) !== 0 && this.carrier.untaken(dest) > 0,
      );
  }

  /** Start to send. @throws {@link WindowExhaustedError}; nothing was sent. */
  send(send: Send): void {
    const { dest, tag, dtype, operand } = send;
    operand.packed?.gather();
    if (dest === this.#group.rank) this.#sendToSelf(send);
    else send.outgoing ??= this.carrier.send(dest, tag, dtype, operand.array);
    send.number = ++this.#count;
    send.begin(this.#group.recorder, this.#group.number, this.#group.rank);
    if (!this.#endSend(send)) this.#sends.push(send);
  }

  /** Start to receive, or to probe. */
  receive(receive: Receive | Probe): void {
    receive.number = ++this.#count;
    receive.begin(this.#group.recorder, this.#group.number, this.#group.rank);
    if (receive instanceof Receive && receive.incoming) {
      this.#active.push(receive); // it has its message
      return;
    }
    this.#match(receive);
    if (!receive.settled && !(receive instanceof Receive && receive.incoming)) {
      this.#posted.push(receive);
      this.#guardedTurn();
    }
  }

  /** Whether a message of a rank to itself would have to wait for a receive that is not there. */
  wouldWaitForItself({ tag, operand }: Send): boolean {
    const { rank } = this.#group;
    const { byteLength } = operand.array;
    if (byteLength <= this.carrier.eagerBytes && this.hasRoom(rank)) return false;
    const head = { source: rank, tag, dtype: 0, sizeBytes: byteLength };
    return !this.#posted.some((each) => each instanceof Receive && each.pattern.fits(head));
  }

  /** Go on with everything, for so many turns or until a call has ended. */
  step(turns: number): void {
    const settled = this.#settled;
    for (let turn = 0; ; turn += turnCost) {
      this.#guardedTurn();
      if (this.#settled !== settled || turn >= turns || !this.isOpen) return;
    }
  }

  /** This rank is about to sleep. */
  beforeSleep(): void {
    this.#isAboutToSleep = true;
  }

  /** Enforce deadlines, and warn once of calls that wait for long; returns as `DrivenGroup.checkMessages`. */
  checkClock(now: number, warn: (message: string) => void): number {
    if (!this.isOpen) return Infinity;
    this.#isAboutToSleep = true;
    const { open } = this;
    const late = open.find(({ deadline }) => deadline <= now);
    if (late) {
      this.#watch.expire(late);
      return 1;
    }
    return Math.min(this.#watch.check(open, now, warn), this.#examine(now));
  }

  /** Memory that was overwritten may be why this rank waits. Returns the milliseconds until it is looked at again. */
  #examine(now: number): number {
    if (this.#examinedAt === 0) this.#examinedAt = now;
    if (now - this.#examinedAt >= examineAfterMs) {
      this.#examinedAt = now;
      const damage = this.#group.damage();
      if (damage) this.#break(damage);
    }
    return this.#examinedAt + examineAfterMs - now;
  }

  /** Fail the whole group because of a call's signal. @param call - In words. */
  cancel(call: string): void {
    const group = this.#group;
    if (!group.abortReason()) group.channel.leaveFault(encodeError(cancelledBy(group, call)));
    this.#group.abort(encodeAbort('cancelled', this.#group.rank));
  }

  /** The group has failed or closed. */
  fail(cause: ShoalError): void {
    const error = this.#broken ?? cause;
    const open = this.open;
    this.#posted = [];
    this.#active = [];
    this.#sends = [];
    this.#arrived.clear();
    this.#settled++;
    for (const request of open) {
      if (error instanceof CancelledError && error.cause === undefined && request.signal?.aborted) {
        error.cause = request.signal.reason;
      }
      request.settle(error);
    }
  }

  hasRoom(source: number): boolean {
    return this.#arrived.hasRoom(source);
  }

  deliver(incoming: Incoming): void {
    for (let i = 0; i < this.#posted.length;) {
      const request = this.#posted[i];
      if (!request?.pattern.fits(incoming)) {
        i++;
        continue;
      }
      this.#posted.splice(i, 1);
      if (request instanceof Receive) {
        this.#begin(request, incoming);
        return;
      }
      request.see(incoming);
      this.#ended(request);
    }
    this.#arrived.keep(incoming);
  }

  /** Give it the first message that has come and fits. */
  #match(request: Receive | Probe): void {
    if (request instanceof Probe) {
      const seen = this.#arrived.find(request.pattern);
      if (!seen) return;
      request.see(seen);
      this.#ended(request);
      return;
    }
    const incoming = this.#arrived.take(request.pattern);
    if (!incoming) return;
    this.#guarded(() => {
      this.#begin(request, incoming);
    });
  }

  #begin(receive: Receive, incoming: Incoming): void {
    // Also where this throws: the group fails, and with it what is under way.
    this.#active.push(receive);
    receive.match(incoming, this.#group.rank);
    if (this.#endReceive(receive)) this.#active.splice(this.#active.indexOf(receive), 1);
  }

  #turn(): void {
    const abortReason = this.#group.abortReason();
    if (abortReason) {
      if (this.#group.head === undefined) this.#group.fail(this.#broken ?? abortError(this.#group, abortReason));
      return;
    }
    const unserved = this.#isAboutToSleep ? this.#unserved() : undefined;
    this.#isAboutToSleep = false;
    this.carrier.step(this);
    if (this.#active.length > 0) this.#active = this.#active.filter((receive) => !this.#endReceive(receive));
    if (this.#sends.length > 0) this.#sends = this.#sends.filter((send) => !this.#endSend(send));
    if (unserved) this.#refuse(unserved);
  }

  /** True once it has ended. */
  #endReceive(receive: Receive): boolean {
    if (receive.settled) return true;
    const { incoming } = receive;
    if (!incoming || !receive.step()) return false;
    // A sender that left early may have changed its array while this rank has copied it.
    if (this.#group.abortReason()) return false;
    if (incoming.source !== this.#group.rank) this.carrier.received(incoming);
    receive.end();
    this.#ended(receive);
    return true;
  }

  #endSend(send: Send): boolean {
    const { outgoing } = send;
    if (outgoing?.isComplete !== true) return false;
    if (outgoing.error) throw outgoing.error;
    send.settle(undefined);
    this.#ended(send);
    return true;
  }

  #ended(request: MessageRequest): void {
    this.#settled++;
    this.#watch.ended(request);
  }

  #sendToSelf(send: Send): void {
    const { rank } = this.#group;
    const isKept = send.operand.array.byteLength <= this.carrier.eagerBytes && this.hasRoom(rank);
    const message = new SelfMessage(rank, send, isKept);
    send.outgoing = message;
    this.#guarded(() => {
      this.deliver(message);
    });
    if (!message.isComplete && isKept) message.keep();
  }

  /** Calls that wait for a rank whose function has returned. To be read before what has come is taken. */
  #unserved(): MessageRequest[] {
    return [...this.#posted, ...this.#sends].filter((request) => isUnserved(this.#group, request));
  }

  /** Reject calls that are still open and that nobody serves any more. */
  #refuse(unserved: readonly MessageRequest[]): void {
    for (const request of unserved) {
      const isOpen = [...this.#posted, ...this.#sends].some((each) => each === request);
      if (!isOpen) continue;
      this.#posted = this.#posted.filter((each) => each !== request);
      this.#sends = this.#sends.filter((each) => each !== request);
      const { peer } = request.waiting;
      if (peer !== undefined) this.#refused.add(peer);
      request.settle(unservedError(this.#group, request));
      this.#ended(request);
    }
  }

  /** As `#guarded`; a closure in each turn would cost some time. */
  #guardedTurn(): void {
    try {
      this.#turn();
    } catch (error) {
      this.#break(error);
    }
  }

  /** Whatever throws fails the group. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#break(error);
    }
  }

  /** Arrays that lie, or were detached, and memory that somebody has overwritten. */
  #break(error: unknown): void {
    const group = this.#group;
    const cause = causeOfBreak(group, 'a message could not be carried', error);
    group.channel.leaveFault(encodeError(cause));
    group.abort(encodeAbort('peerFailed', group.rank));
    this.#broken ??= cause;
    // A collective under way leaves first, when nobody touches its memory any more.
    if (group.head === undefined) group.fail(cause);
  }
}
