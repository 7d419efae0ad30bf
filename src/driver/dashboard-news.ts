/** What the dashboard's page is told each time it asks: how the pool is, and what has changed since it asked last. */
import { randomUUID } from 'node:crypto';
import { nowMs } from '../clock.js';
import { InvalidArgumentError } from '../errors.js';
import type { TaskExplanation } from '../head/explanations.js';
import type { Head } from '../head/head.js';
import type { WaitingTask } from '../head/waiting-tasks.js';
import { tailOf } from '../node-manager/tail.js';
import { packageVersion } from '../version.js';
import { logPath } from '../worker/log-file.js';
import type { PoolStats } from './pool-stats.js';
import type { PoolStatus } from './pool-status.js';
import type { TaskView } from './task-history.js';
import { TaskHistory } from './task-history.js';

/** Tasks in one answer; the page asks again at once for more. */
const mostTasks = 2_000;
/** Tasks that wait and whose reasons are told. */
const mostWaiting = 200;

/** One answer. */
export interface DashboardNews {
  /** Of this pool and no other: after a change of it the page begins anew. */
  readonly pool: string;
  /** To be given with the next question. */
  readonly change: number;
  /** There is more to tell at once. */
  readonly hasMore: boolean;
  /** On the clock of the times of tasks, in milliseconds. */
  readonly nowMs: number;
  readonly version: string;
  readonly status: PoolStatus;
  readonly stats: PoolStats;
  /** Those that have changed. */
  readonly tasks: readonly TaskView[];
  /** Tasks that are not shown, because too many wait. */
  readonly unknown: number;
  /** What starts next comes first. */
  readonly waiting: readonly WaitingTask[];
  /** Output of workers is kept on this host. */
  readonly hasLogs: boolean;
}

/** Where the page's server finds its answers. */
export interface DashboardSource {
  news(since: number): DashboardNews;
  /** What the ranks of a task are at; undefined: it neither runs, waits nor is among the last that failed. */
  explain(taskId: string): Promise<TaskExplanation | undefined>;
  /** The last lines of a worker's output; empty when there are none. */
  logTail(worldRank: number): string;
  /** Nobody asks any more. */
  close(): void;
}

/** What a pool tells of itself. */
interface Views {
  readonly head: Head;
  readonly status: () => PoolStatus;
  readonly stats: () => PoolStats;
}

/**
 * Watch a pool from now on.
 *
 * @param logDir - Where its workers' output is; undefined: it is not kept on this host.
 */
export function watchPool({ head, status, stats }: Views, logDir: string | undefined): DashboardSource {
  const pool = randomUUID();
  const history = new TaskHistory(head.tasks);
  head.watchers.add(history);
  return {
    news: (since) => {
      const { tasks, upTo } = history.since(since, mostTasks);
      return {
        pool,
        change: upTo,
        hasMore: upTo < history.changes,
        nowMs: nowMs(),
        version: packageVersion(),
        status: status(),
        stats: stats(),
        tasks,
        unknown: history.unknown,
        waiting: head.waiting(mostWaiting),
        hasLogs: logDir !== undefined,
      };
    },
    explain: async (taskId) => {
      try {
        return (await head.explain(taskId))[0];
      } catch (error) {
        if (error instanceof InvalidArgumentError) return undefined;
        throw error;
      }
    },
    logTail: (worldRank) => (logDir === undefined ? '' : tailOf(logPath(logDir, worldRank))),
    close: () => {
      head.watchers.remove(history);
    },
  };
}
