/** The wire algorithm of each operation that moves bytes. */
import type { Operation } from '../../operations/operation.js';
import type { WireAlgorithm } from './exchange.js';
import { wireAllreduce, wireReduce } from './wire-allreduce.js';
import { wireBroadcast } from './wire-broadcast.js';
import * as blocks from './wire-blocks.js';

const algorithms: ReadonlyMap<string, WireAlgorithm> = new Map([
  ['allreduce', wireAllreduce],
  ['broadcast', wireBroadcast],
  ['emptyShared', wireAllreduce],
  ['reduce', wireReduce],
  ['allgather', blocks.allgather],
  ['counts', blocks.allgather],
  ['gather', blocks.gather],
  ['scatter', blocks.scatter],
  ['reduceScatter', blocks.reduceScatter],
  ['alltoall', blocks.alltoall],
  ['scan', blocks.scan],
  ['exscan', blocks.exscan],
]);

/** Undefined: the descriptors are all that is exchanged. */
export function wireAlgorithmOf({ name }: Operation): WireAlgorithm | undefined {
  return algorithms.get(name);
}
