/**
 * Operations that send blocks from rank to rank over the wire.
 *
 * Source: pairwise exchange (Thakur, Rabenseifner and Gropp, "Optimization of Collective Communication Operations in
 * MPICH", 2005, sections 4.2 and 4.3). Each rank sends each other one what it gets of it, and folds or stores what comes.
 * Cost: P−1 messages sent per rank and piece. Of n bytes in a block: n(P−1) bytes sent per rank by allgather, alltoall and
 * reduceScatter; n by gather, n(P−1) by the root of scatter; n(P−1−r) by rank r of scan and exscan. One copy in and one
 * out.
 *
 * A rank that has nothing for another one sends a byte. So nobody is more than a piece ahead, and the memory for messages
 * suffices.
 */
import { assert } from '../../assert.js';
import { stepsAfterBruck } from './bruck.js';
import { maxPayloadBytes } from './endpoint.js';
import type { Exchange, Payload, Steps, Vector, WireAlgorithm } from './exchange.js';
import { others, wait, waitFor } from './exchange.js';
import type { Block } from './open-requests.js';

/** Bytes of a piece, of all blocks that a rank sends. */
const pieceBytes = 4 * 1024 * 1024;

/** The block of `from`'s input that `to` gets; undefined: none. */
type Sent = (from: number, to: number, root: number) => number | undefined;

/** An operation, by what is sent; `folds`: what comes becomes one block, in rank order. */
function blockAlgorithm(sent: Sent, folds: boolean): WireAlgorithm {
  /** Ranks that this one gets blocks of, in their order. */
  const sourcesOf = ({ rank, size }: Exchange, root: number): [from: number, block: number][] =>
    Array.from({ length: size }, (_, from) => from).flatMap((from) => {
      const block = sent(from, rank, root);
      return block === undefined ? [] : [[from, block] as [number, number]];
    });
  /** Where the block of a rank goes. */
  const placeOf = ({ count, blocksOut }: Vector, from: number): number => (blocksOut > 1 ? from * count : 0);

  function* fold(
    exchange: Exchange,
    vector: Vector,
    addresses: readonly number[],
    start: number,
    length: number,
  ): Steps<boolean> {
    if (addresses.length === 0) return true;
    const sizeBytes = length * vector.itemBytes;
    const result = yield* wait(() => exchange.allocate(sizeBytes));
    exchange.reduce(addresses, result.address, length);
    const isWritten = vector.write(start, exchange.view(result, 0, sizeBytes));
    exchange.release(result);
    return isWritten;
  }

  function* small(exchange: Exchange, vector: Vector, payloads: readonly Payload[], root: number): Steps<boolean> {
    const blockBytes = vector.count * vector.itemBytes;
    const found = sourcesOf(exchange, root).map(([from, each]) => {
      const payload = payloads[from];
      assert(payload, 'each rank has sent its descriptor');
      return { from, block: payload.block, offset: payload.offset + each * blockBytes };
    });
    if (folds) {
      const addresses = found.map(({ block, offset }) => block.address + offset);
      return yield* fold(exchange, vector, addresses, 0, vector.count);
    }
    return found.every(({ from, block, offset }) =>
      vector.write(placeOf(vector, from), exchange.view(block, offset, blockBytes)),
    );
  }

  function* onePiece(
    exchange: Exchange,
    vector: Vector,
    [start, length]: readonly [number, number],
    step: number,
    root: number,
  ): Steps<boolean> {
    const { rank, size } = exchange;
    const sizeBytes = length * vector.itemBytes;
    const held: Block[] = [];
    const allocate = function* (bytes: number): Steps<Block> {
      const block = yield* wait(() => exchange.allocate(bytes));
      held.push(block);
      return block;
    };
    /** What of the input was read last: it may be for several ranks. */
    let last: { readonly from: number; readonly block: Block } | undefined;
    const read = function* (from: number): Steps<Block | undefined> {
      if (last?.from === from) return last.block;
      const block = yield* allocate(sizeBytes);
      if (!vector.read(from * vector.count + start, exchange.view(block, 0, sizeBytes))) return undefined;
      last = { from, block };
      return block;
    };
    try {
      const nothing = yield* allocate(1);
      for (const to of others(rank, size)) {
        const from = sent(rank, to, root);
        const block = from === undefined ? nothing : yield* read(from);
        if (!block) return false;
        yield* waitFor(() => exchange.send(to, step, block, 0, from === undefined ? 1 : sizeBytes));
      }
      const blocks: Block[] = [];
      for (let from = 0; from < size; from++) {
        const mine = sent(from, rank, root);
        if (from === rank && mine === undefined) continue;
        const isOwn = from === rank && mine !== undefined;
        const block = isOwn ? yield* read(mine) : yield* wait(() => exchange.take(from, step));
        if (!block) return false;
        if (!isOwn) held.push(block);
        if (mine === undefined) continue;
        if (folds) blocks.push(block);
        else if (!vector.write(placeOf(vector, from) + start, exchange.view(block, 0, sizeBytes))) return false;
      }
      const addresses = blocks.map(({ address }) => address);
      return yield* fold(exchange, vector, addresses, start, length);
    } finally {
      for (const block of held) exchange.release(block);
    }
  }

  function* large(exchange: Exchange, vector: Vector, root: number): Steps<boolean> {
    const { count, itemBytes } = vector;
    const most = Math.min(Math.floor(pieceBytes / exchange.size), maxPayloadBytes);
    const perPiece = Math.max(64, Math.floor(most / 64) * 64) / itemBytes;
    for (let start = 0, step = stepsAfterBruck; start < count; start += perPiece, step++) {
      const piece = [start, Math.min(perPiece, count - start)] as const;
      if (!(yield* onePiece(exchange, vector, piece, step, root))) return false;
    }
    yield* waitFor(() => exchange.allSent());
    return true;
  }

  return { small, large };
}

/** Every rank's block to all. */
export const allgather: WireAlgorithm = blockAlgorithm(() => 0, false);
/** Every rank's block to the root. */
export const gather: WireAlgorithm = blockAlgorithm((_, to, root) => (to === root ? 0 : undefined), false);
/** The root's block for each rank. */
export const scatter: WireAlgorithm = blockAlgorithm((from, to, root) => (from === root ? to : undefined), false);
/** A block of each rank for each. */
export const alltoall: WireAlgorithm = blockAlgorithm((_, to) => to, false);
/** As alltoall, and what comes is folded. */
export const reduceScatter: WireAlgorithm = blockAlgorithm((_, to) => to, true);
/** Every rank's block to itself and those after it, folded. */
export const scan: WireAlgorithm = blockAlgorithm((from, to) => (from <= to ? 0 : undefined), true);
/** Every rank's block to those after it, folded. */
export const exscan: WireAlgorithm = blockAlgorithm((from, to) => (from < to ? 0 : undefined), true);
