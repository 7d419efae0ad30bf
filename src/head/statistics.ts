/** What a head has done since it began, in numbers. */
import { CancelledError, QueueFullError, TaskTimeoutError } from '../errors.js';
import type { CollectiveUse } from '../protocol/thread-messages.js';
import type { Attempt } from './attempt.js';
import type { Distribution } from './distribution.js';
import { Times } from './distribution.js';
import type { Task } from './task.js';
import type { TaskWatcher } from './task-watchers.js';
import type { Verdict } from './verdict.js';
import { isNotItsOwn } from './verdict.js';

/**
 * How a task has ended. `lost`: its worker died, or another task overwrote its memory. `failed`: with any other error
 * than those that the other words stand for.
 *
 * @example
 * const bad: TaskOutcome[] = ['failed', 'timedOut', 'lost'];
 * const { tasks: counts } = await pool.stats();
 * console.log(bad.map((outcome) => `${outcome}: ${counts[outcome]}`).join(', '));
 */
export type TaskOutcome = 'succeeded' | 'failed' | 'cancelled' | 'timedOut' | 'lost';

/** All of them. */
export const taskOutcomes: readonly TaskOutcome[] = ['succeeded', 'failed', 'cancelled', 'timedOut', 'lost'];

/**
 * Tasks of a pool since it began.
 *
 * @example
 * const { submitted, succeeded, timedOut }: TaskStats = (await pool.stats()).tasks;
 * console.log(`${succeeded} of ${submitted}, ${timedOut} took too long`);
 */
export interface TaskStats extends Readonly<Record<TaskOutcome, number>> {
  /** Those that were accepted. */
  readonly submitted: number;
  /** Those that were not, because the queue was full. */
  readonly rejected: number;
  /** Those that were not, for any other reason. */
  readonly refused: number;
  /** Attempts that began: more than tasks where some were retried. */
  readonly started: number;
  /** Attempts after the first. */
  readonly retried: number;
}

/**
 * Collective calls of ranks whose part of a task has ended.
 *
 * @example
 * const { calls, bytes, elapsedMs }: CollectiveStats = (await pool.stats()).collectives;
 * console.log(`${calls} calls, ${bytes / elapsedMs / 1e6} GB/s`);
 */
export interface CollectiveStats extends CollectiveUse {
  /** Ranks whose tasks made any. */
  readonly ranks: number;
}

/**
 * What a head counts.
 *
 * @example
 * const { waitMs, workersReplaced }: WorkStats = await pool.stats();
 * console.log(`longest wait ${waitMs.maxMs} ms, ${workersReplaced} workers replaced`);
 */
export interface WorkStats {
  /** How many there were, and how they ended. */
  readonly tasks: TaskStats;
  /** From when a task could begin until its workers did, of each attempt. */
  readonly waitMs: Distribution;
  /** From there until the last of its workers had ended, of each attempt. */
  readonly runMs: Distribution;
  /** What they moved between their ranks. */
  readonly collectives: CollectiveStats;
  /** Workers that ended by a crash. */
  readonly workersDied: number;
  /** Threads and processes that took the place of others. */
  readonly workersReplaced: number;
}

/** How a task has ended. */
function outcomeOf(verdict: Verdict): TaskOutcome {
  if ('results' in verdict) return 'succeeded';
  const { error } = verdict;
  if (error instanceof TaskTimeoutError) return 'timedOut';
  if (error instanceof CancelledError) return 'cancelled';
  return isNotItsOwn(error) ? 'lost' : 'failed';
}

/** One per head. */
export class Statistics implements TaskWatcher {
  workersDied = 0;
  workersReplaced = 0;
  readonly #tasks: Record<keyof TaskStats, number> = {
    submitted: 0,
    rejected: 0,
    refused: 0,
    started: 0,
    retried: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    timedOut: 0,
    lost: 0,
  };
  readonly #wait = new Times();
  readonly #run = new Times();
  readonly #collectives: Record<keyof CollectiveStats, number> = {
    ranks: 0,
    calls: 0,
    bytes: 0,
    elapsedMs: 0,
    movedMs: 0,
    reducedMs: 0,
  };

  submitted(): void {
    this.#tasks.submitted++;
  }

  refused(error: unknown): void {
    this.#tasks[error instanceof QueueFullError ? 'rejected' : 'refused']++;
  }

  started(_task: Task, { waitedMs }: Attempt): void {
    this.#tasks.started++;
    this.#wait.add(waitedMs);
  }

  attempted(_task: Task, { ranMs, outcomes }: Attempt): void {
    this.#run.add(ranMs);
    for (const { outcome } of outcomes) {
      const use = 'collectives' in outcome ? outcome.collectives : undefined;
      if (!use) continue;
      this.#collectives.ranks++;
      this.#collectives.calls += use.calls;
      this.#collectives.bytes += use.bytes;
      this.#collectives.elapsedMs += use.elapsedMs;
      this.#collectives.movedMs += use.movedMs;
      this.#collectives.reducedMs += use.reducedMs;
    }
  }

  retried(): void {
    this.#tasks.retried++;
  }

  settled(_task: Task, verdict: Verdict): void {
    this.#tasks[outcomeOf(verdict)]++;
  }

  get stats(): WorkStats {
    return {
      tasks: { ...this.#tasks },
      waitMs: this.#wait.distribution,
      runMs: this.#run.distribution,
      collectives: { ...this.#collectives },
      workersDied: this.workersDied,
      workersReplaced: this.workersReplaced,
    };
  }
}
