/**
 * `shoal/worker`: what task code imports. Importing it has no side effect.
 *
 * @module shoal/worker
 */
import { createRequire } from 'node:module';
import { assetPath } from './asset.js';
import { setJoinWorld } from './collective/scope.js';
import type * as OwnWorld from './worker/own-world.js';

export type { CartGroup, CartOptions, Collective, CollectiveGroup } from './collective/collective.js';
export type { AllgatherOptions } from './operations/allgather.js';
export type { AllgathervOptions } from './operations/allgatherv.js';
export type { AlltoallvOptions } from './operations/alltoallv.js';
export type { GathervOptions } from './operations/gatherv.js';
export type { ScattervOptions } from './operations/scatterv.js';
export type { AllreduceOptions } from './operations/allreduce.js';
export type { AlltoallOptions } from './operations/alltoall.js';
export type { BroadcastObjectOptions } from './operations/broadcast-object.js';
export type { GatherObjectOptions } from './operations/gather-object.js';
export type { ScatterObjectOptions } from './operations/scatter-object.js';
export type { BroadcastOptions } from './operations/broadcast.js';
export type { EmptySharedOptions } from './operations/empty-shared.js';
export type { ExscanOptions } from './operations/exscan.js';
export type { GatherOptions } from './operations/gather.js';
export type { ReduceScatterOptions } from './operations/reduce-scatter.js';
export type { ReduceToOptions } from './operations/reduce.js';
export type { ScanOptions } from './operations/scan.js';
export type { ScatterOptions } from './operations/scatter.js';
export type { Bucket, BucketOptions } from './operations/bucket.js';
export type { CollectiveOptions, CollectiveSyncOptions, PreparedCall } from './operations/call-options.js';
export type { BorderMessages } from './operations/border-messages.js';
export { anySource, anyTag } from './operations/message-options.js';
export type {
  MessageOptions,
  MessageSyncOptions,
  NotReceived,
  NotReceivedObject,
  Probed,
  Received,
  ReceivedObject,
  Source,
  TagPattern,
} from './operations/message-options.js';
export type { ProbeOptions } from './operations/probe.js';
export type { ReceivedClass, RecvOptions } from './operations/recv.js';
export type { RecvObjectOptions } from './operations/recv-object.js';
export type { SendObjectOptions } from './operations/send-object.js';
export type { SendOptions } from './operations/send.js';
export type { SendrecvOptions } from './operations/sendrecv.js';
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
let ownWorld: typeof OwnWorld | undefined;
setJoinWorld(() => {
  ownWorld ??= createRequire(import.meta.url)(assetPath('#own-world')) as typeof OwnWorld;
  return ownWorld.joinWorld();
});
