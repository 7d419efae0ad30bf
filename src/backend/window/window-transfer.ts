/**
 * A collective whose blocks have one length, in the window.
 *
 * A small array outside the window is copied to and from a place of this rank's own there. To the kernels it is a
 * window array. A longer one goes through the staging, in pieces if need be.
 */
import { assert } from '../../assert.js';
import { nowMs } from '../../clock.js';
import type { ShoalError } from '../../errors.js';
import { Status } from '../../kernels/wasm-module.js';
import type { ArrayParts } from '../../operands/array-parts.js';
import type { TypedArray } from '../../types/buffers.js';
import type { TransferStatus } from '../backend.js';
import type { CallArguments } from '../call-arguments.js';
import { layoutNumbers } from './layout.js';
import type { WindowMembers } from './piece-transfer.js';
import { PieceTransfer } from './piece-transfer.js';
import type { OutsideArray } from './outside-array.js';
import { OutsideSingle } from './outside-single.js';
import type { Small } from './small-copy.js';
import { SmallCopy, SmallParts } from './small-copy.js';

/** See above. */
export class WindowTransfer extends PieceTransfer {
  readonly #isSmall: boolean;
  readonly #smallIn: Small | undefined;
  readonly #smallOut: Small | undefined;
  /** Longer arrays outside the window: their pieces are copied into the staging, and out of the result. */
  readonly #stagedIn: OutsideArray | undefined;
  readonly #stagedOut: OutsideArray | undefined;
  /** Elements of a block that a staging half has room for. */
  readonly #stagedCount: number;

  constructor(members: WindowMembers, args: CallArguments, refusal: ShoalError | undefined) {
    super(members, args, refusal);
    const { window, block } = members;
    const { input, output, inputParts, outputParts, count, itemBytes, blocksIn, blocksOut } = args;
    this.#isSmall = Math.max(blocksIn, blocksOut) * count * itemBytes <= layoutNumbers.smallBytes;
    // A single block of a result is written over the one that was brought.
    const staged = blocksIn + blocksOut === 2 ? 1 : blocksIn + blocksOut;
    this.#stagedCount = Math.floor(block.staging.halfBytes / (itemBytes * staged));
    const isOutside = (array: TypedArray | undefined): array is TypedArray =>
      array !== undefined && count > 0 && !window.holds(array);
    if (this.#isSmall) {
      const smallOf = (array: TypedArray | undefined, parts: ArrayParts | undefined): Small | undefined => {
        if (parts) return count > 0 ? new SmallParts(parts, window, block.scratch) : undefined;
        return isOutside(array) ? new SmallCopy(array, window, block.scratch) : undefined;
      };
      this.#smallIn = smallOf(input, inputParts);
      this.#smallOut = smallOf(output, outputParts);
    } else {
      const stagedOf = (array: TypedArray | undefined, parts: ArrayParts | undefined): OutsideArray | undefined => {
        if (parts) return window.copy.ofParts(parts);
        return isOutside(array) ? new OutsideSingle(array, window.copy) : undefined;
      };
      this.#stagedIn = stagedOf(input, inputParts);
      this.#stagedOut = stagedOf(output, outputParts);
    }
  }

  start(turns: number): TransferStatus {
    this.begin();
    if (this.refusal || this.#stagedIn) return this.run(this.startStaged(turns), turns);
    if (this.#smallIn && !this.#smallIn.copyIn()) return this.lose(this.#smallIn.sizeBytes);
    this.isStarted = true;
    const given = this.startKernels(turns);
    if (given === Status.complete && this.#isSmall && !this.#smallOut) return 'complete';
    return this.run(given, turns);
  }

  protected describe(): void {
    const { operation, dtype, op, root, count, name, shared } = this.args;
    const isShared = shared !== undefined;
    const call = { operation: operation.number, dtype, op, root, count, name, isShared, ...this.#addresses() };
    this.members.block.setCall(call);
  }

  protected describePiece(): void {
    const { source, target } = this.#addresses();
    this.members.block.setPiece(this.pieceStart, source, target);
  }

  protected pieceLength(): number {
    return this.#isSmall ? this.args.count : this.members.block.pieceCount;
  }

  protected copyIn(): boolean {
    const array = this.#stagedIn;
    if (!array) return true;
    const { count, itemBytes, blocksIn } = this.args;
    const { block } = this.members;
    const pieceBytes = Math.min(count - this.pieceStart, this.#stagedCount) * itemBytes;
    const place = block.stagingHalf(this.sequence);
    for (let each = 0; each < blocksIn; each++) {
      const offset = (each * count + this.pieceStart) * itemBytes;
      if (!array.stage(place + each * pieceBytes, offset, pieceBytes)) {
        this.lose(array.bytesLeft);
        return false;
      }
    }
    return true;
  }

  protected copyOut(foldsOn: boolean): boolean {
    if (this.#smallOut && !this.#smallOut.copyOut()) {
      this.lose(this.#smallOut.sizeBytes);
      return false;
    }
    const array = this.#stagedOut;
    if (!array) return true;
    const isCopied = this.args.blocksOut > 1 ? this.#copyBlocksOut(array) : this.#copyBlockOut(array, foldsOn);
    if (!isCopied) this.lose(array.bytesLeft);
    return isCopied;
  }

  /** Where the piece under way begins in the window; 0 for what is staged. */
  #addresses(): { source: number; target: number } {
    const { block } = this.members;
    const { input, output, inputParts, outputParts, itemBytes, count } = this.args;
    const addressOf = (
      array: TypedArray | undefined,
      parts: ArrayParts | undefined,
      small: Small | undefined,
      staged: OutsideArray | undefined,
    ): number | undefined => {
      if (!array && !parts) return undefined;
      if (staged || count === 0) return 0;
      return small || !array ? block.scratch : array.byteOffset + this.pieceStart * itemBytes;
    };
    // A rank that brings nothing, or gets nothing, has its one array as both: nothing is copied for the other.
    const source = addressOf(input, inputParts, this.#smallIn, this.#stagedIn);
    const target = addressOf(output, outputParts, this.#smallOut, this.#stagedOut);
    return { source: source ?? target ?? 0, target: target ?? source ?? 0 };
  }

  #copyBlockOut(array: OutsideArray, foldsOn: boolean): boolean {
    const { block } = this.members;
    const { itemBytes } = this.args;
    const { pieceCount, result } = block;
    let count = foldsOn ? block.chunkCount : pieceCount;
    let done = 0;
    for (;;) {
      assert(count > 0, 'a part of a result has elements');
      const offset = (this.pieceStart + done) * itemBytes;
      if (!array.outOf(result, offset, count * itemBytes)) return false;
      done += count;
      if (done >= pieceCount) return true;
      count = this.#foldOn(done);
    }
  }

  /** Fold further elements; the time is taken off that of the copy around it. */
  #foldOn(done: number): number {
    const { block, window } = this.members;
    const since = this.work ? nowMs() : 0;
    const count = window.kernels.shoal_fold_on(block.address, done);
    if (this.work) {
      const reducedMs = nowMs() - since;
      this.work.reduceMs += reducedMs;
      this.work.moveMs -= reducedMs;
    }
    return count;
  }

  #copyBlocksOut(array: OutsideArray): boolean {
    const { block, window } = this.members;
    const { count, itemBytes, blocksOut } = this.args;
    const sizeBytes = block.pieceCount * itemBytes;
    for (let each = 0; each < blocksOut; each++) {
      const place = window.kernels.shoal_result_block(block.address, each) >>> 0;
      const offset = (each * count + this.pieceStart) * itemBytes;
      if (!array.outOf(place, offset, sizeBytes)) return false;
    }
    return true;
  }
}
