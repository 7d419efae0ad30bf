/** All operations. */
import type { Algorithm } from './operation.js';
import { allreduce } from './allreduce.js';
import { barrier } from './barrier.js';
import { broadcast } from './broadcast.js';

export type { Algorithm } from './operation.js';
export { allreduce, barrier, broadcast };

/** The operation of a number in a record. */
export function algorithmOf(operation: number): Algorithm | undefined {
  return [barrier, broadcast, allreduce].find((algorithm) => algorithm.operation === operation);
}
