/** The task: the mean distance of two random points of the unit square. Its result is the same on any number of ranks. */
import { collective, context } from 'shoal/worker';

/** Pairs of points in a block. */
export const blockSize = 10_000;

/**
 * The sum of the distances in each block, on every rank.
 *
 * Two things make the bits independent of the number of ranks. Draw number i depends on i alone, not on who draws it.
 * And a block is summed by one rank, so that the order of its sum is always the same.
 */
export default async function distance(blocks: number): Promise<Float64Array> {
  const sums = new Float64Array(blocks);
  for (let block = context.rank; block < blocks; block += context.size) {
    for (let pair = block * blockSize; pair < (block + 1) * blockSize; pair++) {
      const across = draw(4 * pair) - draw(4 * pair + 1);
      const down = draw(4 * pair + 2) - draw(4 * pair + 3);
      sums[block]! += Math.sqrt(across * across + down * down);
    }
  }
  return collective.allreduce(sums); // one rank brings each sum, the others 0: nothing is rounded
}

/** Draw number i of all: from 0 to 1, by the mixing step of the hash MurmurHash3. */
function draw(i: number): number {
  let bits = i ^ (i >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}
