/** One rank's call of one collective, from its place in the queue to its end. */
import assert from 'node:assert/strict';
import type { ShoalError } from '../errors.js';
import { CancelledError } from '../errors.js';
import { encodeAbort } from '../window/abort-reason.js';
import { abortError, mismatchError } from './failures.js';
import type { Group } from './group.js';
import type { Movement } from './link.js';
import type { Request } from './request.js';

type State = 'queued' | 'running' | 'leaving' | 'settled';

/** How a call tells its caller. */
export interface Settle {
  resolve(): void;
  reject(error: unknown): void;
}

/** A queued or running call of one group. */
export class Call {
  readonly request: Request;
  readonly startedAt: number;
  readonly deadline: number;
  warned = false;
  /** The line that made the call, where it is noted. */
  madeAt: string | undefined;
  /** Since when this rank waits for others to stop touching its memory; 0 while it does not. */
  leavingSince = 0;
  readonly #group: Group;
  readonly #settle: Settle;
  readonly #refusal: ShoalError | undefined;
  #state: State = 'queued';
  #movement: Movement | undefined;

  /** @param refusal - Set when the call was bad: it is only announced, so that peers stay in step. */
  constructor(group: Group, request: Request, settle: Settle, refusal?: ShoalError) {
    this.request = request;
    this.#group = group;
    this.#settle = settle;
    this.#refusal = refusal;
    this.startedAt = performance.now();
    this.deadline = this.startedAt + request.timeoutMs;
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
    return this.#movement?.sequence ?? 0;
  }

  /** Waits for something that nobody rings for: poll in slices. */
  get polls(): boolean {
    return this.#movement?.polls ?? false;
  }

  /** Go on as far as possible without waiting longer than `turns` turns; true once settled. */
  step(turns: number): boolean {
    if (this.#state === 'settled') return true;
    const group = this.#group;
    const movement = (this.#movement ??= group.link.begin(this.request, this.#refusal, group.nextSequence));
    if (this.#state === 'queued') this.#state = 'running';
    if (this.#state === 'running') {
      switch (movement.step(turns)) {
        case 'pending':
          return false;
        case 'complete':
          this.#end();
          break;
        case 'mismatch':
          this.#end(mismatchError(group, movement.sequence));
          break;
        case 'refused':
          this.#state = 'settled';
          break;
        case 'aborted':
          if (movement.ownError) group.abort(encodeAbort('peerFailed', group.rank));
          this.#startLeaving();
      }
    }
    if (this.#state === 'leaving') this.#leave(movement);
    return this.settled;
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

  #startLeaving(): void {
    this.#state = 'leaving';
    this.leavingSince = performance.now();
  }

  #leave(movement: Movement): void {
    const status = movement.leave();
    if (status === 'pending') return;
    if (status === 'complete') {
      this.#end();
      return;
    }
    const reason = this.#group.abortReason();
    assert(reason, 'a call leaves early only after an abort');
    const error = movement.ownError ?? this.#localCause(abortError(this.#group, reason));
    this.#state = 'settled';
    this.#group.fail(error);
    this.#settle.reject(error);
  }

  /** The signal's own reason becomes the cause on the rank that gave the signal. */
  #localCause(error: ShoalError): ShoalError {
    const { signal } = this.request;
    if (error instanceof CancelledError && error.cause === undefined && signal?.aborted) error.cause = signal.reason;
    return error;
  }

  #end(error?: ShoalError): void {
    this.#state = 'settled';
    if (error) this.#settle.reject(error);
    else this.#settle.resolve();
  }
}
