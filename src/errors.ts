/** Every error class and code. A class per decision that a caller can take; details are fields, never text to parse. */

import { counted, withArticle } from './grammar.js';
import { types } from 'node:util';

/** What went wrong on one rank of a task. */
export interface RankError {
  readonly rank: number;
  readonly error: unknown;
}

/** A member of a group, as errors name it. */
export interface MemberInfo {
  readonly rank: number;
  readonly worldRank: number;
  /** Among the workers of its node. */
  readonly localRank: number;
  readonly hostname: string;
  /** `SHOAL_NODE` of the worker, else its host's name. */
  readonly node: string;
  readonly pid: number;
}

/** A call that a rank made last; calls of the same kind, with the same arguments, are one of them. */
export interface LastOperation {
  /** Such as `allreduce` or `send`. */
  readonly operation: string;
  /** In words, such as `allreduce(float32 × 1000, op sum)`. */
  readonly call: string;
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
  /** Milliseconds since 1970: when it began to wait, and when it ended; undefined: it ended at once. */
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** Of a message: the other rank, and the tag; undefined: any. */
  readonly peer: number | undefined;
  readonly tag: number | undefined;
}

/** What a rank of a task has done last, as its black box tells. */
export interface RankOperations {
  readonly rank: number;
  readonly worldRank: number;
  /** What the function of the task is at, and since when, in milliseconds since 1970. */
  readonly phase: 'idle' | 'loading' | 'running' | 'returned' | 'threw';
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

/** Base of all errors of this package. `instanceof` goes by `code`, so it holds across several loaded copies. */
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
    const code = (value as { code?: unknown }).code;
    return this === ShoalError
      ? typeof code === 'string' && code.startsWith('ERR_SHOAL')
      : code === this.code && Object.hasOwn(this, 'code');
  }
}

/** An argument or option is not what the call takes; nothing was sent. */
export class InvalidArgumentError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_INVALID_ARGUMENT';
}
/** The ranks of a group disagree about a collective; no buffer was written and the group stays usable. */
export class CollectiveMismatchError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_COLLECTIVE_MISMATCH';
  /** What each rank called. */
  declare readonly calls: readonly { rank: number; call: string }[];
}
/** A collective's deadline passed; the group has failed on every rank. */
export class CollectiveTimeoutError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_COLLECTIVE_TIMEOUT';
  /** The ranks that had not arrived, and the last operation each completed. */
  declare readonly missing: readonly (MemberInfo & { lastCompleted: string })[];
  /** Of a message call: ranks that wait for one another, each for the next and the last for the first. */
  declare readonly cycle: readonly number[] | undefined;
}
/** A message has more elements than the buffer of its receive; it is lost, and the group stays usable. */
export class MessageTruncatedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_MESSAGE_TRUNCATED';
  /** Rank that has sent it. */
  declare readonly source: number;
  declare readonly tag: number;
  /** Elements of the message. */
  declare readonly count: number;
  /** Elements of the buffer. */
  declare readonly capacity: number;
}
/** A task's `timeoutMs` passed. */
export class TaskTimeoutError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_TASK_TIMEOUT';
}
/** A rank of the task threw; `cause` is the earliest error. */
export class TaskFailedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_TASK_FAILED';
  declare readonly taskId: string;
  /** Rank whose error is the `cause`. */
  declare readonly rank: number;
  /** Of all ranks that threw, in rank order. */
  declare readonly errors: readonly RankError[];
}
/** A rank called `process.exit` inside a task. */
export class TaskExitedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_TASK_EXITED';
  declare readonly rank: number;
  declare readonly exitCode: number;
}
/** Another rank of the group failed; `cause` is its error. */
export class PeerFailedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_PEER_FAILED';
  declare readonly rank: number;
}
/** A worker's thread or process ended by force or by a crash. */
export class WorkerDiedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_WORKER_DIED';
  declare readonly rank: number;
  /** Of a process: where it ran. */
  declare readonly hostname: string | undefined;
  declare readonly pid: number | undefined;
  /** Such as `SIGKILL`; undefined when it exited by itself or the system does not tell. */
  declare readonly signal: string | undefined;
  declare readonly exitKind: ExitKind | undefined;
}
/** Cancelled by `cancel()`, a signal or `close({ force: true })`; `cause` is the signal's reason. */
export class CancelledError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_CANCELLED';
  constructor(message: string, fields: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, fields, options);
    this.name = 'AbortError';
  }
}
/** A task wants more workers than the pool has. */
export class InsufficientWorkersError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_INSUFFICIENT_WORKERS';
}
/**
 * There is no room for `collective.empty` in this rank's part of the window, for `emptyShared` in its root's, or for
 * `pool.share` in what `maxSharedBytes` allows on a host.
 */
export class WindowExhaustedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_WINDOW_EXHAUSTED';
  declare readonly requestedBytes: number;
  declare readonly largestFreeBytes: number;
}
/** A task has written to memory of the window that is not its own; all workers are started again over new memory. */
export class WindowDamagedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_WINDOW_DAMAGED';
  declare readonly taskId: string;
  /** The rank that has noticed it. */
  declare readonly rank: number;
  /** What was overwritten, in words. */
  declare readonly where: string;
}
/** The value that a reference stands for is gone with the worker that had it; make it again. */
export class ReferenceLostError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_REFERENCE_LOST';
  /** Of the reference, as the pool knows it. */
  declare readonly id: string;
  /** A worker that does not have the value any more. */
  declare readonly worldRank: number;
}
/** `collective` or `context` was used outside a task. */
export class NotInTaskError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_NOT_IN_TASK';
}
/** A value cannot go between driver and task, or between ranks. */
export class NotSerializableError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_NOT_SERIALIZABLE';
  /** Where in the value, such as `args[1].onDone`. */
  declare readonly path: string;
}
/** A task's module does not exist. */
export class ModuleNotFoundError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_MODULE_NOT_FOUND';
}
/** A task's module lacks the export, or it is no function; of an actor: no class, or the class lacks the method. */
export class ExportNotFoundError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_EXPORT_NOT_FOUND';
}
/** A task's function ended while collectives of it were in flight, and `unawaited` is `'error'`. */
export class NotAwaitedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_NOT_AWAITED';
  /** The calls: their operation, their number in the group, and under SHOAL_DEBUG=1 the line that made them. */
  declare readonly calls: readonly { operation: string; sequence: number; at: string | undefined }[];
}
/** The pool's queue is full. */
export class QueueFullError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_QUEUE_FULL';
}
/** Arguments or a result exceed `maxMessageBytes`. */
export class MessageTooLargeError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_MESSAGE_TOO_LARGE';
}
/** The pool could not be started. */
export class LaunchError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_LAUNCH';
}
/** A worker was not ready in time: `workers` says which, and what each was at. */
export class RegistrationTimeoutError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_REGISTRATION_TIMEOUT';
}
/** Not possible here; the text names the ways out. */
export class UnsupportedError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_UNSUPPORTED';
}
/** A message is not what the protocol allows. */
export class ProtocolError extends ShoalError {
  static override readonly code: string = 'ERR_SHOAL_PROTOCOL';
}
/** The pool, task, group or array is closed, or the reference was released. */
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

/** Show a value in an error message, in at most some 60 characters. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'function') return value.name ? `function ${value.name}` : 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (Array.isArray(value)) return `an array of ${counted(value.length, 'element')}`;
  if (typeof value === 'object' && value !== null) return withArticle(tagOf(value));
  return String(value);
}

/** Whether it is an error of any realm: under some test runners those of Node are of another one than this module's. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value) || value instanceof DOMException;
}

/** `Float32Array`, `Map`, `Object` …, also for objects of another realm. */
export function tagOf(value: object): string {
  // Typed arrays have a getter for it, several times faster than the general way.
  if (ArrayBuffer.isView(value)) return (value as Uint8Array)[Symbol.toStringTag];
  return Object.prototype.toString.call(value).slice(8, -1);
}
