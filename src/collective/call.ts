/**
 * One rank's side of one collective: copy in, let the kernels go on with it, copy out.
 *
 * A call on plain arrays longer than the staging goes through the window in pieces, each with a
 * sequence number of its own; all ranks cut alike, since the plan is a function of all records.
 */
import assert from 'node:assert/strict';
import type { ShoalError } from '../errors.js';
import { CancelledError, errorClasses, InvalidArgumentError } from '../errors.js';
import { Status } from '../kernels/wasm-module.js';
import type { TypedArray } from '../types/buffers.js';
import { encodeAbort } from '../window/abort-reason.js';
import { stagingBytes } from '../window/layout.js';
import { abortError, mismatchError } from './failures.js';
import type { Group } from './group.js';
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
  /** Number of the piece under way; 0 while the call is queued. */
  sequence = 0;
  warned = false;
  /** Since when this rank waits for others to stop touching its memory; 0 while it does not. */
  leavingSince = 0;
  readonly #group: Group;
  readonly #settle: Settle;
  readonly #refusal: ShoalError | undefined;
  #state: State = 'queued';
  #copiedIn = false;
  #pieceStart = 0;
  /** An error of this rank's own, such as a buffer that was detached under way. */
  #ownError: ShoalError | undefined;

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

  /** Waits for room in the window and nobody rings for that: poll in slices. */
  get polls(): boolean {
    return this.#state === 'leaving' || (this.#state === 'running' && !this.#copiedIn);
  }

  /** Go on as far as possible without waiting longer than `turns` turns; true once settled. */
  step(turns: number): boolean {
    const { frame, engine } = this.#group;
    const { kernels } = engine.window;
    if (this.#state === 'queued') this.#begin();
    while (this.#state === 'running') {
      if (!this.#copiedIn) {
        if (this.#group.abortReason()) return this.#startLeaving();
        if (kernels.shoal_may_arrive(frame.address, this.#refusal ? 0 : 1) === 0) return false;
        if (this.#refusal) return this.#announceRefusal();
        this.#copyIn();
        if (this.#ownError) return this.#failGroup();
      }
      const status = kernels.shoal_advance(frame.address, turns);
      this.#group.ringAsked();
      if (status === Status.pending) return false;
      if (status === Status.complete) this.#completePiece();
      else if (status === Status.aborted) this.#startLeaving();
      else this.#end(mismatchError(this.#group, this.sequence));
    }
    if (this.#state === 'leaving') this.#leave();
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

  #begin(): void {
    const { frame } = this.#group;
    const { algorithm, dtype, op, root, count, name } = this.request;
    frame.setCall({ operation: algorithm.operation, dtype, op, root, count, name });
    this.#state = 'running';
    this.#beginPiece();
  }

  #beginPiece(): void {
    this.sequence = ++this.#group.sequence;
    this.#copiedIn = false;
    const { input, output } = this.request;
    this.#group.frame.setPiece(
      this.sequence,
      this.#pieceStart,
      this.#addressOf(input),
      this.#addressOf(output ?? input),
    );
  }

  /** Window address of a window array's next element; 0 for a plain array. */
  #addressOf(array: TypedArray | undefined): number {
    if (!array || !this.#group.engine.window.holds(array)) return 0;
    return array.byteOffset + this.#pieceStart * this.request.itemBytes;
  }

  #copyIn(): void {
    const { input, count, itemBytes } = this.request;
    this.#copiedIn = true;
    if (!input || count === 0 || this.#group.engine.window.holds(input)) return;
    const rest = (count - this.#pieceStart) * itemBytes;
    const whole = Math.floor(stagingBytes / itemBytes) * itemBytes;
    const source = this.#bytesOf(input, Math.min(rest, whole));
    if (source) this.#group.engine.window.node.bytes.set(source, this.#group.frame.stagingHalf(this.sequence));
  }

  #completePiece(): void {
    const { frame, engine } = this.#group;
    const { count, itemBytes } = this.request;
    const pieceCount = frame.pieceCount;
    this.#copyOut(pieceCount * itemBytes);
    engine.window.kernels.shoal_depart(frame.address);
    if (this.#ownError) {
      this.#failGroup();
      return;
    }
    this.#pieceStart += pieceCount;
    if (this.#pieceStart < count) this.#beginPiece();
    else this.#end();
  }

  #copyOut(sizeBytes: number): void {
    const { output } = this.request;
    const { window } = this.#group.engine;
    if (!output || sizeBytes === 0 || window.holds(output)) return;
    const result = this.#group.frame.result;
    const target = this.#bytesOf(output, sizeBytes);
    target?.set(window.node.bytes.subarray(result, result + sizeBytes));
  }

  /** The piece's bytes of a plain array; undefined, with `#ownError` set, when they are gone. */
  #bytesOf(array: TypedArray, length: number): Uint8Array | undefined {
    const offset = this.#pieceStart * this.request.itemBytes;
    if (array.byteLength >= offset + length) return new Uint8Array(array.buffer, array.byteOffset + offset, length);
    this.#ownError = new InvalidArgumentError(
      `${this.request.algorithm.name}: expected the buffer to stay as it was until the call ends, ` +
        `but it was detached or shrunk to ${array.byteLength} bytes; await the call before you transfer the buffer`,
    );
    return undefined;
  }

  #failGroup(): boolean {
    this.#group.abort(encodeAbort('peerFailed', this.#group.rank));
    return this.#startLeaving();
  }

  #announceRefusal(): boolean {
    const { frame, engine } = this.#group;
    frame.setRefusal(1 + errorClasses.findIndex((errorClass) => errorClass.code === this.#refusal?.code));
    engine.window.kernels.shoal_refuse(frame.address);
    this.#group.ringAsked();
    this.#state = 'settled';
    return true;
  }

  #startLeaving(): boolean {
    this.#state = 'leaving';
    this.leavingSince = performance.now();
    return this.#leave();
  }

  #leave(): boolean {
    const { frame, engine } = this.#group;
    const status = this.#copiedIn ? engine.window.kernels.shoal_leave(frame.address) : Status.left;
    if (status === Status.pending) return false;
    const last = this.#pieceStart + frame.pieceCount >= this.request.count;
    if (status === Status.complete && last && !this.#ownError) {
      this.#completePiece();
      return true;
    }
    const reason = this.#group.abortReason();
    assert(reason, 'a call leaves early only after an abort');
    this.#end(this.#ownError ?? this.#localCause(abortError(this.#group, reason)));
    return true;
  }

  /** The signal's own reason becomes the cause on the rank that gave the signal. */
  #localCause(error: ShoalError): ShoalError {
    const { signal } = this.request;
    if (error instanceof CancelledError && error.cause === undefined && signal?.aborted) error.cause = signal.reason;
    return error;
  }

  #end(error?: ShoalError): void {
    const wasLeaving = this.#state === 'leaving';
    this.#state = 'settled';
    if (!error) {
      this.#settle.resolve();
      return;
    }
    if (wasLeaving) this.#group.fail(error);
    else this.#group.engine.window.kernels.shoal_depart(this.#group.frame.address);
    this.#settle.reject(error);
  }
}
