/**
 * Allreduce and reduce of long vectors over the wire: the same left fold in rank order, and the same bits on all ranks.
 *
 * Source: Thakur, Rabenseifner and Gropp, "Optimization of Collective Communication Operations in MPICH", 2005, section
 * 4.3. It is the pairwise exchange of MPI_Reduce_scatter for non-commutative operations, then an allgather of the
 * slices. Rank j gets everybody's slice j, folds it and sends the result to all, or to the root alone. Cost: 2(P−1)
 * messages sent per rank and piece, 2n(P−1)/P bytes sent in all, as many as a ring; one copy in and one out. With a root
 * alone it is P messages per rank and piece.
 */
import type { Block } from './open-requests.js';
import { maxPayloadBytes } from './endpoint.js';
import { stepsAfterBruck } from './bruck.js';
import type { Exchange, Payload, Steps, Vector, WireAlgorithm } from './exchange.js';
import { others, wait, waitFor } from './exchange.js';

const pieceBytes = 4 * 1024 * 1024;

/** Who gets the result. */
type Target = 'all' | number;

/** Every rank folds the payloads itself: they are here already. */
function* small(exchange: Exchange, vector: Vector, payloads: readonly Payload[], target: Target): Steps<boolean> {
  if (target !== 'all' && target !== exchange.rank) return true;
  const sizeBytes = vector.count * vector.itemBytes;
  const result = yield* wait(() => exchange.allocate(sizeBytes));
  const sources = payloads.map(({ block, offset }) => block.address + offset);
  exchange.reduce(sources, result.address, vector.count);
  const written = vector.write(0, exchange.view(result, 0, sizeBytes));
  exchange.release(result);
  return written;
}

/** False when this rank's array was lost under way. */
function* large(exchange: Exchange, vector: Vector, target: Target): Steps<boolean> {
  const { size } = exchange;
  const { count, itemBytes } = vector;
  const most = Math.min(Math.floor(pieceBytes / size), maxPayloadBytes);
  const perSlice = Math.max(64, Math.floor(most / 64) * 64) / itemBytes;
  let step = stepsAfterBruck;
  for (let start = 0; start < count; start += perSlice * size, step += 2) {
    const length = Math.min(perSlice * size, count - start);
    if (!(yield* onePiece(exchange, vector, start, length, step, target))) return false;
  }
  yield* waitFor(() => exchange.allSent());
  return true;
}

function* onePiece(
  exchange: Exchange,
  vector: Vector,
  start: number,
  length: number,
  step: number,
  target: Target,
): Steps<boolean> {
  const { rank, size } = exchange;
  const { itemBytes } = vector;
  const perSlice = Math.ceil(length / size);
  const first = (slice: number): number => Math.min(length, slice * perSlice);
  const countOf = (slice: number): number => first(slice + 1) - first(slice);
  const gets = target === 'all' || target === rank;
  const held: Block[] = [];
  const keep = (block: Block): Block => {
    held.push(block);
    return block;
  };
  try {
    const piece = keep(yield* wait(() => exchange.allocate(length * itemBytes)));
    if (!vector.read(start, exchange.view(piece, 0, length * itemBytes))) return false;
    // Each rank begins with its successor, so that not all send to the same one first.
    for (const to of others(rank, size)) {
      const sizeBytes = countOf(to) * itemBytes;
      if (sizeBytes > 0) yield* waitFor(() => exchange.send(to, step, piece, first(to) * itemBytes, sizeBytes));
    }
    const mine = countOf(rank) * itemBytes;
    if (mine > 0) {
      const sources: number[] = [];
      for (let source = 0; source < size; source++) {
        if (source === rank) sources.push(piece.address + first(rank) * itemBytes);
        else sources.push(keep(yield* wait(() => exchange.take(source, step))).address);
      }
      const result = keep(yield* wait(() => exchange.allocate(mine)));
      exchange.reduce(sources, result.address, countOf(rank));
      for (const to of others(rank, size)) {
        if (target === 'all' || target === to) yield* waitFor(() => exchange.send(to, step + 1, result, 0, mine));
      }
      if (gets && !vector.write(start + first(rank), exchange.view(result, 0, mine))) return false;
    }
    for (const source of gets ? others(rank, size) : []) {
      if (countOf(source) === 0) continue;
      const slice = yield* wait(() => exchange.take(source, step + 1));
      const written = vector.write(start + first(source), exchange.view(slice));
      exchange.release(slice);
      if (!written) return false;
    }
    return true;
  } finally {
    for (const block of held) exchange.release(block);
  }
}

/** Allreduce over the wire. */
export const wireAllreduce: WireAlgorithm = {
  small: (exchange, vector, payloads) => small(exchange, vector, payloads, 'all'),
  large: (exchange, vector) => large(exchange, vector, 'all'),
};

/** Reduce over the wire. */
export const wireReduce: WireAlgorithm = { small, large };
