/**
 * One rank's side of one collective in the window: copy in, let the kernels go on with it, copy out.
 *
 * A call on plain arrays longer than the staging goes through the window in pieces, each with a
 * sequence number of its own; all ranks cut alike, since the plan is a function of all descriptors.
 */
import type { ShoalError } from '../../errors.js';
import { errorNumber } from '../../errors.js';
import { Status } from '../../kernels/wasm-module.js';
import type { TypedArray } from '../../types/buffers.js';
import { stagingBytes } from './layout.js';
import type { Transfer, TransferStatus } from '../backend.js';
import { bytesOf } from '../piece-bytes.js';
import type { CallArguments } from '../call-arguments.js';
import type { AbortReason } from '../abort-reason.js';
import type { CallBlock } from './call-block.js';
import type { RankWindow } from './rank-window.js';

/** What a transfer asks of its channel. */
export interface WindowMembers {
  readonly window: RankWindow;
  readonly block: CallBlock;
  abortReason(): AbortReason | undefined;
  /** Notify the members that the last kernel call names. */
  notifyAsked(): void;
}

/** Lives from the first piece to the last. */
export class WindowTransfer implements Transfer {
  sequence = 0;
  ownError: ShoalError | undefined;
  readonly #channel: WindowMembers;
  readonly #args: CallArguments;
  readonly #refusal: ShoalError | undefined;
  readonly #nextSequence: () => number;
  #copiedIn = false;
  #leaving = false;
  #pieceStart = 0;

  constructor(
    channel: WindowMembers,
    args: CallArguments,
    refusal: ShoalError | undefined,
    nextSequence: () => number,
  ) {
    this.#channel = channel;
    this.#args = args;
    this.#refusal = refusal;
    this.#nextSequence = nextSequence;
    const { algorithm, dtype, op, root, count, name } = args;
    channel.block.setCall({ operation: algorithm.operation, dtype, op, root, count, name });
    this.#beginPiece();
  }

  /** Waits for room in the window, or for others to leave memory alone. */
  get polls(): boolean {
    return this.#leaving || !this.#copiedIn;
  }

  step(turns: number): TransferStatus {
    const { block, window } = this.#channel;
    const { kernels } = window;
    for (;;) {
      if (!this.#copiedIn) {
        if (this.#channel.abortReason()) return 'aborted';
        if (kernels.shoal_may_arrive(block.address, this.#refusal ? 0 : 1) === 0) return 'pending';
        if (this.#refusal) return this.#announceRefusal(this.#refusal);
        this.#copyIn();
        if (this.ownError) return 'aborted';
      }
      const status = kernels.shoal_advance(block.address, turns);
      this.#channel.notifyAsked();
      if (status === Status.pending) return 'pending';
      if (status === Status.aborted) return 'aborted';
      if (status !== Status.complete) {
        kernels.shoal_depart(block.address);
        return 'mismatch';
      }
      if (!this.#completePiece()) return 'aborted';
      if (this.#pieceStart >= this.#args.count) return 'complete';
      this.#beginPiece();
    }
  }

  leave(): 'pending' | 'complete' | 'left' {
    this.#leaving = true;
    const { block, window } = this.#channel;
    const status = this.#copiedIn ? window.kernels.shoal_leave(block.address) : Status.left;
    if (status === Status.pending) return 'pending';
    const last = this.#pieceStart + block.pieceCount >= this.#args.count;
    if (status !== Status.complete || !last || this.ownError) return 'left';
    return this.#completePiece() ? 'complete' : 'left';
  }

  #beginPiece(): void {
    this.sequence = this.#nextSequence();
    this.#copiedIn = false;
    const { input, output } = this.#args;
    this.#channel.block.setPiece(
      this.sequence,
      this.#pieceStart,
      this.#addressOf(input),
      this.#addressOf(output ?? input),
    );
  }

  /** Window address of a window array's next element; 0 for a plain array. */
  #addressOf(array: TypedArray | undefined): number {
    if (!array || !this.#channel.window.holds(array)) return 0;
    return array.byteOffset + this.#pieceStart * this.#args.itemBytes;
  }

  #copyIn(): void {
    const { input, count, itemBytes } = this.#args;
    const { window, block } = this.#channel;
    this.#copiedIn = true;
    if (!input || count === 0 || window.holds(input)) return;
    const rest = (count - this.#pieceStart) * itemBytes;
    const whole = Math.floor(stagingBytes / itemBytes) * itemBytes;
    const source = this.#bytesOf(input, Math.min(rest, whole));
    if (source) window.node.bytes.set(source, block.stagingHalf(this.sequence));
  }

  /** False, with `ownError` set, when the result has nowhere to go any more. */
  #completePiece(): boolean {
    const { block, window } = this.#channel;
    const { output, itemBytes } = this.#args;
    const { pieceCount, result } = block;
    const sizeBytes = pieceCount * itemBytes;
    if (output && sizeBytes > 0 && !window.holds(output)) {
      this.#bytesOf(output, sizeBytes)?.set(window.node.bytes.subarray(result, result + sizeBytes));
    }
    window.kernels.shoal_depart(block.address);
    this.#pieceStart += pieceCount;
    return !this.ownError;
  }

  #bytesOf(array: TypedArray, length: number): Uint8Array | undefined {
    const piece = bytesOf(this.#args, array, this.#pieceStart, length);
    if (piece instanceof Uint8Array) return piece;
    this.ownError = piece;
    return undefined;
  }

  #announceRefusal(refusal: ShoalError): TransferStatus {
    const { block, window } = this.#channel;
    block.setRefusal(errorNumber(refusal));
    window.kernels.shoal_refuse(block.address);
    this.#channel.notifyAsked();
    return 'refused';
  }
}
