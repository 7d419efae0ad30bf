/** All operations. */
import { allreduce } from './allreduce.js';
import { barrier } from './barrier.js';
import { broadcast } from './broadcast.js';
import { emptyShared } from './empty-shared.js';
import type { Operation } from './operation.js';

/** In the order of their numbers. */
export const operations: readonly Operation[] = [barrier, broadcast, allreduce, emptyShared];

/** The operation of a number in a descriptor. */
export function operationOf(number: number): Operation | undefined {
  return operations.find((operation) => operation.number === number);
}
