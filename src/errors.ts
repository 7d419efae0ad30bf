/** Every error class and code. A class per decision that a caller can take; details are fields, never text to parse. */
import { fieldOf, isError } from './show.js';

/**
 * What went wrong on one rank of a task.
 *
 * @example
 * await pool.run(tasks, { export: 'train', workers: 2 }).catch((error) => {
 *   const errors: readonly RankError[] = error instanceof TaskFailedError ? error.errors : [];
 *   for (const { rank, error } of errors) console.error(`rank ${rank}:`, error);
 * });
 */
export interface RankError {
  /** Rank that threw. */
  readonly rank: number;
  /** What it threw. */
  readonly error: unknown;
}

/**
 * A member of a group, as errors name it.
 *
 * @example
 * const members: readonly MemberInfo[] = gang.workers;
 * for (const { rank, hostname, pid } of members) console.log(`rank ${rank}: process ${pid} on ${hostname}`);
 */
export interface MemberInfo {
  /** Rank in the group. */
  readonly rank: number;
  /** Worker of the pool. */
  readonly worldRank: number;
  /** Among the workers of its node. */
  readonly localRank: number;
  /** Name of its host. */
  readonly hostname: string;
  /** `SHOAL_NODE` of the worker, else its host's name. */
  readonly node: string;
  /** Its process. */
  readonly pid: number;
}

/**
 * A call that a rank made last; calls of the same kind, with the same arguments, are one of them.
 *
 * @example
 * const [explanation] = await pool.explain();
 * const last: LastOperation | undefined = explanation?.ranks[0]?.operations[0];
 * if (last) console.log(`rank 0: ${last.call} is ${last.state}`);
 */
export interface LastOperation {
  /** Such as `allreduce` or `send`. */
  readonly operation: string;
  /** In words, such as `allreduce(float32 × 1000, op sum)`. */
  readonly call: string;
  /** Whether the rank waits in it, or how it has ended. */
  readonly state: 'waiting' | 'completed' | 'failed';
  /** Of the error with which it failed. */
  readonly code: string | undefined;
  /** Number of its group in the task; 0: the task's own. */
  readonly group: number;
  /** Of a collective its number in the group, of a message how many of its kind were begun. */
  readonly sequence: number;
  /** Of messages: how many of its kind have ended well. */
  readonly times: number | undefined;
  /** Of one call. */
  readonly sizeBytes: number;
  /** In all calls of its kind, in milliseconds: only calls that do not end at once are measured. */
  readonly waitedMs: number;
  /** When it began to wait, in milliseconds since 1970; undefined: it ended at once. */
  readonly startedAt: number | undefined;
  /** When it ended, in milliseconds since 1970; undefined: it waits, or ended at once. */
  readonly endedAt: number | undefined;
  /** Of a message: the other rank; undefined: any. */
  readonly peer: number | undefined;
  /** Of a message: the tag; undefined: any. */
  readonly tag: number | undefined;
}

/**
 * What a rank of a task has done last, as its black box tells.
 *
 * @example
 * function lastCalls(ranks: readonly RankOperations[]): string[] {
 *   return ranks.map(({ rank, operations }) => `rank ${rank}: ${operations[0]?.call}`);
 * }
 * const [explanation] = await pool.explain();
 * console.log(lastCalls(explanation?.ranks ?? []));
 */
export interface RankOperations {
  /** Rank in the task. */
  readonly rank: number;
  /** Worker of the pool. */
  readonly worldRank: number;
  /** What the function of the task is at. */
  readonly phase: 'idle' | 'loading' | 'running' | 'returned' | 'threw';
  /** Since when, in milliseconds since 1970. */
  readonly since: number;
  /** The last first. */
  readonly operations: readonly LastOperation[];
}

/**
 * How a process ended: by itself, by a signal, killed by the kernel for lack of memory, ended by its pool, or nobody
 * knows.
 */
export type ExitKind = 'exit' | 'signal' | 'out-of-memory' | 'ended' | 'unknown';

/** Of the stack of an error. */
const keptFrames = 30;

/**
 * Base of all errors of this package. `instanceof` goes by `code`, so it holds across several loaded copies.
 *
 * @example
 * await pool.run(tasks, { export: 'train' }).catch((error) => {
 *   if (error instanceof ShoalError) console.error(error.code, error.message); // ERR_SHOAL_…
 *   else throw error;
 * });
 */
export class ShoalError extends Error {
  /** Stable code of the class. */
  static readonly code: string = 'ERR_SHOAL';
  /** Stable code, `ERR_SHOAL_…`. */
  readonly code: string;
  /** Of a task of `pool.map`: the number of its item, from 0. */
  declare readonly index: number | undefined;
  /** Of a time-out, mismatch or death: what each rank did last, as far as it is known. */
  declare readonly lastOperations: readonly RankOperations[] | undefined;

  constructor(message: string, fields: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    // The first frames are of this package: the ten that Node keeps would often leave out the line of the caller.
    const limit = Error.stackTraceLimit;
    if (limit > 0 && limit < keptFrames) Reflect.set(Error, 'stackTraceLimit', keptFrames);
    super(message, options);
    Reflect.set(Error, 'stackTraceLimit', limit);
    this.code = new.target.code;
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true });
    Object.assign(this, fields);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!isError(value)) return false;
    const code = fieldOf(value, 'code');
    return this === ShoalError
      ? typeof code === 'string' && code.startsWith('ERR_SHOAL')
      : code === this.code && Object.hasOwn(this, 'code');
  }
}

/**
 * An argument or option is not what the call takes; nothing was sent.
 *
 * @example
 * await pool.run(tasks, { export: 'train', timeoutMs: -1 }).catch((error) => {
 *   if (error instanceof InvalidArgumentError) console.error(error.message); // says what `timeoutMs` takes
 * });
 */
export class InvalidArgumentError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_INVALID_ARGUMENT';
}
/**
 * The ranks of a group disagree about a collective; no buffer was written and the group stays usable.
 *
 * @example
 * await pool.run(tasks, { export: 'train', workers: 2 }).catch(({ cause }) => {
 *   if (!(cause instanceof CollectiveMismatchError)) return;
 *   for (const { rank, call } of cause.calls) console.error(`rank ${rank} called ${call}`);
 * });
 */
export class CollectiveMismatchError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_COLLECTIVE_MISMATCH';
  /** What each rank called. */
  declare readonly calls: readonly { rank: number; call: string }[];
}
/**
 * A collective's deadline passed; the group has failed on every rank.
 *
 * @example
 * await pool.run(tasks, { export: 'train', workers: 2 }).catch(({ cause }) => {
 *   if (!(cause instanceof CollectiveTimeoutError)) return;
 *   for (const { rank, lastCompleted } of cause.missing) console.error(`rank ${rank} has ended ${lastCompleted}`);
 * });
 */
export class CollectiveTimeoutError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_COLLECTIVE_TIMEOUT';
  /** The ranks that had not arrived, and the last operation each completed. */
  declare readonly missing: readonly (MemberInfo & { lastCompleted: string })[];
  /** Of a message call: ranks that wait for one another, each for the next and the last for the first. */
  declare readonly cycle: readonly number[] | undefined;
}
/**
 * A message has more elements than the buffer of its receive; it is lost, and the group stays usable.
 *
 * @example
 * await pool.run(tasks, { export: 'train', workers: 2 }).catch(({ cause }) => {
 *   if (cause instanceof MessageTruncatedError) console.error(`${cause.count} elements for ${cause.capacity}`);
 * });
 */
export class MessageTruncatedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_MESSAGE_TRUNCATED';
  /** Rank that has sent it. */
  declare readonly source: number;
  /** Its tag. */
  declare readonly tag: number;
  /** Elements of the message. */
  declare readonly count: number;
  /** Elements of the buffer. */
  declare readonly capacity: number;
}
/**
 * A task's `timeoutMs` passed. It rejects when the ranks have ended, so that nothing of the task runs any more: at once
 * where they end by `context.signal`, else `graceMs` later, by force. The text says which it was.
 *
 * @example
 * await pool.run(tasks, { export: 'train', timeoutMs: 60_000 }).catch((error) => {
 *   if (error instanceof TaskTimeoutError) console.error('train takes more than a minute');
 * });
 */
export class TaskTimeoutError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_TASK_TIMEOUT';
}
/**
 * A rank of the task threw; `cause` is the earliest error.
 *
 * @example
 * await pool.run(tasks, { export: 'train', workers: 2 }).catch((error) => {
 *   if (error instanceof TaskFailedError) console.error(`${error.taskId}, rank ${error.rank}:`, error.cause);
 * });
 */
export class TaskFailedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_TASK_FAILED';
  /** The task, such as `t1`. */
  declare readonly taskId: string;
  /** Rank whose error is the `cause`. */
  declare readonly rank: number;
  /** Of all ranks that threw, in rank order. */
  declare readonly errors: readonly RankError[];
}
/**
 * A rank called `process.exit` inside a task.
 *
 * @example
 * await pool.run(tasks, { export: 'train' }).catch((error) => {
 *   if (error instanceof TaskExitedError) console.error(`rank ${error.rank} has exited with ${error.exitCode}`);
 * });
 */
export class TaskExitedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_TASK_EXITED';
  /** Rank that called it. */
  declare readonly rank: number;
  /** The code that it gave. */
  declare readonly exitCode: number;
}
/**
 * Another rank of the group failed; `cause` is its error.
 *
 * @example
 * await pool.run(tasks, { export: 'train', workers: 2 }).catch((error) => {
 *   for (const { rank, error: of } of error instanceof TaskFailedError ? error.errors : []) {
 *     if (of instanceof PeerFailedError) console.error(`rank ${rank} has ended because of rank ${of.rank}`);
 *   }
 * });
 */
export class PeerFailedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_PEER_FAILED';
  /** Rank that failed. */
  declare readonly rank: number;
}
/**
 * A worker's thread or process ended by force or by a crash.
 *
 * @example
 * await pool.run(tasks, { export: 'train', maxRetries: 1 }).catch((error) => {
 *   if (error instanceof WorkerDiedError) console.error(`rank ${error.rank}: ${error.exitKind}, ${error.signal}`);
 * });
 */
export class WorkerDiedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_WORKER_DIED';
  /** Rank of the task that it ran. */
  declare readonly rank: number;
  /** Of a process: where it ran. */
  declare readonly hostname: string | undefined;
  /** Of a process: its number. */
  declare readonly pid: number | undefined;
  /** Such as `SIGKILL`; undefined when it exited by itself or the system does not tell. */
  declare readonly signal: string | undefined;
  /** Of a process: how it ended. */
  declare readonly exitKind: ExitKind | undefined;
}
/**
 * Cancelled by `cancel()`, a signal or `close({ force: true })`; `cause` is the signal's reason.
 *
 * @example
 * const handle = pool.submit(tasks, { export: 'train' });
 * handle.cancel('the user has left');
 * await handle.result().catch((error) => {
 *   if (error instanceof CancelledError) console.log(error.cause); // the user has left
 * });
 */
export class CancelledError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_CANCELLED';
  constructor(message: string, fields: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, fields, options);
    this.name = 'AbortError';
  }
}
/**
 * A task wants more workers than the pool has.
 *
 * @example
 * await pool.run(tasks, { export: 'train', workers: 200 }).catch((error) => {
 *   if (error instanceof InsufficientWorkersError) console.error(error.message); // how many there are
 * });
 */
export class InsufficientWorkersError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_INSUFFICIENT_WORKERS';
}
/**
 * There is no room for `collective.empty` in this rank's part of the window, for `emptyShared` in its root's, or for
 * `pool.share` in what `maxSharedBytes` allows on a host.
 *
 * @example
 * await pool.share(new Float64Array(1000)).catch((error) => {
 *   if (error instanceof WindowExhaustedError) console.error(`of ${error.requestedBytes}: ${error.largestFreeBytes}`);
 * });
 */
export class WindowExhaustedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_WINDOW_EXHAUSTED';
  /** Bytes that the call needed. */
  declare readonly requestedBytes: number;
  /** Bytes of the longest free place. */
  declare readonly largestFreeBytes: number;
}
/**
 * A task has written to memory of the window that is not its own; all workers are started again over new memory.
 *
 * @example
 * await pool.run(tasks, { export: 'train' }).catch((error) => {
 *   if (error instanceof WindowDamagedError) console.error(`${error.taskId} has overwritten ${error.where}`);
 * });
 */
export class WindowDamagedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_WINDOW_DAMAGED';
  /** The task that has overwritten it. */
  declare readonly taskId: string;
  /** The rank that has noticed it. */
  declare readonly rank: number;
  /** What was overwritten, in words. */
  declare readonly where: string;
}
/**
 * The value that a reference stands for is gone with the worker that had it; make it again.
 *
 * @example
 * const model = await pool.run(tasks, { export: 'load', keep: true });
 * await pool.run(tasks, { export: 'step', args: [model, batch] }).catch((error) => {
 *   if (error instanceof ReferenceLostError) console.error(`worker ${error.worldRank} has lost it: load it again`);
 * });
 */
export class ReferenceLostError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_REFERENCE_LOST';
  /** Of the reference, as the pool knows it. */
  declare readonly id: string;
  /** A worker that does not have the value any more. */
  declare readonly worldRank: number;
}
/**
 * `collective` or `context` was used outside a task.
 *
 * @example
 * import { context } from 'shoal/worker';
 *
 * function whoAmI(): string {
 *   try {
 *     return `rank ${context.rank}`;
 *   } catch (error) {
 *     if (error instanceof NotInTaskError) return 'the driver';
 *     throw error;
 *   }
 * }
 */
export class NotInTaskError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_NOT_IN_TASK';
}
/**
 * A value cannot go between driver and task, or between ranks.
 *
 * @example
 * await pool.run(new URL('./tasks.js', import.meta.url), { args: [{ onDone: () => {} }] }).catch((error) => {
 *   if (error instanceof NotSerializableError) console.error(error.path); // args[0].onDone
 * });
 */
export class NotSerializableError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_NOT_SERIALIZABLE';
  /** Where in the value, such as `args[1].onDone`. */
  declare readonly path: string;
}
/**
 * A task's module does not exist.
 *
 * @example
 * await pool.run(new URL('./absent.js', import.meta.url)).catch((error) => {
 *   if (error instanceof ModuleNotFoundError) console.error(error.message); // names the file
 * });
 */
export class ModuleNotFoundError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_MODULE_NOT_FOUND';
}
/**
 * A task's module lacks the export, or it is no function; of an actor: no class, or the class lacks the method.
 *
 * @example
 * await pool.run(new URL('./tasks.js', import.meta.url), { export: 'absent' }).catch((error) => {
 *   if (error instanceof ExportNotFoundError) console.error(error.message); // names the module and what it exports
 * });
 */
export class ExportNotFoundError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_EXPORT_NOT_FOUND';
}
/**
 * A task's function ended while collectives of it were in flight, and `unawaited` is `'error'`.
 *
 * @example
 * await pool.run(tasks, { export: 'train', workers: 2 }).catch(({ cause }) => {
 *   if (cause instanceof NotAwaitedError) for (const { operation, at } of cause.calls) console.error(operation, at);
 * });
 */
export class NotAwaitedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_NOT_AWAITED';
  /** The calls: their operation, their number in the group, and under SHOAL_DEBUG=1 the line that made them. */
  declare readonly calls: readonly { operation: string; sequence: number; at: string | undefined }[];
}
/**
 * The pool's queue is full.
 *
 * @example
 * import { once } from 'node:events';
 *
 * await pool.run(tasks, { export: 'train' }).catch(async (error) => {
 *   if (error instanceof QueueFullError) await once(pool, 'drain'); // and once more
 * });
 */
export class QueueFullError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_QUEUE_FULL';
}
/**
 * Arguments or a result exceed `maxMessageBytes`.
 *
 * @example
 * await pool.run(tasks, { export: 'sum', args: [new Float64Array(1000)] }).catch((error) => {
 *   if (error instanceof MessageTooLargeError) console.error('share it, or raise maxMessageBytes');
 * });
 */
export class MessageTooLargeError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_MESSAGE_TOO_LARGE';
}
/**
 * The pool could not be started.
 *
 * @example
 * const pool = await launch({ workers: 2 }).catch((error) => {
 *   if (error instanceof LaunchError) console.error(error.message); // says what to install or to set
 *   throw error;
 * });
 * await pool.close();
 */
export class LaunchError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_LAUNCH';
}
/**
 * A worker was not ready in time: `workers` says which, and what each was at.
 *
 * @example
 * const pool = await launch({ workers: 2, startTimeoutMs: 10_000 }).catch((error) => {
 *   if (error instanceof RegistrationTimeoutError) console.error(error.message); // who, and at what
 *   throw error;
 * });
 * await pool.close();
 */
export class RegistrationTimeoutError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_REGISTRATION_TIMEOUT';
}
/**
 * Not possible here; the text names the ways out.
 *
 * @example
 * const pool = await launch({ workers: 2, transport: 'threads' }).catch((error) => {
 *   if (error instanceof UnsupportedError) console.error(error.message); // names the ways out
 *   throw error;
 * });
 * await pool.close();
 */
export class UnsupportedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_UNSUPPORTED';
}
/**
 * A message is not what the protocol allows.
 *
 * @example
 * await pool.run(tasks, { export: 'train' }).catch((error) => {
 *   if (error instanceof ProtocolError) console.error('please report this:', error);
 * });
 */
export class ProtocolError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_PROTOCOL';
}
/**
 * The pool, task, group or array is closed, or the reference was released.
 *
 * @example
 * await pool.run(tasks, { export: 'train' }).catch((error) => {
 *   if (error instanceof ClosedError) console.error('the pool is closed');
 * });
 */
export class ClosedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_CLOSED';
  /** The task that has ended, if it was one. */
  declare readonly taskId: string | undefined;
}

/** All classes, in an order that never changes: a refusal carries its number in its record. */
export const errorClasses: readonly (typeof ShoalError)[] = [
  InvalidArgumentError,
  CollectiveMismatchError,
  CollectiveTimeoutError,
  TaskTimeoutError,
  TaskFailedError,
  TaskExitedError,
  PeerFailedError,
  WorkerDiedError,
  CancelledError,
  InsufficientWorkersError,
  WindowExhaustedError,
  NotInTaskError,
  NotSerializableError,
  ModuleNotFoundError,
  ExportNotFoundError,
  QueueFullError,
  MessageTooLargeError,
  LaunchError,
  RegistrationTimeoutError,
  UnsupportedError,
  ProtocolError,
  ClosedError,
  NotAwaitedError,
  WindowDamagedError,
  MessageTruncatedError,
  ReferenceLostError,
];

/** The number of an error's class in a record, from 1; 0 for none of ours. */
export function errorNumber(error: ShoalError): number {
  return 1 + errorClasses.findIndex((errorClass) => errorClass.code === error.code);
}
