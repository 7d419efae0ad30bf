/**
 * Tasks of one rank that workers are given ahead. A worker begins with the next as soon as the one that it runs has
 * ended, and need not wait for the head. Until then a task counts as queued and can be taken back. Where a task of a higher
 * priority waits, in the queue or at a worker, none of a lower one is given ahead.
 */
import { nowMs } from '../clock.js';
import type { LeaseGrant } from './leases.js';
import type { Task } from './task.js';
import type { WorkerSide } from './worker-side.js';

/** Only workers whose tasks take no longer are given any: for longer ones it saves nothing that shows. */
const shortMs = 1;
/** A worker is given as many as `most`, and none again before it has only `few` left: a wake then serves several. */
const most = 8;
const few = 4;
/** Tasks that may begin while one that came earlier waits at a worker. */
const mayPass = 16;

/** A task that a worker has been given ahead. */
export interface Offer {
  readonly task: Task;
  readonly grant: LeaseGrant;
  readonly worldRank: number;
  /** How many tasks had begun when it was made. */
  readonly begun: number;
}

/** A worker that runs a task of one rank. */
interface Taker {
  since: number;
  readonly offers: Offer[];
}

/** One per head. */
export class Offers {
  readonly #workers: WorkerSide;
  readonly #takers = new Map<number, Taker>();
  /** By task, the first that was made first. */
  readonly #offers = new Map<Task, Offer>();
  /** Workers that are being given some. */
  readonly #filling = new Set<number>();
  #begun = 0;
  /** How many there are of each priority. */
  readonly #priorities = new Map<number, number>();

  constructor(workers: WorkerSide) {
    this.#workers = workers;
  }

  /** All of them, the first that was made first. */
  get all(): readonly Offer[] {
    return this.#offers.size === 0 ? [] : [...this.#offers.values()];
  }

  of(task: Task): Offer | undefined {
    return this.#offers.get(task);
  }

  /** Those of a lower priority, the first that was made first. */
  below(priority: number): readonly Offer[] {
    // Mostly all are of one priority.
    if ([...this.#priorities.keys()].every((each) => each >= priority)) return [];
    return this.all.filter(({ task }) => task.spec.priority < priority);
  }

  /** One that too many tasks have passed. */
  get overdue(): Offer | undefined {
    const [first] = this.#offers.values();
    return first && this.#begun - first.begun > mayPass ? first : undefined;
  }

  /** Workers that can be given one of this priority, those with the fewest first. */
  takers(priority: number): readonly number[] {
    if (this.#filling.size === 0 || [...this.#priorities.keys()].some((each) => each > priority)) return [];
    const now = nowMs();
    const count = (worldRank: number): number => this.#takers.get(worldRank)?.offers.length ?? most;
    return [...this.#filling]
      .filter((worldRank) => now - (this.#takers.get(worldRank)?.since ?? -Infinity) <= shortMs)
      .sort((a, b) => count(a) - count(b));
  }

  /** A worker begins with a task of one rank. */
  begin(worldRank: number): void {
    this.#begun++;
    const taker = this.#takers.get(worldRank);
    if (taker) taker.since = nowMs();
    else this.#takers.set(worldRank, { since: nowMs(), offers: [] });
  }

  /** A worker has ended a task of one rank. Returns what it goes on with. */
  end(worldRank: number): Offer | undefined {
    const taker = this.#takers.get(worldRank);
    if (!taker) return undefined;
    const next = taker.offers.shift();
    if (next) this.#delete(next);
    // What it is given then may be part of a gang.
    else this.#takers.delete(worldRank);
    if (nowMs() - taker.since > shortMs) this.#filling.delete(worldRank);
    else if (taker.offers.length <= few) this.#filling.add(worldRank);
    return next;
  }

  add(task: Task, grant: LeaseGrant, worldRank: number): Offer {
    const offer = { task, grant, worldRank, begun: this.#begun };
    const offers = this.#takers.get(worldRank)?.offers;
    offers?.push(offer);
    this.#offers.set(task, offer);
    const { priority } = task.spec;
    this.#priorities.set(priority, 1 + (this.#priorities.get(priority) ?? 0));
    if (offers?.length === most) this.#filling.delete(worldRank);
    return offer;
  }

  /** False: the worker has begun with it, and will say that what it ran before has ended. */
  takeBack(offer: Offer): boolean {
    const { worldRank, grant } = offer;
    if (!this.#workers.takeBack(worldRank, grant.lease)) return false;
    this.#delete(offer);
    const offers = this.#takers.get(worldRank)?.offers;
    offers?.splice(offers.indexOf(offer), 1);
    this.#filling.delete(worldRank);
    return true;
  }

  #delete({ task }: Offer): void {
    this.#offers.delete(task);
    const { priority } = task.spec;
    const left = (this.#priorities.get(priority) ?? 0) - 1;
    if (left > 0) this.#priorities.set(priority, left);
    else this.#priorities.delete(priority);
  }
}
