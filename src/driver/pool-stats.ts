/** What `pool.stats()` resolves with: what was done since the pool began, and what its workers use now. */
import type { WorkStats } from '../head/statistics.js';
import type { WorkerStatus, WorkStatus } from '../head/pool-events.js';

/** Workers of a pool, now. */
export interface WorkerStats {
  readonly idle: number;
  readonly busy: number;
  readonly lost: number;
  /** Bytes of memory in use by processes of workers, shared ones included; 0 with threads. */
  readonly rssBytes: number;
  /** Bytes of the heaps of threads and of what their arrays hold outside; 0 with processes. */
  readonly heapBytes: number;
  /** Milliseconds on a core of those that live. */
  readonly cpuMs: number;
}

/** See {@link Pool.stats}. */
export interface PoolStats extends WorkStats {
  /** Milliseconds since the workers were ready: what is counted, is counted from then. */
  readonly uptimeMs: number;
  readonly workers: WorkerStats;
  /** Tasks that wait, and tasks that have workers. */
  readonly queued: number;
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
