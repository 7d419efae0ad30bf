/** What `pool.stats()` resolves with: what was done since the pool began, and what its workers use now. */
import type { WorkStats } from '../head/statistics.js';
import type { WorkerStatus, WorkStatus } from '../head/pool-events.js';

/**
 * Workers of a pool, now.
 *
 * @example
 * const { idle, busy, cpuMs }: WorkerStats = (await pool.stats()).workers;
 * console.log(`${busy} of ${idle + busy} busy, ${cpuMs} ms of cpu`);
 */
export interface WorkerStats {
  /** Workers without a task. */
  readonly idle: number;
  /** Workers with a task. */
  readonly busy: number;
  /** Workers whose process is gone and that are started again. */
  readonly lost: number;
  /** Bytes of memory in use by processes of workers, shared ones included; 0 with threads. */
  readonly rssBytes: number;
  /** Bytes of the heaps of threads and of what their arrays hold outside; 0 with processes. */
  readonly heapBytes: number;
  /** Milliseconds on a core of those that live. */
  readonly cpuMs: number;
}

/**
 * See {@link Pool.stats}.
 *
 * @example
 * const { tasks, runMs, workers }: PoolStats = await pool.stats();
 * console.log(`${tasks.succeeded} of ${tasks.submitted} done, the longest in ${runMs.maxMs} ms`);
 * console.log(`${workers.busy} workers are busy`);
 */
export interface PoolStats extends WorkStats {
  /** Milliseconds since the workers were ready: what is counted, is counted from then. */
  readonly uptimeMs: number;
  /** What they use now. */
  readonly workers: WorkerStats;
  /** Tasks that wait for workers. */
  readonly queued: number;
  /** Tasks that have workers. */
  readonly running: number;
}

/** Put together what a pool says of itself. */
export function poolStats(uptimeMs: number, { workers, queued, running }: WorkStatus, done: WorkStats): PoolStats {
  return { uptimeMs, ...done, workers: workerStats(workers), queued, running };
}

function workerStats(workers: readonly WorkerStatus[]): WorkerStats {
  const sums = { idle: 0, busy: 0, lost: 0, rssBytes: 0, heapBytes: 0, cpuMs: 0 };
  for (const { state, rssBytes, heapBytes, cpuMs } of workers) {
    sums[state]++;
    sums.rssBytes += rssBytes ?? 0;
    sums.heapBytes += heapBytes ?? 0;
    sums.cpuMs += cpuMs ?? 0;
  }
  return sums;
}
