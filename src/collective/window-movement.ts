/**
 * One rank's side of one collective in the window: copy in, let the kernels go on with it, copy out.
 *
 * A call on plain arrays longer than the staging goes through the window in pieces, each with a
 * sequence number of its own; all ranks cut alike, since the plan is a function of all records.
 */
import type { ShoalError } from '../errors.js';
import { errorNumber } from '../errors.js';
import { Status } from '../kernels/wasm-module.js';
import type { TypedArray } from '../types/buffers.js';
import { stagingBytes } from '../window/layout.js';
import type { Movement, MoveStatus } from './link.js';
import { bytesOf } from './piece-bytes.js';
import type { Request } from './request.js';
import type { WindowLink } from './window-link.js';

/** Lives from the first piece to the last. */
export class WindowMovement implements Movement {
  sequence = 0;
  ownError: ShoalError | undefined;
  readonly #link: WindowLink;
  readonly #request: Request;
  readonly #refusal: ShoalError | undefined;
  readonly #nextSequence: () => number;
  #copiedIn = false;
  #leaving = false;
  #pieceStart = 0;

  constructor(link: WindowLink, request: Request, refusal: ShoalError | undefined, nextSequence: () => number) {
    this.#link = link;
    this.#request = request;
    this.#refusal = refusal;
    this.#nextSequence = nextSequence;
    const { algorithm, dtype, op, root, count, name } = request;
    link.frame.setCall({ operation: algorithm.operation, dtype, op, root, count, name });
    this.#beginPiece();
  }

  /** Waits for room in the window, or for others to leave memory alone. */
  get polls(): boolean {
    return this.#leaving || !this.#copiedIn;
  }

  step(turns: number): MoveStatus {
    const { frame, window } = this.#link;
    const { kernels } = window;
    for (;;) {
      if (!this.#copiedIn) {
        if (this.#link.abortReason()) return 'aborted';
        if (kernels.shoal_may_arrive(frame.address, this.#refusal ? 0 : 1) === 0) return 'pending';
        if (this.#refusal) return this.#announceRefusal(this.#refusal);
        this.#copyIn();
        if (this.ownError) return 'aborted';
      }
      const status = kernels.shoal_advance(frame.address, turns);
      this.#link.ringAsked();
      if (status === Status.pending) return 'pending';
      if (status === Status.aborted) return 'aborted';
      if (status !== Status.complete) {
        kernels.shoal_depart(frame.address);
        return 'mismatch';
      }
      if (!this.#completePiece()) return 'aborted';
      if (this.#pieceStart >= this.#request.count) return 'complete';
      this.#beginPiece();
    }
  }

  leave(): 'pending' | 'complete' | 'left' {
    this.#leaving = true;
    const { frame, window } = this.#link;
    const status = this.#copiedIn ? window.kernels.shoal_leave(frame.address) : Status.left;
    if (status === Status.pending) return 'pending';
    const last = this.#pieceStart + frame.pieceCount >= this.#request.count;
    if (status !== Status.complete || !last || this.ownError) return 'left';
    return this.#completePiece() ? 'complete' : 'left';
  }

  #beginPiece(): void {
    this.sequence = this.#nextSequence();
    this.#copiedIn = false;
    const { input, output } = this.#request;
    this.#link.frame.setPiece(
      this.sequence,
      this.#pieceStart,
      this.#addressOf(input),
      this.#addressOf(output ?? input),
    );
  }

  /** Window address of a window array's next element; 0 for a plain array. */
  #addressOf(array: TypedArray | undefined): number {
    if (!array || !this.#link.window.holds(array)) return 0;
    return array.byteOffset + this.#pieceStart * this.#request.itemBytes;
  }

  #copyIn(): void {
    const { input, count, itemBytes } = this.#request;
    const { window, frame } = this.#link;
    this.#copiedIn = true;
    if (!input || count === 0 || window.holds(input)) return;
    const rest = (count - this.#pieceStart) * itemBytes;
    const whole = Math.floor(stagingBytes / itemBytes) * itemBytes;
    const source = this.#bytesOf(input, Math.min(rest, whole));
    if (source) window.node.bytes.set(source, frame.stagingHalf(this.sequence));
  }

  /** False, with `ownError` set, when the result has nowhere to go any more. */
  #completePiece(): boolean {
    const { frame, window } = this.#link;
    const { output, itemBytes } = this.#request;
    const { pieceCount, result } = frame;
    const sizeBytes = pieceCount * itemBytes;
    if (output && sizeBytes > 0 && !window.holds(output)) {
      this.#bytesOf(output, sizeBytes)?.set(window.node.bytes.subarray(result, result + sizeBytes));
    }
    window.kernels.shoal_depart(frame.address);
    this.#pieceStart += pieceCount;
    return !this.ownError;
  }

  #bytesOf(array: TypedArray, length: number): Uint8Array | undefined {
    const piece = bytesOf(this.#request, array, this.#pieceStart, length);
    if (piece instanceof Uint8Array) return piece;
    this.ownError = piece;
    return undefined;
  }

  #announceRefusal(refusal: ShoalError): MoveStatus {
    const { frame, window } = this.#link;
    frame.setRefusal(errorNumber(refusal));
    window.kernels.shoal_refuse(frame.address);
    this.#link.ringAsked();
    return 'refused';
  }
}
