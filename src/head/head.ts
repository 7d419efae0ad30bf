/** The head of a pool: accepts tasks, gives them gangs of workers, judges how they end. */
import { EventEmitter } from 'node:events';
import { clearTimeout, setImmediate, setTimeout } from '../clock.js';
import { CancelledError, ClosedError, TaskTimeoutError, WindowDamagedError, WorkerDiedError } from '../errors.js';
import { endsWithin } from '../ends-within.js';
import type { Outcome } from '../protocol/thread-messages.js';
import type { TaskSpec } from '../protocol/pool-messages.js';
import { encodeValue } from '../protocol/values.js';
import type { AbortKind } from '../backend/abort-reason.js';
import { assertAcceptable, unplaceable } from './admission.js';
import { announce } from './announce.js';
import type { Waiting } from './gang-scheduler.js';
import { GangScheduler } from './gang-scheduler.js';
import { Groups } from './groups.js';
import { Leases } from './leases.js';
import { inFlightWarning } from './in-flight.js';
import { ModuleVersions } from './module-versions.js';
import { nodeSizes } from './placement.js';
import { refusedWarning } from './refused-posts.js';
import type { HeadEvents, HeadOptions, WorkerStatus } from './pool-events.js';
import type { Attempt } from './task.js';
import { Task } from './task.js';
import { endedClean, judge, workerDied } from './verdict.js';
import type { WorkerEvents, WorkerSide } from './worker-side.js';

/** A longer timer fires at once. */
const longestTimerMs = 2 ** 31 - 1;
/** After the grace time: how long a worker may take to end by force before its task ends without it. */
const forceLimitMs = 5_000;
/** How long the workers' side may take to end all threads and processes. */
const closeLimitMs = 30_000;

/** One per pool. */
export class Head extends EventEmitter<HeadEvents> implements WorkerEvents {
  readonly groups: Groups;
  /** Resolves when the pool begins to end: somebody closes it, or its workers are lost. */
  readonly closingBegun: Promise<void>;
  #begin!: () => void;
  readonly #workers: WorkerSide;
  readonly #options: HeadOptions;
  readonly #scheduler: GangScheduler;
  readonly #leases: Leases;
  /** Undefined: nobody is to look. */
  readonly #versions: ModuleVersions | undefined;
  readonly #tasks = new Map<string, Task>();
  /** The task that each worker runs. */
  readonly #running = new Map<number, Task>();
  /** Workers that can be given no task until all are started again. */
  readonly #lost = new Set<number>();
  /** Tasks whose communicators are still to be made, by their numbers. */
  readonly #forming = new Map<number, Task>();
  /** Slots of leases that ended without some of their workers: those have to be gone before the slot is emptied. */
  readonly #abandoned = new Map<number, Map<number, number>>();
  #nextTask = 1;
  #queuedBytes = 0;
  #closing: Promise<void> | undefined;

  constructor(workers: WorkerSide, options: HeadOptions) {
    super();
    this.#workers = workers;
    this.#options = options;
    this.closingBegun = new Promise((resolve) => (this.#begin = resolve));
    this.#scheduler = new GangScheduler((worldRank) => workers.workers[worldRank]?.nodeKey ?? '');
    this.#leases = new Leases(workers.slots);
    this.#versions = options.reload === 'changed' ? new ModuleVersions() : undefined;
    this.groups = new Groups(workers, options, {
      formed: (id) => {
        this.#formed(id);
      },
      undone: (id) => {
        this.#undone(id);
      },
      warning: (message) => {
        this.warning(undefined, message);
      },
    });
    for (const { worldRank } of workers.workers) this.#scheduler.release(worldRank);
  }

  /**
   * Accept a task.
   *
   * @param id - Of no other task.
   * @throws {@link ClosedError}, {@link InsufficientWorkersError}, {@link QueueFullError}
   */
  submit(spec: TaskSpec, id = `t${this.#nextTask++}`): Task {
    this.assertOpen();
    const { maxQueue, maxQueueBytes } = this.#options;
    const queued = this.#scheduler.queued;
    assertAcceptable(spec, {
      nodeSizes: this.#nodeSizes,
      queued,
      queuedBytes: this.#queuedBytes,
      maxQueue,
      maxQueueBytes,
    });
    const task = new Task(id, spec);
    this.#tasks.set(task.id, task);
    this.#enqueue(task);
    this.#tick();
    return task;
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
    this.#endAttempt(task, 'cancelled', undefined, error);
  }

  status(): { workers: WorkerStatus[]; queued: number; running: number } {
    const workers = this.#workers.workers.map(({ worldRank, pid, node, phasesMs }): WorkerStatus => {
      const task = this.#running.get(worldRank);
      const { rssBytes, cpuMs } = this.#workers.usage(worldRank) ?? {};
      const state = this.#lost.has(worldRank) ? 'lost' : task ? 'busy' : 'idle';
      return { worldRank, pid, node, state, taskId: task?.id, phasesMs, rssBytes, cpuMs };
    });
    return { workers, queued: this.#scheduler.queued, running: new Set(this.#running.values()).size };
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
    const task = this.#running.get(worldRank);
    if (!task?.attempt || task.id !== taskId) return;
    const rank = task.attempt.worldRanks.indexOf(worldRank);
    if (outcome.kind === 'threw' && outcome.replaceThread) {
      // The lease comes back when the thread is gone: until then its timers may still run.
      task.attempt.escaped.set(rank, outcome);
      this.#workers.end(worldRank);
    } else if (!task.record(rank, outcome)) return;
    if (outcome.damage !== undefined) this.#renew(worldRank, outcome.damage);
    if (outcome.kind !== 'returned') {
      this.#endAttempt(task, 'peerFailed', rank, new Error(`rank ${rank} failed`));
    }
    this.#concludeIfDone(task);
  }

  posted(worldRank: number, lease: number, value: Uint8Array): void {
    const task = this.#running.get(worldRank);
    const { attempt } = task ?? {};
    if (!task || attempt?.grant.lease !== lease) return;
    const taken = (): void => {
      this.#workers.taken(worldRank, lease, value.length);
    };
    if (task.receiver) task.receiver(attempt.worldRanks.indexOf(worldRank), value, taken);
    else taken();
  }

  gone(worldRank: number, lease: number, how: Extract<Outcome, { kind: 'exited' | 'died' | 'ended' }>): void {
    const task = this.#running.get(worldRank);
    if (how.kind === 'died') {
      const error = workerDied(`worker ${worldRank} died`, { worldRank, taskId: task?.id }, how.error);
      this.#tell('workerDied', { worldRank, error });
    }
    if (task?.attempt?.grant.lease !== lease) {
      this.#goneLate(worldRank, lease);
      return;
    }
    const { attempt } = task;
    const rank = attempt.worldRanks.indexOf(worldRank);
    this.#workers.markDead(attempt.grant, rank, attempt.worldRanks);
    if (!task.record(rank, attempt.escaped.get(rank) ?? how)) return;
    if (how.damage !== undefined) this.#renew(worldRank, how.damage);
    const kinds = { exited: 'taskExited', died: 'workerDied', ended: 'cancelled' } as const;
    this.#endAttempt(task, kinds[how.kind], rank, new Error(`rank ${rank} is gone`));
    this.#concludeIfDone(task);
  }

  replaced(worldRank: number): void {
    this.#lost.delete(worldRank);
    this.#tell('workerReplaced', { worldRank });
    if (!this.#running.has(worldRank) && this.#workers.isAvailable(worldRank)) this.#scheduler.release(worldRank);
    this.#tick();
  }

  removed(worldRank: number): void {
    this.#lost.add(worldRank);
    this.#scheduler.remove(worldRank);
    this.groups.lost(worldRank);
  }

  ending(why: string): void {
    for (const { worldRank } of this.#workers.workers) this.#scheduler.remove(worldRank);
    this.groups.reset([]);
    // Nobody is to be waited for any more: whatever still counts as running has lost its workers.
    for (const communicator of [...this.#forming.keys()]) this.#undone(communicator);
    for (const task of new Set(this.#running.values())) {
      if (task.attempt) this.#abandon(task, task.attempt, why);
    }
    for (const slot of this.#abandoned.keys()) this.#workers.clear(slot);
    this.#abandoned.clear();
  }

  renewed(): void {
    this.#lost.clear();
    this.#versions?.reset();
    this.groups.reset(this.#workers.workers.map(({ worldRank }) => worldRank));
    // The new processes may be on other nodes: what can never start any more is told so.
    const sizes = this.#nodeSizes;
    for (const task of [...this.#tasks.values()]) {
      const error = unplaceable(task.spec, sizes);
      if (error && this.#withdraw(task)) this.#settle(task, { error });
    }
  }

  cleared(slot: number): void {
    this.#leases.giveBack(slot);
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
    const worldRank = this.#tasks.get(taskId)?.attempt?.worldRanks[rank];
    if (worldRank !== undefined) this.#workers.end(worldRank);
  }

  /** Nothing that runs in memory which was overwritten can be trusted, and nothing new is started there. */
  #renew(worldRank: number, damage: string): void {
    const found = `worker ${worldRank} has found ${damage} of the window overwritten`;
    this.warning(worldRank, `${found}; all workers are started again over new memory, and what they run ends`);
    this.#workers.renew(`was ended: ${found}`);
  }

  #tell<E extends keyof HeadEvents>(event: E, ...payload: HeadEvents[E]): void {
    announce(this, event, payload);
  }

  #cancelAll(reason: Error): void {
    for (const task of [...this.#tasks.values()]) this.cancel(task, reason);
  }

  /** How many workers each node has. */
  get #nodeSizes(): number[] {
    return nodeSizes(this.#workers.workers);
  }

  /** A task in the queue wants more workers than live. */
  get #waitsForLost(): boolean {
    const living = nodeSizes(this.#workers.workers.filter(({ worldRank }) => !this.#lost.has(worldRank)));
    return [...this.#tasks.values()].some(({ state, spec }) => state === 'queued' && unplaceable(spec, living));
  }

  #enqueue(task: Task): void {
    task.state = 'queued';
    this.#queuedBytes += task.spec.args.length;
    this.#scheduler.enqueue(waiting(task));
  }

  /** Take a task out of the queue; false when it is not there. */
  #withdraw(task: Task): boolean {
    if (!this.#scheduler.withdraw(task.id)) return false;
    this.#queuedBytes -= task.spec.args.length;
    return true;
  }

  #tick(): void {
    for (const { id, worldRanks } of this.#scheduler.schedule(this.#leases.available)) {
      const task = this.#tasks.get(id);
      if (task) this.#assign(task, worldRanks);
    }
    this.groups.begin();
    if (this.#lost.size > 0 && this.#waitsForLost) this.#workers.refill();
    this.#workers.keepAlive(this.#tasks.size > 0);
  }

  /** Reserve the workers; the task starts at once, or when its communicator exists. */
  #assign(task: Task, worldRanks: readonly number[]): void {
    const { spec } = task;
    const { id: communicator, action } = this.groups.assign(worldRanks);
    this.#queuedBytes -= spec.args.length;
    task.state = 'running';
    const attempt: Attempt = {
      grant: this.#leases.take(),
      worldRanks,
      communicator,
      forming: action === 'create',
      outcomes: [],
      escaped: new Map(),
      timeout: undefined,
      grace: undefined,
      ending: false,
    };
    task.attempt = attempt;
    for (const worldRank of worldRanks) this.#running.set(worldRank, task);
    if (spec.timeoutMs !== null)
      attempt.timeout = setTimeout(() => this.#timeOut(task), Math.min(spec.timeoutMs, longestTimerMs));
    if (attempt.forming) this.#forming.set(communicator, task);
    else this.#start(task, attempt);
  }

  #formed(communicator: number): void {
    const task = this.#forming.get(communicator);
    this.#forming.delete(communicator);
    if (!task?.attempt) return;
    task.attempt.forming = false;
    if (!task.ended) {
      this.#start(task, task.attempt);
      return;
    }
    this.groups.release(task.attempt.worldRanks, true);
    this.#letGo(task, task.attempt);
    this.#tick();
  }

  /** A worker of the task was lost before the task had started: it is planned again, as if nothing had been. */
  #undone(communicator: number): void {
    const task = this.#forming.get(communicator);
    this.#forming.delete(communicator);
    if (!task?.attempt) return;
    clearTimeout(task.attempt.timeout);
    this.groups.forget(task.attempt.worldRanks);
    this.#letGo(task, task.attempt);
    if (!task.ended) {
      task.state = 'queued';
      this.#queuedBytes += task.spec.args.length;
      this.#scheduler.putBack(waiting(task));
    }
    // Not from here: others of the same round may still be told.
    setImmediate(() => {
      this.#tick();
    });
  }

  /** Give back what was reserved for an attempt that never started. */
  #letGo(task: Task, { grant, worldRanks }: Attempt): void {
    task.attempt = undefined;
    this.#leases.giveBack(grant.slot);
    this.#free(worldRanks);
  }

  #free(worldRanks: readonly number[]): void {
    for (const worldRank of worldRanks) {
      this.#running.delete(worldRank);
      if (!this.#lost.has(worldRank) && this.#workers.isAvailable(worldRank)) this.#scheduler.release(worldRank);
    }
  }

  #start(task: Task, { grant, worldRanks, communicator }: Attempt): void {
    const { spec } = task;
    task.attempts++;
    const members = worldRanks.flatMap((each, rank) => {
      const info = this.#workers.workers[each];
      if (!info) return [];
      const { worldRank, localRank, pid, hostname, node } = info;
      return { rank, worldRank, localRank, pid, hostname, node };
    });
    const stale = this.#stale(task, worldRanks);
    for (const [rank, worldRank] of worldRanks.entries()) {
      if (spec.fresh || stale.includes(worldRank)) this.#workers.end(worldRank);
      this.#workers.assign(worldRank, {
        type: 'assign',
        lease: { ...grant, taskId: task.id, rank, communicator, members },
        attempt: task.attempts,
        source: spec.source,
        args: spec.args,
        timeoutMs: this.#options.collectiveTimeoutMs,
        maxMessageBytes: this.#options.maxMessageBytes,
        unawaited: this.#options.unawaited,
      });
    }
  }

  /** The workers that have an older version of the task's module, or of what it imports, than the one that is there now. */
  #stale(task: Task, worldRanks: readonly number[]): readonly number[] {
    const stale = this.#versions?.give(task.spec.source.url, worldRanks, task.submittedAt);
    if (stale?.path !== undefined) {
      this.warning(
        undefined,
        `${stale.path} has changed: from task ${task.id} on, its new version is loaded, by new threads`,
      );
    }
    return stale?.worldRanks ?? [];
  }

  #timeOut(task: Task): void {
    if (task.override || !task.attempt) return;
    const waiting = missing(task.attempt).map(({ rank }) => rank);
    const error = new TaskTimeoutError(
      `task ${task.id} did not end within timeoutMs (${task.spec.timeoutMs} ms); still running: rank ${waiting.join(', ')}`,
      { taskId: task.id, timeoutMs: task.spec.timeoutMs, ranks: waiting },
    );
    task.override = error;
    this.#endAttempt(task, 'taskTimeout', undefined, error);
  }

  /** Make the ranks that still run end: abort word, signal, and after the grace time force. */
  #endAttempt(task: Task, kind: AbortKind, rank: number | undefined, reason: Error): void {
    const { attempt } = task;
    if (!attempt || attempt.ending) return;
    attempt.ending = true;
    if (attempt.forming) {
      // Nobody runs it yet: it ends now, and its workers are free when their round is over.
      if (task.override) this.#settle(task, { error: task.override });
      return;
    }
    this.#workers.abort(attempt.grant, kind, rank, attempt.worldRanks);
    const encoded = encodeValue(
      reason instanceof CancelledError ? new CancelledError(reason.message) : reason,
      'reason',
    );
    for (const worldRank of attempt.worldRanks) {
      this.#workers.cancel(worldRank, { type: 'cancel', taskId: task.id, reason: encoded });
    }
    attempt.grace = setTimeout(() => {
      for (const { worldRank } of missing(attempt)) this.#workers.end(worldRank);
      attempt.grace = setTimeout(() => {
        this.#abandon(task, attempt, `could not be ended in ${forceLimitMs} ms: it may sit in native code`);
      }, forceLimitMs);
    }, this.#options.graceMs);
  }

  /** End an attempt without the workers that have not reported: they are lost until they are replaced. */
  #abandon(task: Task, attempt: Attempt, why: string): void {
    const absent = missing(attempt);
    this.#abandoned.set(attempt.grant.slot, new Map(absent.map(({ worldRank }) => [worldRank, attempt.grant.lease])));
    for (const { rank, worldRank } of absent) {
      const error = encodeValue(new WorkerDiedError(`worker ${worldRank} ${why}`), 'error');
      task.record(rank, attempt.escaped.get(rank) ?? { kind: 'died', error });
      // Its process may be well: only its thread gets no task until it is replaced.
      this.#lost.add(worldRank);
      this.#scheduler.remove(worldRank);
    }
    this.#concludeIfDone(task);
  }

  /** A worker that an attempt ended without is gone after all. */
  #goneLate(worldRank: number, lease: number): void {
    for (const [slot, absent] of this.#abandoned) {
      if (absent.get(worldRank) !== lease) continue;
      absent.delete(worldRank);
      if (absent.size > 0) continue;
      this.#abandoned.delete(slot);
      this.#workers.clear(slot);
    }
  }

  #concludeIfDone(task: Task): void {
    const { attempt } = task;
    if (!attempt || attempt.forming || attempt.outcomes.length < attempt.worldRanks.length) return;
    clearTimeout(attempt.timeout);
    clearTimeout(attempt.grace);
    task.attempt = undefined;
    this.groups.release(attempt.worldRanks, !attempt.ending && endedClean(attempt.outcomes));
    this.#free(attempt.worldRanks);
    if (!this.#abandoned.has(attempt.grant.slot)) this.#workers.clear(attempt.grant.slot);
    const inFlight = inFlightWarning(task.id, attempt.outcomes);
    if (inFlight !== undefined && this.#options.unawaited === 'warn') this.warning(undefined, inFlight);
    const refused = refusedWarning(task.id, attempt.outcomes);
    if (refused !== undefined) this.warning(undefined, refused);
    const verdict = task.override ? { error: task.override } : judge(task.id, attempt.outcomes);
    const retry = !task.override && 'error' in verdict && isNotItsOwn(verdict.error);
    if (retry && task.attempts <= task.spec.maxRetries) this.#enqueue(task);
    else this.#settle(task, verdict);
    this.#tick();
  }

  #settle(task: Task, verdict: ReturnType<typeof judge>): void {
    this.#tasks.delete(task.id);
    const { id: taskId, spec } = task;
    if ('results' in verdict) {
      this.#tell('taskDone', { taskId, name: spec.name });
      task.succeed(verdict.results);
    } else {
      if (!task.asked) this.#tell('taskFailed', { taskId, name: spec.name, source: spec.source, error: verdict.error });
      task.fail(verdict.error);
    }
    this.#workers.keepAlive(this.#tasks.size > 0);
    if (this.#tasks.size === 0) this.#tell('drain');
  }

  async #close(): Promise<void> {
    this.#begin();
    await Promise.allSettled([...this.#tasks.values()].map((task) => task.done));
    this.groups.close();
    if (!(await endsWithin(this.#workers.close(), closeLimitMs))) {
      this.warning(undefined, `the pool is closed, but not all workers could be ended in ${closeLimitMs} ms`);
    }
    // What is announced is told before whoever waits for the end, and may end the process, goes on.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** An error that a task may have met through no fault of its own: its worker died, or another task overwrote its memory. */
function isNotItsOwn(error: Error): boolean {
  return error instanceof WorkerDiedError || error instanceof WindowDamagedError;
}

/** Ranks of an attempt that have not reported how they ended. */
function missing({ worldRanks, outcomes }: Attempt): { rank: number; worldRank: number }[] {
  return worldRanks.flatMap((worldRank, rank) => {
    return outcomes.some((known) => known.rank === rank) ? [] : [{ rank, worldRank }];
  });
}

function waiting({ id, spec: { workers, placement } }: Task): Waiting {
  return { id, workers, placement };
}
