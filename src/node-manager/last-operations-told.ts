/**
 * Tells a head on another node what a rank has done last: before anything that ends its part of a task, so that the head
 * knows it when it judges. Of each part once.
 */
import type { RankOperations } from '../errors.js';
import type { ToRank } from '../protocol/control-messages.js';
import type { WorkerReport } from '../protocol/node-messages.js';
import { mostOperations } from '../records/last-operations.js';
import type { NodeWorkers } from './node-workers.js';

/** A part that a worker has begun with, and that nothing was told of. */
interface Part {
  readonly lease: number;
  readonly rank: number;
  readonly size: number;
}

/** One per job of a node. */
export class LastOperationsTold {
  readonly #read: NodeWorkers['operations'];
  readonly #tell: (worldRank: number, lease: number, operations: RankOperations) => void;
  readonly #parts = new Map<number, Part>();

  constructor(
    read: NodeWorkers['operations'],
    tell: (worldRank: number, lease: number, operations: RankOperations) => void,
  ) {
    this.#read = read;
    this.#tell = tell;
  }

  /** A message from the head is about to go to a worker. */
  sending(worldRank: number, message: ToRank): void {
    if (message.type === 'assign') {
      const { lease, rank, members } = message.lease;
      this.#parts.set(worldRank, { lease, rank, size: members.length });
    } else if (message.type === 'abort') this.ending(worldRank);
  }

  /** A report of a worker is about to go to the head. */
  reporting(worldRank: number, message: WorkerReport): void {
    if (message.type === 'gone' || (message.type === 'outcome' && isOfInterest(message.outcome))) {
      this.ending(worldRank);
    }
  }

  /** The part of a worker is about to end. */
  ending(worldRank: number): void {
    const part = this.#parts.get(worldRank);
    if (!part) return;
    const { lease, rank, size } = part;
    this.#parts.delete(worldRank);
    const operations = this.#read({ rank, worldRank }, lease, mostOperations(size));
    if (operations) this.#tell(worldRank, lease, operations);
  }
}

/** A rank that has returned and made no call has nothing to tell; one that has may be out of step with others. */
function isOfInterest(outcome: Extract<WorkerReport, { type: 'outcome' }>['outcome']): boolean {
  return outcome.kind !== 'returned' || outcome.sequence + outcome.sent + outcome.received > 0;
}
