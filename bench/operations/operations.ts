/** The collectives that bench/operations.ts times: the loop of each, and what its result is. */
import type { Collective } from 'shoal/worker';

/** Where a call is made. */
interface Place {
  readonly rank: number;
  readonly size: number;
  /** Elements of a block. */
  readonly count: number;
}

/** One operation over float32. */
export interface TimedOperation {
  readonly name: string;
  /** Blocks that a rank brings and gets: one, or one for each rank. */
  readonly brings: 'one' | 'each';
  readonly gets: 'one' | 'each';
  /** The root alone, rank 0, has a result. */
  readonly onRoot: boolean;
  /** Timed also with the shorter array as this rank's block of the longer one. */
  readonly hasBlockForm?: boolean;
  /** The array that it brings is the one that it gets. */
  readonly inPlace: boolean;
  readonly call: (own: Collective, x: Float32Array, out: Float32Array) => void;
  /** Element `i` of what a rank gets. */
  readonly want: (place: Place, i: number) => number;
}

const pattern = 97;

/** What a rank brings at `i`, all blocks counted. */
export function brought(rank: number, i: number): number {
  return (rank + 1) * (i % pattern);
}

const sumTo = (ranks: number, i: number): number => ((ranks * (ranks + 1)) / 2) * (i % pattern);
const gathered = ({ count }: Place, i: number): number => brought(Math.floor(i / count), i % count);

/** All of them, in the order of the C program's. */
export const timedOperations: readonly TimedOperation[] = [
  {
    ...{ name: 'broadcast', brings: 'one', gets: 'one', onRoot: false, inPlace: true },
    call: (own, x) => own.broadcastSync(x, { root: 0 }),
    want: (_, i) => brought(0, i),
  },
  {
    ...{ name: 'reduce', brings: 'one', gets: 'one', onRoot: true, inPlace: false },
    call: (own, x, out) => own.reduceSync(x, { op: 'sum', root: 0, out }),
    want: ({ size }, i) => sumTo(size, i),
  },
  {
    ...{ name: 'allgather', brings: 'one', gets: 'each', onRoot: false, inPlace: false, hasBlockForm: true },
    call: (own, x, out) => own.allgatherSync(x, { out }),
    want: gathered,
  },
  {
    ...{ name: 'gather', brings: 'one', gets: 'each', onRoot: true, inPlace: false },
    call: (own, x, out) => own.gatherSync(x, { root: 0, out }),
    want: gathered,
  },
  {
    ...{ name: 'scatter', brings: 'each', gets: 'one', onRoot: false, inPlace: false },
    call: (own, x, out) => own.scatterSync(x, { root: 0, out }),
    want: ({ rank, count }, i) => brought(0, rank * count + i),
  },
  {
    ...{ name: 'reduceScatter', brings: 'each', gets: 'one', onRoot: false, inPlace: false, hasBlockForm: true },
    call: (own, x, out) => own.reduceScatterSync(x, { op: 'sum', out }),
    want: ({ rank, size, count }, i) => sumTo(size, rank * count + i),
  },
  {
    ...{ name: 'alltoall', brings: 'each', gets: 'each', onRoot: false, inPlace: false },
    call: (own, x, out) => own.alltoallSync(x, { out }),
    want: ({ rank, count }, i) => brought(Math.floor(i / count), rank * count + (i % count)),
  },
  {
    ...{ name: 'scan', brings: 'one', gets: 'one', onRoot: false, inPlace: false },
    call: (own, x, out) => own.scanSync(x, { op: 'sum', out }),
    want: ({ rank }, i) => sumTo(rank + 1, i),
  },
  // There and back between ranks 0 and 1: two messages.
  {
    ...{ name: 'pingPong', brings: 'one', gets: 'one', onRoot: false, inPlace: false },
    call: pingPong,
    want: ({ rank }, i) => (rank < 2 ? brought(1 - rank, i) : 0),
  },
  // Messages of rank 0 to rank 1 one behind the other, then one back.
  {
    ...{ name: 'messageRate', brings: 'one', gets: 'one', onRoot: false, inPlace: false },
    call: manyMessages,
    want: ({ rank }, i) => (rank < 2 ? brought(1 - rank, i) : 0),
  },
  {
    ...{ name: 'sendrecv', brings: 'one', gets: 'one', onRoot: false, inPlace: false },
    call: (own, x, out) => own.sendrecvSync(x, (own.rank + 1) % own.size, out, (own.rank + own.size - 1) % own.size),
    want: ({ rank, size }, i) => brought((rank + size - 1) % size, i),
  },
  // One array, and the same elements as a list of 100, or of as many as there are: ours alone.
  {
    ...{ name: 'allreduce', brings: 'one', gets: 'one', onRoot: false, inPlace: true },
    call: (own, x) => own.allreduceSync(x),
    want: ({ size }, i) => sumTo(size, i),
  },
  {
    ...{ name: 'allreduce of a list', brings: 'one', gets: 'one', onRoot: false, inPlace: true },
    call: (own, x) => own.allreduceSync(listOf(x)),
    want: ({ size }, i) => sumTo(size, i),
  },
];

function pingPong(own: Collective, x: Float32Array, out: Float32Array): void {
  if (own.rank === 0) {
    own.sendSync(x, 1);
    own.recvSync(out, 1);
  } else if (own.rank === 1) {
    own.recvSync(out, 0);
    own.sendSync(x, 0);
  }
}

const messagesInARow = 64;

function manyMessages(own: Collective, x: Float32Array, out: Float32Array): void {
  if (own.rank === 0) {
    for (let i = 0; i < messagesInARow; i++) own.sendSync(x, 1);
    own.recvSync(out, 1);
  } else if (own.rank === 1) {
    for (let i = 0; i < messagesInARow; i++) own.recvSync(out, 0);
    own.sendSync(x, 0);
  }
}

const lists = new WeakMap<Float32Array, readonly Float32Array[]>();

/** The parts of an array, made once. */
function listOf(x: Float32Array): readonly Float32Array[] {
  const known = lists.get(x);
  if (known) return known;
  const parts = Math.min(100, x.length);
  const starts = Array.from({ length: parts + 1 }, (_, part) => Math.floor((part * x.length) / parts));
  const list = starts.slice(1).map((end, part) => x.subarray(starts[part], end));
  lists.set(x, list);
  return list;
}
