/** What a pool is asked for by whoever only looks at it: its own process answers, or the one that holds the head. */
import type { TaskExplanation } from '../head/explanations.js';
import type { TraceDocument } from '../head/trace-document.js';
import type { PoolStats } from './pool-stats.js';
import type { PoolStatus } from './pool-status.js';

/** What a pool says of itself. */
export interface PoolViews {
  readonly status: () => PoolStatus;
  readonly metrics: () => Promise<string>;
  readonly stats: () => Promise<PoolStats>;
  readonly explain: (taskId: string | undefined) => Promise<readonly TaskExplanation[]>;
  /** Resolves when it has begun, with what ends it. */
  readonly startTrace: (maxEvents: number) => Promise<() => Promise<TraceDocument>>;
  readonly maxMessageBytes: number;
  readonly dashboardUrl?: string | undefined;
}
