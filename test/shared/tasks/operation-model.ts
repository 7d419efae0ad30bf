/** What each operation gives: for every element of a rank's result, the elements that it is made of. */

/** An element of what a rank brings. */
export type Origin = readonly [rank: number, index: number];

/** Where a call is looked at. */
export interface Seen {
  readonly rank: number;
  readonly size: number;
  readonly root: number;
  /** Elements of a block. */
  readonly count: number;
}

type Model = (seen: Seen, index: number) => readonly Origin[];

const upTo = (ranks: number, index: number): Origin[] => Array.from({ length: ranks }, (_, rank) => [rank, index]);
const blockOf = (index: number, count: number): Origin => [Math.floor(index / count), index % count];

/** By operation: none of an element means that the result is left as it was. */
export const models: Readonly<Record<string, Model>> = {
  allreduce: ({ size }, index) => upTo(size, index),
  reduce: ({ size, rank, root }, index) => (rank === root ? upTo(size, index) : []),
  broadcast: ({ root }, index) => [[root, index]],
  allgather: ({ count }, index) => [blockOf(index, count)],
  gather: ({ count, rank, root }, index) => (rank === root ? [blockOf(index, count)] : []),
  scatter: ({ count, rank, root }, index) => [[root, rank * count + index]],
  reduceScatter: ({ count, rank, size }, index) => upTo(size, rank * count + index),
  alltoall: ({ count, rank }, index) => {
    const [from, each] = blockOf(index, count);
    return [[from, rank * count + each]];
  },
  scan: ({ rank }, index) => upTo(rank + 1, index),
  exscan: ({ rank }, index) => upTo(rank, index),
};
