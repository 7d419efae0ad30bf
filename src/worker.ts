/** `shoal/worker`: what task code imports. Importing it has no side effect. */
import { setJoinWorld } from './collective/scope.js';
import { joinForeignWorld } from './worker/foreign-main.js';
import { joinLoneWorld } from './worker/lone-world.js';

export type { Collective } from './collective/collective.js';
export type { AllreduceOptions } from './operations/allreduce.js';
export type { BroadcastOptions } from './operations/broadcast.js';
export type { EmptySharedOptions } from './operations/empty-shared.js';
export type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './operations/call-options.js';
export { collective, context } from './collective/bound.js';
export type { TaskContext } from './collective/scope.js';
export type {
  Float16ArrayIfAny,
  Float16ArrayLike,
  NumericBuffer,
  Tensor,
  TypedArray,
  TypedArrayClass,
} from './types/buffers.js';
export type { Dtype } from './types/dtype.js';
export type { ReduceOp } from './types/reduce-op.js';

// Only says how; nothing happens before the first use of `collective` or `context`.
setJoinWorld(() => joinForeignWorld() ?? joinLoneWorld());
