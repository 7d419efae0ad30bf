/**
 * Blocks of any length over the wire.
 *
 * Source: pairwise exchange, as `wire-blocks.ts`. Streams go in pieces; a rank that has nothing of a piece for another one
 * sends a byte. Cost: P−1 messages sent per rank and piece; each block is sent once. One copy in and one out.
 */
import type { RaggedBlocks, StreamPart } from '../ragged-blocks.js';
import { stepsAfterBruck } from './bruck.js';
import { maxPayloadBytes } from './endpoint.js';
import type { Exchange, Steps, Vector } from './exchange.js';
import { others, wait, waitFor } from './exchange.js';

/** Bytes of a piece of a stream, times the ranks. */
const pieceBytes = 4 * 1024 * 1024;

/** False when this rank's array was lost under way. */
export function* raggedExchange(exchange: Exchange, vector: Vector, blocks: RaggedBlocks): Steps<boolean> {
  const most = Math.min(Math.floor(pieceBytes / exchange.size), maxPayloadBytes);
  const perPiece = Math.max(64, Math.floor(most / 64) * 64) / vector.itemBytes;
  for (let first = 0, step = stepsAfterBruck; first < blocks.longest; first += perPiece, step++) {
    if (!(yield* onePiece(exchange, vector, blocks, [first, first + perPiece], step))) return false;
  }
  yield* waitFor(() => exchange.allSent());
  return true;
}

function* onePiece(
  exchange: Exchange,
  vector: Vector,
  blocks: RaggedBlocks,
  [first, end]: readonly [number, number],
  step: number,
): Steps<boolean> {
  const { rank, size } = exchange;
  for (const to of others(rank, size)) {
    if (!(yield* sendPart(exchange, vector, blocks.sendPart(to, first, end), to, step))) return false;
  }
  const own = blocks.receivePart(rank, first, end);
  if (own && !(yield* copyOwn(exchange, vector, blocks.sendPart(rank, first, end), own))) return false;
  for (const from of others(rank, size)) {
    const block = yield* wait(() => exchange.take(from, step));
    const part = blocks.receivePart(from, first, end);
    const isWritten = !part || vector.write(part.place, exchange.view(block, 0, part.count * vector.itemBytes));
    exchange.release(block);
    if (!isWritten) return false;
  }
  return true;
}

function* sendPart(
  exchange: Exchange,
  vector: Vector,
  part: StreamPart | undefined,
  to: number,
  step: number,
): Steps<boolean> {
  const sizeBytes = part ? part.count * vector.itemBytes : 1;
  const block = yield* wait(() => exchange.allocate(sizeBytes));
  try {
    if (part && !vector.read(part.place, exchange.view(block, 0, sizeBytes))) return false;
    yield* waitFor(() => exchange.send(to, step, block, 0, sizeBytes));
    return true;
  } finally {
    exchange.release(block);
  }
}

function* copyOwn(exchange: Exchange, vector: Vector, from: StreamPart | undefined, to: StreamPart): Steps<boolean> {
  const sizeBytes = to.count * vector.itemBytes;
  const block = yield* wait(() => exchange.allocate(sizeBytes));
  try {
    const bytes = exchange.view(block, 0, sizeBytes);
    return vector.read(from?.place ?? 0, bytes) && vector.write(to.place, bytes);
  } finally {
    exchange.release(block);
  }
}
