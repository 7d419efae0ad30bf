/** What a pool does not accept. Pure. */
import { InsufficientWorkersError, QueueFullError } from '../errors.js';
import type { TaskSpec } from '../protocol/pool-messages.js';

/** What waits in a pool, and its limits. */
export interface Load {
  /** Workers of the pool. */
  readonly available: number;
  readonly queued: number;
  readonly queuedBytes: number;
  readonly maxQueue: number;
  readonly maxQueueBytes: number;
}

/** @throws {@link InsufficientWorkersError}, {@link QueueFullError} */
export function assertAcceptable(spec: TaskSpec, load: Load): void {
  const { available, queued, queuedBytes, maxQueue, maxQueueBytes } = load;
  if (spec.workers > available) {
    throw new InsufficientWorkersError(
      `the task wants ${spec.workers} workers at once, the pool has ${available}; ask for at most ${available} or launch more`,
      { requested: spec.workers, available },
    );
  }
  if (queued < maxQueue && queuedBytes + spec.args.length <= maxQueueBytes) return;
  throw new QueueFullError(
    `the queue holds ${queued} tasks with ${queuedBytes} bytes of arguments, the limits are ` +
      `${maxQueue} tasks (maxQueue) and ${maxQueueBytes} bytes (maxQueueBytes); wait for 'drain' or for results`,
    { queued, queuedBytes },
  );
}
