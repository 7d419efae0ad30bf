/** The head of a pool: accepts tasks, gives them gangs of workers, and tells how they have ended. */
import { EventEmitter } from 'node:events';
import { clearTimeout, longestTimerMs, setImmediate, setTimeout } from '../clock.js';
import { CancelledError, ClosedError } from '../errors.js';
import { endsWithin } from '../ends-within.js';
import type { GoneOutcome, Outcome } from '../protocol/thread-messages.js';
import type { StoreContent } from '../native/value-stores.js';
import type { TaskSpec } from '../protocol/pool-messages.js';
import { unplaceable } from './admission.js';
import { announce } from './announce.js';
import { Attempts } from './attempts.js';
import { GangScheduler } from './gang-scheduler.js';
import type { Groups } from './groups.js';
import type { HeadEvents, HeadOptions, WorkerStatus } from './pool-events.js';
import { References } from './references.js';
import type { Task } from './task.js';
import { TaskQueue } from './task-queue.js';
import type { Verdict } from './verdict.js';
import { workerDied } from './verdict.js';
import type { WorkerEvents, WorkerSide } from './worker-side.js';
import { WorkerStates } from './worker-states.js';

/** How long the workers' side may take to end all threads and processes. */
const closeLimitMs = 30_000;

/** One per pool. */
export class Head extends EventEmitter<HeadEvents> implements WorkerEvents {
  readonly groups: Groups;
  /** Resolves when the pool begins to end: somebody closes it, or its workers are lost. */
  readonly closingBegun: Promise<void>;
  #begin!: () => void;
  readonly #workers: WorkerSide;
  readonly #queue: TaskQueue;
  readonly #states: WorkerStates;
  readonly #references: References;
  readonly #attempts: Attempts;
  #closing: Promise<void> | undefined;

  constructor(workers: WorkerSide, options: HeadOptions) {
    super();
    this.#workers = workers;
    this.closingBegun = new Promise((resolve) => (this.#begin = resolve));
    const scheduler = new GangScheduler((worldRank) => workers.workers[worldRank]?.nodeKey ?? '');
    this.#references = new References(workers, options.maxSharedBytes);
    this.#queue = new TaskQueue(scheduler, options, (spec) => this.#references.workersFor(spec));
    this.#states = new WorkerStates(workers, scheduler);
    this.#attempts = new Attempts(workers, options, this.#states, this.#references, {
      settled: (task, verdict) => {
        this.#settle(task, verdict);
      },
      begun: (task) => {
        this.#queue.begin(task);
      },
      returned: (task) => {
        this.#queue.takeBack(task);
      },
      retried: (task) => {
        this.#queue.enqueue(task);
        this.#endIfLost(task);
      },
      undone: (task) => {
        this.#queue.putBack(task);
        this.#endIfLost(task);
      },
      freed: () => {
        this.#tick();
      },
      warning: (worldRank, message) => {
        this.warning(worldRank, message);
      },
    });
    this.groups = this.#attempts.reservations.groups;
  }

  /**
   * Accept a task.
   *
   * @param id - Of no other task.
   * @throws {@link ClosedError}, {@link InsufficientWorkersError}, {@link QueueFullError}, and for what it refers to as
   *   {@link References.use}.
   */
  submit(spec: TaskSpec, id: string = this.#queue.nextId()): Task {
    this.assertOpen();
    this.#references.use(spec);
    let task: Task;
    try {
      task = this.#queue.accept(spec, id, this.#states.nodeSizes);
    } catch (error) {
      this.#references.unuse(spec);
      throw error;
    }
    this.#tick();
    return task;
  }

  /** Lay a value on the workers' hosts. Resolves with its id. @throws As {@link References.share}, {@link ClosedError} */
  async share(content: StoreContent, id?: string): Promise<string> {
    this.assertOpen();
    return this.#references.share(content, id);
  }

  /** No further task gets this value. */
  release(id: string): void {
    this.#references.release(id);
  }

  /** End a task: at once while it is queued, else by abort, grace and force. */
  cancel(task: Task, reason: unknown): void {
    if (task.ended || task.override) return;
    const error = new CancelledError(`task ${task.id} was cancelled`, { taskId: task.id }, { cause: reason });
    if (this.#withdraw(task)) {
      this.#settle(task, { error });
      return;
    }
    task.override = error;
    this.#attempts.end(task, { kind: 'cancelled', rank: undefined, error });
  }

  status(): { workers: WorkerStatus[]; queued: number; running: number } {
    return { workers: this.#states.status(), queued: this.#queue.queued, running: this.#states.running.size };
  }

  /** @throws {@link ClosedError} once `close` was called. */
  assertOpen(): void {
    if (this.#closing) throw new ClosedError('the pool is closed; launch another');
  }

  /**
   * Stop accepting, end what was accepted, end the workers. Resolves, with a warning, also when they cannot be ended.
   *
   * @param force - Cancel what was accepted.
   * @param timeoutMs - Cancel it after this time.
   */
  async close(force: boolean, timeoutMs: number | null = null): Promise<void> {
    this.#closing ??= this.#close();
    if (force) this.#cancelAll(new ClosedError('the pool was closed by force'));
    let timer: NodeJS.Timeout | undefined;
    if (timeoutMs !== null) {
      timer = setTimeout(
        () => {
          this.#cancelAll(new ClosedError(`the pool was closed, and its timeoutMs (${timeoutMs} ms) passed`));
        },
        Math.min(timeoutMs, longestTimerMs),
      );
    }
    await this.#closing;
    clearTimeout(timer);
  }

  ready(worldRank: number, round: number): void {
    this.groups.ready(worldRank, round);
  }

  done(worldRank: number, round: number): void {
    this.groups.done(worldRank, round);
  }

  outcome(worldRank: number, taskId: string, outcome: Outcome): void {
    this.#attempts.outcome(worldRank, taskId, outcome);
  }

  posted(worldRank: number, lease: number, value: Uint8Array): void {
    const task = this.#states.taskOf(worldRank);
    const { attempt } = task ?? {};
    if (!task || attempt?.grant.lease !== lease) return;
    const taken = (): void => {
      this.#workers.taken(worldRank, lease, value.length);
    };
    if (task.receiver) task.receiver(attempt.rankOf(worldRank), value, taken);
    else taken();
  }

  gone(worldRank: number, lease: number, how: GoneOutcome): void {
    if (how.kind === 'died') {
      const taskId = this.#states.taskOf(worldRank)?.id;
      const error = workerDied(`worker ${worldRank} died`, { worldRank, taskId }, how.error);
      this.#tell('workerDied', { worldRank, error });
    }
    this.#references.threadGone(worldRank, lease);
    this.#attempts.gone(worldRank, lease, how);
    this.#endLost();
  }

  replaced(worldRank: number): void {
    this.#tell('workerReplaced', { worldRank });
    this.#states.replaced(worldRank);
    this.#tick();
  }

  removed(worldRank: number): void {
    this.#references.workerGone(worldRank);
    this.#states.lose(worldRank);
    this.groups.lost(worldRank);
    this.#endLost();
  }

  ending(why: string): void {
    this.#states.suspend();
    for (const { worldRank } of this.#workers.workers) this.#references.workerGone(worldRank);
    this.#attempts.endAll(why);
    this.#endLost();
  }

  renewed(): void {
    this.#states.renewed();
    this.#attempts.renewed();
    // The new processes may be on other nodes: what can never start any more is told so.
    const sizes = this.#states.nodeSizes;
    for (const task of this.#queue.tasks) {
      const error = unplaceable(task.spec, sizes);
      if (error && this.#withdraw(task)) this.#settle(task, { error });
    }
  }

  cleared(slot: number): void {
    this.#attempts.reservations.cleared(slot);
    this.#tick();
  }

  lost(error: Error): void {
    this.warning(undefined, `the pool ends: ${error.message}`);
    this.#cancelAll(error);
    void this.close(true);
  }

  warning(worldRank: number | undefined, message: string): void {
    this.#tell('warning', { message, worldRank });
  }

  stuck(taskId: string, rank: number): void {
    const worldRank = this.#queue.get(taskId)?.attempt?.worldRanks[rank];
    if (worldRank !== undefined) this.#workers.end(worldRank);
  }

  #tell<E extends keyof HeadEvents>(event: E, ...payload: HeadEvents[E]): void {
    announce(this, event, payload);
  }

  #cancelAll(reason: Error): void {
    for (const task of this.#queue.tasks) this.cancel(task, reason);
  }

  /** End the tasks that wait for values which are gone with their workers. */
  #endLost(): void {
    for (const task of this.#queue.tasks) this.#endIfLost(task);
  }

  #endIfLost(task: Task): void {
    const error = task.spec.references && this.#references.lossOf(task.spec);
    if (error && this.#withdraw(task)) this.#settle(task, { error });
  }

  /** Take a task out that waits, in the queue or at a worker; false: it does not wait. */
  #withdraw(task: Task): boolean {
    if (this.#attempts.takeBack(task)) this.#queue.takeBack(task);
    return this.#queue.withdraw(task);
  }

  /** Start what can start; called whenever a task has come, or workers or slots have come free. */
  #tick(): void {
    // An idle worker begins at once with what would wait at one that is busy; nothing waits there before what is first.
    this.#attempts.returnSome(this.#states.idle, this.#queue.first);
    for (const { task, worldRanks } of this.#queue.schedule(this.#attempts.reservations.available)) {
      this.#attempts.begin(task, worldRanks);
    }
    this.groups.begin();
    for (let { first } = this.#queue; first && this.#attempts.giveAhead(first); { first } = this.#queue) {
      this.#queue.giveAhead(first);
    }
    const states = this.#states;
    if (states.someAreLost && this.#queue.waitsForMoreThan(states.livingNodeSizes)) this.#workers.refill();
    this.#workers.keepAlive(!this.#queue.isEmpty);
  }

  #settle(task: Task, verdict: Verdict): void {
    this.#queue.remove(task);
    this.#references.unuse(task.spec);
    const { id: taskId, spec } = task;
    if ('results' in verdict) {
      this.#tell('taskDone', { taskId, name: spec.name });
      task.succeed(verdict.results);
    } else {
      if (!task.asked) this.#tell('taskFailed', { taskId, name: spec.name, source: spec.source, error: verdict.error });
      task.fail(verdict.error);
    }
    this.#workers.keepAlive(!this.#queue.isEmpty);
    if (this.#queue.isEmpty) this.#tell('drain');
  }

  async #close(): Promise<void> {
    this.#begin();
    await Promise.allSettled(this.#queue.tasks.map((task) => task.done));
    this.groups.close();
    if (!(await endsWithin(this.#workers.close(), closeLimitMs))) {
      this.warning(undefined, `the pool is closed, but not all workers could be ended in ${closeLimitMs} ms`);
    }
    // What is announced is told before whoever waits for the end, and may end the process, goes on.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
