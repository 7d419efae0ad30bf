/** The wire algorithm of each operation that moves bytes. */
import type { Operation } from '../../operations/operation.js';
import type { WireAlgorithm } from './exchange.js';
import { wireAllreduce } from './wire-allreduce.js';
import { wireBroadcast } from './wire-broadcast.js';

const algorithms: ReadonlyMap<string, WireAlgorithm> = new Map([
  ['allreduce', wireAllreduce],
  ['broadcast', wireBroadcast],
  ['emptyShared', wireAllreduce],
]);

/** Undefined: the descriptors are all that is exchanged. */
export function wireAlgorithmOf({ name }: Operation): WireAlgorithm | undefined {
  return algorithms.get(name);
}
