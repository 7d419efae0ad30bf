/**
 * `shoal`: what a driver imports. Importing it has no side effect.
 *
 * @module shoal
 */
export { connect } from './driver/connect.js';
export { launch } from './driver/launch.js';
export { Actor } from './driver/actor.js';
export { Gang } from './driver/gang.js';
export type {
  ActorOptions,
  CallOptions,
  GangOptions,
  GangRunOptions,
  GangTaskOptions,
  UntypedActor,
  UntypedActorOptions,
  UntypedGangRunOptions,
} from './driver/gang-options.js';
export type { LaunchOptions } from './driver/options.js';
export type { Items } from './driver/item-source.js';
export type { MapEntry, MapIterator, MapOptions, MapProgress, UntypedMapOptions } from './driver/map-options.js';
export { Kept } from './driver/kept.js';
export { Shared } from './driver/shared.js';
export { Pool } from './driver/pool.js';
export type { HeadStatus, PoolStatus } from './driver/pool-status.js';
export type { PoolStats, WorkerStats } from './driver/pool-stats.js';
export type { RunOptions, TaskOptions, UntypedRunOptions } from './driver/task-options.js';
export { TaskHandle } from './driver/task-handle.js';
export { taskModule } from './driver/task-module.js';
export type { TaskModule } from './driver/task-module.js';
export { Reference } from './protocol/reference.js';
export type { Referable } from './protocol/reference.js';
export type { Placement } from './protocol/pool-messages.js';
export type { TaskExplanation } from './head/explanations.js';
export type { TraceDocument } from './head/trace-document.js';
export type { TraceEvent } from './head/trace-events.js';
export { Trace } from './driver/trace.js';
export type { TraceOptions } from './driver/trace.js';
export type { GangStatus, WorkStatus, PoolEvents, TaskMessage, WorkerStatus } from './head/pool-events.js';
export type { Distribution } from './head/distribution.js';
export type { CollectiveStats, TaskOutcome, TaskStats, WorkStats } from './head/statistics.js';
export type { GangState } from './head/gang.js';
export type { TaskState } from './head/task.js';
export type { LastOperation, MemberInfo, RankError, RankOperations } from './errors.js';
export {
  CancelledError,
  ClosedError,
  CollectiveMismatchError,
  CollectiveTimeoutError,
  ExportNotFoundError,
  InsufficientWorkersError,
  InvalidArgumentError,
  LaunchError,
  MessageTruncatedError,
  MessageTooLargeError,
  ModuleNotFoundError,
  NotInTaskError,
  NotAwaitedError,
  NotSerializableError,
  PeerFailedError,
  ProtocolError,
  RegistrationTimeoutError,
  QueueFullError,
  ReferenceLostError,
  ShoalError,
  TaskExitedError,
  TaskFailedError,
  TaskTimeoutError,
  UnsupportedError,
  WindowDamagedError,
  WindowExhaustedError,
  WorkerDiedError,
} from './errors.js';
