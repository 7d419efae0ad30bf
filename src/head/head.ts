/** The head of a pool: accepts tasks, gives them gangs of workers, and tells how they have ended. */
import { EventEmitter } from 'node:events';
import { clearTimeout, longestTimerMs, nowMs, setImmediate, setTimeout } from '../clock.js';
import { CancelledError, ClosedError } from '../errors.js';
import { endsWithin } from '../ends-within.js';
import type { GoneOutcome, Outcome } from '../protocol/thread-messages.js';
import type { StoreContent } from '../native/value-stores.js';
import type { GangSpec, TaskSpec } from '../protocol/pool-messages.js';
import { assertOfGang, unplaceable } from './admission.js';
import { announce } from './announce.js';
import { Attempts } from './attempts.js';
import type { Gang } from './gang.js';
import type { TaskExplanation } from './explanations.js';
import { Explanations } from './explanations.js';
import { GangScheduler } from './gang-scheduler.js';
import { Gangs } from './gangs.js';
import type { Groups } from './groups.js';
import type { HeadEvents, HeadOptions, WorkStatus } from './pool-events.js';
import { References } from './references.js';
import type { WorkStats } from './statistics.js';
import { Statistics } from './statistics.js';
import type { Task } from './task.js';
import { TaskQueue } from './task-queue.js';
import { TaskWatchers } from './task-watchers.js';
import type { TraceDocument } from './trace-document.js';
import type { TraceRecording } from './trace-recording.js';
import { Traces } from './traces.js';
import type { Verdict } from './verdict.js';
import { workerDied } from './verdict.js';
import type { WaitingTask } from './waiting-tasks.js';
import { waitingTasks } from './waiting-tasks.js';
import type { WorkerEvents, WorkerSide } from './worker-side.js';
import { WorkerStates } from './worker-states.js';

/** How long the workers' side may take to end all threads and processes. */
const closeLimitMs = 30_000;

/** One per pool. */
export class Head extends EventEmitter<HeadEvents> implements WorkerEvents {
  readonly groups: Groups;
  /** They are told of every task. */
  readonly watchers: TaskWatchers = new TaskWatchers();
  readonly #statistics = new Statistics();
  /** By worker that can be given no task: since when. */
  readonly #goneSince = new Map<number, number>();
  /** Resolves when the pool begins to end: somebody closes it, or its workers are lost. */
  readonly closingBegun: Promise<void>;
  #begin!: () => void;
  readonly #workers: WorkerSide;
  readonly #scheduler: GangScheduler;
  readonly #queue: TaskQueue;
  readonly #gangs: Gangs;
  readonly #states: WorkerStates;
  readonly #references: References;
  readonly #attempts: Attempts;
  readonly #explanations = new Explanations();
  readonly #traces: Traces;
  /** Values that are being laid. */
  #sharing = 0;
  #closing: Promise<void> | undefined;

  constructor(workers: WorkerSide, options: HeadOptions) {
    super();
    this.watchers.add(this.#statistics);
    this.#workers = workers;
    this.closingBegun = new Promise((resolve) => (this.#begin = resolve));
    const scheduler = new GangScheduler((worldRank) => workers.workers[worldRank]?.nodeKey ?? '');
    this.#scheduler = scheduler;
    this.#references = new References(workers, options.maxSharedBytes);
    this.#queue = new TaskQueue(scheduler, options, (spec) => this.#references.workersFor(spec));
    this.#states = new WorkerStates(workers, scheduler);
    this.#attempts = new Attempts(workers, options, this.#states, this.#references, {
      settled: (task, verdict, isClean) => {
        this.#settle(task, verdict);
        if (task.gang) this.#gangs.ended(task.gang, task, verdict, isClean);
      },
      begun: (task) => {
        this.#queue.begin(task);
      },
      started: (task, attempt) => {
        const { waitedMs, worldRanks } = attempt;
        const { id: taskId, attempts } = task;
        const { name, source } = task.spec;
        this.#tell('taskStarted', { taskId, name, source, worldRanks, attempt: attempts, waitedMs });
        this.watchers.started(task, attempt);
      },
      attempted: (task, attempt) => {
        this.watchers.attempted(task, attempt);
      },
      returned: (task) => {
        this.#queue.takeBack(task);
      },
      retried: (task) => {
        task.waitsSince = nowMs();
        this.watchers.retried(task);
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
    const { reservations } = this.#attempts;
    this.groups = reservations.groups;
    this.#traces = new Traces(workers, this.watchers, this.groups);
    this.#gangs = new Gangs(
      { workers, scheduler, states: this.#states, queue: this.#queue, reservations },
      {
        refused: (task, error) => {
          if (this.#withdraw(task)) this.#settle(task, { error });
        },
        interrupted: (task, rank, error) => {
          if (task.override) return;
          task.override = error;
          this.#attempts.end(task, { kind: 'workerDied', rank, error });
        },
        freed: () => {
          this.#tick();
        },
        warning: (message) => {
          this.warning(undefined, message);
        },
      },
    );
  }

  /**
   * Accept a task.
   *
   * @param id - Of no other task.
   * @throws {@link ClosedError}, {@link InsufficientWorkersError}, {@link QueueFullError}, and for what it refers to as
   *   {@link References.use}.
   */
  submit(spec: TaskSpec, id: string = this.#queue.nextId()): Task {
    let task: Task;
    try {
      task = this.#accept(spec, id);
    } catch (error) {
      this.watchers.refused(error);
      throw error;
    }
    this.watchers.submitted(task);
    this.#tick();
    return task;
  }

  #accept(spec: TaskSpec, id: string): Task {
    this.assertOpen();
    // What a frame has left out may have come as null.
    const gang = typeof spec.gang === 'string' ? this.#gangs.find(spec.gang) : undefined;
    if (gang) assertOfGang(spec, gang, this.#references.workersFor(spec));
    this.#references.use(spec);
    try {
      return this.#queue.accept(spec, id, this.#states.nodeSizes, gang);
    } catch (error) {
      this.#references.unuse(spec);
      throw error;
    }
  }

  /** Lay a value on the workers' hosts. Resolves with its id. @throws As {@link References.share}, {@link ClosedError} */
  async share(content: StoreContent, id?: string): Promise<string> {
    this.assertOpen();
    this.#sharing++;
    this.#keepAlive();
    try {
      return await this.#references.share(content, id);
    } finally {
      this.#sharing--;
      this.#keepAlive();
    }
  }

  /** No further task gets this value. */
  release(id: string): void {
    this.#references.release(id);
  }

  /**
   * Accept a gang, which waits for its workers.
   *
   * @param id - Of no other gang.
   * @throws {@link ClosedError}, {@link InsufficientWorkersError}, {@link QueueFullError}
   */
  openGang(spec: GangSpec, id: string = this.#gangs.nextId()): Gang {
    this.assertOpen();
    const gang = this.#gangs.accept(spec, id);
    this.#tick();
    return gang;
  }

  /** End a gang when its accepted tasks have ended. `force`: cancel them. */
  closeGang(gang: Gang, force: boolean): void {
    this.#gangs.close(gang);
    if (!force) return;
    const reason = new ClosedError(`${gang.label} was closed by force`, { gangId: gang.id });
    for (const task of this.#queue.tasks) if (task.gang === gang) this.cancel(task, reason);
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

  status(): WorkStatus {
    return {
      workers: this.#states.status(),
      gangs: this.#gangs.status(),
      ...this.#gangs.counts,
      values: this.#references.counts,
      queued: this.#queue.queued,
      running: this.#states.running.size,
    };
  }

  /** The node that a worker is on; undefined: there is no such worker. */
  nodeOf(worldRank: number): string | undefined {
    return this.#workers.workers[worldRank]?.node;
  }

  /** What was done so far. */
  get stats(): WorkStats {
    return this.#statistics.stats;
  }

  /** Every task that has not ended. */
  get tasks(): readonly Task[] {
    return this.#queue.tasks;
  }

  /** Tasks that wait, at most so many, and why: what starts next comes first, with those of gangs at the end. */
  waiting(most: number): WaitingTask[] {
    return waitingTasks(this.#queue, this.#states.idle, most);
  }

  /** Say what a task is at, or was at when it failed; see {@link Explanations.explain}. */
  explain(id: string | undefined): Promise<TaskExplanation[]> {
    return this.#explanations.explain(id, this.#queue.tasks, (task) => this.#attempts.operationsOf(task));
  }

  /** Begin to record what happens; at most so many tasks, and calls of ranks. @throws {@link ClosedError} */
  startTrace(most: number): TraceRecording {
    this.assertOpen();
    return this.#traces.start(most, this.#queue.tasks);
  }

  /** End a recording. Resolves with all of it. */
  endTrace(recording: TraceRecording): Promise<TraceDocument> {
    return this.#traces.end(recording);
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

  gone(worldRank: number, lease: number, how: GoneOutcome, ran: number): void {
    if (how.kind === 'died') {
      const taskId = this.#states.taskOf(worldRank)?.id;
      const error = workerDied(`worker ${worldRank} died`, { worldRank, taskId }, how.error);
      this.#statistics.workersDied++;
      this.#tell('workerDied', { worldRank, error });
    }
    this.#noteGone(worldRank);
    this.#references.threadGone(worldRank, Math.max(lease, ran));
    this.#gangs.gone(worldRank, ran, how);
    this.#attempts.gone(worldRank, lease, how);
    this.#endLost();
  }

  replaced(worldRank: number): void {
    const now = nowMs();
    const absentMs = now - (this.#goneSince.get(worldRank) ?? now);
    this.#goneSince.delete(worldRank);
    this.#statistics.workersReplaced++;
    this.#tell('workerReplaced', { worldRank, absentMs });
    this.#traces.replaced(worldRank, absentMs);
    this.#states.replaced(worldRank);
    this.#tick();
  }

  removed(worldRank: number): void {
    this.#noteGone(worldRank);
    this.#references.workerGone(worldRank);
    this.#states.lose(worldRank);
    this.#gangs.removed(worldRank);
    this.groups.lost(worldRank);
    this.#endLost();
  }

  ending(why: string): void {
    this.#states.suspend();
    for (const { worldRank } of this.#workers.workers) {
      this.#noteGone(worldRank);
      this.#references.workerGone(worldRank);
    }
    this.#gangs.ending(why);
    this.#attempts.endAll(why);
    this.#gangs.over();
    this.#endLost();
  }

  renewed(): void {
    this.#states.renewed();
    this.#attempts.renewed();
    // The new processes may be on other nodes: what can never start any more is told so.
    const sizes = this.#states.nodeSizes;
    for (const task of this.#queue.tasks) {
      const error = task.gang ? undefined : unplaceable(task.spec, sizes);
      if (error && this.#withdraw(task)) this.#settle(task, { error });
    }
    this.#gangs.renewed(sizes);
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

  #noteGone(worldRank: number): void {
    if (!this.#goneSince.has(worldRank)) this.#goneSince.set(worldRank, nowMs());
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
    if (!this.#queue.withdraw(task)) return false;
    if (task.gang) this.#gangs.withdrawn(task.gang);
    return true;
  }

  /** Start what can start; called whenever a task has come, or workers or slots have come free. */
  #tick(): void {
    // An idle worker begins at once with what would wait at one that is busy; nothing waits there before what is first.
    this.#attempts.returnSome(this.#states.idle, this.#scheduler.first?.priority);
    this.#beginInGangs();
    for (const { id, worldRanks } of this.#scheduler.schedule(this.#attempts.reservations.available)) {
      const task = this.#queue.start(id);
      if (task) this.#attempts.begin(task, worldRanks);
      else this.#gangs.begin(id, worldRanks);
    }
    this.groups.begin();
    for (let { first } = this.#queue; first && this.#attempts.giveAhead(first); { first } = this.#queue) {
      this.#queue.giveAhead(first);
    }
    const { someAreLost, livingNodeSizes } = this.#states;
    const tooFew = (): boolean =>
      this.#queue.waitsForMoreThan(livingNodeSizes) || this.#gangs.waitForMoreThan(livingNodeSizes);
    if (someAreLost && tooFew()) this.#workers.refill();
    this.#keepAlive();
  }

  #beginInGangs(): void {
    while (this.#attempts.reservations.available > 0) {
      const task = this.#queue.startInGang();
      if (!task?.gang) return;
      this.#gangs.start(task.gang, task);
      this.#attempts.begin(task, task.gang.worldRanks);
    }
  }

  /** A gang that has its workers keeps no process alive, one that waits for them does, as its tasks do. */
  #keepAlive(): void {
    this.#workers.keepAlive(!this.#queue.isEmpty || this.#gangs.areWaiting || this.#sharing > 0);
  }

  #settle(task: Task, verdict: Verdict): void {
    this.#queue.remove(task);
    this.#references.unuse(task.spec);
    const { id: taskId, spec, durations } = task;
    const { name, source } = spec;
    if ('results' in verdict) {
      this.#tell('taskDone', { taskId, name, ...durations });
      task.succeed(verdict.results);
    } else {
      if (!task.asked) this.#tell('taskFailed', { taskId, name, source, error: verdict.error, ...durations });
      task.fail(verdict.error);
      this.#explanations.add(task, verdict.error);
    }
    this.watchers.settled(task, verdict);
    this.#keepAlive();
    if (this.#queue.isEmpty) this.#tell('drain');
  }

  async #close(): Promise<void> {
    this.#begin();
    this.#gangs.closeAll(new ClosedError('the pool was closed; launch another'));
    await Promise.allSettled(this.#queue.tasks.map((task) => task.done));
    this.#gangs.end();
    this.groups.close();
    if (!(await endsWithin(this.#workers.close(), closeLimitMs))) {
      this.warning(undefined, `the pool is closed, but not all workers could be ended in ${closeLimitMs} ms`);
    }
    // What is announced is told before whoever waits for the end, and may end the process, goes on.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
