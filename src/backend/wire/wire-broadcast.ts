/**
 * Broadcast of long vectors over the wire.
 *
 * Source: binomial tree (Chan, Heimlich, Purkayastha and van de Geijn, "Collective Communication: Theory, Practice, and
 * Experience", 2007, section 4.1). The vector goes in pieces of 64 KiB, so that a rank passes one on while the next is
 * coming. Cost: ⌈log₂P⌉ + n/64 KiB − 1 steps of 64 KiB; the root sends n⌈log₂P⌉ bytes; one copy out per rank.
 */
import { stepsAfterBruck } from './bruck.js';
import type { Exchange, Payload, Steps, Vector, WireAlgorithm } from './exchange.js';
import { wait, waitFor } from './exchange.js';

const pieceBytes = 64 * 1024;

/** The root's payload is here already. */
// eslint-disable-next-line require-yield -- it has nothing to wait for
function* small(exchange: Exchange, vector: Vector, payloads: readonly Payload[], root: number): Steps<boolean> {
  const payload = payloads[root];
  if (!payload || exchange.rank === root) return true;
  return vector.write(0, exchange.view(payload.block, payload.offset, payload.sizeBytes));
}

/** False when this rank's array was lost under way. */
function* large(exchange: Exchange, vector: Vector, root: number): Steps<boolean> {
  const { rank, size } = exchange;
  const { count, itemBytes } = vector;
  const place = (rank - root + size) % size;
  const children = childrenOf(place, size).map((child) => (child + root) % size);
  const parent = ((place & (place - 1)) + root) % size;
  const perPiece = pieceBytes / itemBytes;
  for (let start = 0, step = stepsAfterBruck; start < count; start += perPiece, step++) {
    const sizeBytes = Math.min(perPiece, count - start) * itemBytes;
    const piece = yield* wait(() => (place === 0 ? exchange.allocate(sizeBytes) : exchange.take(parent, step)));
    try {
      const bytes = exchange.view(piece, 0, sizeBytes);
      if (!(place === 0 ? vector.read(start, bytes) : vector.write(start, bytes))) return false;
      for (const child of children) yield* waitFor(() => exchange.send(child, step, piece, 0, sizeBytes));
    } finally {
      exchange.release(piece);
    }
  }
  yield* waitFor(() => exchange.allSent());
  return true;
}

/** In a binomial tree whose root has place 0; the one with the largest subtree first. */
function childrenOf(place: number, size: number): number[] {
  const lowest = place === 0 ? 2 ** Math.ceil(Math.log2(size)) : place & -place;
  const children: number[] = [];
  for (let bit = lowest / 2; bit >= 1; bit /= 2) if (place + bit < size) children.push(place + bit);
  return children;
}

/** Broadcast over the wire. */
export const wireBroadcast: WireAlgorithm = { small, large };
