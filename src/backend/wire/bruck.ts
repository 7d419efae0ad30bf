/**
 * Allgather of one entry of each rank, of any length.
 *
 * Source: Bruck, Ho, Kipnis, Upfal and Weathersby, "Efficient Algorithms for All-to-All Communications in Multiport
 * Message-Passing Systems" (1997), concatenation. Cost: ⌈log₂P⌉ steps; every rank sends P−1 entries in all.
 */
import type { Block } from './open-requests.js';
import type { Exchange, Steps } from './exchange.js';
import { wait, waitFor } from './exchange.js';

/** Steps of {@link bruck} are numbered from 0; those of what comes after it from here. */
export const stepsAfterBruck = 16;

/**
 * Every rank's entry, in the order rank, rank + 1, …, rank − 1, one behind the other in a block that the caller
 * releases. An entry says in its first four bytes how long it is, these four included.
 *
 * @param room - Bytes that P entries take at most.
 */
export function* bruck(exchange: Exchange, own: Uint8Array, room: number): Steps<Block> {
  const { rank, size } = exchange;
  const block = yield* wait(() => exchange.allocate(room));
  let done = false;
  try {
    exchange.view(block, 0, own.length).set(own);
    // Where each entry begins, and the end of the last.
    const bounds = [0, own.length];
    for (let step = 0, held = 1; held < size; step++) {
      const distance = 2 ** step;
      const count = Math.min(distance, size - held);
      const to = (rank - distance + size) % size;
      yield* waitFor(() => exchange.send(to, step, block, 0, bounds[count] ?? 0));
      const received = yield* wait(() => exchange.take((rank + distance) % size, step));
      const end = bounds[held] ?? 0;
      exchange.view(block, end, received.sizeBytes).set(exchange.view(received));
      exchange.release(received);
      for (let i = 0; i < count; i++, held++) {
        const start = bounds[held] ?? 0;
        const [length = 0] = new Uint32Array(exchange.view(block, start, 4).slice().buffer);
        bounds.push(start + length);
      }
    }
    done = true;
    return block;
  } finally {
    if (!done) exchange.release(block);
  }
}
