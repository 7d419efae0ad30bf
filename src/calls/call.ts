/**
 * A call of one collective on one rank: checked and prepared once, started any number of times, one start at a time.
 *
 * A start goes from `idle` to `running` (or waits as `queued` behind earlier calls of its group), perhaps to `leaving`,
 * and back to `idle`. Then `error` says how it ended. A start that completes at once allocates nothing and reads no
 * clock.
 */
import { encodeAbort } from '../backend/abort-reason.js';
import type { Transfer, TransferStatus } from '../backend/backend.js';
import type { CallArguments } from '../backend/call-arguments.js';
import { nowMs } from '../clock.js';
import type { ShoalError } from '../errors.js';
import { CancelledError, errorNumber } from '../errors.js';
import { encodeError } from '../protocol/error-value.js';
import type { MemoryRange, MemoryUser } from '../operands/buffers-in-use.js';
import { rangesOf } from '../operands/buffers-in-use.js';
import { bytesOf, isThere } from '../operands/held-bytes.js';
import type { RecordedCall, Recorder } from '../records/recorder.js';
import type { CallWork } from '../records/call-work.js';
import type { Tracer } from '../records/tracer.js';
import { describeCall } from '../operations/describe.js';
import type { CallGroup } from './call-group.js';
import { causeOfBreak } from './call-group.js';
import { abortError, cancelledBy, mismatchError } from './failures.js';
import { haveOtherLists } from './lists/list-difference.js';
import type { Stages } from './staged-transfer.js';
import type { TimeInCalls } from './time-in-calls.js';
import { TimedStart } from './timed-start.js';
import { StagedTransfer } from './staged-transfer.js';

const noBytes = new Uint8Array(0);

/** See above. */
export class Call implements MemoryUser, RecordedCall {
  readonly args: CallArguments;
  /** The memory that nobody else may use while the call is under way. */
  readonly ranges: readonly MemoryRange[];
  /** Part of that memory may be detached or shrunk; shared memory cannot. */
  readonly canLose: boolean;
  record = 0;
  /** How the last start ended; undefined: well. */
  error: ShoalError | undefined;
  /** What the caller has given as a list this time, and gets back; undefined: the arguments say what comes back. */
  list: unknown;
  /** Called once the start has ended, where it did not end at once. */
  onSettled: (() => void) | undefined;
  /** Of an awaited start. */
  signal: AbortSignal | undefined;
  /** When the start began to wait; deadlines count from here. */
  startedAt = 0;
  deadline: number = Infinity;
  warned = false;
  /** When the memory of the group was last checked while this call waits. */
  examinedAt = 0;
  /**
   * An awaited start was made and its caller has not gone on yet: however fast the call was, it counts as under way.
   */
  isHeld: boolean = false;
  /** Up to how many frees its arrays are known not to be among the freed. */
  checkedAt: number = -1;
  /** The line that made the call, where it is noted. */
  madeAt: string | undefined;
  /** It is told for how long the next start copies and reduces, and for how many calls that stands; 0: nobody asks. */
  asker: TimeInCalls | undefined;
  askedWeight = 0;
  /** Since when this rank waits for others to stop touching its memory; 0 while it does not. */
  leavingSince = 0;
  readonly #group: CallGroup;
  readonly #recorder: Recorder;
  readonly #carried: Transfer;
  /** What a start that has met other lists goes on with. */
  readonly #explain: Stages | undefined;
  /** What is under way: the call itself, or the exchange that finds how lists differ. */
  #transfer: Transfer;
  /** Why that exchange goes on. */
  #otherLists: ShoalError | undefined;
  readonly #refusal: ShoalError | undefined;
  /** The bytes of what `canLose` means, from when they are first looked at. */
  #bytes: readonly Uint8Array[] | undefined;
  #state: 'idle' | 'queued' | 'running' | 'leaving' = 'idle';
  #ended: Promise<this> | undefined;
  /** What a start does and for how long, where a trace or `asker` wants to know it. */
  #work: CallWork | undefined;
  #timed: TimedStart | undefined;
  /** What a step of this call has thrown. */
  #broken: ShoalError | undefined;

  /**
   * @param refusal - Set when the call was bad: it is only announced, so that peers stay in step.
   * @param stages - Of a call that has several; `args` then says what its caller gave.
   * @param explain - Of a call on a list: they throw how the lists of the ranks differ.
   */
  constructor(group: CallGroup, args: CallArguments, refusal?: ShoalError, stages?: Stages, explain?: Stages) {
    this.args = args;
    this.ranges = rangesOf(args.memory);
    this.canLose = args.memory.some(({ buffer }) => !(buffer instanceof SharedArrayBuffer));
    this.#group = group;
    this.#recorder = group.recorder;
    this.#refusal = refusal;
    this.#explain = explain;
    this.#carried = stages ? new StagedTransfer(group.channel, stages) : group.channel.prepare(args, refusal);
    this.#transfer = this.#carried;
  }

  /** Whether part of the memory was detached or shrunk. */
  get hasLost(): boolean {
    if (!this.canLose) return false;
    const bytes = (this.#bytes ??= this.args.memory.map(bytesOf));
    for (let i = 0; i < bytes.length; i++) if (!isThere(bytes[i] ?? noBytes)) return true;
    return false;
  }

  /** Of the first array that was detached or shrunk: the bytes that it has left. */
  get bytesLeft(): number {
    const bytes = (this.#bytes ??= this.args.memory.map(bytesOf));
    return this.args.memory.find((_, i) => !isThere(bytes[i] ?? noBytes))?.byteLength ?? 0;
  }

  /** Fulfilled already: what waits for it goes on when the code that runs now has ended. One for all starts. */
  get ended(): Promise<this> {
    return (this.#ended ??= Promise.resolve(this));
  }

  /** What the caller gets back. */
  get result(): unknown {
    return this.list ?? this.args.result;
  }

  get settled(): boolean {
    return this.#state === 'idle';
  }

  /** The call is bad and its caller knows: it is only there to be announced. */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** For errors of others that would use its memory. */
  get what(): string {
    return this.args.operation.name;
  }

  /** Number of the piece under way; 0 while the call is queued. */
  get sequence(): number {
    return this.#state === 'queued' ? 0 : this.#transfer.sequence;
  }

  /** It waits for something that no doorbell tells of, so that whoever waits polls in slices. */
  get polls(): boolean {
    return this.#state !== 'queued' && this.#transfer.polls;
  }

  /** Start it now, waiting at most `turns` turns; true once it has settled. Never throws. */
  start(turns: number): boolean {
    this.error = undefined;
    this.#broken = undefined;
    this.#state = 'running';
    this.#begin();
    const sequence = this.#arrive();
    try {
      const status = this.#transfer.start(turns);
      if (status !== 'complete') {
        this.#beginWait();
        this.#recorder.wait(this.record, this.startedAt);
        return this.#follow(status);
      }
      this.#state = 'idle';
      this.#recorder.end(this.record, sequence);
      if (this.#work !== undefined) this.#endWork(0);
      return true;
    } catch (error) {
      this.#beginWait();
      return this.#end(error);
    }
  }

  /** Start it when the calls before it have settled. */
  queue(): void {
    this.error = undefined;
    this.#broken = undefined;
    this.#state = 'queued';
    this.#begin();
    this.#beginWait();
  }

  /** Go on as far as possible without waiting longer than `turns` turns; true once settled. Never throws. */
  step(turns: number): boolean {
    try {
      return this.#step(turns);
    } catch (error) {
      return this.#end(error);
    }
  }

  #end(error: unknown): boolean {
    this.#break(error);
    return this.settled;
  }

  #begin(): void {
    if (this.#otherLists === undefined) return;
    this.#otherLists = undefined;
    this.#transfer = this.#carried;
  }

  /** Returns the number with which it begins. */
  #arrive(): number {
    const { channel, number } = this.#group;
    const sequence = channel.sequence + 1;
    this.#recorder.begin(this, sequence, number);
    const { tracer } = this.#recorder;
    if (tracer !== undefined || this.askedWeight !== 0) this.#beginWork(tracer, sequence);
    return sequence;
  }

  /** What the start does is measured from now on. */
  #beginWork(tracer: Tracer | undefined, sequence: number): void {
    this.#timed ??= new TimedStart(this.args);
    this.#work = this.#timed.begin(tracer, sequence);
    this.#transfer.work = this.#work;
  }

  /** It has ended. @param failed - Number of the class of its error; 0: well. */
  #endWork(failed: number): void {
    this.#work = undefined;
    this.#transfer.work = undefined;
    const { number: group, rank } = this.#group;
    const { lease, tracer } = this.#recorder;
    if (tracer) this.#timed?.tell(tracer, { lease, group, rank, failed });
    if (this.askedWeight !== 0) this.#timed?.answer(this.asker, this.askedWeight);
    this.askedWeight = 0;
  }

  #beginWait(): void {
    this.startedAt = nowMs();
    this.examinedAt = this.startedAt;
    this.deadline = this.startedAt + this.args.timeoutMs;
    this.warned = false;
    this.leavingSince = 0;
  }

  #step(turns: number): boolean {
    if (this.settled) return true;
    if (this.#broken) return this.#leaveBroken(this.#broken);
    if (this.#state === 'leaving') return this.#leave();
    const isFirst = this.#state === 'queued';
    this.#state = 'running';
    if (isFirst) {
      this.#arrive();
      this.#recorder.wait(this.record, this.startedAt);
    }
    return this.#follow(isFirst ? this.#transfer.start(turns) : this.#transfer.step(turns));
  }

  #follow(status: TransferStatus): boolean {
    switch (status) {
      case 'pending':
        return false;
      case 'complete':
      case 'refused':
        this.#settle(this.#otherLists);
        return true;
      case 'mismatch':
        return this.#disagree();
      case 'aborted':
        if (this.#transfer.ownError) this.#failGroup(this.#transfer.ownError);
        this.#startLeaving();
        return this.#leave();
    }
  }

  /** True once it has settled: where lists differ, the ranks first find out how. */
  #disagree(): boolean {
    const error = this.#transfer.ownError ?? this.#otherLists ?? mismatchError(this.#group, this.#transfer.sequence);
    const isFirst = this.#explain && this.#otherLists === undefined;
    if (!isFirst || this.#transfer.ownError || !haveOtherLists(this.#group, this.#transfer.sequence)) {
      this.#settle(error);
      return true;
    }
    this.#otherLists = error;
    this.#transfer = new StagedTransfer(this.#group.channel, this.#explain);
    return this.#follow(this.#transfer.start(0));
  }

  /** Whoever waits for long may wait because its memory was overwritten: then the group fails. */
  examine(now: number): void {
    this.examinedAt = now;
    const damage = this.#group.damage();
    if (damage) this.#break(damage);
  }

  /** Fail the whole group because of this call: its deadline or its signal. */
  abort(kind: 'timeout' | 'cancelled'): void {
    const { channel } = this.#group;
    // What this rank has left of an earlier failure, in another group, is not the cause of this one.
    const left = kind === 'cancelled' ? encodeError(cancelledBy(this.#group, this.#text)) : noBytes;
    if (!this.#group.abortReason()) channel.leaveFault(left);
    this.#group.abort(encodeAbort(kind, this.#group.rank));
    if (this.#state === 'running') this.#startLeaving();
  }

  /** The call in words, as this rank has announced it. */
  get #text(): string {
    const { channel, rank } = this.#group;
    const isAnnounced = this.#state === 'running' || this.#state === 'leaving';
    const descriptor = isAnnounced ? channel.descriptor(rank, this.sequence) : undefined;
    return descriptor ? `${describeCall(descriptor)}, call ${descriptor.sequence} of the group,` : this.what;
  }

  /** The group has failed or closed before this call's turn came. */
  reject(error: ShoalError): void {
    if (!this.settled) this.#settle(error);
  }

  /**
   * A step has thrown what nobody expects: lying arrays, a trap in the kernels, memory that somebody has overwritten.
   * The group fails on every rank, and this call ends once nobody touches this rank's memory.
   */
  #break(error: unknown): void {
    if (this.settled) return;
    const what = this.args.operation.name;
    this.#broken ??= causeOfBreak(this.#group, `${what}: the call could not be carried out`, error);
    if (this.leavingSince === 0) this.#startLeaving();
    this.#group.channel.interrupted();
    this.#failGroup(this.#broken);
    this.#leaveBroken(this.#broken);
  }

  #leaveBroken(error: ShoalError): boolean {
    const { channel, members, rank: self } = this.#group;
    if (members.some(({ rank }) => rank !== self && channel.isBusy(rank))) return false;
    this.#failWith(error);
    return true;
  }

  /** Fail the group on all ranks, for an error of this rank's own. */
  #failGroup(error: ShoalError): void {
    const { channel, rank } = this.#group;
    try {
      channel.leaveFault(encodeError(error));
    } catch {
      // What cannot be encoded is left out: the peers then learn which rank has failed, not why.
    }
    this.#group.abort(encodeAbort('peerFailed', rank));
  }

  #startLeaving(): void {
    this.#state = 'leaving';
    this.leavingSince = nowMs();
  }

  #leave(): boolean {
    const status = this.#transfer.leave();
    if (status === 'pending') return false;
    if (status === 'complete') {
      this.#settle(this.#otherLists);
      return true;
    }
    const reason = this.#group.abortReason();
    // It left for its own deadline, and another rank's failure came first: over the wire its cause may still be on its
    // way.
    if (!reason) return false;
    const error = this.#transfer.ownError ?? this.#localCause(abortError(this.#group, reason));
    this.#failWith(error);
    return true;
  }

  /** The signal's own reason becomes the cause on the rank that gave the signal. */
  #localCause(error: ShoalError): ShoalError {
    const { signal } = this;
    if (error instanceof CancelledError && error.cause === undefined && signal?.aborted) error.cause = signal.reason;
    return error;
  }

  #failWith(error: ShoalError): void {
    this.#leaveState(error);
    this.#group.fail(error);
    this.onSettled?.();
  }

  #settle(error: ShoalError | undefined): void {
    this.#leaveState(error);
    this.onSettled?.();
  }

  #leaveState(error: ShoalError | undefined): void {
    // A call whose turn never came has not arrived.
    const failure = error ?? this.#refusal;
    const failed = failure ? errorNumber(failure) : 0;
    if (this.#state !== 'queued') this.#recorder.settle(this.record, this.startedAt, failed);
    if (this.#work !== undefined) this.#endWork(failed);
    this.#state = 'idle';
    this.error = error;
  }
}
