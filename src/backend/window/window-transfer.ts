/**
 * One rank's side of one collective in the window: copy in, let the kernels go on with it, copy out.
 *
 * A small array outside the window is copied to and from a place of this rank's own there. To the kernels it is a
 * window array. A longer one goes through the staging, in pieces if need be, each with a sequence number of its own.
 * All ranks cut alike, since the plan is a function of all descriptors.
 */
import assert from 'node:assert';
import type { ShoalError } from '../../errors.js';
import { errorNumber } from '../../errors.js';
import { flags, Status } from '../../kernels/wasm-module.js';
import type { TypedArray } from '../../types/buffers.js';
import type { AbortReason } from '../abort-reason.js';
import type { Transfer, TransferStatus } from '../backend.js';
import type { CallArguments } from '../call-arguments.js';
import { lostBuffer } from '../piece-bytes.js';
import type { CallBlock } from './call-block.js';
import { layoutNumbers, stagingBytes } from './layout.js';
import type { RankWindow } from './rank-window.js';
import { SmallCopy } from './small-copy.js';

/** What a transfer asks of its channel. */
export interface WindowMembers {
  readonly window: RankWindow;
  readonly block: CallBlock;
  abortReason(): AbortReason | undefined;
  /** Notify the members that the last kernel call names. */
  notifyAsked(): void;
  /** The number of the next call or piece. */
  nextSequence(): number;
}

let transfers = 0;

/** See above. */
export class WindowTransfer implements Transfer {
  sequence = 0;
  ownError: ShoalError | undefined;
  readonly #members: WindowMembers;
  readonly #args: CallArguments;
  readonly #refusal: ShoalError | undefined;
  /** Which transfer the call block describes is told by number: so it keeps nobody's array alive. */
  readonly #id = ++transfers;
  readonly #isSmall: boolean;
  readonly #smallIn: SmallCopy | undefined;
  readonly #smallOut: SmallCopy | undefined;
  /** Longer arrays outside the window: their pieces are copied into the staging, and out of the result. */
  readonly #stagedIn: TypedArray | undefined;
  readonly #stagedOut: TypedArray | undefined;
  /** Elements of a block that a staging half has room for. */
  readonly #stagedCount: number;
  /** The kernels have started the piece under way. */
  #isStarted = false;
  #isLeaving = false;
  #pieceStart = 0;

  constructor(members: WindowMembers, args: CallArguments, refusal: ShoalError | undefined) {
    this.#members = members;
    this.#args = args;
    this.#refusal = refusal;
    const { window, block } = members;
    const { input, output, count, itemBytes, blocksIn, blocksOut } = args;
    const isOutside = (array: TypedArray): boolean => count > 0 && !window.holds(array);
    const outside = {
      input: input && isOutside(input) ? input : undefined,
      output: output && isOutside(output) ? output : undefined,
    };
    this.#isSmall = Math.max(blocksIn, blocksOut) * count * itemBytes <= layoutNumbers.smallBytes;
    // A single block of a result is written over the one that was brought.
    const staged = blocksIn + blocksOut === 2 ? 1 : blocksIn + blocksOut;
    this.#stagedCount = Math.floor(stagingBytes / (itemBytes * staged));
    const copyOf = (array: TypedArray | undefined): SmallCopy | undefined =>
      array && new SmallCopy(array, window, block.scratch);
    this.#smallIn = this.#isSmall ? copyOf(outside.input) : undefined;
    this.#smallOut = this.#isSmall ? copyOf(outside.output) : undefined;
    this.#stagedIn = this.#isSmall ? undefined : outside.input;
    this.#stagedOut = this.#isSmall ? undefined : outside.output;
  }

  /** Waits for room in the window, or for others to leave memory alone. */
  get polls(): boolean {
    return this.#isLeaving || !this.#isStarted;
  }

  start(turns: number): TransferStatus {
    const { block, window } = this.#members;
    this.ownError = undefined;
    this.#isLeaving = false;
    this.#isStarted = false;
    this.sequence = this.#members.nextSequence();
    if (block.described !== this.#id) this.#describe();
    this.#pieceStart = 0;
    if (this.#refusal || this.#stagedIn) return this.#run(this.#startStaged(turns), turns);
    if (this.#smallIn && !this.#smallIn.copyIn()) return this.#lose(this.#smallIn.sizeBytes);
    this.#isStarted = true;
    const { sequence } = this;
    const given = window.kernels.shoal_start(block.address, sequence, turns);
    if (given === Status.complete && this.#isSmall && !this.#smallOut) return 'complete';
    return this.#run(given, turns);
  }

  step(turns: number): TransferStatus {
    if (!this.#isStarted) return this.#run(this.#startStaged(turns), turns);
    const { block, window } = this.#members;
    return this.#run(window.kernels.shoal_advance(block.address, turns), turns);
  }

  leave(): 'pending' | 'complete' | 'left' {
    this.#isLeaving = true;
    const { block, window } = this.#members;
    const status = this.#isStarted ? window.kernels.shoal_leave(block.address) : Status.left;
    if (status === Status.pending) return 'pending';
    if (status !== Status.complete || this.ownError) return 'left';
    const isLast = this.#isSmall || this.#pieceStart + block.pieceCount >= this.#args.count;
    const isCopied = this.#copyOut(false);
    window.kernels.shoal_depart(block.address);
    return isCopied && isLast ? 'complete' : 'left';
  }

  #describe(): void {
    const { block } = this.#members;
    const { operation, dtype, op, root, count, name, shared } = this.#args;
    const isShared = shared !== undefined;
    this.#pieceStart = 0;
    block.setCall({ operation: operation.number, dtype, op, root, count, name, isShared, ...this.#addresses() });
    block.described = this.#id;
  }

  /** Where the piece under way begins in the window; 0 for what is staged. */
  #addresses(): { source: number; target: number } {
    const { block } = this.#members;
    const { input, output, itemBytes, count } = this.#args;
    const addressOf = (array: TypedArray, small: unknown, staged: unknown): number => {
      if (staged || count === 0) return 0;
      return small ? block.scratch : array.byteOffset + this.#pieceStart * itemBytes;
    };
    // A rank that brings nothing, or gets nothing, has its one array as both: nothing is copied for the other.
    const source = input && addressOf(input, this.#smallIn, this.#stagedIn);
    const target = output && addressOf(output, this.#smallOut, this.#stagedOut);
    return { source: source ?? target ?? 0, target: target ?? source ?? 0 };
  }

  /** Go on with pieces until one is pending or the call has ended. */
  #run(begun: number | TransferStatus, turns: number): TransferStatus {
    let given = begun;
    while (typeof given === 'number') {
      const status = this.#conclude(this.#notified(given, turns));
      if (status !== 'next') return status;
      given = this.#startStaged(turns);
    }
    return given;
  }

  /** Start what has to wait for room of its own: a staging half, or the descriptor of a refusal. */
  #startStaged(turns: number): number | TransferStatus {
    const { block, window } = this.#members;
    const { kernels } = window;
    const { sequence } = this;
    if (this.#members.abortReason()) return 'aborted';
    if (this.#refusal || !block.isHalfFree(sequence)) {
      block.setSequence(sequence);
      if (kernels.shoal_may_arrive(block.address, this.#refusal ? 0 : 1) === 0) return 'pending';
    }
    if (this.#refusal) return this.#announceRefusal(this.#refusal);
    if (this.#stagedIn && !this.#copyIn(this.#stagedIn)) return 'aborted';
    this.#isStarted = true;
    return kernels.shoal_start(block.address, sequence, turns);
  }

  /** What the kernels have given, or give once those asleep are notified. */
  #notified(given: number, turns: number): number {
    if ((given & flags.notifies) === 0) return given;
    this.#members.notifyAsked();
    if ((given & 0xff) !== Status.pending) return given;
    // Whoever was asleep is awake now: the call goes on.
    const { block, window } = this.#members;
    const further = window.kernels.shoal_advance(block.address, turns);
    if ((further & flags.notifies) !== 0) this.#members.notifyAsked();
    return further;
  }

  #conclude(given: number): TransferStatus | 'next' {
    switch (given & 0xff) {
      case Status.pending:
        return 'pending';
      case Status.aborted:
        return 'aborted';
      case Status.complete:
        return this.#completePiece(given);
      default:
        return 'mismatch';
    }
  }

  /** Put the result of a piece where it belongs, and prepare the next, if there is one. */
  #completePiece(given: number): TransferStatus | 'next' {
    const { block, window } = this.#members;
    const isCopied = this.#copyOut((given & flags.foldsOn) !== 0);
    if ((given & flags.copiesOut) !== 0) window.kernels.shoal_depart(block.address);
    if (!isCopied) return 'aborted';
    if (this.#isSmall) return 'complete';
    this.#pieceStart += block.pieceCount;
    if (this.#pieceStart >= this.#args.count) return 'complete';
    this.sequence = this.#members.nextSequence();
    const { source, target } = this.#addresses();
    block.setPiece(this.#pieceStart, source, target);
    block.described = undefined;
    this.#isStarted = false;
    return 'next';
  }

  #copyIn(array: TypedArray): boolean {
    const { count, itemBytes, blocksIn } = this.#args;
    const { window, block } = this.#members;
    const pieceBytes = Math.min(count - this.#pieceStart, this.#stagedCount) * itemBytes;
    const place = block.stagingHalf(this.sequence);
    for (let each = 0; each < blocksIn; each++) {
      const offset = (each * count + this.#pieceStart) * itemBytes;
      if (!window.copy.stage(place + each * pieceBytes, array, offset, pieceBytes)) {
        this.#lose(array.byteLength);
        return false;
      }
    }
    return true;
  }

  /**
   * False, with `ownError` set, when the result has nowhere to go any more.
   *
   * @param foldsOn - Only the first part of the result is there.
   */
  #copyOut(foldsOn: boolean): boolean {
    const { block, window } = this.#members;
    const array = this.#stagedOut;
    if (this.#smallOut && !this.#smallOut.copyOut()) {
      this.#lose(this.#smallOut.sizeBytes);
      return false;
    }
    if (!array) return true;
    const { itemBytes, blocksOut } = this.#args;
    if (blocksOut > 1) return this.#copyBlocksOut(array);
    const { pieceCount, result } = block;
    let count = foldsOn ? block.chunkCount : pieceCount;
    let done = 0;
    for (;;) {
      assert(count > 0, 'a part of a result has elements');
      const offset = (this.#pieceStart + done) * itemBytes;
      if (!window.copy.outOf(result, array, offset, count * itemBytes)) {
        this.#lose(array.byteLength);
        return false;
      }
      done += count;
      if (done >= pieceCount) return true;
      count = window.kernels.shoal_fold_on(block.address, done);
    }
  }

  #copyBlocksOut(array: TypedArray): boolean {
    const { block, window } = this.#members;
    const { count, itemBytes, blocksOut } = this.#args;
    const sizeBytes = block.pieceCount * itemBytes;
    for (let each = 0; each < blocksOut; each++) {
      const place = window.kernels.shoal_result_block(block.address, each) >>> 0;
      if (!window.copy.outOf(place, array, (each * count + this.#pieceStart) * itemBytes, sizeBytes)) {
        this.#lose(array.byteLength);
        return false;
      }
    }
    return true;
  }

  #lose(bytesLeft: number): 'aborted' {
    this.ownError = lostBuffer(this.#args.operation.name, bytesLeft);
    return 'aborted';
  }

  #announceRefusal(refusal: ShoalError): TransferStatus {
    const { block, window } = this.#members;
    block.setRefusal(errorNumber(refusal));
    window.kernels.shoal_refuse(block.address);
    this.#members.notifyAsked();
    return 'refused';
  }
}
