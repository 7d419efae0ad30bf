/**
 * A collective whose blocks have any length, in the window: each rank stages a piece of its stream, and takes what it
 * gets from the stagings of the others by itself.
 */
import type { CallArguments } from '../call-arguments.js';
import type { TransferStatus } from '../backend.js';
import type { RaggedBlocks } from '../ragged-blocks.js';
import type { WindowMembers } from './piece-transfer.js';
import { PieceTransfer } from './piece-transfer.js';

/** See above. The count of the call is that of the longest stream. */
export class RaggedTransfer extends PieceTransfer {
  readonly #blocks: RaggedBlocks;
  /** Elements of a stream that a staging half has room for. */
  readonly #most: number;

  constructor(members: WindowMembers, args: CallArguments, blocks: RaggedBlocks) {
    super(members, args, undefined);
    this.#blocks = blocks;
    this.#most = Math.floor(members.block.staging.halfBytes / args.itemBytes);
  }

  start(turns: number): TransferStatus {
    this.begin();
    return this.run(this.startStaged(turns), turns);
  }

  protected describe(): void {
    const { operation, dtype, op, root, count, name } = this.args;
    const call = { operation: operation.number, dtype, op, root, count, name, isShared: false };
    this.members.block.setCall({ ...call, source: 0, target: 0 });
  }

  protected describePiece(): void {
    this.members.block.setPiece(this.pieceStart, 0, 0);
  }

  protected pieceLength(): number {
    return Math.min(this.#most, this.args.count - this.pieceStart);
  }

  protected copyIn(): boolean {
    const { input, itemBytes } = this.args;
    if (!input) return true;
    const { window, block } = this.members;
    const half = block.stagingHalf(this.sequence);
    for (const { start, count, place } of this.#blocks.sendParts(this.pieceStart, this.pieceStart + this.#most)) {
      const to = half + (start - this.pieceStart) * itemBytes;
      if (window.copy.stage(to, input, place * itemBytes, count * itemBytes)) continue;
      this.lose(input.byteLength);
      return false;
    }
    return true;
  }

  protected copyOut(): boolean {
    const { output, itemBytes } = this.args;
    if (!output || this.args.count === 0) return true;
    const { window, block } = this.members;
    for (let from = 0; from < this.#blocks.size; from++) {
      const part = this.#blocks.receivePart(from, this.pieceStart, this.pieceStart + this.#most);
      if (!part) continue;
      const half = window.kernels.shoal_result_block(block.address, from) >>> 0;
      const address = half + (part.start - this.pieceStart) * itemBytes;
      if (window.copy.outOf(address, output, part.place * itemBytes, part.count * itemBytes)) continue;
      this.lose(output.byteLength);
      return false;
    }
    return true;
  }
}
