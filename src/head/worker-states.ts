/** What each worker of a pool is doing: it is idle, runs a task, or is lost. */
import type { Gang } from './gang.js';
import type { GangScheduler } from './gang-scheduler.js';
import { nodeSizes } from './placement.js';
import type { WorkerStatus } from './pool-events.js';
import type { Task } from './task.js';
import type { WorkerSide } from './worker-side.js';

/** Tells the scheduler which workers are idle. */
export class WorkerStates {
  readonly #workers: WorkerSide;
  readonly #scheduler: GangScheduler;
  /** The task that each worker runs. */
  readonly #running = new Map<number, Task>();
  /** Workers that are reserved for one. */
  readonly #gangs = new Map<number, Gang>();
  /** Workers that can be given no task until they are replaced, or all are started again. */
  readonly #lost = new Set<number>();

  constructor(workers: WorkerSide, scheduler: GangScheduler) {
    this.#workers = workers;
    this.#scheduler = scheduler;
    for (const { worldRank } of workers.workers) scheduler.release(worldRank);
  }

  /** Tasks that have workers. */
  get running(): ReadonlySet<Task> {
    return new Set(this.#running.values());
  }

  /** Workers that can be given a task. */
  get idle(): number {
    return this.#scheduler.idle;
  }

  get someAreLost(): boolean {
    return this.#lost.size > 0;
  }

  /** How many workers each node has. */
  get nodeSizes(): number[] {
    return nodeSizes(this.#workers.workers);
  }

  /** How many of them are not lost. */
  get livingNodeSizes(): number[] {
    return nodeSizes(this.#workers.workers.filter(({ worldRank }) => !this.#lost.has(worldRank)));
  }

  taskOf(worldRank: number): Task | undefined {
    return this.#running.get(worldRank);
  }

  isLost(worldRank: number): boolean {
    return this.#lost.has(worldRank);
  }

  /** The gang that a worker is reserved for. */
  gangOf(worldRank: number): Gang | undefined {
    return this.#gangs.get(worldRank);
  }

  /** The scheduler has chosen the workers of a gang: they run its tasks alone. */
  hold(gang: Gang): void {
    for (const worldRank of gang.worldRanks) this.#gangs.set(worldRank, gang);
  }

  /** A gang gives its workers back. */
  letGo(gang: Gang): void {
    for (const worldRank of gang.worldRanks) {
      this.#gangs.delete(worldRank);
      this.#releaseIfIdle(worldRank);
    }
  }

  /** The scheduler has chosen these workers for a task. */
  reserve(task: Task, worldRanks: readonly number[]): void {
    for (const worldRank of worldRanks) this.#running.set(worldRank, task);
  }

  /** Their task has ended. */
  free(worldRanks: readonly number[]): void {
    for (const worldRank of worldRanks) {
      this.#running.delete(worldRank);
      this.#releaseIfIdle(worldRank);
    }
  }

  lose(worldRank: number): void {
    this.#lost.add(worldRank);
    this.#scheduler.remove(worldRank);
  }

  replaced(worldRank: number): void {
    this.#lost.delete(worldRank);
    this.#releaseIfIdle(worldRank);
  }

  /** All are about to be ended: none is given a task before it is replaced. */
  suspend(): void {
    for (const { worldRank } of this.#workers.workers) this.#scheduler.remove(worldRank);
  }

  /** New processes have taken the place of all. */
  renewed(): void {
    this.#lost.clear();
  }

  status(): WorkerStatus[] {
    return this.#workers.workers.map(({ worldRank, pid, node, phasesMs }): WorkerStatus => {
      const task = this.#running.get(worldRank);
      const { rssBytes, heapBytes, cpuMs } = this.#workers.usage(worldRank) ?? {};
      const state = this.#lost.has(worldRank) ? 'lost' : task ? 'busy' : 'idle';
      const gangId = this.#gangs.get(worldRank)?.id;
      return { worldRank, pid, node, state, taskId: task?.id, gangId, phasesMs, rssBytes, heapBytes, cpuMs };
    });
  }

  #releaseIfIdle(worldRank: number): void {
    if (this.#running.has(worldRank) || this.#gangs.has(worldRank) || this.#lost.has(worldRank)) return;
    if (this.#workers.isAvailable(worldRank)) this.#scheduler.release(worldRank);
  }
}
