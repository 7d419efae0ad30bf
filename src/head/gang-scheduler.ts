/**
 * The gang scheduler: which queued tasks start now, each on k idle workers at once.
 *
 * FIFO with bounded backfill. A later, smaller task may start on workers that the first task in the queue cannot use
 * yet, at most `maxBypass` times. Then nothing passes it until it has started. So every task starts once enough workers
 * come free. Pure: no clock, no workers, only counts and names.
 */

import type { Placement } from '../protocol/pool-messages.js';
import { choose } from './placement.js';

/** A task that waits for workers. */
export interface Waiting {
  readonly id: string;
  /** How many workers it wants at once. */
  readonly workers: number;
  readonly placement: Placement;
}

/** A task and the workers it gets, in rank order. */
export interface Assignment {
  readonly id: string;
  readonly worldRanks: readonly number[];
}

const maxBypass = 16;

/** Owns the queue and the set of idle workers. */
export class GangScheduler {
  readonly #queue: Waiting[] = [];
  readonly #idle = new Set<number>();
  readonly #nodeOf: (worldRank: number) => string;
  /** How often the first task in the queue was passed by a later one. */
  #bypassed = 0;

  /** @param nodeOf - The node that a worker is on. */
  constructor(nodeOf: (worldRank: number) => string) {
    this.#nodeOf = nodeOf;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** What has waited longest. */
  get first(): string | undefined {
    return this.#queue[0]?.id;
  }

  get idle(): number {
    return this.#idle.size;
  }

  isIdle(worldRank: number): boolean {
    return this.#idle.has(worldRank);
  }

  enqueue(task: Waiting): void {
    this.#queue.push(task);
  }

  /** Put a task back that was scheduled and did not start. */
  putBack(task: Waiting): void {
    this.#queue.unshift(task);
    this.#bypassed = 0;
  }

  /** Take a task out of the queue; false when it is not there. */
  withdraw(id: string): boolean {
    const index = this.#queue.findIndex((task) => task.id === id);
    if (index < 0) return false;
    this.#queue.splice(index, 1);
    if (index === 0) this.#bypassed = 0;
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
      const task = this.#queue[index];
      if (!task) break;
      const mayPass = index === 0 || this.#bypassed < maxBypass;
      const worldRanks = mayPass ? this.#choose(task) : undefined;
      if (!worldRanks) {
        index++;
        continue;
      }
      this.#queue.splice(index, 1);
      this.#bypassed = index === 0 ? 0 : this.#bypassed + 1;
      for (const worldRank of worldRanks) this.#idle.delete(worldRank);
      assignments.push({ id: task.id, worldRanks });
    }
    return assignments;
  }

  #choose({ workers, placement }: Waiting): readonly number[] | undefined {
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
