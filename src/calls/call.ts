/** One rank's call of one collective, from its place in the queue to its end. */
import { nowMs } from '../clock.js';
import { CancelledError, InvalidArgumentError, ShoalError, isError, show } from '../errors.js';
import { encodeError } from '../protocol/error-value.js';
import type { AbortReason } from '../backend/abort-reason.js';
import { encodeAbort } from '../backend/abort-reason.js';
import { abortError, mismatchError } from './failures.js';
import type { GroupView } from './failures.js';
import type { Transfer } from '../backend/backend.js';
import type { CallArguments } from '../backend/call-arguments.js';

type State = 'queued' | 'running' | 'leaving' | 'settled';

/** What a call asks of its group. */
export interface CallGroup extends GroupView {
  readonly nextSequence: () => number;
  damage(): ShoalError | undefined;
  abortReason(): AbortReason | undefined;
  /** Fail the group on every rank. */
  abort(reason: number): void;
  /** Fail this rank's side. */
  fail(error: ShoalError): void;
}

/** How a call tells its caller. */
export interface Settle {
  resolve(): void;
  reject(error: unknown): void;
}

/** A queued or running call of one group. */
export class Call {
  readonly args: CallArguments;
  readonly startedAt: number;
  readonly deadline: number;
  warned = false;
  /** When the memory of the group was last looked at while this call waits. */
  examinedAt: number;
  /** The line that made the call, where it is noted. */
  madeAt: string | undefined;
  /** Since when this rank waits for others to stop touching its memory; 0 while it does not. */
  leavingSince = 0;
  readonly #group: CallGroup;
  readonly #settle: Settle;
  readonly #refusal: ShoalError | undefined;
  #state: State = 'queued';
  #transfer: Transfer | undefined;
  /** What a step of this call has thrown. */
  #broken: ShoalError | undefined;

  /** @param refusal - Set when the call was bad: it is only announced, so that peers stay in step. */
  constructor(group: CallGroup, args: CallArguments, settle: Settle, refusal?: ShoalError) {
    this.args = args;
    this.#group = group;
    this.#settle = settle;
    this.#refusal = refusal;
    this.startedAt = nowMs();
    this.examinedAt = this.startedAt;
    this.deadline = this.startedAt + args.timeoutMs;
  }

  get settled(): boolean {
    return this.#state === 'settled';
  }

  /** The call is bad and its caller knows: it is only there to be announced. */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** Number of the piece under way; 0 while the call is queued. */
  get sequence(): number {
    return this.#transfer?.sequence ?? 0;
  }

  /** Waits for something that nobody notifies of: poll in slices. */
  get polls(): boolean {
    return this.#transfer?.polls ?? false;
  }

  /** Go on as far as possible without waiting longer than `turns` turns; true once settled. Never throws. */
  step(turns: number): boolean {
    try {
      return this.#step(turns);
    } catch (error) {
      this.#break(error);
      return this.settled;
    }
  }

  #step(turns: number): boolean {
    if (this.#state === 'settled') return true;
    if (this.#broken) return this.#leaveBroken(this.#broken);
    const group = this.#group;
    const transfer = (this.#transfer ??= group.channel.begin(this.args, this.#refusal, group.nextSequence));
    if (this.#state === 'queued') this.#state = 'running';
    if (this.#state === 'running') {
      switch (transfer.step(turns)) {
        case 'pending':
          return false;
        case 'complete':
          this.#end();
          break;
        case 'mismatch':
          this.#end(mismatchError(group, transfer.sequence));
          break;
        case 'refused':
          this.#state = 'settled';
          break;
        case 'aborted':
          if (transfer.ownError) this.#failGroup(transfer.ownError);
          this.#startLeaving();
      }
    }
    if (this.#state === 'leaving') this.#leave(transfer);
    return this.settled;
  }

  /** Whoever waits for long may wait because its memory was overwritten: then the group fails. */
  examine(now: number): void {
    this.examinedAt = now;
    const damage = this.#group.damage();
    if (damage) this.#break(damage);
  }

  /** Fail the whole group because of this call: its deadline or its signal. */
  abort(kind: 'timeout' | 'cancelled'): void {
    this.#group.abort(encodeAbort(kind, this.#group.rank));
    if (this.#state === 'running') this.#startLeaving();
  }

  /** The group has failed or closed before this call's turn came. */
  reject(error: unknown): void {
    if (this.settled) return;
    this.#state = 'settled';
    this.#settle.reject(error);
  }

  /**
   * A step has thrown what nobody expects: lying arrays, a trap in the kernels, memory that somebody has overwritten. The
   * group fails on every rank, and this call ends once nobody touches this rank's memory.
   */
  #break(error: unknown): void {
    if (this.settled) return;
    const what = this.args.algorithm.name;
    this.#broken ??=
      this.#group.damage() ??
      (error instanceof ShoalError
        ? error
        : new InvalidArgumentError(
            `${what}: the call could not be carried out: ${isError(error) ? error.message : show(error)}; see that nobody writes to memory that is not ` +
              `its own, nor changes the buffer, while the call runs`,
            {},
            { cause: error },
          ));
    if (this.leavingSince === 0) this.#startLeaving();
    this.#group.channel.interrupted();
    this.#failGroup(this.#broken);
    this.#leaveBroken(this.#broken);
  }

  #leaveBroken(error: ShoalError): boolean {
    const { channel, members, rank: self } = this.#group;
    if (members.some(({ rank }) => rank !== self && channel.isBusy(rank))) return false;
    this.#state = 'settled';
    this.#group.fail(error);
    this.#settle.reject(error);
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

  #leave(transfer: Transfer): void {
    const status = transfer.leave();
    if (status === 'pending') return;
    if (status === 'complete') {
      this.#end();
      return;
    }
    const reason = this.#group.abortReason();
    // It left for its own deadline, and another rank's failure came first: over the wire its cause may still be on its way.
    if (!reason) return;
    const error = transfer.ownError ?? this.#localCause(abortError(this.#group, reason));
    this.#state = 'settled';
    this.#group.fail(error);
    this.#settle.reject(error);
  }

  /** The signal's own reason becomes the cause on the rank that gave the signal. */
  #localCause(error: ShoalError): ShoalError {
    const { signal } = this.args;
    if (error instanceof CancelledError && error.cause === undefined && signal?.aborted) error.cause = signal.reason;
    return error;
  }

  #end(error?: ShoalError): void {
    this.#state = 'settled';
    if (error) this.#settle.reject(error);
    else this.#settle.resolve();
  }
}
