/**
 * The messages of one rank in one group: which receive gets which message, and what is under way. Messages of one
 * source are matched in the order in which they were sent, receives in the order in which they were made, as in MPI-4.1,
 * section 3.5.
 */
import { encodeAbort } from '../backend/abort-reason.js';
import type { AbortReason } from '../backend/abort-reason.js';
import type { Carrier, Incoming, Recipient } from '../backend/carrier.js';
import { CancelledError, CollectiveMismatchError, CollectiveTimeoutError, InvalidArgumentError } from '../errors.js';
import { isError, ShoalError, show } from '../errors.js';
import { counted } from '../grammar.js';
import { encodeError } from '../protocol/error-value.js';
import { ArrivedMessages } from './arrived-messages.js';
import type { GroupView } from './failures.js';
import { abortError, cancelledBy, lastOperationsOf, warnAfterMs } from './failures.js';
import { Probe } from './probe-request.js';
import { Receive } from './receive-request.js';
import { SelfMessage } from './self-message.js';
import type { MessageRequest } from './message-request.js';
import type { Send } from './send-request.js';
import { MessageRoom } from './message-room.js';
import { listIn } from './offer-words.js';
import { cycleCure, isOfGroup, whoWaits } from './who-waits.js';

/** A turn takes as long as so many turns of a collective. */
const turnCost = 8;
/** After this time of waiting a rank tells the others what it waits for. */
const tellAfterMs = 50;
/** How often the memory of a group is checked while it waits. */
const examineAfterMs = 1_000;

/** What messages ask of their group. */
export interface MessageGroup extends GroupView {
  readonly number: number;
  /** A collective is under way: it hears first of what fails the group. */
  readonly head: unknown;
  abortReason(): AbortReason | undefined;
  abort(reason: number): void;
  fail(error: ShoalError): void;
  damage(): ShoalError | undefined;
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
  readonly #room: MessageRoom;
  #count = 0;
  #settled = 0;
  /** Of which others were told. */
  #told: MessageRequest | undefined;
  /** As others were told. */
  #lacksRoom = false;
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
    this.#room = new MessageRoom(group.rank, this.carrier, this.#arrived);
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
    let next = Infinity;
    let oldest: MessageRequest | undefined;
    let isLong = false;
    for (const request of this.open) {
      oldest ??= request;
      if (request.deadline <= now) {
        this.#expire(request);
        return 1;
      }
      const warnsAfter = warnsIn(request, now);
      isLong ||= warnsAfter <= 0;
      next = Math.min(next, request.deadline - now, warnsAfter <= 0 ? Infinity : warnsAfter);
    }
    if (isLong) this.#warnOfLong(now, warn);
    if (oldest && (oldest !== this.#told || this.#lacksRoomFor(oldest) !== this.#lacksRoom)) {
      const tellAt = oldest.startedAt + Math.min(tellAfterMs, oldest.timeoutMs / 2);
      if (tellAt <= now) this.#tell(oldest);
      else next = Math.min(next, tellAt - now);
    }
    if (this.#examinedAt === 0) this.#examinedAt = now;
    if (now - this.#examinedAt >= examineAfterMs) {
      this.#examinedAt = now;
      const damage = this.#group.damage();
      if (damage) this.#break(damage);
    }
    return Math.min(next, this.#examinedAt + examineAfterMs - now);
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
    if (this.#told !== request) return;
    this.#told = undefined;
    this.carrier.setWaiting(undefined);
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
    const { channel, members, rank } = this.#group;
    const others = members.map((member) => member.rank).filter((other) => other !== rank);
    const hasReturned = (other: number): boolean => other !== rank && channel.finished(other) !== 0;
    const receives = this.#posted.filter(({ pattern }) => {
      return pattern.source === undefined
        ? others.length > 0 && others.every(hasReturned)
        : hasReturned(pattern.source);
    });
    return [...receives, ...this.#sends.filter(({ dest }) => hasReturned(dest))];
  }

  #refuse(unserved: readonly MessageRequest[]): void {
    for (const request of unserved) {
      const isOpen = [...this.#posted, ...this.#sends].some((each) => each === request);
      if (!isOpen) continue;
      this.#posted = this.#posted.filter((each) => each !== request);
      this.#sends = this.#sends.filter((each) => each !== request);
      const { peer } = request.waiting;
      if (peer !== undefined) this.#refused.add(peer);
      const last = lastOperationsOf(this.#group);
      const who = peer === undefined ? 'all other ranks' : `rank ${peer}`;
      const calls = this.#group.members.map(({ rank }) => {
        if (rank === this.#group.rank) return { rank, call: request.text };
        const hasReturned = this.#group.channel.finished(rank) !== 0;
        return { rank, call: hasReturned ? 'its function has returned' : 'still runs' };
      });
      request.settle(
        new CollectiveMismatchError(
          `${request.text}: the function of ${who} has returned, so that nobody serves the call any more.${last.text}`,
          { calls, taskId: this.#group.taskId, ...last.fields },
        ),
      );
      this.#ended(request);
    }
  }

  /** One warning for all that wait for so long by now. */
  #warnOfLong(now: number, warn: (message: string) => void): void {
    const long = this.open.filter((request) => warnsIn(request, now) <= 0);
    const [first, ...others] = long;
    if (!first) return;
    for (const request of long) request.warned = true;
    const { taskId, rank } = this.#group;
    const { text, cycle } = whoWaits(this.#group, this.carrier, this.#room, first.waiting);
    const seconds = Math.round((now - first.startedAt) / 1000);
    const more = others.length > 0 ? `, and in ${counted(others.length, 'further call')}` : '';
    const cure = cycle ? `. ${cycleCure}` : '';
    warn(`task ${taskId}: rank ${rank} has waited ${seconds} s in ${first.text}${more}: ${text}${cure}`);
  }

  #tell(request: MessageRequest): void {
    this.#told = request;
    this.#lacksRoom = this.#lacksRoomFor(request);
    this.carrier.setWaiting({ ...request.waiting, lacksRoom: this.#lacksRoom });
  }

  /** Messages to the rank that a request waits for wait here. */
  #lacksRoomFor({ waiting: { peer } }: MessageRequest): boolean {
    return peer !== undefined && this.#room.lacksAt(peer);
  }

  #expire(request: MessageRequest): void {
    const group = this.#group;
    const { text, cycle, missing } = whoWaits(group, this.carrier, this.#room, request.waiting);
    const lists = isOfGroup(request.waiting) ? this.#otherLists() : '';
    const error = new CollectiveTimeoutError(
      `${request.text} passed its deadline on rank ${group.rank}: ${text}${lists}. ` +
        (cycle
          ? `${cycleCure}. The group has failed; go on in a new task.`
          : 'The group has failed; go on in a new task, or pass a longer timeoutMs.'),
      {
        missing: missing.flatMap((rank) => {
          const member = group.members[rank];
          return member ? [{ ...member, lastCompleted: 'none' }] : [];
        }),
        cycle,
        rank: group.rank,
        taskId: group.taskId,
      },
    );
    group.channel.leaveFault(encodeError(error));
    group.abort(encodeAbort('timeout', group.rank));
  }

  /** What others gave to `group` that this rank has not called so. */
  #otherLists(): string {
    const texts = this.#arrived.all.flatMap((incoming) => {
      if (incoming.tag >= 0) return [];
      const words = new Float64Array(incoming.sizeBytes / Float64Array.BYTES_PER_ELEMENT);
      if (incoming.take(words) !== 'complete') return [];
      return [`; rank ${incoming.source} called group([${listIn(words).join(', ')}])`];
    });
    return texts.join('');
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
    const cause =
      group.damage() ??
      (error instanceof ShoalError
        ? error
        : new InvalidArgumentError(
            `a message could not be carried: ${isError(error) ? error.message : show(error)}. See that nobody writes to ` +
              `memory that is not its own, nor changes the buffer, while the call runs`,
            {},
            { cause: error },
          ));
    group.channel.leaveFault(encodeError(cause));
    group.abort(encodeAbort('peerFailed', group.rank));
    this.#broken ??= cause;
    // A collective under way leaves first, when nobody touches its memory any more.
    if (group.head === undefined) group.fail(cause);
  }
}

/** Milliseconds until a warning says that it waits. */
function warnsIn({ startedAt, warned }: MessageRequest, now: number): number {
  return startedAt === 0 || warned ? Infinity : startedAt + warnAfterMs - now;
}
