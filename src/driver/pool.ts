/** A pool as its driver sees it. */
import { runForCaller, showCallers } from '../caller-lines.js';
import { EventEmitter } from 'node:events';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { TaskExplanation } from '../head/explanations.js';
import type { PoolEvents } from '../head/pool-events.js';
import { headEventNames } from '../head/pool-events.js';
import { layOut } from '../protocol/values.js';
import type { Referable } from '../protocol/reference.js';
import { keepHere } from '../protocol/value-kinds.js';
import { checkSignal, limit, ownOptions, refuseKeep } from './check-options.js';
import { Gang } from './gang.js';
import type { GangOptions } from './gang-options.js';
import { fillGang, gangOptionNames } from './gang-options.js';
import { openGang } from './open-gang.js';
import type { PoolBackend } from './pool-backend.js';
import type { Items } from './item-source.js';
import { ItemSource } from './item-source.js';
import type { ItemOf, MapArguments, MapIterator, Mapped, UntypedMapOptions } from './map-options.js';
import { fillMap, mapOptionNames } from './map-options.js';
import { MappedResults } from './mapped-results.js';
import type { Kept } from './kept.js';
import { Shared } from './shared.js';
import type { TaskHandle } from './task-handle.js';
import type { FunctionNames, ResultOf, TaskModule, TaskModuleLike } from './task-module.js';
import type { PoolStats } from './pool-stats.js';
import type { PoolStatus } from './pool-status.js';
import type { PoolViews } from './pool-views.js';
import type { KeepOptions, RunArguments, UntypedRunOptions, WorkersOption } from './task-options.js';
import { fillTask, runOptionNames } from './task-options.js';
import { TaskSender, siteOf } from './task-sender.js';
import type { TraceOptions } from './trace.js';
import { Trace, fillTrace } from './trace.js';
import { tellProcess } from './unheard-event.js';

/**
 * Runs tasks on gangs of workers. Made by {@link launch} or {@link connect}.
 *
 * @example
 * await using pool = await launch({ workers: 2 });
 * pool.on('warning', ({ message }) => console.warn(message));
 * const losses = await pool.run(tasks, { export: 'train', workers: 2 });
 */
export class Pool extends EventEmitter<PoolEvents> implements AsyncDisposable {
  static {
    keepHere(this.prototype);
    showCallers(this.prototype, ['run', 'submit']);
  }
  readonly #head: PoolBackend;
  readonly #views: PoolViews;
  readonly #sender: TaskSender;

  /** @internal */
  constructor(head: PoolBackend, views: PoolViews) {
    super();
    this.#head = head;
    this.#views = views;
    this.#sender = new TaskSender(head, views.maxMessageBytes, this);
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
   * @example
   * const [a, b] = await pool.run(tasks, { workers: 2, priority: 5, perRankArgs: [['train.bin'], ['test.bin']] });
   *
   * const model = await pool.run(tasks, { export: 'load', workers: 4, keep: true });
   * const losses = await pool.run(tasks, { export: 'step', args: [model, batch] });
   *
   * @returns What the function returned on each rank, in rank order. With `keep` it stays in the workers, and stands for
   *   itself in the arguments of later tasks.
   * @throws Everything that {@link Pool.submit} and {@link TaskHandle.result} throw.
   */
  run(module: URL | string, options: UntypedRunOptions<true> & { readonly keep: true }): Promise<Kept>;
  run(module: URL | string, options?: UntypedRunOptions): Promise<unknown[]>;
  run<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>, W extends number = number>(
    module: TaskModule<M>,
    options: KeepOptions<M, E> & WorkersOption<W>,
  ): Promise<Kept<ResultOf<M, E>>>;
  run<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>, W extends number = number>(
    module: TaskModule<M>,
    ...options: RunArguments<M, E, W>
  ): Promise<ResultOf<M, E>[]>;
  async run(module: TaskModuleLike, options?: UntypedRunOptions<boolean>): Promise<unknown[] | Kept> {
    return this.#submit('run', module, options).result();
  }

  /**
   * Accept a task and return at once. Arguments are copied now.
   *
   * @example
   * const loads = paths.map((path) => pool.submit(tasks, { export: 'load', args: [path], keep: true }));
   * const parts = await Promise.all(loads.map((load) => load.result())); // a Kept each
   *
   * @throws {@link InvalidArgumentError}, {@link ModuleNotFoundError}, {@link NotSerializableError} with the path,
   *   {@link MessageTooLargeError}, {@link InsufficientWorkersError}, {@link QueueFullError}, {@link ClosedError}
   */
  submit(module: URL | string, options: UntypedRunOptions<true> & { readonly keep: true }): TaskHandle<unknown, Kept>;
  submit(module: URL | string, options?: UntypedRunOptions): TaskHandle;
  submit<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>, W extends number = number>(
    module: TaskModule<M>,
    options: KeepOptions<M, E> & WorkersOption<W>,
  ): TaskHandle<ResultOf<M, E>, Kept<ResultOf<M, E>>>;
  submit<M, E extends FunctionNames<M> = 'default' & FunctionNames<M>, W extends number = number>(
    module: TaskModule<M>,
    ...options: RunArguments<M, E, W>
  ): TaskHandle<ResultOf<M, E>>;
  submit(module: TaskModuleLike, options?: UntypedRunOptions<boolean>): TaskHandle<unknown, unknown> {
    return this.#submit('submit', module, options);
  }

  /**
   * Run a task for each item, which is its only argument, and give the results as they can be given.
   *
   * Nothing is pulled from `items` before the first result is asked for. Then at most `concurrency` items are ahead of
   * the consumer. A slow consumer thus slows the source down; one that never asks again leaves the tasks that are under
   * way to their ends, and the source open. Results are those of the one rank, or with `workers` the list of all ranks.
   *
   * A failure comes in its place, with the item's number as `index`, and is the last: with `ordered`, after the results
   * of all items before it. What comes after it is cancelled at once. When the loop ends, by a failure, `break` or
   * `signal`, the tasks under way are cancelled and have ended, and the source's `return()` was called.
   *
   * @example
   * for await (const size of pool.map(tasks, paths, { export: 'sizeOf' })) total += size;
   * for await (const { item, value } of pool.map(tasks, paths, { ordered: false, signal })) sizes.set(item, value);
   *
   * @param items - Iterable or async iterable. Promises that an iterable gives are awaited.
   * @throws {@link InvalidArgumentError}, {@link ModuleNotFoundError}, {@link ClosedError} at once; the iterator throws
   *   what {@link Pool.submit} and {@link TaskHandle.result} throw, {@link CancelledError} after an abort, and what
   *   `items` throws.
   */
  map<W extends number = 1, O extends boolean = true>(
    module: URL | string,
    items: Items<unknown>,
    options?: UntypedMapOptions<W, O>,
  ): MapIterator<Mapped<unknown, unknown, W, O>>;
  map<
    M,
    I extends Referable<ItemOf<M, E>>,
    E extends FunctionNames<M> = 'default' & FunctionNames<M>,
    W extends number = 1,
    O extends boolean = true,
  >(
    module: TaskModule<M>,
    items: Items<I>,
    ...options: MapArguments<M, E, W, O>
  ): MapIterator<Mapped<I, ResultOf<M, E>, W, O>>;
  map(module: TaskModuleLike, items: Items<unknown>, given: UntypedMapOptions = {}): MapIterator<unknown> {
    refuseKeep('map', given, 'keep them with run or submit, in a call for each item');
    const options = ownOptions('map', given, mapOptionNames);
    this.#head.assertOpen();
    const spec = fillTask('map', module, options);
    const settings = fillMap(options, spec.workers, this.status().workers.length);
    // eslint-disable-next-line @typescript-eslint/unbound-method -- named, not called
    const site = siteOf(this.map);
    const valueOf = (results: readonly unknown[]): unknown => (spec.workers === 1 ? results[0] : results);
    return new MappedResults(
      new ItemSource('map', items),
      {
        start: (item) => {
          const args = { args: [item], workers: spec.workers };
          return this.#sender.send({ ...spec, ...this.#sender.encode('map', args, spec.workers) }, site);
        },
        resultOf: (index, item, results) => {
          return settings.ordered ? valueOf(results) : { index, item, value: valueOf(results) };
        },
      },
      settings,
      site,
    );
  }

  /**
   * Lay data once on each host, for any number of tasks.
   *
   * The result may stand anywhere in the arguments of tasks. Their functions find the data in its place, with typed
   * arrays over the memory where it lies: nothing is copied for a task. It is there to be read. What a task writes into
   * it reaches others or does not. Objects and lists that hold the arrays are a task's own. Life: see {@link Reference}.
   * Arrays that a task leaves behind are empty once the data is gone.
   *
   * @example
   * using data = await pool.share({ x, y }); // or data.release()
   * for (const seed of seeds) await pool.run(train, { workers: 4, args: [data, seed] });
   *
   * @param value - Plain data with typed arrays, as arguments are. It is copied before this returns.
   * @throws {@link NotSerializableError} with the path, {@link WindowExhaustedError} when `maxSharedBytes` does not allow
   *   it, {@link MessageTooLargeError} over `connect()` for more than `maxMessageBytes`, {@link ClosedError}
   */
  async share<T>(value: T): Promise<Shared<T>> {
    this.#head.assertOpen();
    const content = layOut(value, 'value');
    const id = await this.#head.share(content);
    return new Shared<T>(id, this.#head, content.sizeBytes);
  }

  /**
   * Reserve workers, with one communicator, for tasks and actors that belong together. Resolves when the gang has them.
   *
   * It waits in the queue as a task of priority 0 does. Tasks outside the gang get none of its workers until
   * {@link Gang.close}; the end of the pool closes it too.
   *
   * @example
   * const gang = await pool.gang({ workers: 4, timeoutMs: 60_000 });
   * const model = await gang.actor(models, { export: 'Model', args: [settings] });
   * for (const batch of batches) await model.call('step', [batch]);
   * await gang.close();
   *
   * @throws {@link InvalidArgumentError}; {@link InsufficientWorkersError} at once when the pool has fewer workers;
   *   {@link QueueFullError}, {@link ClosedError}; {@link TaskTimeoutError} after `timeoutMs`, {@link CancelledError}
   *   after an abort: nothing stays reserved then.
   */
  async gang<W extends number = number>(options: GangOptions & WorkersOption<W>): Promise<Gang> {
    const given = ownOptions('gang', options, gangOptionNames);
    this.#head.assertOpen();
    const timeoutMs = limit('gang', 'timeoutMs', given.timeoutMs, null);
    const signal = checkSignal('gang', given.signal);
    return new Gang(this.#sender, await openGang(this.#head, fillGang(given), timeoutMs, signal));
  }

  /** Where the page of a pool with `launch({ dashboard })` is, token included; else undefined. See `shoal dashboard`. */
  get dashboardUrl(): string | undefined {
    return this.#views.dashboardUrl;
  }

  /**
   * A snapshot of the pool.
   *
   * @example
   * const { workers, queued } = pool.status();
   * console.log(`${workers.filter(({ state }) => state === 'idle').length} idle, ${queued} tasks wait`);
   */
  status(): PoolStatus {
    return this.#views.status();
  }

  /**
   * What the pool has done since its workers were ready, as numbers: tasks by outcome, how long they waited and ran,
   * what their collectives moved, and what the workers use now.
   *
   * @example
   * const { tasks, waitMs } = await pool.stats();
   * console.log(`${tasks.succeeded} done, ${tasks.rejected} rejected, mean wait ${waitMs.sumMs / waitMs.count} ms`);
   *
   * @returns Counts are of all tasks of the pool, also of those that other processes have submitted. Times are in
   *   milliseconds, sizes in bytes.
   * @throws {@link ClosedError} over `connect()`, when the connection is closed.
   */
  stats(): Promise<PoolStats> {
    return this.#views.stats();
  }

  /**
   * Say in words who waits for whom, since when, and what each rank did last. Works while ranks spin, are stopped or are
   * gone: it is read from memory that outlives them.
   *
   * @example
   * for (const { text } of await pool.explain()) console.log(text);
   *
   * @param taskId - A task that runs, waits or is among the last 32 that failed; left out: those that run, and where none
   *   does the one that failed last.
   * @throws {@link InvalidArgumentError} for any other task; {@link ClosedError} over `connect()`, when the connection is
   *   closed.
   */
  async explain(taskId?: string): Promise<readonly TaskExplanation[]> {
    if (taskId !== undefined && typeof taskId !== 'string') {
      throw new InvalidArgumentError(`explain: expected the id of a task, received ${show(taskId)}`);
    }
    return this.#views.explain(taskId);
  }

  /**
   * Record what happens from now on, as a timeline for Perfetto: tasks and what they wait for, the collectives of every
   * rank with the time for which it waited, copied and reduced, messages as arrows, rounds, and starts of workers.
   *
   * @example
   * const trace = await pool.trace();
   * await pool.run(tasks, { workers: 2, args: ['train.bin'] });
   * await trace.save('trace.json'); // open it at ui.perfetto.dev
   *
   * @throws {@link InvalidArgumentError}, {@link ClosedError}
   */
  async trace(options: TraceOptions = {}): Promise<Trace> {
    const maxEvents = fillTrace(options);
    this.#head.assertOpen();
    return new Trace(await this.#views.startTrace(maxEvents));
  }

  /**
   * Figures of the pool in the text format of Prometheus: those of `stats()` and `status()`, and the phases of starts.
   *
   * @example
   * import { createServer } from 'node:http';
   *
   * const server = createServer(async (_, response) => response.end(await pool.metrics()));
   */
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
   * @param options.timeoutMs - Cancel them after this time in milliseconds, as `force` does; default: never.
   * @example
   * const pool = await launch({ workers: 2 });
   * await pool.run(tasks, { export: 'train', workers: 2 });
   * await pool.close(); // or { force: true }, or { timeoutMs: 10_000 }
   */
  async close(
    options: { readonly force?: boolean | undefined; readonly timeoutMs?: number | null | undefined } = {},
  ): Promise<void> {
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

  #submit(what: string, module: unknown, given: UntypedRunOptions<boolean> = {}): TaskHandle<never, never> {
    return runForCaller(() => {
      const options = ownOptions(what, given, runOptionNames);
      this.#head.assertOpen();
      const spec = fillTask(what, module, options);
      const args = this.#sender.encode(what, options, spec.workers);
      // eslint-disable-next-line @typescript-eslint/unbound-method -- named, not called
      const site = siteOf(what === 'run' ? this.run : this.submit);
      return this.#sender.send({ ...spec, ...args }, site, options.signal);
    });
  }
}
