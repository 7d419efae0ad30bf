/**
 * The gang scheduler: which queued tasks start now, each on k idle workers at once.
 *
 * Higher priorities first, FIFO within one, with bounded backfill. The first task in the queue may wait for more workers
 * than are idle. Then a later, smaller task of the same priority may start on those, at most `maxBypass` times. After
 * that nothing passes the first task until it has started. A task of a lower priority never passes. So every task starts once enough workers come free and no task
 * of a higher priority waits. Pure: no clock, no workers, only counts and names.
 */

import type { Placement } from '../protocol/pool-messages.js';
import { choose } from './placement.js';

/** A task that waits for workers. */
export interface Waiting {
  readonly id: string;
  /** How many workers it wants at once. */
  readonly workers: number;
  readonly placement: Placement;
  /** What waits starts before all of lower ones. */
  readonly priority: number;
  /** The workers that it has to run on, in rank order; undefined: any, as the placement says. */
  readonly on?: readonly number[] | undefined;
}

/** A task that waits, with how often later ones have passed it while it was the first. */
interface Entry {
  readonly task: Waiting;
  passed: number;
}

/** A task and the workers it gets, in rank order. */
export interface Assignment {
  readonly id: string;
  readonly worldRanks: readonly number[];
}

const maxBypass = 16;

/** Owns the queue and the set of idle workers. */
export class GangScheduler {
  /** By priority, the highest first; within one in the order in which they start. */
  readonly #queue: Entry[] = [];
  readonly #idle = new Set<number>();
  readonly #nodeOf: (worldRank: number) => string;

  /** @param nodeOf - The node that a worker is on. */
  constructor(nodeOf: (worldRank: number) => string) {
    this.#nodeOf = nodeOf;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Of the highest priority what has waited longest. */
  get first(): Waiting | undefined {
    return this.#queue[0]?.task;
  }

  get idle(): number {
    return this.#idle.size;
  }

  isIdle(worldRank: number): boolean {
    return this.#idle.has(worldRank);
  }

  /** Behind those of its priority. */
  enqueue(task: Waiting): void {
    this.#insert(task, ({ priority }) => priority >= task.priority);
  }

  /** Put a task back that was scheduled and did not start, before those of its priority. */
  putBack(task: Waiting): void {
    this.#insert(task, ({ priority }) => priority > task.priority);
  }

  /** Take a task out of the queue; false when it is not there. */
  withdraw(id: string): boolean {
    const index = this.#queue.findIndex(({ task }) => task.id === id);
    if (index < 0) return false;
    this.#queue.splice(index, 1);
    return true;
  }

  /** A worker is free. */
  release(worldRank: number): void {
    this.#idle.add(worldRank);
  }

  /** A worker is gone or being replaced. */
  remove(worldRank: number): void {
    this.#idle.delete(worldRank);
  }

  /** At most `limit` tasks that start now, with their workers, in order of world rank. */
  schedule(limit: number = Infinity): Assignment[] {
    const assignments: Assignment[] = [];
    for (let index = 0; index < this.#queue.length && this.#idle.size > 0 && assignments.length < limit;) {
      const [first] = this.#queue;
      const task = this.#queue[index]?.task;
      if (!first || !task || task.priority < first.task.priority) break;
      if (index > 0 && first.passed >= maxBypass) break;
      const worldRanks = this.#choose(task);
      if (!worldRanks) {
        index++;
        continue;
      }
      this.#queue.splice(index, 1);
      if (index > 0) first.passed++;
      for (const worldRank of worldRanks) this.#idle.delete(worldRank);
      assignments.push({ id: task.id, worldRanks });
    }
    return assignments;
  }

  /** Put a task behind all that `goesBefore` holds for, which are the first ones. */
  #insert(task: Waiting, goesBefore: (other: Waiting) => boolean): void {
    let [low, high] = [0, this.#queue.length];
    // Mostly all are of one priority, and it comes last.
    for (let middle = high - 1; low < high; middle = (low + high) >> 1) {
      const other = this.#queue[middle];
      if (other && goesBefore(other.task)) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, { task, passed: 0 });
  }

  #choose({ workers, placement, on }: Waiting): readonly number[] | undefined {
    if (on) return on.every((worldRank) => this.#idle.has(worldRank)) ? on : undefined;
    if (workers > this.#idle.size) return undefined;
    const nodes = new Map<string, number[]>();
    for (const worldRank of [...this.#idle].sort((a, b) => a - b)) {
      const node = this.#nodeOf(worldRank);
      const others = nodes.get(node);
      if (others) others.push(worldRank);
      else nodes.set(node, [worldRank]);
    }
    return choose(workers, placement, [...nodes.values()]);
  }
}
