/** How `collective` and `context` find their task: through the async context, or the thread's running task. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { toCaller } from '../caller-lines.js';
import { NotInTaskError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Collective } from './collective.js';

/**
 * Facts of the running task on this rank.
 *
 * @example
 * function isFirst({ rank, attempt }: TaskContext): boolean {
 *   return rank === 0 && attempt === 1;
 * }
 * if (isFirst(context)) context.log.info('begins');
 */
export interface TaskContext {
  /** Rank in the task's group, from 0. */
  readonly rank: number;
  /** Ranks of the task's group. */
  readonly size: number;
  /** Worker of the pool that runs this rank. */
  readonly worldRank: number;
  /** Rank among the workers of this host. */
  readonly localRank: number;
  /** Name of this host. */
  readonly node: string;
  /** As errors and lists name the task, such as `t1`. */
  readonly taskId: string;
  /** From 1; above 1 when the task is run again. */
  readonly attempt: number;
  /** Aborts when the task is cancelled, times out, or another rank fails. */
  readonly signal: AbortSignal;
  /**
   * Send a value to the driver while the task runs, such as its progress: `pool.on('message')` and
   * `handle.on('message')` get `{ taskId, rank, value }`, a copy. Values of one rank arrive in their order, and before
   * the task's result.
   *
   * Never waits. At most 1,000 values or 1 MiB of a rank are on their way. What comes then is dropped, and the pool
   * warns of it when the task ends. Code that never awaits may post too.
   *
   * @returns False when the value was dropped: there was no room, or, in a script, nobody who listens.
   * @throws {@link NotSerializableError}, {@link MessageTooLargeError}, {@link ClosedError} once the task has ended.
   * @example if (step % 100 === 0) context.post({ step, loss });
   */
  readonly post: (value: unknown) => boolean;
  /** Writes structured lines to standard error, labelled with task and rank. */
  readonly log: Logger;
  /** Milliseconds that this rank has spent in collectives of this task. */
  readonly collectiveMs: number;
}

/** What a task's code can reach. */
export interface TaskScope {
  readonly collective: Collective;
  readonly context: TaskContext;
}

/** Hung at a global symbol, so that several loaded copies of the package share it. */
export interface Runtime {
  readonly storage: AsyncLocalStorage<TaskScope>;
  /** The task that runs on this thread, for code outside its async context. */
  running: TaskScope | undefined;
  /** This thread belongs to a pool: it cannot launch one itself. */
  worker: boolean;
  /** This thread launches or joins pools, or runs ranks itself: its code outside of tasks belongs to none. */
  drives: boolean;
}

const key = Symbol.for('shoal.runtime/1');

/** This thread's runtime, if the thread runs tasks. */
export function findRuntime(): Runtime | undefined {
  return (globalThis as Record<symbol, Runtime | undefined>)[key];
}

/** Make this thread one that runs tasks; the first copy of the package to ask wins. */
export function installRuntime(): Runtime {
  const runtime: Runtime = findRuntime() ?? {
    storage: new AsyncLocalStorage(),
    running: undefined,
    worker: false,
    drives: false,
  };
  (globalThis as Record<symbol, Runtime | undefined>)[key] = runtime;
  return runtime;
}

let joinWorld: () => TaskScope | undefined = () => undefined;

/** Say that this thread is a driver, or runs ranks of its own. */
export function becomeDriver(): void {
  installRuntime().drives = true;
}

/** How a process that no pool has started joins its world at the first use of `collective` or `context`. */
export function setJoinWorld(join: () => TaskScope | undefined): void {
  joinWorld = join;
}

/** The scope of the code that calls. @throws {@link NotInTaskError} outside a task. */
export function currentScope(what: string): TaskScope {
  const runtime = findRuntime();
  const scope = runtime?.storage.getStore() ?? runtime?.running ?? joinedWorld(runtime);
  if (scope) return scope;
  throw toCaller(
    new NotInTaskError(
      `${what} is only there while a task runs. Use it inside the function that pool.run(…) or pool.submit(…) ` +
        `calls (not at the top level of its module). It is also there in a script started by \`shoal run\`, ` +
        `and in a function given to runRanks of shoal/testing`,
    ),
  );
}

function joinedWorld(runtime: Runtime | undefined): TaskScope | undefined {
  return runtime?.worker || runtime?.drives ? undefined : joinWorld();
}
