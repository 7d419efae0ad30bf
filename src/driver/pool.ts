/** A pool as its driver sees it. */
import { EventEmitter } from 'node:events';
import { onAbort } from '../abort-listeners.js';
import { CancelledError, InvalidArgumentError, MessageTooLargeError, isError, show } from '../errors.js';
import type { NodeStatus } from '../launch/job-nodes.js';
import type { HeadEvents, PoolEvents, WorkerStatus } from '../head/pool-events.js';
import type { Rendezvous } from '../protocol/control-messages.js';
import type { Placement } from '../protocol/pool-messages.js';
import { placements, priorityRange } from '../protocol/pool-messages.js';
import type { Encoded } from '../protocol/encoded.js';
import { encode } from '../protocol/encoded.js';
import type { MpiFamily } from '../types/mpi-family.js';
import { checkSignal, first, integer, limit, oneOf, ownOptions } from './check-options.js';
import type { PoolBackend } from './pool-backend.js';
import { TaskHandle } from './task-handle.js';
import { tellMessages } from './task-messages.js';
import type { ArgumentsOf, FunctionNames, ResultOf, TaskModule, TaskModuleLike } from './task-module.js';
import { resolveModule } from './task-module.js';

/** Options of `run` and `submit` but `export` and `args`. */
export interface TaskOptions {
  /** Ranks of the task, all at once; default 1. */
  readonly workers?: number;
  /** Label in events and logs. */
  readonly name?: string;
  /**
   * On which nodes the ranks are. `'pack'` (default): on one node if that many workers are idle there, else on few.
   * `'spread'`: on as many as possible. `'strict-pack'`, `'strict-spread'`: wait for one node, or for a node each.
   */
  readonly placement?: Placement;
  /**
   * An integer from −1,000 to 1,000, default 0. A task of a higher priority starts before all of lower ones that wait,
   * also when it needs more workers than are idle; within one priority tasks start in order. What runs is not stopped.
   * While tasks of higher priorities wait without end, one of a lower priority does not start.
   */
  readonly priority?: number;
  /** Limit from assignment in milliseconds; default: none. */
  readonly timeoutMs?: number | null;
  /** How often to run again after the death of a worker; default 0. */
  readonly maxRetries?: number;
  /** Run on new threads, whose modules nobody has loaded before. */
  readonly fresh?: boolean;
  /** Cancels the task. */
  readonly signal?: AbortSignal;
}

/** `args` may be left out when the function takes none. */
type ArgsOption<A extends readonly unknown[]> = [] extends A ? { readonly args?: A } : { readonly args: A };

/** Options for a function of a typed module. */
export type RunOptions<M, E extends keyof M> = TaskOptions &
  ArgsOption<ArgumentsOf<M, E>> &
  ('default' extends E ? { readonly export?: E } : { readonly export: E });

/** Options may be left out when the module has a default export whose arguments may be left out too. */
export type RunArguments<M, E extends keyof M> = [E] extends [never]
  ? [options: TaskOptions & { readonly export: FunctionNames<M> }]
  : [] extends ArgumentsOf<M, E>
    ? [options?: RunOptions<M, E>]
    : [options: RunOptions<M, E>];

/** Options for a module named by URL alone. */
export interface UntypedRunOptions extends TaskOptions {
  readonly export?: string;
  readonly args?: readonly unknown[];
}

/** The process that holds a pool's head; with threads the workers are in it too. */
export interface HeadStatus {
  readonly pid: number;
  /** Milliseconds since the workers were ready. */
  readonly uptimeMs: number;
  /** Bytes of memory in use, shared ones included. */
  readonly rssBytes: number;
  /** Milliseconds on a core since the start of the process, on all its threads. */
  readonly cpuMs: number;
}

/** What {@link Pool.status} returns. */
export interface PoolStatus {
  /** Where `connect` reaches the pool; undefined for one that `launch` made. */
  readonly address: string | undefined;
  readonly head: HeadStatus;
  /** Counts the jobs of processes that the pool has had, from 1. */
  readonly epoch: number;
  readonly transport: 'threads' | 'mpi';
  /** The MPI that started the workers; undefined with threads. */
  readonly mpi: { readonly family: MpiFamily; readonly version: string } | undefined;
  /** How the rows of the processes came to the head; undefined with threads. */
  readonly rendezvous: Rendezvous | undefined;
  /** Which node manager has which workers' rows; empty with threads. */
  readonly nodes: readonly NodeStatus[];
  readonly workers: readonly WorkerStatus[];
  readonly queued: number;
  readonly running: number;
  /** Communicator rounds so far, communicators made in them, and assignments that reused one. */
  readonly rounds: number;
  readonly splits: number;
  readonly cacheHits: number;
}

/** What is known of a pool's workers as a whole. */
export type PoolFacts = Pick<PoolStatus, 'epoch' | 'transport' | 'mpi' | 'rendezvous' | 'nodes'>;

/** What a pool says of itself. */
export interface PoolViews {
  readonly status: () => PoolStatus;
  readonly metrics: () => Promise<string>;
  readonly maxMessageBytes: number;
}

/** Names of all options of `run` and `submit`. */
export const runOptionNames: readonly string[] = [
  'workers',
  'name',
  'placement',
  'priority',
  'timeoutMs',
  'maxRetries',
  'fresh',
  'signal',
  'export',
  'args',
];

/** Names of the events that everybody who uses a pool hears. */
export const headEventNames: readonly (keyof HeadEvents)[] = [
  'workerDied',
  'workerReplaced',
  'taskDone',
  'taskFailed',
  'drain',
  'warning',
];

/** Names of all events of a pool. */
export const poolEventNames: readonly (keyof PoolEvents)[] = [...headEventNames, 'message'];

/** Runs tasks on gangs of workers. Made by {@link launch} or {@link connect}. */
export class Pool extends EventEmitter<PoolEvents> implements AsyncDisposable {
  readonly #head: PoolBackend;
  readonly #views: PoolViews;

  /** @internal */
  constructor(head: PoolBackend, views: PoolViews) {
    super();
    this.#head = head;
    this.#views = views;
    for (const event of headEventNames) {
      head.on(event, (...args: unknown[]) => {
        if (this.listenerCount(event) === 0) tellProcess(event, args[0]);
        (this.emit as (event: string, ...rest: unknown[]) => boolean).call(this, event, ...args);
      });
    }
  }

  /**
   * Run a task and wait for it.
   *
   * @returns What the function returned on each rank, in rank order.
   * @throws Everything that {@link Pool.submit} and {@link TaskHandle.result} throw.
   */
  run(module: URL | string, options?: UntypedRunOptions): Promise<unknown[]>;
  run<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>>(
    module: TaskModule<M>,
    ...options: RunArguments<M, E>
  ): Promise<ResultOf<M, E>[]>;
  async run(module: TaskModuleLike, options?: UntypedRunOptions): Promise<unknown[]> {
    return this.#submit('run', module, options).result();
  }

  /**
   * Accept a task and return at once. Arguments are copied now.
   *
   * @throws {@link InvalidArgumentError}, {@link ModuleNotFoundError}, {@link NotSerializableError} with the path,
   *   {@link MessageTooLargeError}, {@link InsufficientWorkersError}, {@link QueueFullError}, {@link ClosedError}
   */
  submit(module: URL | string, options?: UntypedRunOptions): TaskHandle;
  submit<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>>(
    module: TaskModule<M>,
    ...options: RunArguments<M, E>
  ): TaskHandle<ResultOf<M, E>>;
  submit(module: TaskModuleLike, options?: UntypedRunOptions): TaskHandle {
    return this.#submit('submit', module, options);
  }

  /** A snapshot of the pool. */
  status(): PoolStatus {
    return this.#views.status();
  }

  /** Figures of the pool in the text format of Prometheus, among them a histogram of the phases of starts. */
  metrics(): Promise<string> {
    return this.#views.metrics();
  }

  /**
   * End the pool: accepted tasks run to their end first.
   *
   * All threads and processes are gone when it resolves; a warning says so where one could not be ended. A second call
   * waits for the same end, and may shorten it.
   *
   * @param options.force - Cancel the tasks, which end by force after `graceMs`; default `false`.
   * @param options.timeoutMs - Cancel them after this time in milliseconds; default: never.
   */
  async close(options: { readonly force?: boolean; readonly timeoutMs?: number | null } = {}): Promise<void> {
    const { force = false, timeoutMs } = ownOptions('close', options, ['force', 'timeoutMs']);
    if (typeof force !== 'boolean') {
      throw new InvalidArgumentError(`close: expected force to be true or false, received ${show(force)}`);
    }
    await this.#head.close(force, limit('close', 'timeoutMs', timeoutMs, null));
  }

  /** `close({ force: true })` at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ force: true });
  }

  #submit(what: string, module: unknown, given: UntypedRunOptions = {}): TaskHandle<never> {
    const options = ownOptions(what, given, runOptionNames);
    this.#head.assertOpen();
    const { name, args = [], signal, fresh = false } = options;
    const exportName = options.export ?? 'default';
    if (typeof exportName !== 'string' || (name !== undefined && typeof name !== 'string')) {
      throw new InvalidArgumentError(`${what}: expected export and name to be strings, received ${show(exportName)}`);
    }
    if (!Array.isArray(args)) {
      throw new InvalidArgumentError(`${what}: expected args to be an array, received ${show(args)}`);
    }
    if (typeof fresh !== 'boolean') {
      throw new InvalidArgumentError(`${what}: expected fresh to be true or false, received ${show(fresh)}`);
    }
    checkSignal(what, signal);
    const workers = integer(what, 'workers', first(options.workers, undefined, 1), 1, Number.MAX_SAFE_INTEGER);
    const timeoutMs = limit(what, 'timeoutMs', options.timeoutMs, null);
    const maxRetries = integer(what, 'maxRetries', first(options.maxRetries, undefined, 0), 0, 1_000);
    const placement = oneOf(what, 'placement', options.placement ?? 'pack', placements);
    const priority = integer(what, 'priority', first(options.priority, undefined, 0), ...priorityRange);
    const source = { url: resolveModule(what, module), exportName };
    const encoded = this.#encode(args);
    const rest = { timeoutMs, maxRetries, fresh, placement, priority };
    const task = this.#head.submit({ source, name, workers, args: encoded, ...rest });
    // Cheap: the text is made when the task fails.
    const site = {};
    // eslint-disable-next-line @typescript-eslint/unbound-method -- named, not called
    Error.captureStackTrace(site, what === 'run' ? this.run : this.submit);
    task.site = site;
    const handle = new TaskHandle<never>(this.#head, task);
    tellMessages(task, handle, this);
    if (signal) bindSignal(signal, handle, task.done);
    return handle;
  }

  #encode(args: readonly unknown[]): Encoded {
    const { maxMessageBytes } = this.#views;
    const encoded = encode(args, 'args');
    if (encoded.length <= maxMessageBytes) return encoded;
    throw new MessageTooLargeError(
      `the arguments take ${encoded.length} bytes, more than maxMessageBytes (${maxMessageBytes}); pass a file's ` +
        `path instead, or launch with a larger maxMessageBytes`,
      { sizeBytes: encoded.length, maxMessageBytes },
    );
  }
}

function bindSignal(signal: AbortSignal, handle: TaskHandle, done: Promise<unknown>): void {
  const cancel = (): void => {
    handle.cancel(signal.reason);
  };
  if (signal.aborted) {
    cancel();
    return;
  }
  const unbind = onAbort(signal, cancel);
  done.then(unbind, unbind);
}

/** A warning, or the failure of a task that nobody asks for, reaches the user also when nobody listens. */
function tellProcess(event: keyof PoolEvents, payload: unknown): void {
  if (event === 'warning') {
    process.emitWarning((payload as PoolEvents['warning'][0]).message, { type: 'ShoalWarning' });
  } else if (event === 'taskFailed') {
    const { taskId, name, source, error } = payload as PoolEvents['taskFailed'][0];
    // Whoever cancelled it knows.
    if (error instanceof CancelledError) return;
    const { cause } = error;
    const at = /\n\s+at .*/.exec((isError(cause) ? cause : error).stack ?? '')?.[0] ?? '';
    const called = name === undefined ? '' : ` ${show(name)}`;
    process.emitWarning(
      `task ${taskId}${called} failed, and nobody has asked for its result: ${error.message}${at}\n` +
        `    in ${show(source.exportName)} of ${source.url}\n` +
        `Wait for handle.result(), or listen for "taskFailed".`,
      { type: 'ShoalWarning' },
    );
  }
}
