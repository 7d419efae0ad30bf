/** What a pool does not accept. Pure. */
import { counted } from '../grammar.js';
import { InsufficientWorkersError, InvalidArgumentError, QueueFullError } from '../errors.js';
import { carrierSize } from '../protocol/carrier.js';
import type { TaskSpec } from '../protocol/pool-messages.js';
import type { Gang } from './gang.js';
import { largestGang } from './placement.js';

/** What waits in a pool, and its limits. */
export interface Load {
  /** Workers of each node of the pool. */
  readonly nodeSizes: readonly number[];
  readonly queued: number;
  readonly queuedBytes: number;
  readonly maxQueue: number;
  readonly maxQueueBytes: number;
}

/** @throws {@link InsufficientWorkersError}, {@link QueueFullError} */
export function assertAcceptable(
  spec: Pick<TaskSpec, 'workers' | 'placement' | 'args' | 'carrier'>,
  load: Load,
  what: 'task' | 'gang' = 'task',
): void {
  const { nodeSizes, queued, queuedBytes, maxQueue, maxQueueBytes } = load;
  const error = unplaceable(spec, nodeSizes, what);
  if (error) throw error;
  if (queued < maxQueue && queuedBytes + argumentBytes(spec) <= maxQueueBytes) return;
  throw new QueueFullError(
    `the queue holds ${queued} tasks with ${queuedBytes} bytes of arguments, the limits are ` +
      `${maxQueue} tasks (maxQueue) and ${maxQueueBytes} bytes (maxQueueBytes). Wait for 'drain' or for results`,
    { queued, queuedBytes },
  );
}

/**
 * Whether a gang can run a task.
 *
 * @param on - The workers that the task needs for what lies on them; undefined: any.
 * @throws {@link InvalidArgumentError}
 */
export function assertOfGang(
  { workers }: Pick<TaskSpec, 'workers'>,
  gang: Pick<Gang, 'spec' | 'label' | 'worldRanks'>,
  on: readonly number[] | undefined,
): void {
  if (gang.spec.workers !== workers) {
    throw new InvalidArgumentError(`expected a task of ${gang.label} for its ${gang.spec.workers} workers`);
  }
  if (!on || on.join() === gang.worldRanks.join()) return;
  throw new InvalidArgumentError(
    `expected values that lie on the workers of ${gang.label}, received one on workers ${on.join(', ')}; ` +
      'take its results to the driver, and pass them on',
  );
}

/** Bytes of the arguments that a task holds while it waits, of all its ranks, and of its trace. */
export function argumentBytes({ args, carrier }: Pick<TaskSpec, 'args' | 'carrier'>): number {
  return args.reduce((sum, { length }) => sum + length, carrierSize(carrier));
}

/** Why a task or a gang can never start in a pool whose nodes have this many workers each; undefined when it can. */
export function unplaceable(
  { workers, placement }: Pick<TaskSpec, 'workers' | 'placement'>,
  nodeSizes: readonly number[],
  what: 'task' | 'gang' = 'task',
): InsufficientWorkersError | undefined {
  const available = largestGang(placement, nodeSizes);
  if (workers <= available) return undefined;
  const where = { pack: '', spread: '', 'strict-pack': ' on one node', 'strict-spread': ', each on a node of its own' };
  return new InsufficientWorkersError(
    `the ${what} wants ${counted(workers, 'worker')} at once${where[placement]}, the pool has ${available}; ask for at most ` +
      `${available} or launch more`,
    { requested: workers, available, placement },
  );
}
