/** All operations. */
import { allgather } from './allgather.js';
import { allreduce } from './allreduce.js';
import { alltoall } from './alltoall.js';
import { barrier } from './barrier.js';
import { bucket } from './bucket.js';
import { broadcast } from './broadcast.js';
import { emptyShared } from './empty-shared.js';
import { exscan } from './exscan.js';
import { gather } from './gather.js';
import type { Operation } from './operation.js';
import { reduceScatter } from './reduce-scatter.js';
import { reduce } from './reduce.js';
import { scan } from './scan.js';
import { scatter } from './scatter.js';
import { allgatherv } from './allgatherv.js';
import { gatherv } from './gatherv.js';
import { scatterv } from './scatterv.js';
import { alltoallv } from './alltoallv.js';
import { counts } from './counts.js';
import { split } from './split.js';
import { broadcastObject } from './broadcast-object.js';
import { gatherObject } from './gather-object.js';
import { allgatherObject } from './allgather-object.js';
import { scatterObject } from './scatter-object.js';
import { allreduceObject } from './allreduce-object.js';

/** In the order of their numbers. */
export const operations: readonly Operation[] = [
  barrier,
  broadcast,
  allreduce,
  emptyShared,
  reduce,
  allgather,
  gather,
  scatter,
  reduceScatter,
  alltoall,
  scan,
  exscan,
  allgatherv,
  gatherv,
  scatterv,
  alltoallv,
  broadcastObject,
  gatherObject,
  allgatherObject,
  scatterObject,
  allreduceObject,
];

/** With what is part of others, and what makes groups. */
const all: readonly Operation[] = [...operations, counts, split, bucket];

/** The operation of a number in a descriptor. */
export function operationOf(number: number): Operation | undefined {
  return all.find((operation) => operation.number === number);
}
