/** One rank's membership in one group, a task's or one inside a task: its queue of calls and its state. */
import type { MemberInfo, ShoalError, WindowDamagedError } from '../errors.js';
import { ClosedError } from '../errors.js';
import type { AbortReason } from '../backend/abort-reason.js';
import type { Call } from './call.js';
import type { CallGroup } from './call-group.js';
import type { Lease } from '../backend/lease.js';
import type { DrivenGroup, RankEngine } from './engine.js';
import { damageError } from '../backend/damage.js';
import { abortError } from './failures.js';
import type { MessageGroup } from './messages/group-messages.js';
import { GroupMessages } from './messages/group-messages.js';
import type { MessageRequest } from './messages/message-request.js';
import { nowMs } from '../clock.js';
import type { Recorder } from '../records/recorder.js';
import type { Channel, GroupPlace, TaskChannel } from '../backend/backend.js';

/** Settled calls that a queue may hold. */
const keptSettled = 1_000;

/** Open until it fails (first cause wins) or closes. Calls run in call order. */
export class Group implements CallGroup, DrivenGroup, MessageGroup {
  readonly engine: RankEngine;
  readonly rank: number;
  readonly members: readonly MemberInfo[];
  readonly taskId: string;
  readonly channel: Channel;
  /** Unique in the task; 0: the task's own group. */
  readonly number: number;
  /** Of a group inside a task: the task's own. */
  readonly task: Group | undefined;
  /** Of the task's own group: groups are made from it. */
  readonly taskChannel: TaskChannel;
  /** Of the task's own group: those inside the task that are not closed. */
  readonly inside: Set<Group> = new Set();
  #failure: ShoalError | undefined;
  #damage: WindowDamagedError | undefined;
  #closed = false;
  /** This rank has left a group inside the task. */
  #hasLeft = false;
  #asleep = false;
  /** Groups inside the task in which this rank sleeps. */
  #sleepers = 0;
  #messages: GroupMessages | undefined;
  readonly #queue: Call[] = [];
  /** Of the call whose turn it is; those before it have settled. */
  #first = 0;
  #earliest = Infinity;

  private constructor(
    engine: RankEngine,
    channel: Channel,
    taskChannel: TaskChannel,
    { rank, members, taskId, number }: Pick<Lease, 'rank' | 'members' | 'taskId'> & { readonly number: number },
    task?: Group,
  ) {
    this.engine = engine;
    this.rank = rank;
    this.members = members;
    this.taskId = taskId;
    this.channel = channel;
    this.taskChannel = taskChannel;
    this.number = number;
    this.task = task;
  }

  /** Take part in a task. */
  static ofTask(engine: RankEngine, lease: Lease): Group {
    const channel = engine.backend.join(lease);
    return new Group(engine, channel, channel, { ...lease, number: 0 });
  }

  /** Take part in a group inside the task. */
  openInside(channel: Channel, { rank, members, number }: GroupPlace): Group {
    const task = this.task ?? this;
    const group = new Group(
      this.engine,
      channel,
      this.taskChannel,
      { rank, members, taskId: this.taskId, number },
      task,
    );
    task.inside.add(group);
    return group;
  }

  /** What this rank notes of its calls. */
  get recorder(): Recorder {
    return this.engine.recorder;
  }

  /** Number of the last call that this rank has begun. */
  get sequence(): number {
    return this.channel.sequence;
  }

  /** Whether a call can start, as far as is known without polling what others have done. */
  get isOpen(): boolean {
    return !this.#closed && !this.#hasLeft && this.#failure === undefined;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** This rank makes no further call in the group. */
  get hasLeft(): boolean {
    return this.#closed || this.#hasLeft;
  }

  /** No call of this group is under way on this rank. */
  get isIdle(): boolean {
    return this.head === undefined && this.#messages?.isOpen !== true;
  }

  rankInTask(rank: number): number {
    const { worldRank } = this.members[rank] ?? {};
    return this.task?.members.find((member) => member.worldRank === worldRank)?.rank ?? rank;
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
    return [...this.#ownInFlight, ...[...this.inside].flatMap((group) => group.inFlight)];
  }

  get #ownInFlight(): { operation: string; sequence: number; at: string | undefined }[] {
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
    return [...this.#ownUnreceived, ...[...this.inside].flatMap((group) => group.unreceived)];
  }

  get #ownUnreceived(): readonly string[] {
    if (this.#closed || this.#failure || this.abortReason()) return [];
    if (!this.#messages && !this.channel.hasMessages) return [];
    const come = this.messages.unreceived().map(({ source, tag }) => {
      return tag < 0 ? `group(…) of rank ${source}` : `message of rank ${source} with tag ${tag}`;
    });
    return [...come, ...this.messages.untaken.map((dest) => `message to rank ${dest}, which had returned`)];
  }

  /** Why no further call is possible; undefined while the group is open. */
  get failure(): ShoalError | undefined {
    if (this.#failure) return this.#failure;
    if (this.hasLeft) return this.#closedError();
    const reason = this.abortReason();
    if (reason && !this.head) this.#failure = abortError(this, reason);
    return this.#failure;
  }

  /**
   * The error of a task whose memory was overwritten by what may not write there; undefined: nothing is known of it.
   */
  damage(): WindowDamagedError | undefined {
    if (this.#damage || this.#closed) return this.#damage;
    // A rank that sleeps in a group inside the task says so in the task's own slot.
    const atRest = this.isIdle && this.#sleepers === 0 && !this.#failure && !this.abortReason();
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
    if (this.task) this.abortReason(); // the end of the task is to be seen by the kernels too
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

  /** As `DrivenGroup` says. */
  checkMessages(now: number, warn: (message: string) => void): number {
    return this.#messages?.checkClock(now, warn) ?? Infinity;
  }

  /** Say whether this rank waits for its doorbell in a call of this group. */
  setAsleep(asleep: boolean): void {
    if (asleep) this.#messages?.beforeSleep();
    if (asleep === this.#asleep) return;
    this.#asleep = asleep;
    this.channel.setAsleep(asleep || this.#sleepers > 0);
    this.task?.sleepInside(asleep);
  }

  /** Whoever sleeps in a group inside the task is to hear of what ends the task. */
  sleepInside(asleep: boolean): void {
    this.#sleepers += asleep ? 1 : -1;
    this.channel.setAsleep(this.#asleep || this.#sleepers > 0);
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
    for (const group of this.inside) group.finish();
    if (!this.abortReason()) this.channel.finish();
  }

  /**
   * Release the channel; every later call rejects with ERR_SHOAL_CLOSED. The memory of the slot is no longer touched.
   */
  close(): void {
    if (this.#closed) return;
    for (const group of this.inside) group.close();
    this.#closed = true;
    const cause = this.isIdle ? undefined : this.failure;
    if (cause) this.fail(cause);
    this.task?.inside.delete(this);
    this.channel.close();
    this.engine.groupEnded();
  }

  /**
   * Leave a group inside the task. Others may still have to hear of calls that were refused: then the group is closed
   * when they have.
   */
  leave(): void {
    if (this.hasLeft) return;
    this.#hasLeft = true;
    if (this.isIdle) this.#endLeaving();
  }

  #endLeaving(): void {
    this.finish();
    this.close();
  }

  #closedError(): ClosedError {
    const { taskId, task } = this;
    const text =
      task && !task.isClosed
        ? 'this group was closed; no call of it is possible'
        : `task ${taskId} has ended; its collectives and arrays end with it`;
    return new ClosedError(text, { taskId });
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
    if (this.#hasLeft && !this.#closed) this.#endLeaving();
  }
}
