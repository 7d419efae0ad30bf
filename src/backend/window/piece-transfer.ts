/**
 * One rank's side of one collective in the window, piece by piece: what is outside the window is copied in, the kernels
 * go on with it, and results are copied out. Each piece has a sequence number of its own.
 *
 * What is copied is said by the class of the transfer. All ranks cut alike, since the plan is a function of all
 * descriptors.
 */
import { nowMs } from '../../clock.js';
import type { ShoalError } from '../../errors.js';
import { errorNumber } from '../../errors.js';
import { flags, Status } from '../../kernels/wasm-module.js';
import type { CallWork } from '../../records/call-work.js';
import type { AbortReason } from '../abort-reason.js';
import type { Transfer, TransferStatus } from '../backend.js';
import type { CallArguments } from '../call-arguments.js';
import { lostBuffer } from '../piece-bytes.js';
import { phases } from './call-block.js';
import type { CallBlock } from './call-block.js';
import type { RankWindow } from './rank-window.js';

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
export abstract class PieceTransfer implements Transfer {
  sequence = 0;
  ownError: ShoalError | undefined;
  work: CallWork | undefined;
  /** Elements that earlier pieces have done. */
  protected pieceStart = 0;
  /** The kernels have started the piece under way. */
  protected isStarted = false;
  protected readonly members: WindowMembers;
  protected readonly args: CallArguments;
  protected readonly refusal: ShoalError | undefined;
  /** Which transfer the call block describes is told by number: so it keeps nobody's array alive. */
  protected readonly id: number = ++transfers;
  #isLeaving = false;

  constructor(members: WindowMembers, args: CallArguments, refusal: ShoalError | undefined) {
    this.members = members;
    this.args = args;
    this.refusal = refusal;
  }

  /** Waits for room in the window, or for others to leave memory alone. */
  get polls(): boolean {
    return this.#isLeaving || !this.isStarted;
  }

  abstract start(turns: number): TransferStatus;

  step(turns: number): TransferStatus {
    if (!this.isStarted) return this.run(this.startStaged(turns), turns);
    return this.run(this.#advance(turns), turns);
  }

  leave(): 'pending' | 'complete' | 'left' {
    this.#isLeaving = true;
    const { block, window } = this.members;
    const status = this.isStarted ? window.kernels.shoal_leave(block.address) : Status.left;
    if (status === Status.pending) return 'pending';
    if (status !== Status.complete || this.ownError) return 'left';
    const isLast = this.pieceStart + this.pieceLength() >= this.args.count;
    const isCopied = this.copyOut(false);
    window.kernels.shoal_depart(block.address);
    return isCopied && isLast ? 'complete' : 'left';
  }

  /** Describe the call in the block. */
  protected abstract describe(): void;
  /** Describe the piece that begins at `pieceStart`. */
  protected abstract describePiece(): void;
  /** Elements of the piece under way, once it is complete. */
  protected abstract pieceLength(): number;
  /** Copy into the staging what goes there. False, with `ownError` set, when it is there no more. */
  protected abstract copyIn(): boolean;
  /**
   * Copy a result out of the window. False, with `ownError` set, when it has nowhere to go any more.
   *
   * @param foldsOn - Only the first part of the result is there.
   */
  protected abstract copyOut(foldsOn: boolean): boolean;

  /** Begin with the first piece, under a number of its own. */
  protected begin(): void {
    const { block } = this.members;
    this.ownError = undefined;
    this.#isLeaving = false;
    this.isStarted = false;
    this.sequence = this.members.nextSequence();
    this.pieceStart = 0;
    if (block.described === this.id) return;
    this.describe();
    block.described = this.id;
  }

  /** Go on with pieces until one is pending or the call has ended. */
  protected run(begun: number | TransferStatus, turns: number): TransferStatus {
    let given = begun;
    while (typeof given === 'number') {
      const status = this.#conclude(this.#notified(given, turns));
      if (status !== 'next') return status;
      given = this.startStaged(turns);
    }
    return given;
  }

  /** Start what has to wait for room of its own: a staging half, or the descriptor of a refusal. */
  protected startStaged(turns: number): number | TransferStatus {
    const { block, window } = this.members;
    const { kernels } = window;
    const { sequence } = this;
    if (this.members.abortReason()) return 'aborted';
    if (this.refusal || !block.isHalfFree(sequence)) {
      block.setSequence(sequence);
      if (kernels.shoal_may_arrive(block.address, this.refusal ? 0 : 1) === 0) return 'pending';
    }
    if (this.refusal) return this.#announceRefusal(this.refusal);
    const since = this.work ? nowMs() : 0;
    if (!this.copyIn()) return 'aborted';
    this.work?.moved(since);
    this.isStarted = true;
    return this.startKernels(turns);
  }

  /** Have the kernels start the piece under way. */
  protected startKernels(turns: number): number {
    const { block, window } = this.members;
    if (this.work) return this.#runTimed(this.work, turns, true);
    return window.kernels.shoal_start(block.address, this.sequence, turns);
  }

  #advance(turns: number): number {
    const { block, window } = this.members;
    if (this.work) return this.#runTimed(this.work, turns, false);
    return window.kernels.shoal_advance(block.address, turns);
  }

  /** Turn by turn: the turn in which all were there is that of this rank's own share. */
  #runTimed(work: CallWork, turns: number, isFirst: boolean): number {
    const { block, window } = this.members;
    const { kernels } = window;
    for (let turn = isFirst ? -1 : 0; ; turn++) {
      const hadWork = turn >= 0 && block.phase > phases.waitForAll;
      const since = nowMs();
      const given =
        turn < 0
          ? kernels.shoal_start(block.address, this.sequence, 0)
          : kernels.shoal_advance(block.address, hadWork ? turns : 0);
      if (!hadWork && block.phase > phases.waitForAll) {
        if (this.args.operation.reduces) work.reduced(since);
        else work.moved(since);
      }
      // Past the arrival of all the kernels themselves have waited so many turns.
      if (given !== Status.pending || hadWork || turn >= turns) return given;
    }
  }

  protected lose(bytesLeft: number): 'aborted' {
    this.ownError = lostBuffer(this.args.operation.name, bytesLeft);
    return 'aborted';
  }

  /** What the kernels have given, or give once those asleep are notified. */
  #notified(given: number, turns: number): number {
    if ((given & flags.notifies) === 0) return given;
    this.members.notifyAsked();
    if ((given & 0xff) !== Status.pending) return given;
    // Whoever was asleep is awake now: the call goes on.
    const further = this.#advance(turns);
    if ((further & flags.notifies) !== 0) this.members.notifyAsked();
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
    const { block, window } = this.members;
    const since = this.work ? nowMs() : 0;
    const isCopied = this.copyOut((given & flags.foldsOn) !== 0);
    this.work?.moved(since);
    const length = this.pieceLength();
    if ((given & flags.copiesOut) !== 0) window.kernels.shoal_depart(block.address);
    if (!isCopied) return 'aborted';
    this.pieceStart += length;
    if (this.pieceStart >= this.args.count) return 'complete';
    this.sequence = this.members.nextSequence();
    this.describePiece();
    block.described = undefined;
    this.isStarted = false;
    return 'next';
  }

  #announceRefusal(refusal: ShoalError): TransferStatus {
    const { block, window } = this.members;
    block.setRefusal(errorNumber(refusal));
    window.kernels.shoal_refuse(block.address);
    this.members.notifyAsked();
    return 'refused';
  }
}
